//! Names of users and teams, and e-mail addresses.

use std::fmt;
use std::str::FromStr;

/// The name of a user or a team: `[a-z0-9][a-z0-9._-]{2,62}` with at least one letter.
///
/// Users and teams share one name space in which `.`, `-` and `_` do not count: `ana.b` and `ana-b`
/// are one name. `public` and `registered` name everybody, and so nobody: who shares with them must
/// not be able to mean a user.
///
/// ```
/// use pierhead_projects::AccountName;
/// let name: AccountName = "ana.b-01".parse()?;
/// assert_eq!(name.folded(), "anab01");
/// assert!("Ana".parse::<AccountName>().is_err());
/// assert!("123".parse::<AccountName>().is_err());
/// assert!("public".parse::<AccountName>().is_err());
/// # Ok::<(), pierhead_projects::BadName>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AccountName(Box<str>);

/// A text that is no name of a user or a team.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a name of a user or a team is 3 to 63 of a-z, 0-9, `.`, `-` and `_`, begins with a letter or \
     a digit and has at least one letter; `public` and `registered` stand for everybody; choose another"
)]
pub struct BadName;

/// What stands for everybody, folded.
const EVERYBODY: [&str; 2] = ["public", "registered"];

impl AccountName {
    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes it unique.
    pub fn folded(&self) -> String {
        fold(&self.0)
    }
}

impl FromStr for AccountName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, BadName> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let bytes = text.as_bytes();
        let fits = (3..=63).contains(&bytes.len())
            && bytes.first().is_some_and(|byte| plain(*byte))
            && bytes
                .iter()
                .all(|byte| plain(*byte) || matches!(byte, b'.' | b'-' | b'_'))
            && bytes.iter().any(u8::is_ascii_lowercase)
            && !EVERYBODY.contains(&fold(text).as_str());
        if fits {
            Ok(Self(text.into()))
        } else {
            Err(BadName)
        }
    }
}

impl fmt::Display for AccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A name as the shared name space compares it: without case, `.`, `-` and `_`.
pub fn fold(name: &str) -> String {
    name.chars()
        .filter(|letter| !matches!(letter, '.' | '-' | '_'))
        .map(|letter| letter.to_ascii_lowercase())
        .collect()
}

/// An e-mail address, kept as written and compared without case.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Email(Box<str>);

/// A text that is no e-mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an e-mail address is `name@host`, at most 254 bytes, without spaces; correct it")]
pub struct BadEmail;

/// An address that no message can be sent to, or not to it alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "mail goes to addresses of plain letters, digits and `.!#$%&'*+/=?^_{{|}}~-` before the `@`, at most \
     64 of them, and a host name behind it; use another"
)]
pub struct Unmailable;

impl Email {
    /// Whether messages can be sent to it: ASCII, without quotes, comments or lists, so that no
    /// header, and no spelling that folds alike, means somebody else; not a file or a program of
    /// whatever carries mail, nor an account of this machine, which need not be the account here.
    ///
    /// # Errors
    /// [`Unmailable`].
    pub fn mailable(&self) -> Result<(), Unmailable> {
        let of_user =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+/=?^_{|}~-.".contains(&byte);
        let dots = |text: &str| text.split('.').all(|part| !part.is_empty());
        let of_host = |label: &str| {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            label.len() <= 63
                && label.bytes().all(plain)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        match self.0.split_once('@') {
            Some((user, host))
                if user.len() <= 64
                    && user.bytes().all(of_user)
                    && !user.starts_with(['-', '/', '|'])
                    && !host.eq_ignore_ascii_case("localhost")
                    && dots(user)
                    && dots(host)
                    && host.split('.').all(of_host) =>
            {
                Ok(())
            }
            _ => Err(Unmailable),
        }
    }

    /// The address as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What makes it unique.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl FromStr for Email {
    type Err = BadEmail;

    fn from_str(text: &str) -> Result<Self, BadEmail> {
        let plain = |letter: char| !letter.is_whitespace() && !letter.is_control();
        match text.split_once('@') {
            Some((user, host))
                if !user.is_empty()
                    && !host.is_empty()
                    && !host.contains('@')
                    && text.len() <= 254
                    && text.chars().all(plain) =>
            {
                Ok(Self(text.into()))
            }
            _ => Err(BadEmail),
        }
    }
}

/// Whether a text can be shown on one line as it is: without control characters, and without those
/// that turn the direction of what follows or break lines.
pub(crate) fn is_plain(letter: char) -> bool {
    let turns = matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    !letter.is_control() && !turns && !matches!(letter, '\u{2028}' | '\u{2029}')
}

/// What somebody types to sign in: a user name or an e-mail address.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Login {
    /// A user name, folded.
    Name(String),
    /// An e-mail address, folded; it signs in only once confirmed.
    Email(String),
}

impl Login {
    /// The longest text that is looked up, in bytes.
    pub const MAX_LEN: usize = 254;

    /// Reads what was typed. No name holds an `@`, so there is no doubt which of the two it is.
    /// `None`: nothing that could be either.
    pub fn new(typed: &str) -> Option<Self> {
        if typed.len() > Self::MAX_LEN {
            return None;
        }
        if typed.contains('@') {
            return typed
                .parse()
                .ok()
                .map(|email: Email| Self::Email(email.folded()));
        }
        let name: AccountName = typed.to_ascii_lowercase().parse().ok()?;
        Some(Self::Name(name.folded()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_three_to_sixty_three_plain_letters_one_no_digit_and_not_everybody() {
        let long = "a".repeat(63);
        for good in ["ana", "a-1", "0ab", "1.b_c-d", "public2", &long] {
            assert!(good.parse::<AccountName>().is_ok(), "{good}");
        }
        let longer = "a".repeat(64);
        for bad in [
            "",
            "ab",
            "Ana",
            "-ana",
            ".ana",
            "123",
            "1.2",
            "an a",
            "ana@b",
            "añaa",
            "public",
            "pub.lic",
            "registered",
            &longer,
        ] {
            assert!(bad.parse::<AccountName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn mail_goes_to_what_means_one_address_and_nothing_else() {
        let long = "u".repeat(64);
        for good in [
            "ana@example.org",
            "A.n+a_1@lab",
            "o'b@x-1.y",
            &format!("{long}@h"),
        ] {
            let email: Email = good.parse().unwrap();
            assert_eq!(email.mailable(), Ok(()), "{good}");
        }
        for bad in [
            "a,b@c",
            "a;b@c",
            "<a@b>",
            "\"a\"@b",
            "a(b)@c",
            "a\\b@c",
            "a:b@c",
            "-a@b",
            "/etc/a@b",
            "|a@b",
            "admin@LocalHost",
            ".a@b",
            "a.@b",
            "a..b@c",
            "a@b.",
            "a@.b",
            "a@b..c",
            "a@-b",
            "a@b-",
            "a@b_c",
            "a@[127.0.0.1]",
            "a@b,c",
            "a@b>",
            "a\u{a0}b@c",
            "\u{212a}im@example.org",
            "kim@example.\u{212a}om",
            "a@\u{f6}.de",
            &format!("{long}u@h"),
        ] {
            let Ok(email) = bad.parse::<Email>() else {
                continue;
            };
            assert_eq!(email.mailable(), Err(Unmailable), "{bad}");
        }
        for none in ["a@b\r\nBcc: c@d", "a@b\n", "a\0@b", "a b@c", "a@b@c"] {
            assert!(none.parse::<Email>().is_err(), "{none}");
        }
    }

    #[test]
    fn a_login_is_a_name_or_an_address_whatever_its_case() {
        for (typed, expected) in [
            ("ana", Some(Login::Name("ana".into()))),
            ("A.na-B", Some(Login::Name("anab".into()))),
            (
                "Ana@Example.org",
                Some(Login::Email("ana@example.org".into())),
            ),
            ("@example.org", None),
            ("a@b@c", None),
            ("", None),
            ("a b c", None),
        ] {
            assert_eq!(Login::new(typed), expected, "{typed}");
        }
    }
}
