//! Projects, accounts, teams, sharing and certification as a service.
