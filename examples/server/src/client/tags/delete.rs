//! `pierhead tags delete`: tags away, and what they name stays.

use clap::Args;
use pierhead::model::percent_encode;

use super::refused;
use crate::client::careful::{Sure, each, told};
use crate::client::{Asked, Repository, print};
use crate::failure::Failure;
use crate::terminal::plain;

/// Which tags.
#[derive(Args, Debug)]
#[command(
    after_help = "What a tag named stays, and is pulled by its digest, until `pierhead tags\n\
    prune NAME --newest 0` takes away what no tag names.\n\n\
    Examples:\n  pierhead tags delete syn101/tools:v1\n  \
    pierhead tags delete syn101/tools:v1 syn101/tools:v2 --yes"
)]
pub(crate) struct DeleteArgs {
    /// The tags, such as `syn101/tools:v1` or `registry.example.org/syn101/tools:v1`
    #[arg(value_name = "NAME:TAG", required = true)]
    tags: Vec<String>,
    #[command(flatten)]
    sure: Sure,
    #[command(flatten)]
    asked: Asked,
}

/// A tag as people write it.
struct Tagged<'a> {
    repository: Repository<'a>,
    tag: &'a str,
}

impl<'a> Tagged<'a> {
    fn read(text: &'a str) -> Result<Self, Failure> {
        let shown = plain(text);
        let Repository { host, name } = Repository::split(text)?;
        if name.contains('@') {
            return Err(Failure::told(format!(
                "`{shown}` names a digest, and tags are deleted here; versions that no tag names go \
                 with: pierhead tags prune"
            )));
        }
        match name.split_once(':') {
            Some((name, tag)) if !name.is_empty() && !tag.is_empty() => Ok(Self {
                repository: Repository { host, name },
                tag,
            }),
            _ => Err(Failure::told(format!(
                "which tag of `{shown}`? write it as `{}:TAG`",
                shown.trim_end_matches(':')
            ))),
        }
    }
}

/// Deletes them, one after the other, whether or not those before could be.
///
/// # Errors
/// When the server cannot be reached, or refuses: then what was not said to be deleted stays.
pub(super) fn delete(args: &DeleteArgs) -> Result<(), Failure> {
    let tags: Result<Vec<_>, _> = args.tags.iter().map(|text| Tagged::read(text)).collect();
    let tags = tags?;
    let host = tags.first().and_then(|tagged| tagged.repository.host);
    if tags.iter().any(|tagged| tagged.repository.host != host) {
        return Err(Failure::told(
            "these are on several servers; delete those of each by itself",
        ));
    }
    let api = args.asked.sign_in(host)?;
    // A name that is wrong is told before anything goes.
    let mut calls = Vec::new();
    for Tagged { repository, tag } in &tags {
        let (id, tag) = (repository.id(&api)?, percent_encode(tag));
        calls.push(format!("/pierhead/v1/entity/{id}/tag/{tag}"));
    }
    let shown: Vec<String> = args.tags.iter().map(|text| plain(text)).collect();
    args.sure.ask(&match &shown[..] {
        [one] => format!("Delete {one}?"),
        several => format!(
            "Delete these {} tags: {}?",
            several.len(),
            several.join(", ")
        ),
    })?;
    let calls: Vec<_> = calls.iter().zip(&shown).collect();
    let (deleted, end) = each(&calls, |(call, tag)| {
        let name = tag.rsplit_once(':').map_or(&***tag, |(name, _)| name);
        let done = refused(api.delete(call, None), name);
        done.map_err(|failure| failure.with_hint(format_args!("{tag} was not deleted")))?;
        if !args.asked.json {
            print(&format!("deleted {tag}\n"))?;
        }
        Ok((*tag).as_str().into())
    });
    told(&args.asked, deleted, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_what_stands_behind_the_colon_of_a_name() {
        for (text, host, name, tag) in [
            ("syn1/a:v1", None, "syn1/a", "v1"),
            ("syn1/a/b:latest", None, "syn1/a/b", "latest"),
            (
                "r.example.org/syn1/a:v1",
                Some("r.example.org"),
                "syn1/a",
                "v1",
            ),
            (
                "127.0.0.1:5000/syn1/a:v1",
                Some("127.0.0.1:5000"),
                "syn1/a",
                "v1",
            ),
        ] {
            let read = Tagged::read(text).unwrap_or_else(|error| panic!("{text}: {error}"));
            let found = (read.repository.host, read.repository.name, read.tag);
            assert_eq!(found, (host, name, tag), "{text}");
        }
        for text in [
            "syn1/a",
            "127.0.0.1:5000/syn1/a",
            "syn1/a:",
            ":v1",
            "",
            "syn1/a@sha256:0",
            "http://a/syn1/b:v1",
        ] {
            assert!(Tagged::read(text).is_err(), "{text}");
        }
    }
}
