//! A directory in the OCI image layout: `index.json`, and `blobs/<algorithm>/<hexadecimal digits>`.
//! <https://github.com/opencontainers/image-spec/blob/main/image-layout.md>

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, ErrorKind, Read as _};
use std::path::{Path, PathBuf};

use pierhead_model::{ContentDigest, Digest, Hasher, ReferenceRole};

use super::bounded;
use super::report::{Content, Report};

/// The index, and every manifest that can be reached from it, each once.
pub(crate) fn read(directory: &Path) -> io::Result<Vec<Report>> {
    let mut index = File::open(directory.join("index.json"))?;
    let mut reports = vec![Report::of(&bounded(&mut index)?)];
    let mut seen = HashSet::new();
    // Those that are found are read in their turn: there is no depth that could run out.
    let mut next = 0;
    while next < reports.len() {
        let mut found = Vec::new();
        if let Ok(parsed) = &mut reports[next].read {
            for reference in &mut parsed.references {
                let content = check(directory, &reference.digest, reference.size)?;
                reference.content = Some(content);
                let is_manifest = matches!(
                    reference.role,
                    ReferenceRole::Child | ReferenceRole::Subject
                );
                let digest = reference.digest.content().filter(|_| is_manifest);
                if let Some(digest) = digest.filter(|digest| seen.insert(*digest))
                    && content != Content::Missing
                {
                    let bytes = bounded(&mut File::open(path(directory, &digest))?)?;
                    found.push(Report {
                        digest,
                        content: Some(content),
                        ..Report::of(&bytes)
                    });
                }
            }
        }
        reports.extend(found);
        next += 1;
    }
    Ok(reports)
}

/// Compares bytes with their digest and length, in one pass and without keeping them.
fn check(directory: &Path, digest: &Digest, size: u64) -> io::Result<Content> {
    let Some(expected) = digest.content() else {
        return Ok(Content::Unknown);
    };
    let mut file = match File::open(path(directory, &expected)) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Content::Missing),
        Err(error) => return Err(error),
    };
    let (mut hasher, mut buffer) = (Hasher::new(expected.algorithm()), vec![0; 1 << 16]);
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    let good = hasher.len() == size && hasher.finish() == expected;
    Ok(if good {
        Content::Good
    } else {
        Content::Damaged
    })
}

/// A digest that was parsed is an algorithm and hexadecimal digits: it cannot lead elsewhere.
fn path(directory: &Path, digest: &ContentDigest) -> PathBuf {
    let text = digest.to_string();
    let (algorithm, digits) = text.split_once(':').unwrap_or_default();
    directory.join("blobs").join(algorithm).join(digits)
}
