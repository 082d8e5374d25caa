//! A lab that is set up by commands alone, and used.

use std::path::PathBuf;

use pierhead_tests::{Layout, Output, run, tool};
use tempfile::TempDir;

use super::{Lab, password};

/// crane, signed in as somebody.
struct Crane {
    config: PathBuf,
}

impl Crane {
    fn of(lab: &Lab, scratch: &TempDir, who: &str) -> Self {
        let crane = Self {
            config: scratch.path().join(who),
        };
        std::fs::create_dir_all(&crane.config).unwrap();
        let (host, password) = (&lab.server.host, password(who));
        let login = ["auth", "login", host, "-u", who, "-p", &password];
        crane.run(&login).expect_ok("crane auth login");
        crane
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run(tool("crane")
            .env("DOCKER_CONFIG", &self.config)
            .args(arguments))
    }
}

#[test]
fn a_lab_is_set_up_and_lived_in_by_commands_alone() {
    let (mut lab, scratch) = (Lab::start(), TempDir::new().unwrap());
    for name in ["ana", "ben", "eve"] {
        lab.add(name, &[]);
    }
    lab.try_all(&[
        ("admin", "user certify ana"),
        ("ana", "team create genomics"),
        ("ana", "team add genomics ana ben eve"),
        ("ana", "project create Genomics"),
        ("ana", "share set Genomics genomics can-edit"),
    ]);
    let layout = Layout::write(&scratch.path().join("layout"), "multi", "lab");
    let from = layout.path.to_str().unwrap();
    let image = format!("{}/syn1000000/tools:v1", lab.server.host);
    let (ben, eve) = (
        Crane::of(&lab, &scratch, "ben"),
        Crane::of(&lab, &scratch, "eve"),
    );
    let push = ["push", "--index", from, &image];
    let pulls = |crane: &Crane| crane.run(&["digest", &image]).ok;

    // What is new needs a certified account.
    ben.run(&push)
        .expect_refused("a push by who is not certified");
    lab.try_out("admin", "user certify ben");
    ben.run(&push).expect_ok("a push by ben");
    assert!(pulls(&ben) && pulls(&eve));

    lab.try_all(&[
        ("ana", "project show Genomics"),
        ("ana", "share local syn1000000/tools"),
        ("ana", "share set syn1000000/tools ben can-edit"),
        ("ana", "share remove syn1000000/tools genomics"),
    ]);
    assert!(pulls(&ben) && !pulls(&eve), "one repository is narrowed");
    lab.try_out("ana", "share inherit syn1000000/tools --yes");
    assert!(pulls(&ben) && pulls(&eve));

    lab.try_out("ana", "trash put syn1000000/tools");
    assert!(!pulls(&ben) && !pulls(&eve));
    lab.try_out("ana", "trash restore syn1000000/tools");
    assert!(pulls(&ben) && pulls(&eve));

    lab.try_out("admin", "user disable ben");
    assert!(!pulls(&ben) && pulls(&eve));
    lab.read.expect("lab");
}
