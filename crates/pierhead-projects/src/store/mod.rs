//! What a store of accounts and projects must do, is told, and tells.

pub mod audit;
pub mod change;
pub mod listing;
pub mod pending;
pub mod ports;
pub mod principals;
pub mod record;
pub mod survey;
