//! Upload sessions.
//!
//! A session is a row and a place. Its writer and hasher ([`live`]) are kept in memory while the
//! process lives and are lent to one request at a time ([`sessions`]); whatever ends the request
//! gives them back. Should they be lost, the session goes on from what was last saved.

mod body;
mod finish;
mod live;
mod mount;
mod session;
mod sessions;

pub use mount::Mounted;

pub(crate) use sessions::Sessions;
