//! Which call comes to something: programs that were made blindly would be refused most of the time.

use super::Model;
use crate::call::{Answer, At, Call, Piece, Thing};
use crate::catalogue::BLOBS;

impl Model {
    /// How many bytes the session there has.
    pub(crate) fn stands(&self, at: At) -> u64 {
        self.sessions.get(&at).map_or(0, |it| it.bytes.len() as u64)
    }

    /// The next call on the way to a manifest: what it lacks is pushed first.
    pub(crate) fn toward(&self, put: Call) -> Call {
        let Call::Put { at, manifest, .. } = put else {
            return put;
        };
        match self.clone().put(at, manifest, &[]) {
            Answer::Missing(things) => match things.first() {
                Some(Thing::Manifest(child)) => self.toward(Call::put(at, *child)),
                Some(Thing::Blob(blob)) => Call::upload(at, *blob),
                None => put,
            },
            _ => put,
        }
    }

    /// A call that closes the session there well, if one can; else one that begins it.
    pub(crate) fn ending(&self, at: At) -> Call {
        let Some(session) = self.sessions.get(&at) else {
            return Call::Begin { at };
        };
        for (blob, whole) in BLOBS.iter().enumerate() {
            let pieces = (0..3).map(|part| Some(Piece { blob, part }));
            for piece in pieces.chain([None]) {
                let rest = piece.map_or(&[][..], Piece::bytes);
                if [&session.bytes, rest].concat() == *whole {
                    return Call::Finish { at, piece, blob };
                }
            }
        }
        Call::Begin { at }
    }

    /// Every call on the way to a manifest, made here.
    pub(crate) fn push(&mut self, put: &Call) -> Vec<Call> {
        let mut calls = Vec::new();
        loop {
            let next = self.toward(put.clone());
            self.call(&next);
            calls.push(next.clone());
            if next == *put {
                return calls;
            }
        }
    }
}
