//! A terminal with a shell in it, as a reader has one.

use std::fs::{File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::screen;

/// Stands around the last status in the shell's prompt, and nowhere else.
const MARK: u8 = 0x1e;

/// How long it must say nothing behind the beginning of a line until that is taken for a question.
const ASKING: Duration = Duration::from_secs(10);

/// A shell at a terminal of its own. Dropping it closes the terminal.
pub(super) struct Terminal {
    child: Child,
    keyboard: File,
    said: Arc<Mutex<Said>>,
    /// Where what is compared next begins.
    since: usize,
    /// Whether the terminal shows a `^C` among what is compared, which nobody said.
    interrupted: bool,
}

/// What a terminal was given to show so far, and when it last was, or was typed at.
struct Said {
    bytes: Vec<u8>,
    at: Instant,
}

impl Terminal {
    /// Opens a terminal and runs a command in it that becomes `bash`.
    pub(super) fn open(command: &mut Command) -> Self {
        let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC;
        let ours = openpt(flags).expect("a terminal");
        grantpt(&ours).expect("the terminal is ours");
        unlockpt(&ours).expect("the terminal is ours");
        let name = ptsname(&ours, Vec::new()).expect("the terminal has a name");
        let name = name.into_string().expect("its name is text");
        let theirs = OpenOptions::new()
            .read(true)
            .write(true)
            .open(Path::new(&name))
            .expect("its other side");
        let side = || theirs.try_clone().expect("a second handle");
        let child = command
            .env("PS1", "\u{1e}$?\u{1e}")
            .env("PS2", "")
            .env("TERM", "xterm")
            .stdin(side())
            .stdout(side())
            .stderr(side())
            .spawn()
            .expect("bash starts");
        let keyboard = File::from(ours);
        let said = Arc::new(Mutex::new(Said {
            bytes: Vec::new(),
            at: Instant::now(),
        }));
        let (mut screen, keep) = (keyboard.try_clone().expect("a handle"), Arc::clone(&said));
        thread::spawn(move || {
            let mut some = [0; 4096];
            // The last side that closes ends it with an error.
            while let Ok(count @ 1..) = screen.read(&mut some) {
                let mut said = keep.lock().unwrap();
                said.bytes.extend_from_slice(&some[..count]);
                said.at = Instant::now();
            }
        });
        let mut terminal = Self {
            child,
            keyboard,
            said,
            since: 0,
            interrupted: false,
        };
        let ready = terminal.wait(Duration::from_secs(30), |terminal| {
            terminal.status().is_some()
        });
        assert!(ready, "no shell: {:?}", terminal.lines());
        terminal
    }

    /// Types a command; what is shown from here on is what comes of it.
    pub(super) fn command(&mut self, command: &str) {
        self.read_on();
        self.press(format!("{command}\n").as_bytes());
        // The terminal shows what is typed, which is not what it says.
        let echo = command.replace('\n', "\r\n").into_bytes();
        let shown = self.wait(Duration::from_secs(10), |terminal| {
            terminal.bytes().len() >= echo.len()
        });
        assert!(shown, "the terminal does not take `{command}`");
        assert!(self.bytes().starts_with(&echo), "{:?}", self.lines());
        self.since += echo.len() + 2;
    }

    /// Answers what a program asks.
    pub(super) fn answer(&mut self, text: &str) {
        self.press(format!("{text}\n").as_bytes());
    }

    /// Control and C.
    pub(super) fn interrupt(&mut self) {
        self.read_on();
        self.press(&[3]);
        self.interrupted = true;
    }

    /// What is said from here on is compared next.
    pub(super) fn read_on(&mut self) {
        self.since = self.said.lock().unwrap().bytes.len();
        self.interrupted = false;
    }

    fn press(&mut self, keys: &[u8]) {
        self.said.lock().unwrap().at = Instant::now();
        self.keyboard.write_all(keys).expect("the terminal is open");
    }

    /// What has been shown of what is compared, as people read it.
    pub(super) fn lines(&self) -> Vec<String> {
        let bytes = self.bytes();
        let end = bytes.iter().position(|byte| *byte == MARK);
        screen::lines(&bytes[..end.unwrap_or(bytes.len())])
    }

    /// The status of the command, once it has ended.
    pub(super) fn status(&self) -> Option<i32> {
        let bytes = self.bytes();
        let mut parts = bytes.split(|byte| *byte == MARK);
        let status = parts.nth(1)?;
        parts.next()?;
        str::from_utf8(status).ok()?.parse().ok()
    }

    /// Waits until something holds, or for as long as that.
    pub(super) fn wait(&mut self, within: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let end = Instant::now() + within;
        while !holds(self) {
            if Instant::now() > end || !matches!(self.child.try_wait(), Ok(None)) {
                return holds(self);
            }
            thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// For how long nothing has been said.
    pub(super) fn silence(&self) -> Duration {
        self.said.lock().unwrap().at.elapsed()
    }

    /// Whether the shell waits for a command.
    pub(super) fn is_idle(&self) -> bool {
        self.said.lock().unwrap().bytes.ends_with(&[MARK])
    }

    /// Whether something waits for an answer: a line was begun, and nothing has come for seconds.
    pub(super) fn asks(&self) -> bool {
        self.silence() > ASKING && self.bytes().last().is_some_and(|byte| *byte != b'\n')
    }

    fn bytes(&self) -> Vec<u8> {
        let said = self.said.lock().unwrap();
        let mut bytes = said.bytes.get(self.since..).unwrap_or_default().to_vec();
        // It comes before or after what the interrupted program says last.
        if self.interrupted
            && let Some(at) = bytes.windows(2).position(|two| two == b"^C")
        {
            bytes.drain(at..at + 2);
        }
        bytes
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
