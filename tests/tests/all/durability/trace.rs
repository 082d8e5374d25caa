//! Reads what `strace -f -y` writes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// One system call. Lines stand in the order in which the tracer saw things happen, and it holds a
/// traced thread still while it looks, so line numbers order calls of different threads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Call {
    pub(super) name: String,
    /// Everything between the parentheses; descriptors carry their path.
    pub(super) arguments: String,
    /// What it returned; `None` while it had not when the trace ended.
    pub(super) result: Option<String>,
    pub(super) begun: usize,
    pub(super) returned: Option<usize>,
}

impl Call {
    /// The path of a descriptor that is the first argument.
    pub(super) fn path(&self) -> Option<&str> {
        described(&self.arguments)
    }

    pub(super) fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    /// Whether it came back, before this line, and well.
    pub(super) fn was_done_before(&self, line: usize) -> bool {
        let well = self
            .result
            .as_deref()
            .is_some_and(|result| !result.starts_with('-'));
        well && self.returned.is_some_and(|returned| returned < line)
    }
}

/// The path in `12</some/path>`.
fn described(text: &str) -> Option<&str> {
    let (number, rest) = text.split_once('<')?;
    if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(rest.split_once('>')?.0)
}

/// The calls of a trace, in the order in which they began.
pub(super) fn read(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    let mut open: HashMap<&str, usize> = HashMap::new();
    for (line, text) in text.lines().enumerate() {
        // `1234 1700000000.123456 fsync(5</a>) = 0`
        let mut parts = text.splitn(2, ' ');
        let (Some(thread), Some(rest)) = (parts.next(), parts.next()) else {
            continue;
        };
        let Some((_, rest)) = rest.trim_start().split_once(' ') else {
            continue;
        };
        if let Some(resumed) = rest.strip_prefix("<... ") {
            let index = open.remove(thread);
            let Some((call, (_, rest))) = index
                .map(|index| &mut calls[index])
                .zip(resumed.split_once(" resumed>"))
            else {
                panic!("line {} resumes what did not begin: {text}", line + 1);
            };
            let (more, result) = rest.rsplit_once(") = ").unwrap_or((rest, "?"));
            call.arguments.push_str(more);
            call.result = Some(result.trim().to_owned());
            call.returned = Some(line);
            continue;
        }
        let Some((name, rest)) = rest.split_once('(') else {
            continue;
        };
        if !name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        {
            continue;
        }
        let (arguments, result, returned) = match rest.strip_suffix(" <unfinished ...>") {
            Some(arguments) => {
                open.insert(thread, calls.len());
                (arguments, None, None)
            }
            None => match rest.rsplit_once(" = ") {
                Some((arguments, result)) => (
                    arguments.trim_end().trim_end_matches(')'),
                    Some(result.trim().to_owned()),
                    Some(line),
                ),
                None => continue,
            },
        };
        calls.push(Call {
            name: name.to_owned(),
            arguments: arguments.to_owned(),
            result,
            begun: line,
            returned,
        });
    }
    calls
}

const SYNC: &[&str] = &["fsync", "fdatasync"];
const WRITE: &[&str] = &["write", "writev", "pwrite64", "pwritev", "pwritev2"];
const SEND: &[&str] = &["write", "writev", "sendto", "sendmsg"];
const RECEIVE: &[&str] = &["read", "readv", "recvfrom", "recvmsg"];

/// Which of the promises behind one 201 were broken.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Broken(pub(super) Vec<String>);

/// Finds the request that begins like this and the 201 that follows it, and holds what happened
/// before the first byte of that answer against the promise. `files`: whether bytes had to reach a
/// file of their own.
pub(super) fn unsynced(calls: &[Call], blobs: &Path, request: &str, files: bool) -> Broken {
    let quoted = format!("\"{request}");
    let arrived = calls
        .iter()
        .find(|call| call.is(RECEIVE) && call.arguments.contains(&quoted))
        .unwrap_or_else(|| panic!("`{request}` is not in the trace"));
    let answer = calls
        .iter()
        .find(|call| {
            call.begun > arrived.begun && call.is(SEND) && call.arguments.contains("\"HTTP/1.1 201")
        })
        .expect("the 201 is in the trace");
    let (from, until) = (arrived.begun, answer.begun);
    let before: Vec<&Call> = calls.iter().filter(|call| call.begun < until).collect();
    let mut broken = Broken::default();
    let mut check = |what: &str, last: usize, synced: &dyn Fn(&str) -> bool| {
        let found = before.iter().any(|call| {
            call.is(SYNC)
                && call.begun > last
                && call.was_done_before(until)
                && call.path().is_some_and(synced)
        });
        if !found {
            broken
                .0
                .push(format!("{what} was not synced before the 201"));
        }
    };

    if files {
        let written = before.iter().rev().find(|call| {
            call.is(WRITE)
                && call
                    .path()
                    .is_some_and(|path| Path::new(path).starts_with(blobs))
        });
        let written = written.expect("the blob was written to a file");
        let file = plain(written.path().unwrap_or_default());
        check("the blob's file", written.begun, &|path| {
            plain(path) == file
        });

        let entry = before
            .iter()
            .rev()
            .find_map(|call| Some((call.begun, named(call, blobs)?)));
        let (named, name) = entry.expect("the blob's name was made");
        assert_eq!(
            plain(&name.display().to_string()),
            file,
            "the name is that of the bytes"
        );
        let folder = name
            .parent()
            .expect("a name stands in a directory")
            .to_owned();
        check("the blob's directory", named, &|path| {
            Path::new(path) == folder
        });
    }

    let log = |path: &str| path.ends_with("-wal");
    let written = before
        .iter()
        .rev()
        .find(|call| call.begun > from && call.is(WRITE) && call.path().is_some_and(log));
    let written = written.expect("the database was written during the request");
    check("the database", written.begun, &log);
    broken
}

/// A file has one name while it is open for writing and another one afterwards.
fn plain(path: &str) -> String {
    path.trim_end_matches(" (deleted)")
        .trim_end_matches(".open")
        .to_owned()
}

/// The path that a call gave a name to, if it is below this directory.
fn named(call: &Call, blobs: &Path) -> Option<PathBuf> {
    let created = call.name == "openat" && call.arguments.contains("O_CREAT");
    if !created && !call.name.starts_with("rename") && !call.name.starts_with("link") {
        return None;
    }
    if call
        .result
        .as_deref()
        .is_none_or(|result| result.starts_with('-'))
    {
        return None;
    }
    // The last quoted string, and the directory before it if it is relative.
    let arguments: Vec<&str> = call.arguments.split(", ").collect();
    let at = arguments
        .iter()
        .rposition(|argument| argument.starts_with('"'))?;
    let name = Path::new(arguments[at].trim_matches('"'));
    let folder = at
        .checked_sub(1)
        .and_then(|before| described(arguments[before]));
    let path = folder.map_or_else(|| name.to_owned(), |folder| Path::new(folder).join(name));
    path.starts_with(blobs).then_some(path)
}

#[test]
fn calls_of_threads_that_overlap_are_put_together_again() {
    let calls = read(
        "10 1.0 fdatasync(5</d/b/ab/x> <unfinished ...>\n\
         11 1.1 recvfrom(9<socket:[1]>, \"PUT /v2/\", 8, 0, NULL, NULL) = 8\n\
         10 1.2 <... fdatasync resumed>)        = 0\n\
         11 1.3 fsync(6</d/b/ab>)       = -1 EIO (Input/output error)\n",
    );
    assert_eq!(calls.len(), 3);
    assert_eq!((calls[0].begun, calls[0].returned), (0, Some(2)));
    assert_eq!(calls[0].path(), Some("/d/b/ab/x"));
    assert!(calls[0].was_done_before(3) && !calls[0].was_done_before(2));
    assert!(!calls[2].was_done_before(9), "a sync that failed is none");
}

#[test]
fn each_sync_that_is_missing_late_or_too_early_is_reported() {
    const START: &[&str] = &[
        "1 1.0 recvfrom(9<socket:[1]>, \"PUT /v2/a\", 8, 0, NULL, NULL) = 8",
        "1 1.0 openat(4</d/b>, \"ab/x.open\", O_WRONLY|O_CREAT, 0600) = 7</d/b/ab/x.open>",
        "1 1.0 pwrite64(7</d/b/ab/x.open>, \"..\", 2, 0) = 2",
    ];
    const FILE: &str = "2 1.0 fdatasync(7</d/b/ab/x.open>) = 0";
    const NAME: &str = "2 1.0 renameat(4</d/b>, \"ab/x.open\", 4</d/b>, \"ab/x\") = 0";
    const FOLDER: &str = "2 1.0 fsync(8</d/b/ab>) = 0";
    const ROW: &str = "3 1.0 pwrite64(5</d/p.db-wal>, \"..\", 2, 0) = 2";
    const LOG: &str = "3 1.0 fdatasync(5</d/p.db-wal>) = 0";
    const ANSWER: &str = "1 1.0 sendto(9<socket:[1]>, \"HTTP/1.1 201 Created\", 9) = 9";
    let check = |what: &str, lines: &[&str], expected: &[&str]| {
        let text = [START, lines].concat().join("\n");
        let Broken(found) = unsynced(&read(&text), Path::new("/d/b"), "PUT /v2/a", true);
        let words: Vec<&str> = found
            .iter()
            .filter_map(|text| text.split(" was").next())
            .collect();
        assert_eq!(words, expected, "{what}");
    };
    check("all there", &[FILE, NAME, FOLDER, ROW, LOG, ANSWER], &[]);
    check(
        "none there",
        &[NAME, ROW, ANSWER],
        &["the blob's file", "the blob's directory", "the database"],
    );
    check(
        "file",
        &[NAME, FOLDER, ROW, LOG, ANSWER],
        &["the blob's file"],
    );
    check(
        "directory before the name",
        &[FILE, FOLDER, NAME, ROW, LOG, ANSWER],
        &["the blob's directory"],
    );
    check(
        "database before the row",
        &[FILE, NAME, FOLDER, LOG, ROW, ANSWER],
        &["the database"],
    );
    check(
        "database after the answer",
        &[FILE, NAME, FOLDER, ROW, ANSWER, LOG],
        &["the database"],
    );
    check(
        "the database's sync begun before the answer and back after it",
        &[
            FILE,
            NAME,
            FOLDER,
            ROW,
            "3 1.0 fdatasync(5</d/p.db-wal> <unfinished ...>",
            ANSWER,
            "3 1.0 <... fdatasync resumed>) = 0",
        ],
        &["the database"],
    );
    check(
        "the file's sync failed",
        &[
            "2 1.0 fdatasync(7</d/b/ab/x.open>) = -1 EIO (I/O error)",
            NAME,
            FOLDER,
            ROW,
            LOG,
            ANSWER,
        ],
        &["the blob's file"],
    );
}
