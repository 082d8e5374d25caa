//! What a call and its answer say of the registers a registry is made of.

use crate::call::{Answer, Call, Thing};
use crate::catalogue::{BLOBS, Blob, MANIFESTS, Manifest, NAMES, Name, TAGS, Tag};
use crate::history::Event;
use crate::register::Effect;

/// Something whose history must have an order of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Register {
    Repository(Name),
    Tag(Name, Tag),
    Manifest(Name, Manifest),
    /// Only where the repository was there from the beginning: before, each caller has blobs of
    /// their own.
    Blob(Name, Blob),
}

/// What an event says. `settled`: every repository was there before. `waited`: time has passed, so
/// that a collection takes something.
pub(crate) fn effects(event: &Event, settled: bool, waited: bool) -> Vec<(Register, Effect)> {
    let mut said = Said {
        settled,
        all: Vec::new(),
    };
    match (&event.call, &event.answer) {
        (
            Call::Put { at, .. },
            Answer::Stored {
                manifest,
                tags,
                created,
            },
        ) => said.stored(at.name, *manifest, tags, *created),
        (Call::Put { at, .. }, Answer::Missing(things)) => {
            for thing in things {
                said.holds(at.name, *thing, false);
            }
        }
        (Call::GetTag { at, tag }, Answer::Manifest(manifest)) => {
            said.add(Register::Tag(at.name, *tag), Effect::Saw(Some(*manifest)));
            said.holds(at.name, Thing::Manifest(*manifest), true);
        }
        (Call::GetTag { at, tag } | Call::DeleteTag { at, tag }, Answer::ManifestUnknown) => {
            said.add(Register::Tag(at.name, *tag), Effect::Saw(None));
        }
        (Call::DeleteTag { at, tag }, _) => {
            said.add(Register::Tag(at.name, *tag), Effect::Take);
        }
        (Call::GetManifest { at, manifest }, answer) => {
            let here = *answer != Answer::ManifestUnknown;
            said.holds(at.name, Thing::Manifest(*manifest), here);
        }
        (Call::Upload { at, .. } | Call::Finish { at, .. }, Answer::Blob(blob)) => {
            said.add(Register::Blob(at.name, *blob), Effect::Put(0));
        }
        (Call::Mount { at, from, blob }, answer) => {
            let here = matches!(answer, Answer::Blob(_));
            if let Some(from) = from {
                said.holds(*from, Thing::Blob(*blob), here);
            }
            if here {
                said.add(Register::Blob(at.name, *blob), Effect::Put(0));
            }
        }
        (Call::GetBlob { at, blob } | Call::HeadBlob { at, blob }, answer) => {
            let here = *answer != Answer::BlobUnknown;
            said.holds(at.name, Thing::Blob(*blob), here);
        }
        (Call::DeleteManifest { at, manifest }, answer) => {
            if *answer == Answer::Done {
                for tag in 0..TAGS.len() {
                    said.add(Register::Tag(at.name, tag), Effect::TakeIf(*manifest));
                }
            }
            said.deleted(at.name, Thing::Manifest(*manifest), answer);
        }
        (Call::DeleteBlob { at, blob }, answer) => {
            said.deleted(at.name, Thing::Blob(*blob), answer);
        }
        (Call::Collect, _) if waited => {
            for (name, blob) in pairs(BLOBS.len()) {
                said.add(Register::Blob(name, blob), Effect::MayTake);
            }
        }
        (call, answer) => said.listed(call, answer),
    }
    said.all
}

/// Each name with each of so many things.
fn pairs(things: usize) -> impl Iterator<Item = (Name, usize)> {
    (0..NAMES.len()).flat_map(move |name| (0..things).map(move |thing| (name, thing)))
}

struct Said {
    settled: bool,
    all: Vec<(Register, Effect)>,
}

impl Said {
    fn add(&mut self, register: Register, effect: Effect) {
        if self.settled || !matches!(register, Register::Blob(..)) {
            self.all.push((register, effect));
        }
    }

    fn register(name: Name, thing: Thing) -> Register {
        match thing {
            Thing::Blob(blob) => Register::Blob(name, blob),
            Thing::Manifest(manifest) => Register::Manifest(name, manifest),
        }
    }

    fn holds(&mut self, name: Name, thing: Thing, something: bool) {
        self.add(Self::register(name, thing), Effect::Held(something));
    }

    /// All that a manifest must have was there when it came.
    fn stored(&mut self, name: Name, manifest: Manifest, tags: &[Tag], created: bool) {
        let repository = if created {
            Effect::Make(0)
        } else {
            Effect::Held(true)
        };
        self.add(Register::Repository(name), repository);
        self.add(Register::Manifest(name, manifest), Effect::Put(0));
        for tag in tags {
            self.add(Register::Tag(name, *tag), Effect::Put(manifest));
        }
        let recipe = &MANIFESTS[manifest];
        for (blob, required) in &recipe.blobs {
            if *required {
                self.holds(name, Thing::Blob(*blob), true);
            }
        }
        for child in &recipe.children {
            self.holds(name, Thing::Manifest(*child), true);
        }
    }

    fn deleted(&mut self, name: Name, thing: Thing, answer: &Answer) {
        match answer {
            Answer::Done => self.add(Self::register(name, thing), Effect::Take),
            Answer::Held(by) => {
                self.holds(name, thing, true);
                for by in by {
                    self.holds(name, Thing::Manifest(*by), true);
                }
            }
            _ => self.holds(name, thing, false),
        }
    }

    /// A list that is whole says of everything whether it was there.
    fn listed(&mut self, call: &Call, answer: &Answer) {
        match (call, answer) {
            (Call::Tags { at, .. }, Answer::NameUnknown) => {
                self.add(Register::Repository(at.name), Effect::Held(false));
            }
            (
                Call::Tags {
                    at, after: None, ..
                },
                Answer::Tags(tags, false),
            ) => {
                self.add(Register::Repository(at.name), Effect::Held(true));
                for tag in 0..TAGS.len() {
                    let here = tags.contains(&tag);
                    self.add(Register::Tag(at.name, tag), Effect::Held(here));
                }
            }
            (Call::Catalog { after: None, .. }, Answer::Names(names, false)) => {
                for name in 0..NAMES.len() {
                    let here = names.contains(&name);
                    self.add(Register::Repository(name), Effect::Held(here));
                }
            }
            (
                Call::Referrers {
                    at,
                    subject,
                    kind: None,
                    after: None,
                    ..
                },
                Answer::Referrers(found, false),
            ) => {
                for (manifest, recipe) in MANIFESTS.iter().enumerate() {
                    if recipe.subject == Some(*subject) {
                        let here = found.contains(&manifest);
                        self.holds(at.name, Thing::Manifest(manifest), here);
                    }
                }
            }
            _ => {}
        }
    }
}
