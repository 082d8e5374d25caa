//! The contract of the storage traits as suites that any store can run.
