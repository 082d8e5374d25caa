//! A blob store of one's own, over whatever keeps objects under keys.
//!
//! - `bucket`: the objects. [`Bucket`] is all that the store asks for; [`Directory`] is a toy one.
//! - `store`: [`BucketStore`], the blob store. `writer`: one upload. `recipe`: what a blob is made of.
//!
//! `tests/contract.rs` holds it to the contract of blob stores, alone and together with a database.

mod bucket;
mod recipe;
mod store;
mod writer;

pub use bucket::{Bucket, Directory};
pub use store::BucketStore;
