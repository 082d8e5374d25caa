//! What a registry token says.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use crate::random::{self, RandomError};

/// The claims of a registry token (RFC 7519, and `access` as the distribution token specification has it).
///
/// They name the holder and bound the request; they grant nothing by themselves. What `scopes`, `access`
/// and the versions mean is the embedder's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RegistryClaims {
    /// Who issued it: the token endpoint's own name.
    pub iss: String,
    /// The service it is for: one, compared whole.
    pub aud: String,
    /// The holder's name for logs and clients; empty for anonymous. Decide by [`holder`](Self::holder).
    pub sub: String,
    /// Unix second from which it is no longer good.
    pub exp: u64,
    /// Unix second before which it is not yet good.
    pub nbf: u64,
    /// Unix second it was made in.
    pub iat: u64,
    /// 128 random bits, so that no two tokens are alike; names this one in a log.
    pub jti: String,
    /// Which life of the store the ids below belong to: after a restore from a snapshot ids may be given
    /// out a second time, and tokens of before must not name their new owners.
    pub epoch: u64,
    /// Whose it is.
    pub holder: Holder,
    /// The scopes of the credential it was asked for with, as the embedder names them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The ceiling on what may be asked with it.
    #[serde(default)]
    pub access: Vec<AccessEntry>,
}

/// Whose a registry token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(
    rename_all = "kebab-case",
    rename_all_fields = "kebab-case",
    tag = "kind"
)]
pub enum Holder {
    /// Nobody in particular.
    Anonymous,
    /// An account, by one of its credentials. The versions are those of the two at the time of issue:
    /// whoever compares them with the store's present ones sees a new password, a disabled account or a
    /// revoked credential at the next request.
    Account {
        /// The account's id.
        account: u64,
        /// The account's version.
        account_version: u64,
        /// The id of the personal or refresh token it was asked for with; none for the password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credential: Option<u64>,
        /// The credential's version.
        credential_version: u64,
    },
}

impl Holder {
    /// Nobody in particular.
    pub const fn anonymous() -> Self {
        Self::Anonymous
    }

    /// Whether it is nobody in particular.
    pub const fn is_anonymous(&self) -> bool {
        matches!(self, Self::Anonymous)
    }
}

/// One entry of `access`: actions on one thing, all of them plain text here.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct AccessEntry {
    /// The type of the thing, `repository` or `registry`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its name.
    pub name: String,
    /// What is granted; may be empty.
    pub actions: Vec<String>,
}

impl AccessEntry {
    /// An entry of type `repository`.
    pub fn repository<A: Into<String>>(
        name: impl Into<String>,
        actions: impl IntoIterator<Item = A>,
    ) -> Self {
        Self {
            kind: "repository".to_owned(),
            name: name.into(),
            actions: actions.into_iter().map(Into::into).collect(),
        }
    }
}

impl RegistryClaims {
    /// An anonymous token of `iss` for `aud`, good from `now` (unix seconds) for `lifetime` seconds, without
    /// access, with a fresh `jti`.
    ///
    /// # Errors
    ///
    /// [`RandomError`] when there is no randomness for the `jti`.
    pub fn new(
        iss: impl Into<String>,
        aud: impl Into<String>,
        now: u64,
        lifetime: u64,
    ) -> Result<Self, RandomError> {
        let mut id = [0_u8; 16];
        random::fill(&mut id)?;
        Ok(Self {
            iss: iss.into(),
            aud: aud.into(),
            sub: String::new(),
            exp: now.saturating_add(lifetime),
            nbf: now,
            iat: now,
            jti: URL_SAFE_NO_PAD.encode(id),
            epoch: 0,
            holder: Holder::Anonymous,
            scopes: Vec::new(),
            access: Vec::new(),
        })
    }

    /// Sets the holder and the name shown for it.
    pub fn held_by(mut self, sub: impl Into<String>, holder: Holder) -> Self {
        self.sub = sub.into();
        self.holder = holder;
        self
    }

    /// Sets the store's epoch.
    pub fn in_epoch(mut self, epoch: u64) -> Self {
        self.epoch = epoch;
        self
    }

    /// Sets the scopes of the credential.
    pub fn with_scopes<S: Into<String>>(mut self, scopes: impl IntoIterator<Item = S>) -> Self {
        self.scopes = scopes.into_iter().map(Into::into).collect();
        self
    }

    /// Sets the access entries.
    pub fn with_access(mut self, access: Vec<AccessEntry>) -> Self {
        self.access = access;
        self
    }
}
