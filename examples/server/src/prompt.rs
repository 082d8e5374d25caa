//! Questions to whoever is at the terminal.

use std::io::{self, IsTerminal as _, Read, Write as _};
use std::sync::{Mutex, Once, PoisonError};

use pierhead::auth::Secret;
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{self, InputModes, LocalModes, OptionalActions, SpecialCodeIndex, Termios};

use crate::failure::Failure;
use crate::signals;
use crate::terminal::{plain, say};

/// The longest line that is read, in bytes.
const MAX_LINE: usize = 2_048;

/// Whether somebody is there to be asked.
pub(crate) fn somebody_is_there() -> bool {
    io::stdin().is_terminal()
}

/// Asks for a line, without the blanks around it.
///
/// # Errors
/// When there is none.
pub(crate) fn line(question: &str) -> io::Result<String> {
    ask(question)?;
    let line = first_line(&mut io::stdin().lock())?;
    Ok(line.expose().trim().to_owned())
}

/// Asks for a line that is not shown while somebody types it; without a terminal it is the first
/// line of standard input.
///
/// # Errors
/// When there is none.
pub(crate) fn hidden(question: &str) -> io::Result<Secret> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return first_line(&mut stdin.lock());
    }
    let typed = {
        // Whoever reads the question may type at once.
        let _quiet = Quiet::begin()?;
        ask(question)?;
        typed(&mut stdin.lock())
    };
    say("");
    match typed? {
        Typed::Line(line) => Ok(line),
        Typed::Interrupted => {
            // As if the terminal had sent it, now that it is as it was.
            kill_process(getpid(), Signal::INT)?;
            Err(io::ErrorKind::Interrupted.into())
        }
    }
}

/// Asks for a new password twice, or for none by an empty line; without a terminal it is the first
/// line of standard input.
///
/// # Errors
/// When there is none, and when the two differ.
pub(crate) fn new_password(name: &str) -> Result<Secret, Failure> {
    let ask =
        |question: &str| hidden(question).map_err(|error| Failure::because("no password", &error));
    let question = format!("new password of {}: ", plain(name));
    let password = ask(&question)?;
    if !somebody_is_there() || password.expose().is_empty() {
        return Ok(password);
    }
    if ask(&format!("again, {question}"))? != password {
        return Err(Failure::happened("the two differ; nothing was changed"));
    }
    Ok(password)
}

/// Whoever cannot be asked is not waited for.
fn ask(question: &str) -> io::Result<()> {
    let mut out = io::stderr().lock();
    out.write_all(question.as_bytes())?;
    out.flush()
}

/// How the terminal was, while it is quiet.
static BEFORE: Mutex<Option<Termios>> = Mutex::new(None);

/// A terminal that shows nothing of what is typed and sends no signals for it, until this value is
/// dropped: a signal would end the process and leave the terminal so. Before one that others send
/// does that, the terminal is put back.
struct Quiet(());

impl Quiet {
    fn begin() -> io::Result<Self> {
        static MINDED: Once = Once::new();
        MINDED.call_once(|| signals::before_the_end(put_back));
        let terminal = io::stdin();
        let before = termios::tcgetattr(&terminal)?;
        let mut quiet = before.clone();
        let shown = LocalModes::ECHO | LocalModes::ECHONL;
        let edited = LocalModes::ICANON | LocalModes::IEXTEN | LocalModes::ISIG;
        quiet.local_modes.remove(shown | edited);
        quiet.input_modes.insert(InputModes::ICRNL);
        quiet.special_codes[SpecialCodeIndex::VMIN] = 1;
        quiet.special_codes[SpecialCodeIndex::VTIME] = 0;
        let mut kept = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
        termios::tcsetattr(&terminal, OptionalActions::Now, &quiet)?;
        *kept = Some(before);
        Ok(Self(()))
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        put_back();
    }
}

/// Makes the terminal as it was.
fn put_back() {
    let mut before = BEFORE.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(before) = before.take() {
        // There is nobody to tell if the terminal has gone.
        let _ = termios::tcsetattr(io::stdin(), OptionalActions::Now, &before);
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Typed {
    Line(Secret),
    Interrupted,
}

/// Reads keys up to the end of a line, and does what the terminal would do for some of them.
fn typed(keys: &mut impl Read) -> io::Result<Typed> {
    let mut line = Line::default();
    let mut key = [0];
    loop {
        if keys.read(&mut key)? == 0 {
            return line.read().map(Typed::Line);
        }
        match key[0] {
            // The end of a line, and Ctrl-D.
            b'\n' | b'\r' | 0x04 => return line.read().map(Typed::Line),
            // Ctrl-C, Ctrl-\ and Ctrl-Z.
            0x03 | 0x1a | 0x1c => return Ok(Typed::Interrupted),
            // Ctrl-U and Ctrl-W: what cannot be seen is better typed anew.
            0x15 | 0x17 => line = Line::default(),
            0x08 | 0x7f => line.erase(),
            other => line.push(other)?,
        }
    }
}

/// A line of a file, or of a pipe, without what ends it.
fn first_line(from: &mut impl Read) -> io::Result<Secret> {
    let mut line = Line::default();
    let mut byte = [0];
    while from.read(&mut byte)? == 1 && byte[0] != b'\n' {
        line.push(byte[0])?;
    }
    if line.0.last() == Some(&b'\r') {
        line.0.pop();
    }
    line.read()
}

#[derive(Default)]
struct Line(Vec<u8>);

impl Line {
    fn push(&mut self, byte: u8) -> io::Result<()> {
        if self.0.len() == MAX_LINE {
            return Err(io::Error::other("the line is too long"));
        }
        self.0.push(byte);
        Ok(())
    }

    /// Takes the last letter away, whatever its length.
    fn erase(&mut self) {
        while self.0.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
    }

    fn read(self) -> io::Result<Secret> {
        let text = String::from_utf8(self.0);
        text.map(Secret::new)
            .map_err(|_| io::Error::other("it is not UTF-8"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_become_a_line() {
        for (keys, line) in [
            (&b"secret\n"[..], "secret"),
            (b"secret\r", "secret"),
            (b"secret", "secret"),
            (b"secret\x04more", "secret"),
            (b"sex\x7fcret\n", "secret"),
            (b"\x08secret\n", "secret"),
            ("seü\x7fcret\n".as_bytes(), "secret"),
            (b"wrong\x15secret\n", "secret"),
            (b" a b \n", " a b "),
            (b"\n", ""),
        ] {
            let found = typed(&mut &keys[..]).expect("a line");
            assert_eq!(found, Typed::Line(Secret::from(line)), "{keys:?}");
        }
        for keys in [&b"sec\x03ret\n"[..], b"\x1a", b"\x1c"] {
            let found = typed(&mut &keys[..]).expect("it can be read");
            assert_eq!(found, Typed::Interrupted, "{keys:?}");
        }
        for bad in [vec![b'a'; MAX_LINE + 1], vec![0xff, b'\n']] {
            assert!(typed(&mut &bad[..]).is_err());
            assert!(first_line(&mut &bad[..]).is_err());
        }
    }

    #[test]
    fn the_first_line_of_a_file_is_what_stands_before_its_end() {
        for (text, line) in [
            (&b"secret\nmore\n"[..], "secret"),
            (b"secret\r\n", "secret"),
            (b"secret", "secret"),
            (b" s \n", " s "),
            (b"", ""),
        ] {
            let found = first_line(&mut &text[..]).expect("a line");
            assert_eq!(found, Secret::from(line), "{text:?}");
        }
    }
}
