//! The registry's bounds, in one place.

use std::time::Duration;

use pierhead_model::ManifestLimits;

/// Bounds on what is kept, listed and waited for.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// What a manifest may hold.
    pub manifest: ManifestLimits,
    /// The longest blob, in bytes: `i64::MAX` by default.
    pub max_blob: u64,
    /// The longest page of a list: 1,000 entries by default.
    pub page: usize,
    /// Upload sessions whose writer and hasher are kept in memory; others go on from what is
    /// stored. 512 by default.
    pub sessions_in_memory: usize,
    /// How long a newer request waits for an older one to let go of their session: two seconds by
    /// default.
    pub takeover: Duration,
    /// How many places are asked when a mount names no source: 16 by default.
    pub mount_holders: usize,
    /// How long an unreferenced blob stays in a repository, or staged under a new name: a day by
    /// default.
    pub grace: Duration,
    /// How long an upload session lives after its last byte: a day by default.
    pub upload_idle: Duration,
    /// How many upload sessions one caller may have, 1,000 by default; of more, those that have been
    /// idle longest end.
    pub uploads_per_caller: usize,
    /// Bytes of manifests remembered for reading: 8 MiB by default.
    pub cache_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let day = Duration::from_secs(24 * 60 * 60);
        Self {
            manifest: ManifestLimits::default(),
            max_blob: i64::MAX as u64,
            page: 1_000,
            sessions_in_memory: 512,
            takeover: Duration::from_secs(2),
            mount_holders: 16,
            grace: day,
            upload_idle: day,
            uploads_per_caller: 1_000,
            cache_bytes: 8 << 20,
        }
    }
}

impl Limits {
    /// What a manifest may hold.
    pub fn with_manifest(mut self, manifest: ManifestLimits) -> Self {
        self.manifest = manifest;
        self
    }

    /// The longest blob, in bytes.
    pub fn with_max_blob(mut self, bytes: u64) -> Self {
        self.max_blob = bytes;
        self
    }

    /// The longest page of a list.
    pub fn with_page(mut self, entries: usize) -> Self {
        self.page = entries.max(1);
        self
    }

    /// How many upload sessions are kept in memory.
    pub fn with_sessions_in_memory(mut self, sessions: usize) -> Self {
        self.sessions_in_memory = sessions.max(1);
        self
    }

    /// How long an unreferenced blob stays.
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// How long an upload session lives after its last byte.
    pub fn with_upload_idle(mut self, idle: Duration) -> Self {
        self.upload_idle = idle;
        self
    }

    /// How many upload sessions one caller may have, at least 1.
    pub fn with_uploads_per_caller(mut self, sessions: usize) -> Self {
        self.uploads_per_caller = sessions.max(1);
        self
    }

    /// How many bytes of manifests are remembered for reading.
    pub fn with_cache_bytes(mut self, bytes: usize) -> Self {
        self.cache_bytes = bytes;
        self
    }
}

/// Which of the things a manifest names may be missing when it is pushed. Its subject and layers
/// that are not distributable may always be; naming a digest never makes it readable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingReferences {
    /// Nothing else.
    #[default]
    Refuse,
    /// The manifests of an index.
    Children,
    /// Everything.
    All,
}
