//! Both stores in memory: for tests, for embedders who need nothing kept, and as the plainest
//! reading of the contract.
//!
//! Everything is ordered maps behind one lock, and no lock is held across an await. A clone is
//! another handle to the same store; what a handle committed outlives it, what a dropped writer had
//! not checkpointed is gone.

mod blob;
mod collect;
mod link;
mod manifest;
mod repository;
mod retention;
mod state;
mod upload;

pub use blob::MemoryBlobStore;
pub use repository::MemoryRepositoryStore;
