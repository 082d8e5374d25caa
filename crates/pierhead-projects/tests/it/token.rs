//! What the token endpoint hands out.

use std::time::Duration;

use futures::executor::block_on;
use pierhead_model::RepositoryName;
use pierhead_policy::{Level, Scopes};
use pierhead_projects::AccountRequest;
use pierhead_registry::{
    Ceiling, Clock as _, Credentials, GrantType, Peer, Secret as WireSecret, TokenAccess,
    TokenRefusal, TokenRequest,
};
use pierhead_storage::RepositoryStore as _;

use crate::ground::{Ground, PASSWORD, SERVICE, ground, hash, server};

/// What a token lists, one text for each entry.
fn listed(ground: &Ground, token: &str) -> Vec<String> {
    let caller = ground.bearer(token).unwrap();
    let Ceiling::Listed(list) = &caller.ceiling else {
        unreachable!("tokens list what they are for")
    };
    let text = |access: &TokenAccess| match access {
        TokenAccess::Repository { name, actions } => {
            format!("{name}={}", actions.iter().collect::<Vec<_>>().join(","))
        }
        TokenAccess::Catalog => "catalog".to_owned(),
    };
    list.iter().map(text).collect()
}

#[test]
fn a_token_lists_for_each_scope_in_order_what_is_permitted_now() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let viewer = ground.account("viewer", true);
    let puller = ground.account("puller", true);
    let editor = ground.account("editor", true);
    ground.account("rookie", false);
    let list = [
        (viewer, Level::CanView),
        (puller, Level::CanDownload),
        (editor, Level::CanEdit),
    ];
    // Numbers are given in order, so the first project's is known.
    let id = ground.project(ana, &list);
    assert_eq!(id.get(), 1_000_000);
    ground.push(&ground.caller("ana"), "syn1000000/here");
    let here = "repository:syn1000000/here:pull,push,delete";
    let new = "repository:syn1000000/new:push";
    let cases: &[(&str, &[&str], &[&str])] = &[
        ("ana", &[here], &["syn1000000/here=delete,pull,push"]),
        ("editor", &[here], &["syn1000000/here=pull,push"]),
        ("puller", &[here], &["syn1000000/here=pull"]),
        ("viewer", &[here], &["syn1000000/here="]),
        ("rookie", &[here], &["syn1000000/here="]),
        // Pushing to a new name gives pulling, deleting only where it was asked.
        ("editor", &[new], &["syn1000000/new=pull,push"]),
        (
            "editor",
            &["repository:syn1000000/new:delete"],
            &["syn1000000/new=delete"],
        ),
        (
            "editor",
            &["repository:syn1000000/new:*"],
            &["syn1000000/new=delete,pull,push"],
        ),
        ("puller", &[new], &["syn1000000/new="]),
        (
            "editor",
            &["repository:syn1000000/here:push"],
            &["syn1000000/here=push"],
        ),
        // Entries keep the order and number of the scopes; unknown types are dropped.
        (
            "puller",
            &[
                new,
                "repository(plugin):syn1000000/here:pull",
                here,
                "registry:catalog:*",
            ],
            &["syn1000000/new=", "syn1000000/here=pull", "catalog"],
        ),
        (
            "ana",
            &["repository:library/ubuntu:pull"],
            &["library/ubuntu="],
        ),
        ("ana", &["repository:syn999/x:push"], &["syn999/x="]),
        (
            "ana",
            &["repository:syn1000000/here:refresh,pull"],
            &["syn1000000/here=pull"],
        ),
        ("ana", &[], &[]),
        ("rookie", &[], &[]),
    ];
    for (who, scopes, expected) in cases {
        let token = ground.sign_in(who, PASSWORD, scopes).unwrap();
        assert_eq!(listed(&ground, &token.token), *expected, "{who} {scopes:?}");
        assert_eq!(token.expires_in, Duration::from_secs(900));
        assert_eq!(token.issued_at, ground.clock.now());
        assert_eq!(token.refresh_token, None);
    }
    let nobody = ground.issue(Credentials::None, &[here]).unwrap();
    assert_eq!(listed(&ground, &nobody.token), ["syn1000000/here="]);
    assert!(ground.bearer(&nobody.token).unwrap().id.is_anonymous());
    // Asking made nothing.
    let new: RepositoryName = "syn1000000/new".parse().unwrap();
    assert!(
        block_on(ground.store.find_repository(&new))
            .unwrap()
            .is_none()
    );
}

#[test]
fn a_personal_token_gives_no_more_than_its_scopes() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let id = ground.project(ana, &[]).get();
    ground.push(&ground.caller("ana"), &format!("syn{id}/here"));
    let here = format!("repository:syn{id}/here:pull,push,delete");
    let new = format!("repository:syn{id}/new:pull,push,delete");
    for (view, download, modify, in_here, in_new, catalog) in [
        (true, false, false, "", "", true),
        (false, true, false, "pull", "", false),
        (false, false, true, "delete,push", "delete,pull,push", false),
        (
            true,
            true,
            true,
            "delete,pull,push",
            "delete,pull,push",
            true,
        ),
    ] {
        let scopes = Scopes {
            view,
            download,
            modify,
        };
        let made = block_on(
            ground
                .projects
                .create_token(&server(), ana, "ci", scopes, None),
        );
        let token = made.unwrap().1;
        let asked = [here.as_str(), &new, "registry:catalog:*"];
        let token = ground
            .sign_in("whoever", token.expose(), &asked)
            .unwrap()
            .token;
        let mut expected = vec![
            format!("syn{id}/here={in_here}"),
            format!("syn{id}/new={in_new}"),
        ];
        expected.extend(catalog.then(|| "catalog".to_owned()));
        assert_eq!(listed(&ground, &token), expected, "{scopes:?}");
    }
}

#[test]
fn names_and_confirmed_addresses_sign_in_whatever_their_case() {
    let ground = ground();
    let request =
        AccountRequest::with_password_hash(hash()).email("Ana@Example.org".parse().unwrap());
    block_on(
        ground
            .projects
            .create_account(&server(), &"ana.b".parse().unwrap(), request),
    )
    .unwrap();
    let none = AccountRequest::default();
    block_on(
        ground
            .projects
            .create_account(&server(), &"nopass".parse().unwrap(), none),
    )
    .unwrap();
    for (username, password, good) in [
        ("ana.b", PASSWORD, true),
        ("Ana-B", PASSWORD, true),
        ("ana@example.ORG", PASSWORD, true),
        ("ana.b", "correct hors", false),
        ("ana.b", "", false),
        ("", "", false),
        ("nobody", PASSWORD, false),
        ("ana@example", PASSWORD, false),
        ("nopass", "", false),
        ("nopass", PASSWORD, false),
        ("ana.b", "php_0000", false),
        (&"x".repeat(10_000), PASSWORD, false),
    ] {
        let answer = ground.sign_in(username, password, &[]);
        let fits = match &answer {
            Ok(_) => good,
            Err(error) => !good && matches!(error, TokenRefusal::Credentials),
        };
        assert!(fits, "{username} {password}: {answer:?}");
    }
}

#[test]
fn a_request_that_does_not_fit_is_refused_before_anything_is_looked_up() {
    let ground = ground();
    let request = |service: Option<&str>, grant, scopes| TokenRequest {
        credentials: Credentials::None,
        grant,
        from: Peer::default(),
        service: service.map(str::to_owned),
        scopes: vec![pierhead_model::TokenScope::Catalog; scopes],
        offline: true,
    };
    for (request, good) in [
        (request(None, GrantType::Password, 32), true),
        (request(Some(SERVICE), GrantType::Password, 0), true),
        (
            request(Some("other.example"), GrantType::Password, 0),
            false,
        ),
        (request(None, GrantType::RefreshToken, 0), false),
        (request(None, GrantType::Password, 33), false),
    ] {
        let shown = format!("{request:?}");
        let answer = block_on(ground.projects.token_issuer().issue(request));
        match answer {
            Ok(token) => assert!(good && token.refresh_token.is_none(), "{shown}"),
            Err(error) => assert!(
                !good && matches!(error, TokenRefusal::Request(_)),
                "{shown}"
            ),
        }
    }
    let bearer = Credentials::Bearer(WireSecret::new("x"));
    assert!(matches!(
        ground.issue(bearer, &[]),
        Err(TokenRefusal::Credentials)
    ));
}

#[test]
fn ten_wrong_passwords_from_one_peer_lock_the_account_there_and_no_token() {
    let ground = ground();
    let ana = ground.account("ana", true);
    ground.account("ben", true);
    let made = block_on(
        ground
            .projects
            .create_token(&server(), ana, "ci", Scopes::ALL, None),
    );
    let personal = made.unwrap().1;
    for account in ["ana", "nobody"] {
        for attempt in 0..10 {
            let answer = ground.sign_in(account, "wrong horse", &[]);
            assert!(
                matches!(answer, Err(TokenRefusal::Credentials)),
                "{account} {attempt}"
            );
        }
        match ground.sign_in(account, PASSWORD, &[]) {
            Err(TokenRefusal::TooMany { retry_after }) => {
                assert_eq!(retry_after, Duration::from_secs(900));
            }
            other => panic!("{account}: {other:?}"),
        }
    }
    ground.sign_in("ana", personal.expose(), &[]).unwrap();
    ground.sign_in("ben", PASSWORD, &[]).unwrap();
    ground.clock.advance(901);
    ground.sign_in("ana", PASSWORD, &[]).unwrap();
}

#[test]
fn the_last_use_of_a_token_is_written_once_a_minute() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let made = block_on(
        ground
            .projects
            .create_token(&server(), ana, "ci", Scopes::ALL, None),
    );
    let (id, personal) = made.unwrap();
    let last_used = || {
        let record = block_on(ground.projects.store().caller(ana, Some(id)))
            .unwrap()
            .unwrap();
        record.credential.unwrap().last_used
    };
    assert_eq!(last_used(), None);
    let first = ground.clock.now();
    for (advance, moves) in [(0, true), (59, false), (1, true), (30, false)] {
        ground.clock.advance(advance);
        let before = last_used();
        ground.sign_in("x", personal.expose(), &[]).unwrap();
        assert_eq!(last_used() != before, moves, "after {advance} s");
    }
    assert_eq!(last_used(), Some(first + Duration::from_secs(60)));
}
