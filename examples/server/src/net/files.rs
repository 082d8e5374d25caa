//! How many files may be open: each connection is one, and what it reads or writes another.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What a connection takes: its socket, and the blob that it reads or writes.
const EACH: u64 = 2;

/// What else is open: up to 512 uploads that wait for their next request, the database with its
/// readers, and what every program has.
const OTHERS: u64 = 640;

/// Takes as many open files as the system lets it have, which is most often far more than it starts
/// with, and returns how many connections fit into them, at most those that are wanted.
pub(crate) fn make_room(wanted: u32) -> u32 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        ..limit
    };
    let current = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let Some(files) = current else {
        return wanted;
    };
    let fit = fitting(files, wanted);
    if fit < wanted {
        tracing::warn!(
            "at most {fit} connections at a time, because the system allows {files} open files; \
             raise that (`LimitNOFILE` of a service, `ulimit -n`), or lower limits.connections"
        );
    }
    fit
}

/// How many of the wanted connections fit.
fn fitting(files: u64, wanted: u32) -> u32 {
    let fit = files.saturating_sub(OTHERS) / EACH;
    wanted.min(u32::try_from(fit).unwrap_or(u32::MAX)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_takes_two_files_and_some_are_kept_for_the_rest() {
        for (files, wanted, fit) in [
            (1 << 20, 2048, 2048),
            (4736, 2048, 2048),
            (4735, 2048, 2047),
            (1024, 2048, 192),
            (100, 2048, 1),
            (u64::MAX, u32::MAX, u32::MAX),
        ] {
            assert_eq!(fitting(files, wanted), fit, "{files} {wanted}");
        }
    }
}
