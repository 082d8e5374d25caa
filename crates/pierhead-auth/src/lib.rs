//! Passwords, personal access tokens and registry tokens.
