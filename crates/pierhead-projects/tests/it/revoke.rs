//! What was true when a token was issued need not be true now.

use std::time::{Duration, SystemTime};

use futures::executor::block_on;
use pierhead_auth::token::{KeyRing, SigningKey};
use pierhead_policy::{Level, Scopes};
use pierhead_registry::{
    Action, AuthenticationError, Clock as _, Credentials, Peer, Secret as WireSecret,
};

use crate::ground::{Ground, PASSWORD, ground, server};

fn refused(ground: &Ground, token: &str) -> bool {
    matches!(ground.bearer(token), Err(AuthenticationError::Invalid))
}

#[test]
fn disabling_and_a_new_password_kill_tokens_on_the_next_request_and_for_good() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let token = ground.sign_in("ana", PASSWORD, &[]).unwrap().token;
    assert!(!refused(&ground, &token));
    block_on(ground.projects.set_disabled(&server(), ana, true)).unwrap();
    assert!(refused(&ground, &token));
    assert!(ground.sign_in("ana", PASSWORD, &[]).is_err());
    block_on(ground.projects.set_disabled(&server(), ana, false)).unwrap();
    assert!(
        refused(&ground, &token),
        "what was issued before stays dead"
    );
    let token = ground.sign_in("ana", PASSWORD, &[]).unwrap().token;
    block_on(
        ground
            .projects
            .set_password(&server(), ana, "another horse".into()),
    )
    .unwrap();
    assert!(refused(&ground, &token));
    assert!(ground.sign_in("ana", PASSWORD, &[]).is_err());
    ground.sign_in("ana", "another horse", &[]).unwrap();
}

#[test]
fn a_disabled_account_gets_no_token_by_any_credential() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let made = block_on(
        ground
            .projects
            .create_token(&server(), ana, "ci", Scopes::ALL, None),
    );
    let personal = made.unwrap().1;
    for disabled in [false, true, false] {
        block_on(ground.projects.set_disabled(&server(), ana, disabled)).unwrap();
        for secret in [PASSWORD, personal.expose()] {
            let issued = ground.sign_in("ana", secret, &[]).is_ok();
            assert_eq!(issued, !disabled, "disabled: {disabled}");
        }
    }
}

#[test]
fn revoking_or_outliving_a_personal_token_kills_what_it_issued() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let expires = |ground: &Ground| ground.clock.now() + Duration::from_secs(100);
    for expiring in [false, true] {
        let until: Option<SystemTime> = expiring.then(|| expires(&ground));
        let server = server();
        let made = ground
            .projects
            .create_token(&server, ana, "ci", Scopes::ALL, until);
        let (id, personal) = block_on(made).unwrap();
        let token = ground.sign_in("x", personal.expose(), &[]).unwrap().token;
        let other = ground.sign_in("ana", PASSWORD, &[]).unwrap().token;
        assert!(!refused(&ground, &token));
        if expiring {
            ground.clock.advance(100);
        } else {
            block_on(ground.projects.revoke(&server, ana, id)).unwrap();
        }
        assert!(refused(&ground, &token), "expiring: {expiring}");
        assert!(ground.sign_in("x", personal.expose(), &[]).is_err());
        assert!(
            !refused(&ground, &other),
            "another credential of the account goes on"
        );
    }
}

#[test]
fn permissions_given_and_taken_count_for_tokens_issued_before() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let ben = ground.account("ben", true);
    let project = ground.project(ana, &[]);
    let name = format!("syn{}/app", project.get());
    let app = ground.push(&ground.caller("ana"), &name);
    let caller = ground.caller("ben");
    let pulls = || ground.allowed(&caller, Action::Pull, &name).is_some();
    assert!(!pulls());
    ground.share(
        project,
        &[(ana, Level::Administrator), (ben, Level::CanDownload)],
    );
    assert!(pulls());
    ground.local(app, &[(ana, Level::Administrator)]);
    assert!(!pulls(), "the local list counts alone");
    let remove = pierhead_projects::ShareRequest::RemoveLocal;
    block_on(ground.projects.share(&server(), app, &remove)).unwrap();
    assert!(pulls(), "the project's answer is back");
    block_on(ground.projects.trash(&server(), project)).unwrap();
    assert!(!pulls());
    block_on(ground.projects.restore(&server(), project)).unwrap();
    assert!(pulls());
}

#[test]
fn a_token_ends_with_its_time_its_key_and_its_database() {
    let ground = ground();
    ground.account("ana", true);
    let token = ground.sign_in("ana", PASSWORD, &[]).unwrap().token;
    ground.clock.advance(899);
    assert!(!refused(&ground, &token));
    ground.clock.advance(1);
    assert!(refused(&ground, &token));
    let token = ground.sign_in("ana", PASSWORD, &[]).unwrap().token;
    ground
        .projects
        .set_keys(KeyRing::new(SigningKey::generate().unwrap()));
    assert!(refused(&ground, &token));
    let token = ground.sign_in("ana", PASSWORD, &[]).unwrap().token;
    assert!(!refused(&ground, &token));
    block_on(ground.store.renew_epoch()).unwrap();
    assert!(
        refused(&ground, &token),
        "ids of another life may be somebody else's"
    );
}

#[test]
fn a_token_that_ends_while_a_request_is_under_way_ends_nothing() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let project = ground.project(ana, &[]);
    let name = format!("{}/app", ground.projects.options().ids.show(project));
    let token = ground.sign_in("ana", PASSWORD, &[]).unwrap().token;
    let caller = ground.bearer(&token).unwrap();
    ground.clock.advance(100_000);
    assert!(refused(&ground, &token), "the next request is refused");
    // What is committed at the end of this one is decided for the same caller.
    ground.push(&caller, &name);
}

#[test]
fn only_registry_tokens_are_taken_by_the_registry() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let server = server();
    let made = ground
        .projects
        .create_token(&server, ana, "ci", Scopes::ALL, None);
    let personal = block_on(made).unwrap().1;
    let basic = |password: &str| Credentials::Basic {
        username: "ana".to_owned(),
        password: WireSecret::new(password),
    };
    for credentials in [
        basic(PASSWORD),
        basic(personal.expose()),
        Credentials::Bearer(WireSecret::new(personal.expose())),
        Credentials::Bearer(WireSecret::new("")),
        Credentials::Bearer(WireSecret::new("a.b.c")),
        Credentials::Vouched(std::sync::Arc::new(())),
    ] {
        let shown = format!("{credentials:?}");
        let authenticator = ground.projects.authenticator();
        let answer = block_on(authenticator.authenticate(credentials, &Peer::default()));
        assert!(
            matches!(answer, Err(AuthenticationError::Invalid)),
            "{shown}"
        );
    }
    let authenticator = ground.projects.authenticator();
    let nobody = block_on(authenticator.authenticate(Credentials::None, &Peer::default())).unwrap();
    assert!(nobody.id.is_anonymous());
}
