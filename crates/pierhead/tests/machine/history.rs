//! What must hold of calls that were made at the same time, whatever order they took.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::call::{Answer, At, Call};
use crate::catalogue::{Caller, MANIFESTS, Manifest, NAMES, Name, TAGS, Tag};
use crate::effects::{Register, effects};
use crate::register::{Operation, is_linearisable};

/// A call, what it gave, and the moments between which it did.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// By which task.
    pub(crate) task: usize,
    pub(crate) call: Call,
    pub(crate) answer: Answer,
    pub(crate) begin: u64,
    pub(crate) end: u64,
    /// For a blob that is read as a part of a manifest: which, and when its reading began.
    pub(crate) part_of: Option<(Manifest, u64)>,
}

/// A push of a tag.
struct Pushed {
    what: (Tag, Manifest, Caller),
    begin: u64,
    end: u64,
}

/// Everything that was asked of one registry. The last events are reads of all there is, when
/// nothing else was under way.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(crate) events: Vec<Event>,
    /// Whether every repository was there before anything was asked at the same time.
    pub(crate) settled: bool,
}

impl History {
    /// The first law that is broken, in words.
    pub(crate) fn broken(&self) -> Option<String> {
        let mut registers: BTreeMap<Register, Vec<Operation>> = BTreeMap::new();
        let waited = |event: &Event| {
            let mut waits = self.events.iter();
            waits.any(|it| matches!(it.call, Call::Wait { .. }) && it.begin < event.end)
        };
        for event in &self.events {
            for (register, effect) in effects(event, self.settled, waited(event)) {
                let (begin, end) = (event.begin, event.end);
                let operation = Operation { effect, begin, end };
                registers.entry(register).or_default().push(operation);
            }
        }
        let unordered = registers.iter().find(|(_, all)| !is_linearisable(all));
        unordered
            .map(|(register, _)| format!("{register:?} has no order"))
            .or_else(|| self.torn_pull())
            .or_else(|| self.odd_end())
            .or_else(|| self.odd_history())
            .map(|words| format!("{words} in\n{}", self.told()))
    }

    fn told(&self) -> String {
        let mut told = String::new();
        for event in &self.events {
            let Event {
                task,
                call,
                answer,
                begin,
                end,
                ..
            } = event;
            let _ = writeln!(told, "  {begin:4}-{end:<4} {task}: {call:?} -> {answer:?}");
        }
        told
    }

    /// What a manifest names is there while the manifest is.
    fn torn_pull(&self) -> Option<String> {
        let pulls = self
            .events
            .iter()
            .filter(|it| it.answer == Answer::BlobUnknown);
        for pull in pulls {
            let (Some((manifest, since)), Call::GetBlob { at, blob }) = (pull.part_of, &pull.call)
            else {
                continue;
            };
            let gone = self.events.iter().any(|it| {
                let deleted = matches!(&it.call, Call::DeleteManifest { at: there, manifest: which }
                    if there.name == at.name && *which == manifest);
                deleted && it.answer == Answer::Done && it.begin < pull.end && it.end > since
            });
            if !gone {
                return Some(format!(
                    "manifest {manifest} of {at:?} is there without blob {blob}"
                ));
            }
        }
        None
    }

    /// In the end every tag names a manifest, and every manifest has what it must have.
    fn odd_end(&self) -> Option<String> {
        let end = self.end();
        let here = |call: &Call| match end.get(&key(call)) {
            Some(Answer::ManifestUnknown | Answer::BlobUnknown) => false,
            Some(_) => true,
            None => unreachable!("{call:?} was asked in the end"),
        };
        for name in 0..NAMES.len() {
            let at = At { by: 0, name };
            for tag in 0..TAGS.len() {
                if let Some(Answer::Manifest(manifest)) = end.get(&key(&Call::GetTag { at, tag }))
                    && !here(&Call::GetManifest {
                        at,
                        manifest: *manifest,
                    })
                {
                    return Some(format!("tag {tag} of {at:?} names nothing"));
                }
            }
            for (manifest, recipe) in MANIFESTS.iter().enumerate() {
                if !here(&Call::GetManifest { at, manifest }) {
                    continue;
                }
                let blobs = recipe.blobs.iter().filter(|(_, required)| *required);
                let mut blobs = blobs.map(|(blob, _)| Call::GetBlob { at, blob: *blob });
                let children = recipe.children.iter();
                let mut children = children.map(|it| Call::GetManifest { at, manifest: *it });
                if !blobs.all(|it| here(&it)) || !children.all(|it| here(&it)) {
                    return Some(format!("manifest {manifest} of {at:?} is not whole"));
                }
            }
        }
        None
    }

    /// Every push of a tag is in the history, once, in an order in which they can have been made;
    /// a tag that is there names what it was last pushed with.
    fn odd_history(&self) -> Option<String> {
        let end = self.end();
        for name in 0..NAMES.len() {
            let call = Call::History {
                name,
                tag: None,
                limit: 1_000,
            };
            let Some(Answer::History(entries)) = end.get(&key(&call)) else {
                unreachable!("the history was asked for in the end");
            };
            // The oldest first.
            let mut pushed = self.pushed(name);
            for entry in entries.iter().rev() {
                let entry = (entry.0, entry.1, entry.2);
                let first_end = pushed.iter().map(|it| it.end).min().unwrap_or(0);
                // Of several that are alike and had begun before any other was over, the one that
                // ended first: another may as well come later.
                let these = pushed.iter().enumerate();
                let next = these
                    .filter(|(_, it)| it.what == entry && it.begin <= first_end)
                    .min_by_key(|(_, it)| it.end);
                match next.map(|(at, _)| at) {
                    Some(at) => drop(pushed.swap_remove(at)),
                    None => return Some(format!("the history of {name} cannot have {entry:?}")),
                }
            }
            if let Some(lost) = pushed.first() {
                return Some(format!("the history of {name} lacks {:?}", lost.what));
            }
            for tag in 0..TAGS.len() {
                let at = At { by: 0, name };
                let newest = entries.iter().find(|(of, ..)| *of == tag);
                if let Some(Answer::Manifest(manifest)) = end.get(&key(&Call::GetTag { at, tag }))
                    && newest.is_none_or(|(_, last, ..)| last != manifest)
                {
                    return Some(format!(
                        "tag {tag} of {name} is not what it was pushed with"
                    ));
                }
            }
        }
        None
    }

    /// Every push of a tag that was acknowledged.
    fn pushed(&self, to: Name) -> Vec<Pushed> {
        let mut pushed = Vec::new();
        for event in &self.events {
            if let (Call::Put { at, .. }, Answer::Stored { manifest, tags, .. }) =
                (&event.call, &event.answer)
                && at.name == to
            {
                pushed.extend(tags.iter().map(|tag| Pushed {
                    what: (*tag, *manifest, at.by),
                    begin: event.begin,
                    end: event.end,
                }));
            }
        }
        pushed
    }

    /// What was answered in the end.
    fn end(&self) -> BTreeMap<String, Answer> {
        let answers = self
            .events
            .iter()
            .map(|it| (key(&it.call), it.answer.clone()));
        answers.collect()
    }
}

fn key(call: &Call) -> String {
    format!("{call:?}")
}
