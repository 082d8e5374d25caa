//! Accounts, teams and what they show: names, passwords, sessions, tokens.

pub(crate) mod account;
pub(crate) mod gone;
pub(crate) mod name;
pub(crate) mod offload;
pub(crate) mod password;
pub(crate) mod principals;
pub(crate) mod profile;
pub(crate) mod refresh;
pub(crate) mod sign_in;
pub(crate) mod team;
pub(crate) mod token;
