//! Who makes accounts for themselves, by which invitations, and what that tells.

use std::time::Duration;

use futures::executor::block_on;
use pierhead_policy::PrincipalId;
use pierhead_projects::pending::InvitationId;
use pierhead_projects::provision::{Provision, ProvisionError, ProvisionUser};
use pierhead_projects::survey::PrincipalKey;
use pierhead_projects::{
    Invited, MessageKind, ProjectsError, Registration, RegistrationRequest, ThreadOffload,
};
use pierhead_registry::Clock as _;

use crate::ground::{PASSWORD, acting, ground, hash, server};
use crate::outbox::{People, peer, people, with};

fn request() -> RegistrationRequest {
    RegistrationRequest::new(PASSWORD)
}

fn invite(people: &People, email: Option<&str>) -> Invited {
    let email = email.map(|email| email.parse().unwrap());
    block_on(people.projects.invite(&server(), email.as_ref(), None)).unwrap()
}

#[test]
fn whoever_registers_signs_in_by_name_at_once_and_by_address_once_it_is_confirmed() {
    let people = people();
    let ana = people.register("ana", "Ana@Example.org").unwrap();
    let actor = people.sign_in("a-na", PASSWORD).unwrap();
    let account = block_on(people.projects.account(&actor, PrincipalKey::Id(ana))).unwrap();
    assert_eq!(account.email, None);
    assert!(account.registered && !account.certified && !account.operator);
    people.sign_in("ana@example.org", PASSWORD).unwrap_err();
    let secret = people.secret(MessageKind::ConfirmEmail, "Ana@Example.org");
    people.sign_in("ana@example.org", PASSWORD).unwrap_err();
    block_on(people.projects.confirm_email(&actor, &secret)).unwrap();
    people.sign_in("ana@example.org", PASSWORD).unwrap();
    assert_eq!(
        people.record(ana),
        [
            "sign-in",
            "set-email",
            "prove-email",
            "ask-email",
            "sign-in",
            "create-account"
        ]
    );
}

#[test]
fn without_mail_an_account_is_a_name_and_a_password() {
    let ground = ground();
    let options = ground.projects.options().clone();
    let projects = pierhead_projects::Projects::new(
        ground.store.clone(),
        ground.store.clone(),
        pierhead_auth::token::KeyRing::new(pierhead_auth::token::SigningKey::generate().unwrap()),
        options.with_registration(Registration::Open),
        ground.clock.clone(),
        std::sync::Arc::new(ThreadOffload),
    );
    let register = |name: &str, request| {
        block_on(projects.register(&name.parse().unwrap(), request, &peer(1)))
    };
    let email = "ana@example.org".parse().unwrap();
    let refused = register("ana", request().with_email(email));
    assert!(matches!(refused, Err(ProjectsError::EmailUnwanted)));
    let ana = register("ana", request()).unwrap();
    block_on(projects.login("ana", PASSWORD.into(), &peer(1))).unwrap();
    let email = "ana@example.org".parse().unwrap();
    let asked = block_on(projects.ask_email(&acting(ana), &email));
    assert!(matches!(asked, Err(ProjectsError::MailOff)));
    let asked = projects.ask_reset(&email, &peer(1));
    assert!(matches!(asked, Err(ProjectsError::MailOff)));
    assert_eq!(block_on(projects.send_mail()).unwrap().sent, 0);
}

#[test]
fn who_registers_follows_the_setting() {
    use ProjectsError as E;
    for registration in [
        Registration::Open,
        Registration::ByInvitation,
        Registration::Closed,
    ] {
        let people = with(registration);
        let made = block_on(people.projects.invite(&server(), None, None));
        let bare = people.register("bare", "bare@example.org");
        let unknown = request()
            .with_email("x@example.org".parse().unwrap())
            .with_invitation("phi_unknown");
        let unknown = people.request("unknown", unknown);
        match registration {
            Registration::Open => assert!(bare.is_ok(), "{bare:?}"),
            Registration::ByInvitation => assert!(matches!(bare, Err(E::InvitationNeeded))),
            Registration::Closed => {
                assert!(matches!(bare, Err(E::RegistrationClosed)), "{bare:?}");
                assert!(matches!(unknown, Err(E::RegistrationClosed)));
                assert!(matches!(made, Err(E::RegistrationClosed)));
                continue;
            }
        }
        assert!(matches!(unknown, Err(E::BadSecret)), "{unknown:?}");
        let invited = request()
            .with_email("ivo@example.org".parse().unwrap())
            .with_invitation(made.unwrap().token.expose());
        people.request("ivo", invited).unwrap();
    }
}

#[test]
fn an_invitation_is_good_once_until_it_ends_is_revoked_or_its_maker_is_no_operator() {
    let people = with(Registration::ByInvitation);
    let boss = people.ground.operator("boss");
    let made = |email: Option<&str>| {
        let email = email.map(|email| email.parse().unwrap());
        block_on(people.projects.invite(&acting(boss), email.as_ref(), None)).unwrap()
    };
    let by = |invitation: &Invited| request().with_invitation(invitation.token.expose());
    let bad = |name: &str, invitation: &Invited| {
        let told = people.request(name, by(invitation));
        assert!(
            matches!(told, Err(ProjectsError::BadSecret)),
            "{name}: {told:?}"
        );
    };
    let used = made(Some("ana@example.org"));
    let ana = people.request("ana", by(&used)).unwrap();
    // The address is the invitation's word: nothing more is proved.
    assert!(people.mail().is_empty());
    people.sign_in("ana@example.org", PASSWORD).unwrap();
    assert_eq!(
        people.record(ana)[1..],
        ["use-invitation", "create-account"]
    );
    bad("again", &used);

    let revoked = made(Some("rev@example.org"));
    block_on(people.projects.revoke_invitation(&acting(boss), revoked.id)).unwrap();
    bad("rev", &revoked);
    let gone = block_on(people.projects.revoke_invitation(&acting(boss), revoked.id));
    assert!(matches!(gone, Err(ProjectsError::NotFound { .. })));

    let ends = made(Some("end@example.org"));
    let left = ends
        .expires
        .duration_since(people.ground.clock.now())
        .unwrap();
    assert_eq!(left, Duration::from_secs(7 * 86_400));
    people.ground.clock.advance(7 * 86_400 - 1);
    let in_time = made(Some("other@example.org"));
    people.ground.clock.advance(1);
    bad("late", &ends);
    assert_eq!(block_on(people.projects.empty_trash()).unwrap().unused, 1);

    people.ground.operator("deputy");
    block_on(people.projects.set_operator(&server(), boss, false)).unwrap();
    bad("other", &in_time);
    block_on(people.projects.set_operator(&server(), boss, true)).unwrap();
    block_on(people.projects.set_disabled(&server(), boss, true)).unwrap();
    bad("other", &in_time);
    block_on(people.projects.set_disabled(&server(), boss, false)).unwrap();
    people.request("other", by(&in_time)).unwrap();

    let last = made(Some("last@example.org"));
    block_on(
        people
            .projects
            .delete_account(&server(), boss, None, &peer(1)),
    )
    .unwrap();
    bad("last", &last);
    let left = block_on(people.projects.invitations(&server(), None, 10)).unwrap();
    assert!(left.items.is_empty(), "{left:?}");
}

#[test]
fn an_address_is_needed_or_refused_as_it_can_be_proved() {
    use ProjectsError as E;
    let people = with(Registration::ByInvitation);
    let with_address = invite(&people, Some("Ana@example.org"));
    let without = invite(&people, None);
    let by = |invitation: &Invited| request().with_invitation(invitation.token.expose());
    let email = |text: &str| text.parse().unwrap();
    let needed = people.request("ana", by(&without));
    assert!(matches!(needed, Err(E::EmailNeeded)));
    let other = by(&with_address).with_email(email("eve@example.org"));
    assert!(matches!(
        people.request("ana", other),
        Err(E::EmailUnwanted)
    ));
    let bad = by(&without).with_email(email("a,b@example.org"));
    assert!(matches!(people.request("ana", bad), Err(E::Unmailable(_))));
    let short = RegistrationRequest::new("short").with_invitation(with_address.token.expose());
    assert!(matches!(
        people.request("ana", short),
        Err(E::PasswordRule(_))
    ));
    let same = by(&with_address).with_email(email("ana@EXAMPLE.org"));
    people.request("ana", same).unwrap();
    // Only what was refused of the other is lost.
    people
        .request("ben", by(&without).with_email(email("ben@example.org")))
        .unwrap();
}

#[test]
fn an_address_that_got_an_account_meanwhile_is_not_given_twice() {
    let people = people();
    let invitation = invite(&people, Some("ana@example.org"));
    people.confirmed("ana", "ana@example.org");
    let late = people.request("late", request().with_invitation(invitation.token.expose()));
    assert!(matches!(late, Err(ProjectsError::EmailTaken)), "{late:?}");
    let again = "ANA@example.org".parse().unwrap();
    let again = block_on(people.projects.invite(&server(), Some(&again), None));
    assert!(matches!(again, Err(ProjectsError::EmailTaken)));
}

#[test]
fn a_name_that_says_who_somebody_is_is_no_team_of_everybodys_making_either() {
    let ground = ground();
    let (ana, boss) = (ground.account("ana", true), ground.operator("boss"));
    for name in ["sys.tem", "everybody", "support"] {
        let offered = block_on(ground.projects.is_available(&acting(ana), name));
        assert!(matches!(offered, Ok(false)), "{name}: {offered:?}");
        let parsed = name.parse().unwrap();
        let told = block_on(ground.projects.create_team(&acting(ana), &parsed));
        assert!(
            matches!(told, Err(ProjectsError::NameTaken { .. })),
            "{name}: {told:?}"
        );
        let offered = block_on(ground.projects.is_available(&acting(boss), name));
        assert!(matches!(offered, Ok(true)), "{name}: {offered:?}");
        block_on(ground.projects.create_team(&acting(boss), &parsed)).unwrap();
    }
}

#[test]
fn a_name_that_folds_like_another_or_says_who_one_is_is_taken() {
    let people = people();
    people.ground.account("ana.b", false);
    block_on(
        people
            .projects
            .create_team(&server(), &"lab".parse().unwrap()),
    )
    .unwrap();
    for name in [
        "ana.b",
        "ana-b",
        "a_n_a_b",
        "l.a.b",
        "admin",
        "ad-min",
        "anonymous",
        "sys.tem",
    ] {
        let told = people.register(name, "x@example.org");
        assert!(
            matches!(told, Err(ProjectsError::NameTaken { .. })),
            "{name}: {told:?}"
        );
    }
    assert!(people.mail().is_empty());
}

#[test]
fn of_two_who_take_one_name_at_once_one_gets_it() {
    let people = people();
    for round in 0..5 {
        let names = [format!("name{round}"), format!("na-me{round}")];
        let got: Vec<bool> = std::thread::scope(|scope| {
            let register = |name| {
                let people = &people;
                scope.spawn(move || people.register(name, "x@example.org").is_ok())
            };
            let both = [register(&names[0]), register(&names[1])];
            both.map(|thread| thread.join().unwrap()).to_vec()
        });
        assert_eq!(got.iter().filter(|got| **got).count(), 1, "round {round}");
    }
}

#[test]
fn an_invitation_used_and_revoked_at_once_gives_one_account_or_none() {
    let people = with(Registration::ByInvitation);
    let (mut used, mut revoked) = (0, 0);
    for round in 0..10 {
        let invitation = invite(&people, Some(&format!("a{round}@example.org")));
        let text = invitation.token.expose();
        let count = |name: String| {
            let request = request().with_invitation(text);
            usize::from(people.request(&name, request).is_ok())
        };
        let (made, taken_back) = std::thread::scope(|scope| {
            let one = scope.spawn(|| count(format!("one{round}")));
            let other = scope.spawn(|| count(format!("other{round}")));
            if round % 2 == 0 {
                std::thread::sleep(Duration::from_millis(20));
            }
            let server = server();
            let revoke = people.projects.revoke_invitation(&server, invitation.id);
            let taken_back = usize::from(block_on(revoke).is_ok());
            (one.join().unwrap() + other.join().unwrap(), taken_back)
        });
        assert_eq!(made + taken_back, 1, "round {round}");
        used += made;
        revoked += taken_back;
    }
    assert_eq!(used + revoked, 10);
}

#[test]
fn one_peer_makes_so_many_accounts_and_the_invited_are_not_counted() {
    let people = people();
    // What is refused before anything is looked up is counted, too: it would tell which names are
    // taken.
    people.ground.account("taken", false);
    for number in 0..50 {
        let told = people.register("taken", &format!("u{number}@example.org"));
        assert!(
            matches!(told, Err(ProjectsError::NameTaken { .. })),
            "{number}"
        );
    }
    let told = people.register("one-more", "u@example.org");
    assert!(
        matches!(told, Err(ProjectsError::TooManyAsks { .. })),
        "{told:?}"
    );
    assert!(matches!(
        people.ask_reset("u@example.org"),
        Err(ProjectsError::TooManyAsks { .. })
    ));
    let other = block_on(people.projects.register(
        &"elsewhere".parse().unwrap(),
        request().with_email("e@example.org".parse().unwrap()),
        &peer(2),
    ));
    other.unwrap();
    people.ground.clock.advance(15 * 60);
    people.register("one-more", "u@example.org").unwrap();

    let people = with(Registration::ByInvitation);
    let held = invite(&people, Some("h@example.org"));
    let invitation = invite(&people, Some("i@example.org"));
    people.ground.account("taken", false);
    for _ in 0..60 {
        let request = request().with_invitation(invitation.token.expose());
        let told = people.request("taken", request);
        assert!(
            matches!(told, Err(ProjectsError::NameTaken { .. })),
            "{told:?}"
        );
    }
    for _ in 0..50 {
        let told = people.request("guess", request().with_invitation("phi_guess"));
        assert!(matches!(told, Err(ProjectsError::BadSecret)));
    }
    let told = people.request("guess", request().with_invitation("phi_guess"));
    assert!(matches!(told, Err(ProjectsError::TooManyAsks { .. })));
    // Who was invited does not wait for what others do from the same address.
    let invited = request().with_invitation(held.token.expose());
    people.request("held", invited).unwrap();
}

#[test]
fn invitations_and_the_list_of_accounts_are_the_operators() {
    let people = people();
    let (boss, ana) = (
        people.ground.operator("boss"),
        people.ground.account("ana", true),
    );
    let projects = &people.projects;
    let made: Vec<_> = (0..3).map(|_| invite(&people, None).id).collect();
    let listed = |after: Option<InvitationId>| {
        let page = block_on(projects.invitations(&acting(boss), after, 2)).unwrap();
        let ids: Vec<_> = page.items.into_iter().map(|found| found.id).collect();
        (ids, page.more)
    };
    assert_eq!(listed(None), (made[..2].to_vec(), true));
    assert_eq!(listed(Some(made[1])), (made[2..].to_vec(), false));
    let accounts = |prefix: &str, after: Option<&str>| {
        let page = block_on(projects.accounts(&acting(boss), prefix, after, 2)).unwrap();
        let names: Vec<_> = page.items.into_iter().map(|found| found.name).collect();
        (names.join(" "), page.more)
    };
    for name in ["an.b", "anc", "a-n-d"] {
        people.ground.account(name, false);
    }
    block_on(projects.create_team(&server(), &"an.team".parse().unwrap())).unwrap();
    for (prefix, after, expected, more) in [
        ("", None, "ana an.b", true),
        ("", Some("an.b"), "anc a-n-d", true),
        ("", Some("and"), "boss", false),
        ("A-N", None, "ana an.b", true),
        ("anc", None, "anc", false),
        ("ant", None, "", false),
        ("%", None, "", false),
        ("an\u{e4}", None, "", false),
        ("zz", None, "", false),
    ] {
        assert_eq!(
            accounts(prefix, after),
            (expected.to_owned(), more),
            "{prefix} {after:?}"
        );
    }
    let as_ana = acting(ana);
    let refused = [
        block_on(projects.invite(&as_ana, None, None)).map(drop),
        block_on(projects.invitations(&as_ana, None, 10)).map(drop),
        block_on(projects.revoke_invitation(&as_ana, made[0])),
        block_on(projects.accounts(&as_ana, "", None, 10)).map(drop),
    ];
    for (number, told) in refused.into_iter().enumerate() {
        assert!(
            matches!(told, Err(ProjectsError::OperatorsOnly)),
            "{number}: {told:?}"
        );
    }
    let now = people.ground.clock.now();
    for expires in [now, now + Duration::from_secs(91 * 86_400)] {
        let told = block_on(projects.invite(&server(), None, Some(expires)));
        assert!(matches!(told, Err(ProjectsError::InvitationEnd)));
    }
}

#[test]
fn a_file_gives_nothing_to_a_name_that_somebody_has_registered() {
    let people = people();
    let eve = people.confirmed("eve", "eve@example.org");
    let apply = |email: Option<&str>| {
        let user = ProvisionUser {
            line: 7,
            name: "eve".to_owned(),
            email: email.map(str::to_owned),
            password_hash: Some(hash()),
            operator: Some(true),
            ..ProvisionUser::default()
        };
        let file = Provision {
            users: vec![user],
            ..Provision::default()
        };
        block_on(people.projects.provision(&server(), &file))
    };
    for email in [None, Some("professor@example.org")] {
        let told = apply(email);
        assert!(
            matches!(&told, Err(ProvisionError::Mistake { line: 7, message }) if message.contains("somebody has registered as `eve`")),
            "{told:?}"
        );
    }
    let is_operator = |who: PrincipalId| {
        let server = server();
        let found = people.projects.account(&server, PrincipalKey::Id(who));
        block_on(found).unwrap().operator
    };
    assert!(!is_operator(eve));
    // Whoever has proved the address that the file names is meant.
    apply(Some("EVE@example.org")).unwrap();
    assert!(is_operator(eve));
}
