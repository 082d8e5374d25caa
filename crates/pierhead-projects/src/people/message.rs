//! A message: to whom, what about, and words that can be sent as they are.

use std::time::SystemTime;

use pierhead_auth::Secret;
use pierhead_model::rfc3339;

use crate::people::name::Email;

/// What a message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// Somebody says that the address is theirs; the secret proves it.
    ConfirmEmail,
    /// Somebody has forgotten the password; the secret sets another.
    ResetPassword,
    /// The address was an account's, which has another now.
    EmailMoved,
}

/// A message to one address. Whoever sends it may use [`Message::subject`] and [`Message::text`], or
/// words of its own. `Debug` does not show the secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// To whom: ASCII, and with nothing in it that means something in a header.
    pub to: Email,
    /// What about.
    pub kind: MessageKind,
    /// The user name of the account that it is about.
    pub account: String,
    /// What is to be sent back; none in a notice.
    pub secret: Option<Secret>,
    /// Until when it is good.
    pub expires: Option<SystemTime>,
}

impl Message {
    pub(crate) fn confirm(account: String, to: Email, secret: Secret, expires: SystemTime) -> Self {
        Self {
            to,
            kind: MessageKind::ConfirmEmail,
            account,
            secret: Some(secret),
            expires: Some(expires),
        }
    }

    pub(crate) fn reset(account: String, to: Email, secret: Secret, expires: SystemTime) -> Self {
        Self {
            kind: MessageKind::ResetPassword,
            ..Self::confirm(account, to, secret, expires)
        }
    }

    pub(crate) fn moved(account: String, to: Email) -> Self {
        Self {
            to,
            kind: MessageKind::EmailMoved,
            account,
            secret: None,
            expires: None,
        }
    }

    /// A line for the subject, of ASCII.
    pub fn subject(&self) -> &'static str {
        match self.kind {
            MessageKind::ConfirmEmail => "Confirm your e-mail address",
            MessageKind::ResetPassword => "Set another password",
            MessageKind::EmailMoved => "Your account has another e-mail address",
        }
    }

    /// What it says, of a server known as `server` (such as `https://registry.example`): lines of
    /// ASCII of at most some hundred bytes, each ended by `\n`.
    pub fn text(&self, server: &str) -> String {
        let account = &self.account;
        let body = match self.kind {
            MessageKind::ConfirmEmail => format!(
                "Somebody who is signed in as `{account}` at {server}\n\
                 says that this address is theirs.\n\n\
                 If that is you, confirm it there, signed in as `{account}`, with this text:\n"
            ),
            MessageKind::ResetPassword => format!(
                "Somebody has asked for another password for your account `{account}`\n\
                 at {server}\n\n\
                 If that is you, set one there with this text:\n"
            ),
            MessageKind::EmailMoved => format!(
                "Your account `{account}` at {server}\n\
                 has another e-mail address now. This one is not used for it any more.\n\n\
                 If that was not you, tell whoever runs the server at once.\n"
            ),
        };
        let Some(secret) = &self.secret else {
            return body;
        };
        let until = self.expires.map(rfc3339).unwrap_or_default();
        let secret = secret.expose();
        format!(
            "{body}\n    {secret}\n\n\
             It is good until {until}, once, and only the newest one.\n\
             If it was not you, do nothing, and give the text to nobody.\n"
        )
    }
}
