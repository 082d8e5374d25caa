//! Stores that are wrong on purpose. Each must be found; a check that lets one through checks
//! nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use pierhead::model::Reference;
use pierhead::storage::{ManifestPut, StoreError, StoredManifest, View};
use pierhead_storage_testing::Intercept;
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::TestRunner;

use crate::concurrent::{Jitter, programs, run};
use crate::ground::Kind;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// A tag is read as it was when it was read before.
    StaleTag,
    /// A manifest is stored, and its tags are not.
    TagsLost,
    /// A manifest is stored, whatever it lacks.
    MissingAccepted,
}

/// How many programs are tried.
const TRIES: usize = 60;

#[test]
fn every_seeded_flaw_is_found() {
    for (flaw, words) in [
        (Flaw::StaleTag, "Tag("),
        (Flaw::TagsLost, "Tag("),
        (Flaw::MissingAccepted, "Manifest("),
    ] {
        let mut runner = TestRunner::deterministic();
        let mut found = (0..TRIES).filter_map(|_| {
            let programs = programs().new_tree(&mut runner).expect("programs");
            let wrong = Wrong {
                flaw,
                jitter: Jitter::default(),
                before: Arc::default(),
            };
            run(Kind::Memory, &programs.current(), wrong).broken()
        });
        assert!(found.any(|it| it.contains(words)), "{flaw:?} is not found");
    }
}

/// A store behind one flaw.
#[derive(Clone, Debug)]
struct Wrong {
    flaw: Flaw,
    jitter: Jitter,
    /// What was found the last time.
    before: Arc<Mutex<BTreeMap<String, Option<StoredManifest>>>>,
}

impl Intercept for Wrong {
    fn before(&self, call: &'static str) -> Result<(), StoreError> {
        self.jitter.before(call)
    }

    fn after(&self, call: &'static str) -> Result<(), StoreError> {
        self.jitter.after(call)
    }

    fn put(&self, mut put: ManifestPut) -> ManifestPut {
        match self.flaw {
            Flaw::StaleTag => {}
            Flaw::TagsLost => put.tags.clear(),
            Flaw::MissingAccepted => {
                for named in &mut put.references {
                    named.required = false;
                }
            }
        }
        put
    }

    fn found(
        &self,
        view: &View,
        reference: &Reference,
        manifest: Option<StoredManifest>,
    ) -> Option<StoredManifest> {
        if self.flaw != Flaw::StaleTag || matches!(reference, Reference::Digest(_)) {
            return manifest;
        }
        let key = format!("{view:?} {reference}");
        let before = self.before.lock().insert(key, manifest.clone());
        before.unwrap_or(manifest)
    }
}
