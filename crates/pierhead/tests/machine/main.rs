//! Programs of calls against a model of plain maps: one call after another, and eight at once.
//!
//! `model` is the specification: what each call must give. Alone, every answer must be the model's.
//! From eight tasks, at two registries on the same stores, there is no one answer, so `history` asks whether each tag, manifest, blob and
//! repository can have had an order of its own, and whether what is left in the end is whole.
//! `wrong` shows that it would tell.
//!
//! Each test takes some seconds. To look for longer, give them more cases; three thousand take a
//! quarter of an hour:
//!
//! ```text
//! PROPTEST_CASES=3000 cargo test -p pierhead --features fs,sqlite --test machine
//! ```

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod call;
mod catalogue;
mod concurrent;
mod effects;
mod ground;
mod history;
mod model;
mod perform;
mod register;
mod sequential;
#[path = "../joint/ground.rs"]
mod stores;
mod words;
mod wrong;

use concurrent::{Jitter, programs, run};
use ground::Kind;
use proptest::proptest;
use proptest::test_runner::Config;
use proptest_state_machine::prop_state_machine;
use sequential::{InMemory, OnDisk};

/// So many cases, or as many as `PROPTEST_CASES` says.
fn cases(usual: u32) -> Config {
    let mut config = Config {
        failure_persistence: None,
        ..Config::default()
    };
    if std::env::var_os("PROPTEST_CASES").is_none() {
        config.cases = usual;
    }
    config
}

prop_state_machine! {
    #![proptest_config(cases(150))]
    #[test]
    fn stores_in_memory_answer_as_the_model_does(sequential 1..80 => InMemory);
}

prop_state_machine! {
    #![proptest_config(cases(25))]
    #[test]
    fn a_directory_and_a_database_answer_as_the_model_does(sequential 1..80 => OnDisk);
}

proptest! {
    #![proptest_config(cases(100))]
    #[test]
    fn stores_in_memory_keep_an_order_under_eight_tasks(programs in programs()) {
        let history = run(Kind::Memory, &programs, Jitter::default());
        assert_eq!(history.broken(), None);
    }
}

proptest! {
    #![proptest_config(cases(20))]
    #[test]
    fn a_directory_and_a_database_keep_an_order_under_eight_tasks(programs in programs()) {
        let history = run(Kind::Disk, &programs, Jitter::default());
        assert_eq!(history.broken(), None);
    }
}
