//! Rows 1 to 6 of the table, through the registry's seam.

use futures::executor::block_on;
use pierhead_auth::token::PersonalToken;
use pierhead_policy::{Certification, Level, Options, PrincipalId, Scopes};
use pierhead_projects::audit::AuditQuery;
use pierhead_registry::{Action, Caller, Decision, DenialKind};

use crate::ground::{Ground, ground, ground_with, server};

const ACTIONS: [Action; 4] = [Action::Pull, Action::Push, Action::Head, Action::Delete];

/// One letter for each action: Allowed, Denied without a word, Explained.
fn letters(ground: &Ground, caller: &Caller, name: &str) -> String {
    let letter = |action| match ground.decide(caller, action, name) {
        Decision::Allow(_) => 'A',
        Decision::Deny(denial) => match (denial.kind, denial.explanation) {
            (DenialKind::Scope, _) => 'S',
            (_, Some(_)) => 'E',
            (_, None) => 'D',
        },
    };
    ACTIONS.into_iter().map(letter).collect()
}

/// Who, in the order of the columns below.
const WHO: [&str; 8] = [
    "anonymous",
    "stranger",
    "viewer",
    "downloader",
    "editor",
    "rookie",
    "owner",
    "operator",
];

struct People {
    ground: Ground,
    callers: Vec<(&'static str, Caller)>,
    members: Vec<(PrincipalId, Level)>,
    stranger: PrincipalId,
    owner: PrincipalId,
}

fn people(policy: Options) -> People {
    let ground = ground_with(policy);
    let stranger = ground.account("stranger", true);
    let owner = ground.account("owner", true);
    ground.operator("operator");
    let members = [
        ("viewer", true, Level::CanView),
        ("downloader", true, Level::CanDownload),
        ("editor", true, Level::CanEdit),
        ("rookie", false, Level::CanEdit),
    ];
    let members = members
        .map(|(name, certified, level)| (ground.account(name, certified), level))
        .to_vec();
    let callers = WHO.map(|name| match name {
        "anonymous" => (name, Caller::anonymous()),
        name => (name, ground.caller(name)),
    });
    let callers = callers.to_vec();
    People {
        ground,
        callers,
        members,
        stranger,
        owner,
    }
}

impl People {
    fn check(&self, name: &str, expected: [&str; 8]) {
        // Twice: from the store, and from what is remembered.
        for round in ["read", "remembered"] {
            let got: Vec<_> = self
                .callers
                .iter()
                .map(|(who, caller)| (*who, letters(&self.ground, caller, name)))
                .collect();
            let wanted: Vec<_> = WHO
                .into_iter()
                .zip(expected.iter().map(|text| (*text).to_owned()))
                .collect();
            assert_eq!(got, wanted, "{name}, {round}");
        }
    }
}

#[test]
fn what_only_the_role_granted_is_in_the_audit_record() {
    let ground = ground();
    let owner = ground.account("owner", true);
    let boss = ground.operator("boss");
    let id = ground.project(owner, &[(boss, Level::CanView)]);
    let name = format!("syn{id}/here", id = id.get());
    let here = ground.push(&ground.caller("owner"), &name);
    let operator = ground.caller("boss");
    let told = |entity| {
        let query = AuditQuery {
            entity,
            limit: 100,
            ..AuditQuery::default()
        };
        let mut rows = block_on(ground.projects.store().audit(&query)).unwrap();
        rows.retain(|row| row.what == "use-role");
        assert!(rows.iter().all(|row| row.who == Some(boss)));
        rows.iter()
            .map(|row| row.after.clone().unwrap())
            .collect::<Vec<_>>()
    };
    let row = |action, name| serde_json::json!({ "action": action, "name": name }).to_string();
    // A list's grant is no use of the role, nor is what nobody may.
    let visible = || block_on(ground.projects.authorizer().visible(&operator, None, 9)).unwrap();
    assert_eq!(visible().len(), 1);
    ground.decide(&ground.caller("owner"), Action::Pull, &name);
    ground.decide(&operator, Action::Pull, "syn999/x");
    assert!(told(None).is_empty());
    // Once a minute for each action, newest first.
    for _ in 0..3 {
        ground.decide(&operator, Action::Pull, &name);
        ground.decide(&operator, Action::Delete, &name);
    }
    let new = format!("syn{id}/new", id = id.get());
    ground.decide(&operator, Action::Push, &new);
    assert_eq!(
        told(Some(here)),
        [row("delete", Some(&name)), row("pull", Some(&name))]
    );
    assert_eq!(told(Some(id)), [row("push", Some(&new))]);
    ground.clock.advance(60);
    ground.decide(&operator, Action::Pull, &name);
    assert_eq!(told(Some(here)).len(), 3);
    // A listing that only the role filled.
    ground.share(id, &[(owner, Level::Administrator)]);
    assert_eq!(visible().len(), 1);
    assert_eq!(told(None)[0], row("list", None));
}

#[test]
fn every_caller_gets_what_the_table_says() {
    let people = people(Options::default());
    let ground = &people.ground;
    let id = ground.project(people.owner, &people.members).get();
    let trashed = ground.project(people.owner, &people.members);
    let owner = &people.callers[6].1;
    let here = ground.push(owner, &format!("syn{id}/here"));
    let own = ground.push(owner, &format!("syn{id}/own"));
    let gone = ground.push(owner, &format!("syn{id}/gone"));
    ground.push(owner, &format!("syn{}/x", trashed.get()));
    ground.local(own, &[(people.stranger, Level::CanEdit)]);
    block_on(ground.projects.trash(&server(), gone)).unwrap();
    block_on(ground.projects.trash(&server(), trashed)).unwrap();

    //                        anon    stranger viewer  download editor  rookie  owner   operator
    let inherits = [
        "DDDD", "DDDD", "EEEE", "AEAE", "AAAE", "AAAE", "AAAA", "AAAA",
    ];
    people.check(&format!("syn{id}/here"), inherits);
    let local = [
        "DDDD", "AAAE", "DDDD", "DDDD", "DDDD", "DDDD", "DDDD", "AAAA",
    ];
    people.check(&format!("syn{id}/own"), local);
    let new = [
        "DDDD", "DDDD", "EEEE", "EEEE", "AAAA", "EEEE", "AAAA", "AAAA",
    ];
    people.check(&format!("syn{id}/new"), new);
    people.check(&format!("syn{id}/her"), new);
    let in_trash = [
        "DDDD", "DDDD", "EEEE", "EEEE", "EEEE", "EEEE", "EEEE", "EEEE",
    ];
    people.check(&format!("syn{id}/gone"), in_trash);
    people.check(&format!("syn{}/x", trashed.get()), in_trash);
    people.check(&format!("syn{}/new", trashed.get()), in_trash);
    let nothing = [
        "DDDD", "DDDD", "DDDD", "DDDD", "DDDD", "DDDD", "DDDD", "EEEE",
    ];
    people.check("syn999/x", nothing);
    people.check(&format!("syn{}/x", here.get()), nothing);
    let no_name = ["EEEE"; 8];
    for name in ["library/ubuntu", "syn0101/x", "101/x", "syn101", "syn0/x"] {
        people.check(name, no_name);
    }

    block_on(ground.projects.restore(&server(), gone)).unwrap();
    people.check(&format!("syn{id}/gone"), inherits);
}

#[test]
fn certification_is_asked_as_the_option_says() {
    for (certification, new, existing) in [
        (Certification::NewRepository, 'E', 'A'),
        (Certification::EveryPush, 'E', 'E'),
        (Certification::Never, 'A', 'A'),
    ] {
        let people = people(Options {
            certification,
            ..Options::default()
        });
        let ground = &people.ground;
        let id = ground.project(people.owner, &people.members).get();
        ground.push(&people.callers[6].1, &format!("syn{id}/here"));
        let rookie = &people.callers[5].1;
        let push = |name: &str| {
            letters(ground, rookie, &format!("syn{id}/{name}"))
                .chars()
                .nth(1)
        };
        assert_eq!(
            (push("new"), push("here")),
            (Some(new), Some(existing)),
            "{certification:?}"
        );
    }
}

#[test]
fn public_counts_for_reading_and_for_pulling_while_the_switch_is_on() {
    for (public_download, level, expected) in [
        (false, Level::CanView, "EEEE"),
        (true, Level::CanDownload, "AEAE"),
    ] {
        let ground = ground_with(Options {
            public_download,
            ..Options::default()
        });
        let owner = ground.account("owner", true);
        let id = ground.project(owner, &[(PrincipalId::PUBLIC, level)]).get();
        ground.push(&ground.caller("owner"), &format!("syn{id}/app"));
        let got = letters(&ground, &Caller::anonymous(), &format!("syn{id}/app"));
        assert_eq!(got, expected, "public_download: {public_download}");
    }
}

#[test]
fn the_scopes_of_a_personal_token_are_the_first_gate() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let boss = ground.operator("boss");
    let id = ground.project(ana, &[]).get();
    ground.push(&ground.caller("ana"), &format!("syn{id}/here"));
    let scopes = |view, download, modify| Scopes {
        view,
        download,
        modify,
    };
    for (scopes, here, new) in [
        (scopes(true, false, false), "SSSS", "SSSS"),
        (scopes(false, true, false), "ASAS", "ESES"),
        (scopes(false, false, true), "EAAA", "AAAA"),
        (scopes(true, true, true), "AAAA", "AAAA"),
    ] {
        for account in [ana, boss] {
            let token =
                block_on(
                    ground
                        .projects
                        .create_token(&server(), account, "t", scopes, None),
                );
            let token: PersonalToken = token.unwrap().1;
            let token = ground
                .sign_in("anybody", token.expose(), &[])
                .unwrap()
                .token;
            let caller = ground.bearer(&token).unwrap();
            assert_eq!(
                letters(&ground, &caller, &format!("syn{id}/here")),
                here,
                "{scopes:?}"
            );
            assert_eq!(
                letters(&ground, &caller, &format!("syn{id}/new")),
                new,
                "{scopes:?}"
            );
        }
    }
}

#[test]
fn a_caller_of_another_authenticator_may_nothing() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let id = ground
        .project(ana, &[(PrincipalId::PUBLIC, Level::CanView)])
        .get();
    ground.push(&ground.caller("ana"), &format!("syn{id}/here"));
    let id_of_ana = ground.caller("ana").id;
    let foreign = Caller::new(id_of_ana, "ana");
    assert_eq!(letters(&ground, &foreign, &format!("syn{id}/here")), "DDDD");
    let visible = ground.projects.authorizer();
    assert!(
        block_on(visible.visible(&foreign, None, 10))
            .unwrap()
            .is_empty()
    );
}

#[test]
fn listings_show_what_may_be_seen_in_pages_that_are_full() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let ben = ground.account("ben", true);
    let shared = ground.project(ana, &[(ben, Level::CanView)]);
    let secret = ground.project(ana, &[]);
    let caller = ground.caller("ana");
    let mut expected = Vec::new();
    for number in 0..7 {
        ground.push(&caller, &format!("syn{}/r{number}", secret.get()));
        let name = format!("syn{}/r{number}", shared.get());
        let id = ground.push(&caller, &name);
        match number {
            2 => block_on(ground.projects.trash(&server(), id)).unwrap(),
            4 => ground.local(id, &[(ana, Level::Administrator)]),
            _ => expected.push(name),
        }
    }
    let ben = ground.caller("ben");
    let (mut seen, mut after): (Vec<String>, Option<String>) = (Vec::new(), None);
    loop {
        let authorizer = ground.projects.authorizer();
        let page = block_on(authorizer.visible(&ben, after.as_deref(), 2)).unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() == 2 || seen.len() + page.len() == expected.len());
        after = Some(last.to_string());
        seen.extend(page.iter().map(ToString::to_string));
    }
    assert_eq!(seen, expected);
    let anonymous = Caller::anonymous();
    assert!(
        block_on(ground.projects.authorizer().visible(&anonymous, None, 9))
            .unwrap()
            .is_empty()
    );
}
