//! A directory and a database together: the joint contract, and processes that are killed.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "what a test sets up is no fault of the stores"
)]

mod ground;
mod killed;

use ground::{Database, Directory};
use pierhead_storage_testing::{Failure, Joint, Tail, joint_suite};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_directory_and_a_database_keep_the_contract_together() -> Result<(), Failure> {
    let ground = Joint::new(Directory::new(None), Database::new());
    joint_suite::run(&ground).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn under_parts_they_keep_it_too() -> Result<(), Failure> {
    for parts in [(65_536, Tail::InState), (50_000, Tail::Beside)] {
        let ground = Joint::new(Directory::new(Some(parts)), Database::new());
        joint_suite::run(&ground).await?;
    }
    Ok(())
}
