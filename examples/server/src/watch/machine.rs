//! What the operating system knows of the process and of its disk.

use std::fs;
use std::path::Path;

use crate::data_dir::Layout;

/// What was seen; what could not be is missing.
#[derive(Clone, Debug, Default)]
pub(super) struct Machine {
    pub(super) database: Option<u64>,
    pub(super) log: Option<u64>,
    pub(super) free: Option<u64>,
    pub(super) disk: Option<u64>,
    pub(super) mail: Option<u64>,
    pub(super) resident: Option<u64>,
    pub(super) files: Option<u64>,
}

impl Machine {
    /// Looks, which may wait for a disk. `mail` is where messages wait, if any are sent.
    pub(super) fn look(data: &Layout, mail: Option<&Path>) -> Self {
        let length = |path: &Path| fs::metadata(path).ok().map(|found| found.len());
        let disk = rustix::fs::statvfs(data.path()).ok();
        let bytes = |blocks: u64, of: u64| blocks.saturating_mul(of);
        Self {
            database: length(&data.database()),
            log: length(&data.database().with_extension("db-wal")),
            free: disk
                .as_ref()
                .map(|disk| bytes(disk.f_bavail, disk.f_frsize)),
            disk: disk
                .as_ref()
                .map(|disk| bytes(disk.f_blocks, disk.f_frsize)),
            mail: mail.and_then(messages),
            resident: resident(),
            files: entries(Path::new("/proc/self/fd")),
        }
    }
}

fn entries(folder: &Path) -> Option<u64> {
    Some(fs::read_dir(folder).ok()?.count() as u64)
}

fn messages(folder: &Path) -> Option<u64> {
    let found = fs::read_dir(folder).ok()?.flatten();
    let whole = found.filter(|entry| entry.path().extension() == Some("eml".as_ref()));
    Some(whole.count() as u64)
}

/// The second figure of `/proc/self/statm`, which counts pages.
fn resident() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages.saturating_mul(rustix::param::page_size() as u64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_seen_and_what_is_not_is_missing() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let at = |name: &str| scratch.path().join(name);
        fs::write(at("metadata.db"), [0; 100]).expect("a scratch file");
        fs::write(at("1.eml"), "").expect("a scratch file");
        fs::write(at("2.partial"), "").expect("a scratch file");
        let seen = Machine::look(&Layout::of(scratch.path()), Some(scratch.path()));
        assert_eq!((seen.database, seen.log), (Some(100), None));
        assert_eq!(seen.mail, Some(1));
        assert!(seen.free <= seen.disk && seen.disk > Some(0), "{seen:?}");
        assert!(seen.resident > Some(1 << 20), "{seen:?}");
        assert!(seen.files > Some(2), "{seen:?}");
        let nowhere = Machine::look(&Layout::of(at("none")), None);
        assert_eq!((nowhere.free, nowhere.database), (None, None));
    }
}
