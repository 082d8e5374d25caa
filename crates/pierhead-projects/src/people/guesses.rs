//! Wrong passwords, counted twice: by account, so that its name and its address give no more guesses
//! than one of them, and by what was typed, which alone is told. Were it told that an account is
//! locked, whoever locks a name could try which address is locked with it.

use std::net::IpAddr;

use pierhead_auth::lockout::{Lockout, LockoutLimits, RetryAfter};
use pierhead_policy::PrincipalId;
use pierhead_registry::Peer;

use crate::people::name::Login;
use crate::people::throttle::place;

/// Who guessed what of late.
#[derive(Debug)]
pub(crate) struct Guesses {
    accounts: Lockout,
    typed: Lockout,
}

/// Somebody who tries to sign in.
#[derive(Debug)]
pub(crate) struct Guess {
    /// The account, or as typed if there is none.
    account: String,
    /// As typed: all spellings of a name are one, and all of an address.
    typed: String,
    peer: IpAddr,
    /// In seconds since 1970.
    now: u64,
}

/// An account, apart from all that can be typed for one: no name holds a `#`.
pub(crate) fn asker(account: PrincipalId) -> String {
    format!("#{}", account.get())
}

impl Guess {
    pub(crate) fn new(
        username: &str,
        login: Option<&Login>,
        found: Option<PrincipalId>,
        from: &Peer,
        now: u64,
    ) -> Self {
        let typed = match login {
            Some(Login::Name(folded) | Login::Email(folded)) => folded.clone(),
            None => username.to_owned(),
        };
        Self {
            account: found.map_or_else(|| typed.clone(), asker),
            typed,
            peer: place(from),
            now,
        }
    }

    /// For whom a password is compared: as typed, because what is refused is told.
    pub(crate) fn asker(&self) -> String {
        self.typed.clone()
    }
}

impl Guesses {
    pub(crate) fn new(limits: LockoutLimits) -> Self {
        Self {
            accounts: Lockout::new(limits),
            typed: Lockout::new(limits),
        }
    }

    /// Whether a password is to be compared. If not, it is wrong, and takes the same work.
    ///
    /// # Errors
    /// [`RetryAfter`] when what was typed is locked, or the peer.
    pub(crate) fn check(&self, guess: &Guess) -> Result<bool, RetryAfter> {
        self.typed.check(&guess.typed, guess.peer, guess.now)?;
        let open = self.accounts.check(&guess.account, guess.peer, guess.now);
        Ok(open.is_ok())
    }

    pub(crate) fn failed(&self, guess: &Guess) {
        self.accounts.failed(&guess.account, guess.peer, guess.now);
        self.typed.failed(&guess.typed, guess.peer, guess.now);
    }

    pub(crate) fn succeeded(&self, guess: &Guess) {
        self.accounts.succeeded(&guess.account, guess.peer);
        self.typed.succeeded(&guess.typed, guess.peer);
    }
}
