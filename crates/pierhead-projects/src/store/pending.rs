//! What waits for somebody to show a secret: invitations, and what was sent by mail.

use std::time::SystemTime;

use pierhead_auth::token::TokenHash;
use pierhead_policy::PrincipalId;

use crate::Email;

/// One invitation; never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InvitationId(pub u64);

/// How an invitation is named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvitationKey {
    /// By number.
    Id(InvitationId),
    /// By the hash of its secret.
    Secret(TokenHash),
}

/// An invitation that was neither used nor revoked; it may have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvitationRecord {
    /// Its number.
    pub id: InvitationId,
    /// Who made it; `None` is the server itself.
    pub by: Option<PrincipalId>,
    /// The address of whoever it is for.
    pub email: Option<Email>,
    /// When it was made.
    pub created: SystemTime,
    /// Until when it is good.
    pub expires: SystemTime,
}

/// A new invitation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewInvitation {
    /// Its number, allocated before.
    pub id: InvitationId,
    /// Who makes it; `None` is the server itself.
    pub by: Option<PrincipalId>,
    /// The address of whoever it is for.
    pub email: Option<Email>,
    /// The hash of its secret.
    pub hash: TokenHash,
    /// Until when it is good.
    pub expires: SystemTime,
}

/// What a secret that was sent by mail is good for, and nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Purpose {
    /// The address becomes the account's.
    Email,
    /// The account gets another password.
    Password,
}

impl Purpose {
    /// A small number that stores may write down; it never changes its meaning.
    pub fn code(self) -> u8 {
        match self {
            Self::Email => 1,
            Self::Password => 2,
        }
    }

    /// The purpose that [`Purpose::code`] gave this number.
    pub fn from_code(code: u8) -> Option<Self> {
        [Self::Email, Self::Password]
            .into_iter()
            .find(|purpose| purpose.code() == code)
    }
}

/// What was sent to an address and was not shown yet; it may have expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProofRecord {
    /// Whose account it is about.
    pub account: PrincipalId,
    /// What it is good for.
    pub purpose: Purpose,
    /// The address it was sent to.
    pub email: Email,
    /// Until when it is good.
    pub expires: SystemTime,
}

/// Something to send to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProof {
    /// Whose account it is about.
    pub account: PrincipalId,
    /// What it is good for.
    pub purpose: Purpose,
    /// The address it is sent to.
    pub email: Email,
    /// The hash of its secret.
    pub hash: TokenHash,
    /// Until when it is good.
    pub expires: SystemTime,
}
