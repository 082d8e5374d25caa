//! Permissions of one's own: a table of grants, asked by the registry.
//!
//! `authorizer` is what an application writes for it, in under 25 lines; `table` is what it has
//! anyway.

mod authorizer;
mod table;

pub use authorizer::FromTable;
pub use table::{Grant, Grants, Outage, Table, UserId};
