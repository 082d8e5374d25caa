//! Blobs in a local directory.
