//! The units of `docs/operations.md`, as systemd reads them.

use std::fs;

use pierhead_tests::{run, tool};
use tempfile::TempDir;

use crate::pages::blocks;

#[test]
fn systemd_takes_the_units_of_the_page() {
    let units: Vec<String> = blocks("docs/operations.md", "ini");
    let names = [
        "pierhead.service",
        "pierhead-backup.service",
        "pierhead-backup.timer",
    ];
    assert_eq!(units.len(), names.len());
    let folder = TempDir::new().unwrap();
    let mut verify = tool("systemd-analyze");
    verify.arg("verify");
    for (name, unit) in names.iter().zip(units) {
        let path = folder.path().join(name);
        // It must be a program that there is.
        fs::write(&path, unit.replace("/usr/local/bin/pierhead", "/bin/true")).unwrap();
        verify.arg(path);
    }
    let said = run(&mut verify).expect_ok("systemd-analyze verify");
    assert_eq!(said, "");
}

#[test]
fn a_unit_that_is_wrong_is_seen() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("pierhead.service");
    for wrong in [
        "[Service]\nExecStrat=/bin/true\n",
        "[Service]\nUser=pierhead\n",
    ] {
        fs::write(&path, wrong).unwrap();
        let said = run(tool("systemd-analyze").arg("verify").arg(&path));
        assert!(
            !said.ok && said.text.contains("pierhead.service"),
            "{wrong}: {}",
            said.text
        );
    }
}
