use std::os::unix::fs::PermissionsExt as _;

use super::*;

const ONE: &str = "https://r.example.org";
const OTHER: &str = "http://127.0.0.1:5000";

fn session(text: &str) -> Session {
    Session::new("ana".to_owned(), &Secret::from(text), None, None)
}

fn keep(folder: &Path, origin: &str, text: &str) -> Option<Session> {
    let kept = Sessions::change_in(folder, |kept| {
        kept.default = Some(origin.to_owned());
        kept.servers.insert(origin.to_owned(), session(text))
    });
    kept.expect("it can be kept")
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path)
        .expect("it is there")
        .permissions()
        .mode()
        & 0o777
}

fn set(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("it is ours");
}

#[test]
fn sessions_are_kept_by_server_for_their_owner_alone() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let folder = scratch.path().join("a/pierhead");
    let read = || Sessions::read_in(folder.clone()).expect("good sessions");
    assert!(read().at(ONE).is_none() && read().default().is_none());
    assert!(!folder.exists(), "reading makes nothing");
    let nowhere = Sessions::read_in("/dev/null/.config/pierhead".into());
    assert!(nowhere.expect("that is none").default().is_none());

    assert!(keep(&folder, ONE, "phs_one").is_none());
    let before = keep(&folder, ONE, "phs_two").expect("one before");
    assert_eq!(before.secret(), Secret::from("phs_one"));
    keep(&folder, OTHER, "phs_other");
    assert_eq!((mode(&folder), mode(&file_in(&folder))), (0o700, 0o600));
    let text = |sessions: &Sessions, at| sessions.at(at).map(|found| found.secret.clone());
    let sessions = read();
    assert_eq!(text(&sessions, ONE).as_deref(), Some("phs_two"));
    assert_eq!(sessions.default(), Some(OTHER));
    for other in [
        "http://r.example.org",
        "https://r.example.org:5000",
        "https://r.example.org.evil.org",
        "",
    ] {
        assert!(sessions.at(other).is_none(), "{other}");
    }
    assert_eq!(sessions.server_of("127.0.0.1:5000"), Some(OTHER));
    assert_eq!(sessions.server_of("127.0.0.1"), None);
    keep(&folder, "http://r.example.org", "phs_clear");
    assert_eq!(
        read().server_of("r.example.org"),
        Some(ONE),
        "over TLS first"
    );
    let cleared = Sessions::change_in(&folder, |kept| kept.forget("http://r.example.org"));
    cleared.expect("it can be written");
    keep(&folder, OTHER, "phs_other");

    let gone = Sessions::change_in(&folder, |kept| kept.forget(OTHER));
    assert!(gone.expect("it can be written").is_some());
    assert_eq!(read().default(), Some(ONE), "the one that is left");
    assert!(read().at(OTHER).is_none());
    let left: Vec<_> = fs::read_dir(&folder).expect("a directory").collect();
    assert_eq!(left.len(), 1, "nothing lies about");
}

#[test]
fn what_others_can_come_to_is_refused_with_what_to_type() {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let folder = scratch.path().join("pierhead");
    keep(&folder, ONE, "phs_one");
    let file = file_in(&folder);
    let refused = || {
        let read = Sessions::read_in(folder.clone());
        read.err().expect("it is refused").to_string()
    };
    for open in [0o640, 0o604, 0o620, 0o602] {
        set(&file, open);
        let typed = format!("type: chmod 600 {}", file.display());
        assert!(refused().ends_with(&typed), "{open:o}: {}", refused());
        let kept = Sessions::change_in(&folder, |_| ());
        assert!(kept.is_err(), "nor is anything written there");
    }
    set(&file, 0o600);
    for open in [0o770, 0o707] {
        set(&folder, open);
        let typed = format!("type: chmod 700 {}", folder.display());
        assert!(refused().ends_with(&typed), "{}", refused());
    }
    set(&folder, 0o755);
    assert!(Sessions::read_in(folder.clone()).is_ok());
    for odd in ["", "{", "[]", r#"{"servers":{"a":{}}}"#] {
        fs::write(&file, odd).expect("a scratch file");
        let typed = format!("type: rm {}", file.display());
        assert!(refused().ends_with(&typed), "{odd}: {}", refused());
    }
}

#[test]
fn sessions_are_where_people_keep_their_settings() {
    for (variables, folder) in [
        (&[("HOME", "/h")][..], Some("/h/.config/pierhead")),
        (
            &[("HOME", "/h"), ("XDG_CONFIG_HOME", "/x")],
            Some("/x/pierhead"),
        ),
        (
            &[("HOME", "/h"), ("XDG_CONFIG_HOME", "x")],
            Some("/h/.config/pierhead"),
        ),
        (&[("HOME", "/h"), ("PIERHEAD_CONFIG", "/p")], Some("/p")),
        (&[], None),
    ] {
        let find = |name: &str| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        let found = folder_by(find).ok();
        assert_eq!(found, folder.map(PathBuf::from), "{variables:?}");
    }
}
