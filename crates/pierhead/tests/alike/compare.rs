//! One request about each of several things, and whether the answers tell them apart.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::ground::{Answer, Ground, Sent};
use crate::world::{Hidden, World};

/// The answers about one thing: of a server that has just started, and of one that was asked
/// before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Heard {
    cold: Answer,
    warm: Answer,
}

impl Heard {
    /// Asks about something, and takes out of the answers what only repeats the question.
    pub(crate) async fn of(
        world: &World,
        authorization: Option<&str>,
        sent: &Sent,
        hidden: &Hidden,
        read: impl Fn(&Ground, Answer) -> Answer,
    ) -> Self {
        let services = world.ground.services();
        let sent = about(sent, world, hidden);
        let read = |answer| plain(read(&world.ground, answer), hidden);
        Self {
            cold: read(services.send(authorization, &sent).await),
            warm: read(services.send(authorization, &sent).await),
        }
    }

    pub(crate) fn statuses(&self) -> [StatusCode; 2] {
        [self.cold.status, self.warm.status]
    }

    pub(crate) fn body(&self) -> &Bytes {
        &self.warm.body
    }

    /// What tells this from another, if anything does.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        let mut text = String::new();
        for (when, one, two) in [
            ("at first", &self.cold, &other.cold),
            ("then", &self.warm, &other.warm),
        ] {
            if one != two {
                let _ = write!(text, "\n    {when} {one:?}\n      but {two:?}");
            }
        }
        (!text.is_empty()).then_some(text)
    }
}

/// What differs between the answers about things that nobody may tell apart, each with the first.
pub(crate) fn differences(all: &[(&Hidden, Heard)]) -> String {
    let mut text = String::new();
    let Some(((first, heard), others)) = all.split_first() else {
        return text;
    };
    for (other, answer) in others {
        if let Some(difference) = heard.difference(answer) {
            let _ = write!(text, "\n  {} and {}:{difference}", first.what, other.what);
        }
    }
    text
}

fn about(sent: &Sent, world: &World, hidden: &Hidden) -> Sent {
    let put = |text: &str| {
        text.replace("NAME", &hidden.name)
            .replace("ENTITY", &hidden.id)
            .replace("UPLOAD", &world.upload)
    };
    Sent {
        target: put(&sent.target),
        body: put(&sent.body),
        ..sent.clone()
    }
}

fn plain(answer: Answer, hidden: &Hidden) -> Answer {
    let text = |bytes: &[u8]| {
        let mut text = String::from_utf8_lossy(bytes).into_owned();
        for (said, word) in [(&hidden.name, "NAME"), (&hidden.id, "ENTITY")] {
            if !said.is_empty() {
                text = text.replace(said, word);
            }
        }
        without_uploads(&text)
    };
    let mut headers = HeaderMap::new();
    for (name, value) in &answer.headers {
        let value = HeaderValue::from_str(&text(value.as_bytes()));
        headers.append(name, value.expect("it was one"));
    }
    Answer {
        headers,
        body: text(&answer.body).into(),
        ..answer
    }
}

/// The ids of uploads, 32 hexadecimal digits, are random.
fn without_uploads(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let (before, digits) = rest.split_at(at);
        let end = digits.find(|c: char| !c.is_ascii_hexdigit());
        let (digits, after) = digits.split_at(end.unwrap_or(digits.len()));
        out.push_str(before);
        out.push_str(if digits.len() == 32 { "UPLOAD" } else { digits });
        rest = after;
    }
    out + rest
}
