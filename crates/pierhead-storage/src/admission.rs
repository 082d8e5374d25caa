//! The embedder's last word inside a transaction.

use std::fmt;

use pierhead_model::{ContentDigest, Tag};

use crate::{CallerId, View};

/// A pure, synchronous function over facts, asked inside the transaction that would commit: for
/// quotas, read-only times and immutable tags. It must not block, do I/O or call the store.
pub trait Admission: fmt::Debug + Send + Sync + 'static {
    /// Lets the change happen, or refuses it.
    fn admit(&self, facts: &AdmissionFacts<'_>) -> Result<(), Refusal>;
}

/// What [`Admission::admit`] is told.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AdmissionFacts<'a> {
    /// Where.
    pub view: &'a View,
    /// Who.
    pub by: &'a CallerId,
    /// What.
    pub change: AdmissionChange<'a>,
}

impl<'a> AdmissionFacts<'a> {
    /// Facts for a store to hand to its embedder.
    pub fn new(view: &'a View, by: &'a CallerId, change: AdmissionChange<'a>) -> Self {
        Self { view, by, change }
    }
}

/// The change that asks for admission.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum AdmissionChange<'a> {
    /// An upload session is opened.
    Upload,
    /// A manifest is put.
    Manifest {
        /// Its digest.
        digest: &'a ContentDigest,
        /// Its length in bytes.
        size: u64,
        /// The tags it shall have, each with what it names now.
        tags: &'a [(Tag, Option<ContentDigest>)],
    },
}

/// Why an embedder refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Said to the client: lower-case, saying what to do.
    pub message: String,
}
