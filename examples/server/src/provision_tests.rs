//! Provisioning files, each with what it must become or be told. What the names in it mean is the
//! projects crate's to check, and tested there.

use super::*;
use pierhead::policy::Level;

fn read(text: &str) -> Result<Provision, String> {
    parse(text, Path::new("/nowhere"))
}

#[test]
fn the_whole_shape_is_read_with_its_lines() {
    let text = r#"# a lab
[[user]]
name = "ana"
email = "ana@example.org"
password = "choose a better one"
certified = true

[[user]]
name = "ben"
operator = false
password_hash = "$argon2id$…"

[[team]]
name = "lab"
members = ["ana", "ben"]

[[project]]
id = "syn101"
name = "Genomics"
owner = "ana"
share = [
  { team = "lab", level = "can-download" },
  { user = "ben", level = "can-edit" },
  { everyone = "registered", level = "can-view" },
]

[[project]]
name = "Empty"
"#;
    let file = read(text).expect("a good file");
    let users: Vec<_> = file
        .users
        .iter()
        .map(|user| (user.line, &*user.name, user.certified))
        .collect();
    assert_eq!(users, [(2, "ana", Some(true)), (8, "ben", None)]);
    let [ana, ben] = &file.users[..] else {
        panic!("two users")
    };
    assert_eq!(ana.password, Some(Secret::from("choose a better one")));
    assert_eq!(
        (ana.email.as_deref(), ana.operator),
        (Some("ana@example.org"), None)
    );
    assert_eq!((&ben.password, ben.operator), (&None, Some(false)));
    assert_eq!(ben.password_hash, Some(Secret::from("$argon2id$…")));

    let [team] = &file.teams[..] else {
        panic!("one team")
    };
    assert_eq!((team.line, &*team.name), (13, "lab"));
    assert_eq!(team.members, Some(vec!["ana".to_owned(), "ben".to_owned()]));

    let [genomics, empty] = &file.projects[..] else {
        panic!("two projects")
    };
    assert_eq!(
        (genomics.line, genomics.id.as_deref()),
        (17, Some("syn101"))
    );
    assert_eq!(
        (empty.line, empty.id.as_deref(), empty.share.is_none()),
        (27, None, true)
    );
    let share = genomics.share.as_ref().expect("a list");
    let share: Vec<_> = share
        .iter()
        .map(|entry| (entry.line, entry.permissions))
        .collect();
    assert_eq!(
        share,
        [
            (22, Level::CanDownload.permissions()),
            (23, Level::CanEdit.permissions()),
            (24, Level::CanView.permissions())
        ]
    );
}

#[test]
fn a_mistake_is_named_with_its_line() {
    for (text, said) in [
        (
            "[[users]]\nname = \"ana\"",
            "1: unknown key `users`, expected one of `user`, `team`, `project`",
        ),
        (
            "[[user]]\nname = \"ana\"\nmail = \"x\"",
            "3: unknown key `mail`, expected one of",
        ),
        ("\n[[user]]\nemail = \"x@y\"", "2: missing field `name`"),
        (
            "[user]\nname = \"ana\"",
            "1: invalid type: map, expected a sequence",
        ),
        (
            "[[user]]\nname = \"ana\"\npassword = 12345678",
            "3: `password`: a password is a string; put it",
        ),
        (
            "[[user]]\nname = \"ana\"\npassword = [\"hunter2hunter2\"]",
            "3: `password`: invalid type: sequence",
        ),
        (
            "[[user]]\nname = \"ana\"\ncertified = \"yes\"",
            "3: `certified`: invalid type: string \"yes\"",
        ),
        (
            "[[user]]\nname = \"ana\"\n\nname = \"ben\"",
            "4: duplicate key",
        ),
        (
            "[[user]]\nname = \"ana\"\npassword_file = \"gone\"",
            "3: the password file /nowhere/gone",
        ),
        (
            "[[team]]\nname = \"lab\"\nmembers = \"ana\"",
            "3: `members`: invalid type: string \"ana\"",
        ),
        (
            "[[project]]\nid = 101",
            "2: `id`: invalid type: integer `101`, expected",
        ),
        (
            "[[project]]\nshare = [\n { user = \"ana\", level = \"can-push\" } ]",
            "3: `can-push` is not a sharing level; use one of can-view, can-download",
        ),
        (
            "[[project]]\nshare = [{ user = \"ana\" }]",
            "2: missing field `level`",
        ),
        (
            "[[project]]\nshare = [{ group = \"ana\", level = \"x\" }]",
            "2: unknown key `group`",
        ),
        ("[[project]]\nname = \"a", "2: "),
        ("[[project\n", "1: "),
        ("\u{feff}[[user]]\nname = ", "2: "),
    ] {
        let error = read(text).expect_err(text);
        assert!(error.starts_with(said), "{text:?}: {error}");
        assert!(!error.contains('\n'), "{text:?}: {error}");
        assert!(
            !error.contains("hunter2") && !error.contains("12345678"),
            "{error}"
        );
    }
}

#[test]
fn a_password_without_quotes_is_not_repeated() {
    for (password, repeated) in [
        ("12345678", "12345678"),
        ("-12345678", "12345678"),
        ("12345678.5", "12345678"),
        ("9223372036854775808", "922337203"),
        ("99999999999999999999", "999999"),
        ("1990-01-01", "1990"),
        ("true", "`true`"),
        ("[\"hunter2hunter2\"]", "hunter2"),
        ("{ a = \"hunter2hunter2\" }", "hunter2"),
    ] {
        for key in ["password", "password_hash"] {
            let text = format!("[[user]]\nname = \"ana\"\n{key} = {password}");
            let error = read(&text).expect_err(&text);
            assert!(error.starts_with("3: `password"), "{text}: {error}");
            assert!(!error.contains(repeated), "{text}: {error}");
        }
    }
}

#[test]
fn a_password_file_holds_one_line_and_stands_beside_the_file() {
    let folder = tempfile::tempdir().expect("a scratch directory");
    let text = "[[user]]\nname = \"ana\"\npassword_file = \"ana.txt\"";
    for (held, password) in [
        ("correct horse\n", Some("correct horse")),
        ("correct horse", Some("correct horse")),
        ("correct horse\r\n", Some("correct horse")),
        (" spaces stay ", Some(" spaces stay ")),
        ("two\nlines\n", None),
        ("\n", None),
        ("", None),
        (&"x".repeat(5000), None),
    ] {
        std::fs::write(folder.path().join("ana.txt"), held).expect("a scratch file");
        let read = parse(text, folder.path());
        match (read, password) {
            (Ok(file), Some(password)) => {
                assert_eq!(file.users[0].password_file, Some(Secret::from(password)));
            }
            (Err(error), None) => assert!(error.starts_with("3: the password file"), "{error}"),
            (other, _) => panic!("{held:?}: {other:?}"),
        }
    }
}

#[test]
fn debug_shows_no_password() {
    let text = "[[user]]\nname = \"ana\"\npassword = \"hunter2hunter2\"";
    let file: File = toml::from_str(text).expect("a good file");
    assert!(!format!("{file:?}{:?}", read(text)).contains("hunter2"));
}
