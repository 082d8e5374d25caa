//! The embedded metadata store, on SQLite.
