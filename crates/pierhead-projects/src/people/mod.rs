//! Accounts, teams and what they show: names, passwords, sessions, tokens,
//! registration and mail.

pub(crate) mod account;
pub(crate) mod email;
pub(crate) mod gone;
pub(crate) mod guesses;
pub(crate) mod invite;
pub(crate) mod mail;
pub(crate) mod message;
pub(crate) mod name;
pub(crate) mod offload;
pub(crate) mod own_password;
pub(crate) mod password;
pub(crate) mod principals;
pub(crate) mod profile;
pub(crate) mod refresh;
pub(crate) mod register;
pub(crate) mod sign_in;
pub(crate) mod team;
pub(crate) mod throttle;
pub(crate) mod token;
