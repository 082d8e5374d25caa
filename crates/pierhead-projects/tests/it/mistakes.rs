//! Files that are wrong: each names the line and changes nothing.

use pierhead_policy::{Level, PrincipalId};
use pierhead_projects::provision::{Provision, ProvisionError};

use crate::ground::{ground, hash};
use crate::provision::{apply, entry, fingerprint, lab, project, team, user};

/// What is wrong, the line that is named, words of the message, and how the lab's file gets there.
type Mistake = (&'static str, usize, &'static str, fn(&mut Provision));

const MISTAKES: &[Mistake] = &[
    ("name outside the grammar", 3, "3 to 63", |p| {
        p.users[2].name = "Ben".into();
    }),
    ("number as a name", 5, "letter", |p| {
        p.teams[0].name = "123".into();
    }),
    ("user twice", 3, "line 1 already", |p| {
        p.users[2].name = "a-na".into();
    }),
    ("team named like a user", 5, "already", |p| {
        p.teams[0].name = "ana".into();
    }),
    ("user named like a team that exists", 3, "is a team", |p| {
        p.users[2].name = "crew".into();
    }),
    ("team named like a user that exists", 5, "is a user", |p| {
        p.teams[0].name = "dora".into();
    }),
    ("two kinds of password", 1, "one of", |p| {
        p.users[0].password = Some("long enough".into());
    }),
    ("short password", 3, "too short", |p| {
        p.users[2].password = Some("short".into());
    }),
    ("empty password file", 3, "too short", |p| {
        p.users[2].password_file = Some("".into());
    }),
    ("no password hash", 3, "phc", |p| {
        p.users[2].password_hash = Some("secret".into());
    }),
    ("no address", 3, "e-mail", |p| {
        p.users[2].email = Some("ben".into());
    }),
    ("address twice", 3, "another account", |p| {
        p.users[2].email = Some("ANA@example.org".into());
    }),
    (
        "address of an account that exists",
        3,
        "another account",
        |p| {
            p.users[2].email = Some("dora@example.org".into());
        },
    ),
    ("unknown member", 5, "no user `zoe`", |p| {
        p.teams[0].members = Some(vec!["zoe".into()]);
    }),
    ("team as a member", 5, "no user `crew`", |p| {
        p.teams[0].members = Some(vec!["crew".into()]);
    }),
    ("unknown owner", 6, "no user `zoe`", |p| {
        p.projects[0].owner = Some("zoe".into());
    }),
    ("team as owner", 6, "no user `lab`", |p| {
        p.projects[0].owner = Some("lab".into());
    }),
    ("no owner", 10, "needs an `owner`", |p| {
        p.projects[1].owner = None;
    }),
    ("no name", 6, "needs a `name`", |p| {
        p.projects[0].name = None;
    }),
    ("neither id nor name", 10, "`id` or a `name`", |p| {
        p.projects[1].name = None;
    }),
    ("name of two lines", 10, "control", |p| {
        p.projects[1].name = Some("a\nb".into());
    }),
    ("id outside the grammar", 6, "no project id", |p| {
        p.projects[0].id = Some("syn0101".into());
    }),
    ("id of the server's", 6, "given by the server", |p| {
        p.projects[0].id = Some("syn1000077".into());
    }),
    ("id of a repository", 6, "not a project", |p| {
        p.projects[0].id = Some("syn1000001".into());
    }),
    ("project twice", 11, "twice", |p| {
        p.projects.push(project(11, Some("syn101"), "Other", "ana"));
    }),
    (
        "two of one name, one without an id",
        11,
        "give both an `id`",
        |p| {
            p.projects
                .push(project(11, Some("syn103"), "Methods", "ana"));
        },
    ),
    (
        "name that two projects have",
        11,
        "two projects have this name",
        |p| {
            p.projects.push(project(11, None, "Project", "ana"));
        },
    ),
    ("unknown team", 7, "no team `crowd`", |p| {
        p.projects[0].share = Some(vec![entry(7, "team:crowd", Level::CanView)]);
    }),
    ("user as a team", 7, "no team `ben`", |p| {
        p.projects[0].share = Some(vec![entry(7, "team:ben", Level::CanView)]);
    }),
    (
        "neither registered nor public",
        7,
        "`registered` or `public`",
        |p| {
            p.projects[0].share = Some(vec![entry(7, "everyone:all", Level::CanView)]);
        },
    ),
    (
        "public beyond what it may be given",
        8,
        "may not be given",
        |p| {
            p.projects[0].share = Some(vec![
                entry(7, "user:ben", Level::CanEdit),
                entry(8, "everyone:public", Level::CanDownload),
            ]);
        },
    ),
    ("entry twice", 8, "listed twice", |p| {
        let ben = |line| entry(line, "user:ben", Level::CanView);
        p.projects[0].share = Some(vec![ben(7), ben(8)]);
    }),
    ("entry of two", 7, "exactly one", |p| {
        let mut both = entry(7, "user:ben", Level::CanView);
        both.team = Some("lab".into());
        p.projects[0].share = Some(vec![both]);
    }),
    ("entry of nobody", 7, "exactly one", |p| {
        let mut nobody = entry(7, "user:ben", Level::CanView);
        nobody.user = None;
        p.projects[0].share = Some(vec![nobody]);
    }),
    ("last operator", 12, "last active operator", |p| {
        p.users[1].operator = None;
        let mut chief = user(12, "chief");
        chief.operator = Some(false);
        p.users.push(chief);
    }),
];

#[test]
fn a_mistake_names_its_line_and_changes_nothing() {
    let ground = ground();
    // What is there before: an operator, a user with an address, a team, two projects of one name,
    // a repository.
    ground.operator("chief");
    let mut dora = user(1, "dora");
    dora.email = Some("dora@example.org".to_owned());
    dora.certified = Some(true);
    dora.password_hash = Some(hash());
    let crew = team(2, "crew", &["dora"]);
    let first = Provision {
        users: vec![dora],
        teams: vec![crew],
        projects: Vec::new(),
    };
    apply(&ground, &first).unwrap();
    let dora = PrincipalId::new(3_000_001);
    let id = ground.project(dora, &[]);
    let repository = ground.push(&ground.caller("dora"), &format!("syn{}/app", id.get()));
    assert_eq!((id.get(), repository.get()), (1_000_000, 1_000_001));
    ground.project(dora, &[]);
    let before = fingerprint(&ground);
    for (what, line, words, spoil) in MISTAKES {
        let mut provision = lab();
        spoil(&mut provision);
        match apply(&ground, &provision) {
            Err(ProvisionError::Mistake {
                line: told,
                message,
            }) => {
                assert_eq!(told, *line, "{what}: {message}");
                assert!(message.contains(words), "{what}: {message}");
            }
            other => panic!("{what}: {other:?}"),
        }
        assert_eq!(fingerprint(&ground), before, "{what}");
    }
    // Nothing was used up: what is right goes through, with the very next numbers.
    let report = apply(&ground, &lab()).unwrap();
    assert_eq!(report.projects_created[1].0.get(), 1_000_003);
}
