//! Helpers for the tests against real servers and real clients.
