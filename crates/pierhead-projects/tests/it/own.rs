//! One's own address and password: what proves them, and what no longer does.

use std::sync::atomic::Ordering;
use std::time::Duration;

use futures::executor::block_on;
use pierhead_auth::token::ResetToken;
use pierhead_policy::Scopes;
use pierhead_projects::change::{Batch, Change, Recorded};
use pierhead_projects::pending::{NewProof, Purpose};
use pierhead_projects::survey::PrincipalKey;
use pierhead_projects::{AccountStore as _, Actor, ChangeStore as _, MessageKind, ProjectsError};
use pierhead_registry::Clock as _;
use pierhead_storage::{Fence, StoreError};

use crate::ground::{PASSWORD, acting, server};
use crate::outbox::{People, peer, people};

const OTHER: &str = "battery staple";

fn confirm(people: &People, actor: &Actor, secret: &str) -> Result<(), ProjectsError> {
    block_on(people.projects.confirm_email(actor, secret))
}

fn ask(people: &People, actor: &Actor, email: &str) -> Result<(), ProjectsError> {
    block_on(people.projects.ask_email(actor, &email.parse().unwrap()))
}

fn is_bad(told: &Result<(), ProjectsError>) -> bool {
    matches!(told, Err(ProjectsError::BadSecret))
}

#[test]
fn an_address_moves_once_it_is_proved_and_the_one_of_before_is_told() {
    let people = people();
    let ana = people.confirmed("ana", "ana@example.org");
    let actor = people.sign_in("ana", PASSWORD).unwrap();
    ask(&people, &actor, "new@example.org").unwrap();
    let secret = people.secret(MessageKind::ConfirmEmail, "new@example.org");
    people.sign_in("ana@example.org", PASSWORD).unwrap();
    people.sign_in("new@example.org", PASSWORD).unwrap_err();
    confirm(&people, &actor, &secret).unwrap();
    people.sign_in("new@example.org", PASSWORD).unwrap();
    people.sign_in("ana@example.org", PASSWORD).unwrap_err();
    let told = people.mail();
    assert_eq!(told.len(), 1);
    assert_eq!(
        (told[0].kind, told[0].to.as_str(), told[0].account.as_str()),
        (MessageKind::EmailMoved, "ana@example.org", "ana")
    );
    assert!(told[0].secret.is_none());
    assert!(is_bad(&confirm(&people, &actor, &secret)), "once");
    let account = block_on(people.projects.account(&server(), PrincipalKey::Id(ana)));
    assert_eq!(account.unwrap().email.as_deref(), Some("new@example.org"));
    // Another spelling of it is no other address.
    ask(&people, &actor, "NEW@example.org").unwrap();
    let secret = people.secret(MessageKind::ConfirmEmail, "NEW@example.org");
    confirm(&people, &actor, &secret).unwrap();
    assert!(people.mail().is_empty());
}

#[test]
fn neither_the_mail_nor_the_session_alone_gives_an_address() {
    let people = people();
    let eve = people.register("eve", "victim@example.org").unwrap();
    let as_eve = people.sign_in("eve", PASSWORD).unwrap();
    let secret = people.secret(MessageKind::ConfirmEmail, "victim@example.org");
    // Whoever reads the mail has another account, a token, or none.
    let ana = people.ground.account("ana", false);
    let token = block_on(
        people
            .projects
            .create_token(&server(), eve, "t", Scopes::ALL, None),
    );
    let token = block_on(
        people
            .projects
            .actor(Some(token.unwrap().1.expose()), &peer(1)),
    );
    for (actor, person) in [
        (acting(ana), true),
        (token.unwrap(), false),
        (Actor::anonymous(&peer(1)), false),
    ] {
        let told = confirm(&people, &actor, &secret);
        assert_eq!(is_bad(&told), person, "{told:?}");
        assert!(told.is_err());
    }
    let cut = &secret[..secret.len() - 1];
    for wrong in [
        "",
        "phe_",
        cut,
        &secret.replacen("phe_", "phw_", 1),
        "\u{0}",
    ] {
        assert!(is_bad(&confirm(&people, &as_eve, wrong)), "{wrong}");
        assert!(is_bad(&people.reset(wrong, OTHER)), "{wrong}");
    }
    assert!(is_bad(&people.reset(&secret, OTHER)), "one purpose");
    confirm(&people, &as_eve, &secret).unwrap();
}

#[test]
fn an_address_that_others_only_claim_is_free_for_its_owner() {
    let people = people();
    people.register("eve", "ana@example.org").unwrap();
    let as_eve = people.sign_in("eve", PASSWORD).unwrap();
    let eves = people.secret(MessageKind::ConfirmEmail, "ana@example.org");
    people.confirmed("ana", "Ana@example.org");
    // Eve is told only because the mail was hers to read, too.
    let told = confirm(&people, &as_eve, &eves);
    assert!(matches!(told, Err(ProjectsError::EmailTaken)), "{told:?}");
    people.sign_in("ana@example.org", PASSWORD).unwrap();
    // An operator's word takes it from whoever only claims it, as well.
    people.register("mallory", "ben@example.org").unwrap();
    let request = pierhead_projects::AccountRequest::with_password(PASSWORD)
        .email("ben@example.org".parse().unwrap());
    block_on(
        people
            .projects
            .create_account(&server(), &"ben".parse().unwrap(), request),
    )
    .unwrap();
}

#[test]
fn of_two_who_confirm_one_address_at_once_one_gets_it() {
    let people = people();
    for round in 0..10 {
        let names = [format!("a{round}-x"), format!("b{round}-y")];
        let email = format!("e{round}@example.org");
        let shown = names.each_ref().map(|name| {
            people.ground.account(name, false);
            let actor = people.sign_in(name, PASSWORD).unwrap();
            ask(&people, &actor, &email).unwrap();
            (actor, people.secret(MessageKind::ConfirmEmail, &email))
        });
        // And one that is shown twice at once.
        let [(one, secret), (other, another)] = &shown;
        let got: Vec<_> = std::thread::scope(|scope| {
            let people = &people;
            let threads = [(one, secret), (other, another), (one, secret)]
                .map(|(actor, secret)| scope.spawn(move || confirm(people, actor, secret).is_ok()));
            threads.map(|thread| thread.join().unwrap()).to_vec()
        });
        assert_eq!(
            got.iter().filter(|got| **got).count(),
            1,
            "{round}: {got:?}"
        );
        people.ground.clock.advance(900);
    }
}

#[test]
fn what_was_sent_is_good_for_a_day_until_something_newer_counts() {
    type Change = fn(&People, pierhead_policy::PrincipalId);
    let changes: [(&str, Change); 6] = [
        ("a day", |people, _| people.ground.clock.advance(86_400)),
        ("a newer one", |people, _| {
            let actor = people.sign_in("ana", PASSWORD).unwrap();
            ask(people, &actor, "newer@example.org").unwrap();
            people.ask_reset("ana@example.org").unwrap();
            people.mail();
        }),
        ("another password", |people, ana| {
            block_on(
                people
                    .projects
                    .set_password(&server(), ana, PASSWORD.into()),
            )
            .unwrap();
        }),
        ("out of use for a moment", |people, ana| {
            block_on(people.projects.set_disabled(&server(), ana, true)).unwrap();
            block_on(people.projects.set_disabled(&server(), ana, false)).unwrap();
        }),
        ("another address", |people, _| {
            use pierhead_projects::provision::{Provision, ProvisionUser};
            let user = ProvisionUser {
                name: "ana".to_owned(),
                email: Some("given@example.org".to_owned()),
                ..ProvisionUser::default()
            };
            let file = Provision {
                users: vec![user],
                ..Provision::default()
            };
            block_on(people.projects.provision(&server(), &file)).unwrap();
        }),
        ("nothing", |people, _| people.ground.clock.advance(86_399)),
    ];
    for (what, change) in changes {
        let people = people();
        let request = pierhead_projects::AccountRequest::with_password_hash(crate::ground::hash())
            .email("ana@example.org".parse().unwrap());
        let (server, name) = (server(), "ana".parse().unwrap());
        let made = people.projects.create_account(&server, &name, request);
        let ana = block_on(made).unwrap();
        let actor = people.sign_in("ana", PASSWORD).unwrap();
        ask(&people, &actor, "old@example.org").unwrap();
        let email = people.secret(MessageKind::ConfirmEmail, "old@example.org");
        people.ask_reset("ana@example.org").unwrap();
        let password = people.secret(MessageKind::ResetPassword, "ana@example.org");
        change(&people, ana);
        let good = what == "nothing";
        // Signed in again, where the sessions of before have ended.
        let confirmed = confirm(&people, &acting(ana), &email);
        assert_eq!(
            (confirmed.is_ok(), is_bad(&confirmed)),
            (good, !good),
            "{what}: {confirmed:?}"
        );
        // A confirmed address is another one, too.
        assert!(is_bad(&people.reset(&password, OTHER)), "{what}");
        let swept = block_on(people.projects.empty_trash()).unwrap().unused;
        assert_eq!(swept, if what == "a day" { 2 } else { 0 }, "{what}");
    }
}

#[test]
fn a_password_is_set_again_by_mail_once_and_ends_what_was_begun_with_the_old_one() {
    let people = people();
    let ana = people.confirmed("ana", "Ana@example.org");
    let session = people.sign_in("ana", PASSWORD).unwrap();
    // To the address as the account has it, not as somebody typed it.
    people.ask_reset("aNA@EXAMPLE.org").unwrap();
    let secret = people.secret(MessageKind::ResetPassword, "Ana@example.org");
    assert!(matches!(
        people.reset(&secret, "short"),
        Err(ProjectsError::PasswordRule(_))
    ));
    people.reset(&secret, OTHER).unwrap();
    assert!(is_bad(&people.reset(&secret, PASSWORD)));
    people.sign_in("ana", PASSWORD).unwrap_err();
    people.sign_in("ana", OTHER).unwrap();
    let told = block_on(people.projects.account(&session, PrincipalKey::Id(ana)));
    assert!(matches!(told, Err(ProjectsError::SignIn)), "{told:?}");
    let record = people.record(ana);
    assert_eq!(
        record[1..4],
        ["set-password", "prove-password", "ask-password"]
    );
}

#[test]
fn of_two_resets_at_once_one_counts() {
    let people = people();
    people.confirmed("ana", "ana@example.org");
    for round in 0..3 {
        people.ask_reset("ana@example.org").unwrap();
        let secret = people.secret(MessageKind::ResetPassword, "ana@example.org");
        let passwords = ["the first one", "the other one"];
        let done: Vec<bool> = std::thread::scope(|scope| {
            let reset = |password| {
                let (people, secret) = (&people, &secret);
                scope.spawn(move || people.reset(secret, password).is_ok())
            };
            passwords
                .map(reset)
                .map(|thread| thread.join().unwrap())
                .to_vec()
        });
        let good: Vec<bool> = passwords
            .iter()
            .map(|password| people.sign_in("ana", password).is_ok())
            .collect();
        assert_eq!(done, good, "round {round}");
        assert_eq!(done.iter().filter(|done| **done).count(), 1);
        people.ground.clock.advance(3_600);
    }
}

#[test]
fn asking_for_another_password_tells_nothing_and_floods_nobody() {
    let people = people();
    people.confirmed("ana", "ana@example.org");
    let eve = people.register("eve", "eve@example.org").unwrap();
    people.mail();
    let out = people.confirmed("out", "out@example.org");
    block_on(people.projects.set_disabled(&server(), out, true)).unwrap();
    // An address that is none's, one that is only claimed, one of an account out of use.
    for email in ["nobody@example.org", "eve@example.org", "out@example.org"] {
        people.ask_reset(email).unwrap();
        assert!(people.mail().is_empty(), "{email}");
    }
    assert_eq!(
        people
            .record(eve)
            .iter()
            .filter(|what| *what == "ask-password")
            .count(),
        0
    );
    // Nothing of the store is needed for the answer.
    for _ in 0..20 {
        people.ask_reset("ana@example.org").unwrap();
        people.ask_reset("nobody@example.org").unwrap();
    }
    let sent = people.mail();
    assert_eq!(sent.len(), 5, "the newest of them is good");
    // Claims of others do not use up what the owner is sent.
    people.ground.clock.advance(3_600);
    for number in 0..8 {
        people
            .register(&format!("eve{number}"), "ana@example.org")
            .unwrap();
    }
    assert_eq!(people.mail().len(), 5);
    people.ask_reset("ana@example.org").unwrap();
    let secret = people.secret(MessageKind::ResetPassword, "ana@example.org");
    people.reset(&secret, OTHER).unwrap();
    for bad in ["a,b@example.org", "\u{212a}im@example.org"] {
        let told = people.ask_reset(bad);
        assert!(matches!(told, Err(ProjectsError::Unmailable(_))), "{bad}");
    }
}

#[test]
fn an_account_says_so_often_which_address_it_has() {
    let people = people();
    people.ground.account("ana", false);
    let actor = people.sign_in("ana", PASSWORD).unwrap();
    for number in 0..10 {
        ask(&people, &actor, &format!("a{number}@example.org")).unwrap();
    }
    let told = ask(&people, &actor, "b@example.org");
    assert!(
        matches!(told, Err(ProjectsError::TooManyAsks { .. })),
        "{told:?}"
    );
    assert_eq!(people.mail().len(), 10);
    people.ground.clock.advance(3_600);
    ask(&people, &actor, "b@example.org").unwrap();
}

#[test]
fn what_an_old_session_asked_for_is_not_sent_after_another_password() {
    let people = people();
    let ana = people.confirmed("ana", "ana@example.org");
    let stolen = people.sign_in("ana", PASSWORD).unwrap();
    ask(&people, &stolen, "thief@example.org").unwrap();
    block_on(people.projects.set_password(&server(), ana, OTHER.into())).unwrap();
    assert!(people.mail().is_empty());
    let told = ask(&people, &stolen, "thief@example.org");
    assert!(matches!(told, Err(ProjectsError::SignIn)), "{told:?}");
}

#[test]
fn the_old_password_changes_it_and_the_session_goes_on_in_another() {
    let people = people();
    let ana = people.ground.account("ana", false);
    let other = people.sign_in("ana", PASSWORD).unwrap();
    let actor = people.sign_in("ana", PASSWORD).unwrap();
    let token = block_on(
        people
            .projects
            .create_token(&server(), ana, "t", Scopes::ALL, None),
    );
    let token = token.unwrap().1;
    let change = |actor: &Actor, old: &str, new: &str| {
        block_on(
            people
                .projects
                .change_password(actor, old.into(), new.into(), &peer(1)),
        )
    };
    let by_token = || block_on(people.projects.actor(Some(token.expose()), &peer(1))).unwrap();
    let told = change(&by_token(), PASSWORD, OTHER).map(drop);
    assert!(matches!(told, Err(ProjectsError::NeedsSession)), "{told:?}");
    let told = change(&actor, "not the old one", OTHER).map(drop);
    assert!(
        matches!(told, Err(ProjectsError::WrongPassword)),
        "{told:?}"
    );
    let told = change(&actor, PASSWORD, "short").map(drop);
    assert!(
        matches!(told, Err(ProjectsError::PasswordRule(_))),
        "{told:?}"
    );

    let session = change(&actor, PASSWORD, OTHER).unwrap();
    let session = block_on(people.projects.actor(Some(session.expose()), &peer(1))).unwrap();
    block_on(people.projects.account(&session, PrincipalKey::Id(ana))).unwrap();
    block_on(people.projects.account(&by_token(), PrincipalKey::Id(ana))).unwrap();
    for ended in [&actor, &other] {
        let told = block_on(people.projects.account(ended, PrincipalKey::Id(ana)));
        assert!(matches!(told, Err(ProjectsError::SignIn)), "{told:?}");
    }
    people.sign_in("ana", PASSWORD).unwrap_err();
    people.sign_in("ana", OTHER).unwrap();
    // Wrong old ones count as at signing in.
    for _ in 0..10 {
        let told = change(&session, "not the old one", PASSWORD).map(drop);
        assert!(
            matches!(told, Err(ProjectsError::WrongPassword)),
            "{told:?}"
        );
    }
    for told in [
        change(&session, OTHER, PASSWORD).map(drop),
        people.sign_in("ana", OTHER).map(drop),
    ] {
        assert!(
            matches!(told, Err(ProjectsError::TooManySignIns { .. })),
            "{told:?}"
        );
    }
}

#[test]
fn of_two_changes_from_one_old_password_at_once_one_counts() {
    let people = people();
    for round in 0..4 {
        let name = format!("ana{round}");
        let ana = people.ground.account(&name, false);
        // By sessions, which end, and by an embedder's word, which does not.
        let actors = [0, 1].map(|_| match round % 2 {
            0 => people.sign_in(&name, PASSWORD).unwrap(),
            _ => acting(ana),
        });
        let done: Vec<bool> = std::thread::scope(|scope| {
            let threads = actors.each_ref().map(|actor| {
                let projects = &people.projects;
                let new = format!("{OTHER} {actor:p}");
                scope.spawn(move || {
                    let peer = peer(1);
                    let changed =
                        projects.change_password(actor, PASSWORD.into(), new.into(), &peer);
                    block_on(changed).is_ok()
                })
            });
            threads.map(|thread| thread.join().unwrap()).to_vec()
        });
        assert_eq!(done.iter().filter(|done| **done).count(), 1, "{round}");
    }
}

#[test]
fn mail_that_cannot_be_sent_is_told_to_the_owner_alone() {
    let people = people();
    people.outbox.broken.store(true, Ordering::Relaxed);
    let ana = people.register("ana", "ana@example.org").unwrap();
    let told = block_on(people.projects.send_mail());
    assert!(matches!(told, Err(ProjectsError::Mail(_))), "{told:?}");
    people.outbox.broken.store(false, Ordering::Relaxed);
    assert!(people.mail().is_empty());
    ask(&people, &acting(ana), "ana@example.org").unwrap();
    assert_eq!(people.mail().len(), 1);
}

#[test]
fn the_sender_sends_as_soon_as_there_is_something() {
    use futures::FutureExt as _;
    use futures::future::{Either, select};
    let people = people();
    let ana = people.ground.account("ana", false);
    let (tell, told) = std::sync::mpsc::channel();
    let sender = people
        .projects
        .mail_sender(|round| tell.send(round.unwrap().sent).unwrap());
    let (stop, stopped) = futures::channel::oneshot::channel::<()>();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let ended = block_on(select(Box::pin(sender), stopped.map(drop)));
            assert!(matches!(ended, Either::Right(_)));
        });
        for number in 0..3 {
            ask(&people, &acting(ana), &format!("a{number}@example.org")).unwrap();
            let sent = told.recv_timeout(std::time::Duration::from_secs(20));
            assert_eq!(sent, Ok(1), "{number}");
        }
        drop(stop);
    });
}

#[test]
fn no_debug_text_shows_a_secret() {
    let people = people();
    people.register("ana", "ana@example.org").unwrap();
    let mail = people.mail();
    let secret = mail[0].secret.as_ref().unwrap().expose();
    assert!(mail[0].text("https://registry.example").contains(secret));
    assert!(!format!("{mail:?}").contains(&secret[4..]));
}

#[test]
fn wrong_passwords_for_a_name_tell_nothing_of_whose_an_address_is() {
    use ProjectsError as E;
    for (guessed, other) in [("ana", "ana@example.org"), ("ana@example.org", "ana")] {
        let people = people();
        people.confirmed("ana", "ana@example.org");
        for _ in 0..10 {
            let told = people.sign_in(guessed, OTHER);
            assert!(matches!(told, Err(E::WrongCredentials)), "{told:?}");
        }
        let told = people.sign_in(guessed, OTHER);
        assert!(matches!(told, Err(E::TooManySignIns { .. })), "{told:?}");
        for unlike in [other, "nobody@example.org", "nobody"] {
            let told = people.sign_in(unlike, OTHER);
            assert!(
                matches!(told, Err(E::WrongCredentials)),
                "{unlike} after {guessed}: {told:?}"
            );
        }
    }
}

#[test]
fn what_was_asked_for_before_the_address_moved_is_not_written_down_after_it() {
    let people = people();
    let ana = people.confirmed("ana", "ana@example.org");
    let store = &people.ground.store;
    let read = block_on(store.caller(ana, None)).unwrap().unwrap();
    let actor = people.sign_in("ana", PASSWORD).unwrap();
    ask(&people, &actor, "new@example.org").unwrap();
    let secret = people.secret(MessageKind::ConfirmEmail, "new@example.org");
    confirm(&people, &actor, &secret).unwrap();
    let (_, hash) = ResetToken::generate().unwrap();
    let ask = Change::AskProof(NewProof {
        account: ana,
        purpose: Purpose::Password,
        email: "ana@example.org".parse().unwrap(),
        hash,
        expires: people.ground.clock.now() + Duration::from_secs(60),
    });
    let asked = block_on(store.commit(Batch {
        actor: server(),
        at: people.ground.clock.now(),
        expect: Fence(read.versions),
        changes: vec![Recorded::new(ask)],
    }));
    assert!(matches!(asked, Err(StoreError::Stale)), "{asked:?}");
    assert_eq!(block_on(store.proof(&hash)).unwrap(), None);
}
