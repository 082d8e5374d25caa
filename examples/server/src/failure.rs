//! Why a command ended without doing what it was asked.

use std::error::Error;
use std::fmt;
use std::process::ExitCode;

use crate::terminal::say;

/// One sentence for people, and the exit status that goes with it.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    status: Option<u16>,
}

/// What an exit status tells a script.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// 2: what was typed or written in a file is wrong; trying again does not help.
    Told,
    /// 1: the machine did not do its part.
    Happened,
}

impl Failure {
    /// The command line, the configuration or the provisioning file is wrong.
    pub(crate) fn told(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Told,
            message: message.into(),
            status: None,
        }
    }

    /// Something went wrong.
    pub(crate) fn happened(message: impl Into<String>) -> Self {
        Self {
            kind: Kind::Happened,
            message: message.into(),
            status: None,
        }
    }

    /// A server that was asked refused, with this HTTP status. What was malformed is wrong however
    /// often it is sent.
    pub(crate) fn answered(status: u16, message: impl Into<String>) -> Self {
        let failure = match status {
            400 => Self::told(message),
            _ => Self::happened(message),
        };
        Self {
            status: Some(status),
            ..failure
        }
    }

    /// The HTTP status with which a server refused, if that is what happened.
    pub(crate) fn status(&self) -> Option<u16> {
        self.status
    }

    /// Something went wrong because of `source`.
    pub(crate) fn because(message: impl fmt::Display, source: &dyn Error) -> Self {
        Self::happened(format!("{message}: {}", chain(source)))
    }

    /// The same, and what may help.
    pub(crate) fn with_hint(mut self, hint: impl fmt::Display) -> Self {
        self.message = format!("{}; {hint}", self.message);
        self
    }

    /// Says it on standard error.
    pub(crate) fn report(&self) -> ExitCode {
        say(&format!("pierhead: {}", self.message));
        match self.kind {
            Kind::Told => ExitCode::from(2),
            Kind::Happened => ExitCode::from(1),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// An error and what is behind it, in one line; what only repeats its cause is left out.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let said = cause.to_string();
        if !text.ends_with(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        next = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_malformed_is_a_mistake_and_what_was_refused_is_none() {
        for (status, kind) in [
            (400, Kind::Told),
            (403, Kind::Happened),
            (503, Kind::Happened),
        ] {
            let refused = Failure::answered(status, "no").with_hint("ask");
            assert_eq!((refused.kind, refused.status()), (kind, Some(status)));
            assert_eq!(refused.to_string(), "no; ask");
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn a_chain_is_one_line_without_repetitions() {
        let deep = Layer("b", Some(Box::new(Layer("c", None))));
        assert_eq!(chain(&Layer("a", Some(Box::new(deep)))), "a: b: c");
        assert_eq!(chain(&Layer("a", Some(Box::new(Layer("a", None))))), "a");
    }
}
