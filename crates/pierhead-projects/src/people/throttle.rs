//! How often that may be done which others feel: accounts, messages to an address, changes of teams.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use pierhead_auth::lockout::{Lockout, LockoutLimits, RetryAfter};
use pierhead_policy::PrincipalId;
use pierhead_registry::Peer;

use crate::error::ProjectsError;
use crate::pending::Purpose;
use crate::people::name::Email;
use crate::projects::Inner;

/// Of whoever has not signed in, for accounts and other passwords: so many from one peer in 15
/// minutes.
const ASKS: LockoutLimits = LockoutLimits {
    per_account: usize::MAX,
    per_peer: 50,
    window: 15 * 60,
    capacity: 16 * 1024,
};

/// So many messages of each purpose to one address in an hour, whoever asks for them. The newest of
/// other passwords is good, so that nobody is kept from one by what others ask for.
const MAILS: LockoutLimits = LockoutLimits {
    per_account: 5,
    per_peer: usize::MAX,
    window: 3_600,
    capacity: 16 * 1024,
};

/// So many messages in an hour for one account that says which address it has.
const EMAILS: LockoutLimits = LockoutLimits {
    per_account: 10,
    ..MAILS
};

/// So many changes of teams in a minute by one account.
const TEAM_CHANGES: LockoutLimits = LockoutLimits {
    per_account: 120,
    window: 60,
    ..MAILS
};

/// Of what is counted whoever asks from wherever.
const NOWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Where a peer is counted.
pub(crate) fn place(from: &Peer) -> IpAddr {
    from.address.unwrap_or(NOWHERE)
}

/// What was done of late.
#[derive(Debug)]
pub(crate) struct Throttle {
    asks: Lockout,
    mails: Lockout,
    emails: Lockout,
    team_changes: Lockout,
}

impl Default for Throttle {
    fn default() -> Self {
        Self {
            asks: Lockout::new(ASKS),
            mails: Lockout::new(MAILS),
            emails: Lockout::new(EMAILS),
            team_changes: Lockout::new(TEAM_CHANGES),
        }
    }
}

impl Inner {
    /// Refuses a peer that asks too often.
    pub(crate) fn may_ask(&self, from: &Peer) -> Result<(), ProjectsError> {
        let asks = &self.throttle.asks;
        let free = asks.check("", place(from), self.unix_now());
        free.map_err(too_many)
    }

    /// Counts what a peer asks for.
    pub(crate) fn count_ask(&self, from: &Peer) {
        let asks = &self.throttle.asks;
        asks.failed("", place(from), self.unix_now());
    }

    /// Whether one more message goes to an address, which is counted.
    pub(crate) fn admits_mail(&self, purpose: Purpose, to: &Email) -> bool {
        let key = format!("{} {}", purpose.code(), to.folded());
        let (mails, now) = (&self.throttle.mails, self.unix_now());
        let free = mails.check(&key, NOWHERE, now).is_ok();
        if free {
            mails.failed(&key, NOWHERE, now);
        }
        free
    }

    /// Counts an account's word about its address; refuses one too many.
    pub(crate) fn may_ask_email(&self, who: PrincipalId) -> Result<(), ProjectsError> {
        self.count(&self.throttle.emails, who).map_err(too_many)
    }

    /// Counts an account's change of a team; refuses one too many.
    pub(crate) fn may_change_team(&self, who: PrincipalId) -> Result<(), ProjectsError> {
        let counted = self.count(&self.throttle.team_changes, who);
        counted.map_err(|RetryAfter(seconds)| ProjectsError::TooOften {
            retry_after: Duration::from_secs(seconds),
        })
    }

    fn count(&self, done: &Lockout, who: PrincipalId) -> Result<(), RetryAfter> {
        let (who, now) = (who.to_string(), self.unix_now());
        done.check(&who, NOWHERE, now)?;
        done.failed(&who, NOWHERE, now);
        Ok(())
    }
}

fn too_many(RetryAfter(seconds): RetryAfter) -> ProjectsError {
    ProjectsError::TooManyAsks {
        retry_after: Duration::from_secs(seconds),
    }
}
