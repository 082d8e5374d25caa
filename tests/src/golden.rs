//! The words people read, kept as files.

use std::fmt::Write as _;
use std::fs;

use crate::Output;
use crate::tools::root;

/// What was typed and what was read, one case after another, with everything that differs from
/// run to run taken out.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    text: String,
    names: Vec<(String, String)>,
}

impl Transcript {
    /// An empty one that writes `HOST` for a server's host and port.
    pub fn new(host: &str) -> Self {
        let mut transcript = Self::default();
        transcript.call(host, "HOST");
        transcript
    }

    /// Writes `name` wherever `text` stands from now on.
    pub fn call(&mut self, text: &str, name: &str) {
        self.names.push((text.to_owned(), name.to_owned()));
    }

    /// Adds a case: who did what, and the words in answer.
    pub fn add(&mut self, who: &str, did: &str, output: &Output) {
        let words = self.normal(&output.text);
        let _ = writeln!(
            self.text,
            "# {who}: {}\n{words}",
            self.normal(did).trim_end()
        );
    }

    /// Compares all cases with `tests/golden/<name>.txt`.
    #[track_caller]
    pub fn expect(&self, name: &str) {
        golden(name, &self.text);
    }

    fn normal(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (long, short) in &self.names {
            text = text.replace(long, short);
        }
        let lines = text.lines().filter(|line| !is_progress(line));
        lines
            .map(|line| hide_digests(&said_once(without_time(line).trim_end())) + "\n")
            .collect()
    }
}

/// Compares a text with `tests/golden/<name>.txt`, and fails with the lines that differ. With
/// `PIERHEAD_REWRITE_GOLDEN=1` in the environment it writes the file instead, to be read and
/// committed.
#[track_caller]
pub fn golden(name: &str, text: &str) {
    let path = root().join("tests/golden").join(format!("{name}.txt"));
    if std::env::var_os("PIERHEAD_REWRITE_GOLDEN").is_some_and(|value| value == "1") {
        fs::create_dir_all(root().join("tests/golden")).expect("a folder for golden files");
        fs::write(&path, text).expect("a golden file");
        return;
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == text,
        "what people read has changed; if that is meant, run again with \
         PIERHEAD_REWRITE_GOLDEN=1 and commit tests/golden/{name}.txt\n{}",
        difference(&kept, text),
    );
}

/// The lines from the first difference to the last, as they were and as they are.
fn difference(old: &str, new: &str) -> String {
    let (old, new): (Vec<&str>, Vec<&str>) = (old.lines().collect(), new.lines().collect());
    let head = old
        .iter()
        .zip(&new)
        .take_while(|(old, new)| old == new)
        .count();
    let (old, new) = (&old[head..], &new[head..]);
    let pairs = old.iter().rev().zip(new.iter().rev());
    let tail = pairs.take_while(|(old, new)| old == new).count();
    let mut text = format!("from line {}:\n", head + 1);
    for (sign, lines) in [
        ('-', &old[..old.len() - tail]),
        ('+', &new[..new.len() - tail]),
    ] {
        for line in lines {
            let _ = writeln!(text, "{sign} {line}");
        }
    }
    text
}

/// A line on the state of one layer or blob: how many there are, and in which order, is chance.
fn is_progress(line: &str) -> bool {
    let line = without_time(line);
    let (id, rest) = line.split_once(": ").unwrap_or_default();
    let layer = id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    let state = [
        "existing blob",
        "existing manifest",
        "mounted blob",
        "pushed blob",
    ]
    .contains(&id);
    // oras and ctr; ctr draws bars in colour.
    let begins = [
        "Exists ",
        "Preparing ",
        "Uploaded ",
        "Uploading ",
        "elapsed: ",
    ];
    let goes_on = begins.iter().any(|begin| line.starts_with(begin)) || line.contains("|\u{1b}[");
    (layer && !rest.is_empty()) || state || goes_on
}

/// A line without `Head "URL": ` before `HEAD URL: `. crane says the same once or twice, as its
/// parallel requests happen to fall.
fn said_once(line: &str) -> String {
    for (once, twice) in [
        ("Get", "GET"),
        ("Head", "HEAD"),
        ("Post", "POST"),
        ("Put", "PUT"),
    ] {
        if let Some((before, rest)) = line.split_once(&format!("{once} \""))
            && let Some((_, after)) = rest.split_once(&format!("\": {twice} "))
        {
            return format!("{before}{twice} {after}");
        }
    }
    line.to_owned()
}

/// A line without the time a logger put before it.
fn without_time(line: &str) -> &str {
    if let Some((_, rest)) = line
        .strip_prefix("time=\"")
        .and_then(|rest| rest.split_once("\" "))
    {
        return rest;
    }
    let is_time = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_digit() || b"/: ".contains(&byte))
    };
    match line.split_at_checked(20) {
        Some((time, rest)) if is_time(time) && time.contains('/') => rest,
        _ => line,
    }
}

fn hide_digests(line: &str) -> String {
    let mut parts = line.split("sha256:");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let hex = part.bytes().take_while(u8::is_ascii_hexdigit).count();
        text.push_str(if hex == 64 { "DIGEST" } else { "sha256:" });
        text.push_str(if hex == 64 { &part[64..] } else { part });
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_from_run_to_run_is_taken_out() {
        let transcript = Transcript::new("127.0.0.1:4711");
        let digest = format!("sha256:{}", "0f".repeat(32));
        for (said, kept) in [
            ("denied at 127.0.0.1:4711/x", "denied at HOST/x\n"),
            (&format!("got {digest}, {digest} "), "got DIGEST, DIGEST\n"),
            ("sha256:12", "sha256:12\n"),
            ("0123456789ab: Pushed\nrefused", "refused\n"),
            ("0123456789ab", "0123456789ab\n"),
            (
                "2026/01/01 01:02:03 existing manifest: sha256:12\nrefused",
                "refused\n",
            ),
            ("time=\"2026-01-01T00:00:00Z\" level=fatal", "level=fatal\n"),
            ("2026/01/01 01:02:03 refused", "refused\n"),
            (
                "Error: Head \"http://h/a\": HEAD http://h/a: no",
                "Error: HEAD http://h/a: no\n",
            ),
            ("Get \"http://h/v2/\": no", "Get \"http://h/v2/\": no\n"),
            ("2026 is a year of refusals", "2026 is a year of refusals\n"),
            ("Exists    0123456789ab a file\nrefused", "refused\n"),
            ("layer: waiting |\u{1b}[32m---| \nrefused", "refused\n"),
        ] {
            assert_eq!(transcript.normal(said), kept, "{said}");
        }
    }

    #[test]
    fn a_difference_names_its_lines() {
        assert_eq!(
            difference("a\nb\nc\n", "a\nx\ny\nc\n"),
            "from line 2:\n- b\n+ x\n+ y\n"
        );
        assert_eq!(difference("", "a\n"), "from line 1:\n+ a\n");
    }
}
