//! Upload sessions.
//!
//! A session is a row and a place. Its writer and hasher live in memory while the process does, and
//! are lent to one request at a time ([`Sessions`]); whatever ends the request gives them back.
//! Should they be lost, the session goes on from what was last saved.

mod body;
mod finish;
mod live;
mod mount;
mod session;

pub use mount::Mounted;

pub(crate) use live::Sessions;
