//! How commands that change something go about it: they ask first, and try every name.

use clap::Args;
use serde_json::Value;

use super::answers::print_json;
use super::{Asked, confirm};
use crate::failure::Failure;
use crate::prompt;

/// How often a change is tried anew that another one overtook.
const TRIES: usize = 5;

/// Whether whoever asks is sure.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Sure {
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Sure {
    /// Whether nobody need be asked.
    pub(crate) fn is_told(self) -> bool {
        self.yes
    }

    /// Asks whoever is at the terminal, unless told beforehand.
    ///
    /// # Errors
    /// When the answer is no, or nobody is there to give one.
    pub(crate) fn ask(self, question: &str) -> Result<(), Failure> {
        if !self.yes && !prompt::somebody_is_there() {
            return Err(Failure::told(format!(
                "{question} Nobody is at the terminal to say so; add --yes to go on"
            )));
        }
        if confirm(question, self.yes)? {
            return Ok(());
        }
        Err(Failure::happened("nothing was changed"))
    }
}

/// Does something for each name, whether or not it could be done for those before. What went wrong
/// with one of several is told at once, and how many these were in the end.
pub(crate) fn each<N, T>(
    names: &[N],
    mut does: impl FnMut(&N) -> Result<T, Failure>,
) -> (Vec<T>, Result<(), Failure>) {
    let mut done = Vec::new();
    let mut failed = 0;
    for name in names {
        match does(name) {
            Ok(result) => done.push(result),
            Err(error) if names.len() == 1 => return (done, Err(error)),
            Err(error) => {
                error.report();
                failed += 1;
            }
        }
    }
    let end = match failed {
        0 => Ok(()),
        _ => Err(Failure::happened(format!(
            "{failed} of {} could not be done",
            names.len()
        ))),
    };
    (done, end)
}

/// For programs, what was done, and then how it ended.
///
/// # Errors
/// How it ended, or that it cannot be written.
pub(crate) fn told(
    asked: &Asked,
    done: Vec<Value>,
    end: Result<(), Failure>,
) -> Result<(), Failure> {
    if asked.json {
        print_json(&done.into())?;
    }
    end
}

/// Reads and changes anew while others change it in between.
pub(crate) fn again<T>(mut does: impl FnMut() -> Result<T, Failure>) -> Result<T, Failure> {
    for _ in 1..TRIES {
        match does() {
            Err(error) if error.status() == Some(412) => {}
            done => return done,
        }
    }
    does()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_tried_and_one_failure_fails_all() {
        let tried = |names: &[u8]| {
            each(names, |name| match name {
                0 => Err(Failure::told("no")),
                _ => Ok(*name),
            })
        };
        for (names, done, said) in [
            (&[1, 2][..], &[1, 2][..], None),
            (&[], &[], None),
            (&[0], &[], Some("no")),
            (&[0, 1, 0, 2], &[1, 2], Some("2 of 4 could not be done")),
        ] {
            let (found, end) = tried(names);
            assert_eq!(found, done);
            assert_eq!(end.err().map(|error| error.to_string()).as_deref(), said);
        }
    }

    #[test]
    fn what_was_overtaken_is_tried_anew_and_what_was_refused_is_not() {
        let tried = |status: u16| {
            let mut tries = 0;
            let end = again::<()>(|| {
                tries += 1;
                Err(Failure::answered(status, "no"))
            });
            assert_eq!(end.unwrap_err().status(), Some(status));
            tries
        };
        assert_eq!((tried(412), tried(403)), (TRIES, 1));
    }
}
