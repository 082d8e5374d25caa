//! What a store of accounts and projects must do, is told, and tells.

pub mod audit;
pub mod change;
pub mod directory;
pub mod listing;
pub mod ports;
pub mod record;
pub mod survey;
