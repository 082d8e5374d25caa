//! What a manifest is, with nothing but the model:
//! `cargo run -p pierhead-model --example inspect -- [--json] FILE`.
//!
//! `FILE` is a manifest or an index, a directory in the OCI image layout (`skopeo copy … oci:DIR`,
//! `oras copy --to-oci-layout …`), or `-` for standard input. In a layout everything that is referred
//! to is looked at as well, and its bytes are compared with its digest. The exit status is 0 when all
//! is as it should be, 1 when something is refused or damaged, and 2 when what was typed is wrong.

mod layout;
mod report;
#[cfg(test)]
mod tests;

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use pierhead_model::ManifestLimits;
use report::Report;

const USAGE: &str = "give [--json] FILE: a manifest, a directory in the OCI image layout, or -";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let (json, path) = match &words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--json", path] | [path, "--json"] => (true, (*path).to_owned()),
        [path] if *path == "-" || !path.starts_with('-') => (false, (*path).to_owned()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match inspect(&path, json, &mut io::stdin(), &mut io::stdout()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{path}: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Reads and prints. Whether everything was as it should be.
fn inspect(path: &str, json: bool, stdin: &mut dyn Read, out: &mut dyn Write) -> io::Result<bool> {
    let reports = if path == "-" {
        vec![Report::of(&bounded(stdin)?)]
    } else if Path::new(path).is_dir() {
        layout::read(Path::new(path))?
    } else {
        vec![Report::of(&bounded(&mut File::open(path)?)?)]
    };
    if json {
        let all: Vec<_> = reports.iter().map(Report::json).collect();
        serde_json::to_writer_pretty(&mut *out, &all)?;
        writeln!(out)?;
    } else {
        for (number, report) in reports.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            write!(out, "{report}")?;
        }
    }
    Ok(reports.iter().all(Report::is_good))
}

/// A manifest is at most a few MiB: one byte more is enough to be refused.
fn bounded(from: &mut dyn Read) -> io::Result<Vec<u8>> {
    let most = ManifestLimits::default().max_bytes as u64 + 1;
    let mut bytes = Vec::new();
    from.take(most).read_to_end(&mut bytes)?;
    Ok(bytes)
}
