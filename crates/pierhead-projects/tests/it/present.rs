//! Signing in for the management API: sessions and tokens, what each is good for, and for how long.

use futures::executor::block_on;
use pierhead_auth::Secret;
use pierhead_policy::{EntityId, PrincipalId, Reason, Scope, Scopes};
use pierhead_projects::audit::AuditQuery;
use pierhead_projects::survey::PrincipalKey;
use pierhead_projects::{AccountRequest, Actor, DescribeRequest, Job, Offload, ProjectsError};
use pierhead_registry::{
    Credentials, GrantType, Peer, Secret as WireSecret, TokenRefusal, TokenRequest,
};

use crate::ground::{Ground, PASSWORD, ground, hash, server};

const HOUR: u64 = 3_600;

impl Ground {
    fn session(&self, name: &str) -> String {
        let from = Peer::default();
        let login = self.projects.login(name, Secret::from(PASSWORD), &from);
        block_on(login).unwrap().expose().to_owned()
    }

    fn shows(&self, token: &str) -> Result<Actor, ProjectsError> {
        block_on(self.projects.actor(Some(token), &Peer::default()))
    }

    fn token(&self, of: PrincipalId, scopes: Scopes) -> String {
        let server = server();
        let made = self.projects.create_token(&server, of, "t", scopes, None);
        block_on(made).unwrap().1.expose().to_owned()
    }
}

fn scopes(of: &[Scope]) -> Scopes {
    of.iter().copied().collect()
}

#[test]
fn a_session_is_good_for_twelve_hours_and_until_its_end_a_new_password_or_disabling() {
    type Ends = fn(&Ground, PrincipalId, &str);
    let ends: [(&str, Ends); 4] = [
        ("twelve hours", |ground, _, _| {
            ground.clock.advance(12 * HOUR);
        }),
        ("logging out", |ground, _, session| {
            let actor = ground.shows(session).unwrap();
            block_on(ground.projects.logout(&actor)).unwrap();
        }),
        ("a new password", |ground, ana, _| {
            let (server, password) = (server(), "another horse".into());
            block_on(ground.projects.set_password(&server, ana, password)).unwrap();
        }),
        ("disabling, and enabling again", |ground, ana, _| {
            for disabled in [true, false] {
                block_on(ground.projects.set_disabled(&server(), ana, disabled)).unwrap();
            }
        }),
    ];
    for (what, end) in ends {
        let ground = ground();
        let ana = ground.account("ana", true);
        let token = ground.token(ana, Scopes::ALL);
        let session = ground.session("ana");
        ground.clock.advance(12 * HOUR - 1);
        let actor = ground.shows(&session).unwrap();
        assert_eq!(actor.id(), Some(ana), "{what}");
        end(&ground, ana, &session);
        assert!(
            matches!(ground.shows(&session), Err(ProjectsError::SignIn)),
            "{what}"
        );
        // Whoever was let in before is asked again.
        let asked = block_on(ground.projects.account(&actor, PrincipalKey::Id(ana)));
        assert!(matches!(asked, Err(ProjectsError::SignIn)), "{what}");
        // A token is an own credential, and lives on.
        assert!(ground.shows(&token).is_ok(), "{what}");
        block_on(ground.projects.empty_trash()).unwrap();
        assert!(ground.shows(&session).is_err(), "{what}");
    }
}

#[test]
fn nothing_but_sessions_and_personal_tokens_is_taken() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let registry = ground.sign_in("ana", PASSWORD, &[]).unwrap().token;
    let unknown = pierhead_auth::token::PersonalToken::generate().unwrap().0;
    for token in ["", "ana", PASSWORD, &registry, unknown.expose()] {
        let shown = ground.shows(token);
        assert!(matches!(shown, Err(ProjectsError::SignIn)), "{token}");
    }
    // And a session is no password at the token endpoint.
    let session = ground.session("ana");
    assert!(ground.sign_in("ana", &session, &[]).is_err());
    assert!(
        ground
            .sign_in("anybody", &ground.token(ana, Scopes::ALL), &[])
            .is_ok()
    );
}

#[test]
fn tokens_are_made_and_revoked_in_person_for_no_more_than_what_asks() {
    let ground = ground();
    let (ana, ben) = (ground.account("ana", true), ground.account("ben", true));
    let session = ground.shows(&ground.session("ana")).unwrap();
    let token = ground.shows(&ground.token(ana, Scopes::ALL)).unwrap();
    let make =
        |actor, of, scopes| block_on(ground.projects.create_token(actor, of, "ci", scopes, None));
    assert!(matches!(
        make(&token, ana, Scopes::ALL),
        Err(ProjectsError::NeedsSession)
    ));
    assert!(matches!(
        make(&session, ben, Scopes::ALL),
        Err(ProjectsError::NotFound { .. })
    ));
    assert!(matches!(
        make(&session, ana, Scopes::NONE),
        Err(ProjectsError::TokenRequest)
    ));
    let (id, text) = make(&session, ana, scopes(&[Scope::View])).unwrap();
    let viewer = ground.shows(text.expose()).unwrap();
    let listed = block_on(ground.projects.tokens(&viewer, None, None, 1)).unwrap();
    assert!(listed.more);
    let listed = block_on(
        ground
            .projects
            .tokens(&viewer, None, Some(listed.items[0].id), 9),
    )
    .unwrap();
    assert_eq!(listed.items.last().unwrap().id, id);
    let revoke = |actor| block_on(ground.projects.revoke(actor, ana, id));
    // The gate of the scopes comes first, then presence.
    assert!(matches!(
        revoke(&viewer),
        Err(ProjectsError::Refused { .. })
    ));
    assert!(matches!(revoke(&token), Err(ProjectsError::NeedsSession)));
    let bens = ground.shows(&ground.session("ben")).unwrap();
    assert!(matches!(revoke(&bens), Err(ProjectsError::NotFound { .. })));
    revoke(&session).unwrap();
    let asked = block_on(ground.projects.tokens(&viewer, None, None, 1));
    assert!(matches!(asked, Err(ProjectsError::SignIn)));
    let gone = block_on(ground.projects.token(&session, id));
    assert!(matches!(gone, Err(ProjectsError::NotFound { .. })));
}

#[test]
fn an_operator_who_is_present_sees_and_revokes_the_tokens_of_others() {
    let ground = ground();
    let [ana, ben] = ["ana", "ben"].map(|name| ground.account(name, true));
    let opa = ground.operator("opa");
    let absent = PrincipalId::new(9_999_999);
    let leaked = ground.token(ana, Scopes::ALL);
    let kept = ground.token(ana, Scopes::ALL);
    let [as_ana, as_ben, as_opa] =
        ["ana", "ben", "opa"].map(|name| ground.shows(&ground.session(name)).unwrap());
    let listed = |actor: &Actor, of| {
        let page = block_on(ground.projects.tokens(actor, of, None, 9));
        page.map(|page| page.items)
    };
    let all = listed(&as_opa, Some(ana)).unwrap();
    assert_eq!(listed(&as_ana, None).unwrap(), all);
    assert_eq!(listed(&as_ana, Some(ana)).unwrap(), all);
    assert_eq!(all.len(), 2);
    assert_eq!(listed(&as_opa, None).unwrap(), []);
    for (actor, of) in [(&as_ben, ana), (&as_ben, absent), (&as_opa, absent)] {
        let hidden = listed(actor, Some(of));
        let hidden = matches!(hidden, Err(ProjectsError::NotFound { what: "account" }));
        assert!(hidden, "{actor:?} {of}");
    }
    let nobody = listed(&Actor::anonymous(&Peer::default()), Some(ana));
    assert!(matches!(nobody, Err(ProjectsError::SignIn)));

    // A token of an operator's tells its own, and of others nothing, there or not.
    let by_token = ground.shows(&ground.token(opa, Scopes::ALL)).unwrap();
    assert_eq!(listed(&by_token, Some(opa)).unwrap().len(), 1);
    for of in [ana, absent] {
        let told = listed(&by_token, Some(of));
        assert!(matches!(told, Err(ProjectsError::NeedsSession)), "{of}");
    }
    let revoke = |actor, of, id| block_on(ground.projects.revoke(actor, of, id));
    let first = all[0].id;
    let told = revoke(&by_token, ana, first);
    assert!(matches!(told, Err(ProjectsError::NeedsSession)));
    for (actor, of) in [
        (&as_ben, ana),
        (&as_ben, ben),
        (&as_opa, opa),
        (&as_opa, ben),
    ] {
        let told = revoke(actor, of, first);
        assert!(matches!(told, Err(ProjectsError::NotFound { .. })), "{of}");
    }
    assert!(ground.shows(&leaked).is_ok());

    // Also while the account is disabled, and it comes back without that one.
    let disable = |value| block_on(ground.projects.set_disabled(&server(), ana, value));
    disable(true).unwrap();
    assert_eq!(listed(&as_opa, Some(ana)).unwrap().len(), 2);
    revoke(&as_opa, ana, first).unwrap();
    disable(false).unwrap();
    assert!(matches!(ground.shows(&leaked), Err(ProjectsError::SignIn)));
    assert!(ground.shows(&kept).is_ok());
    let left = listed(&as_opa, Some(ana)).unwrap();
    assert_eq!([left[0].id], [all[1].id]);

    // Whose tokens were looked at and revoked, and who did that. What the role showed is written
    // down once a minute.
    let query = AuditQuery {
        principal: Some(ana),
        limit: 9,
        ..AuditQuery::default()
    };
    let rows = block_on(ground.projects.store().audit(&query)).unwrap();
    let rows = rows.iter().filter(|row| row.who == Some(opa));
    let what: Vec<&str> = rows.map(|row| row.what.as_str()).collect();
    assert_eq!(what, ["revoke", "use-role"]);
}

#[test]
fn a_credential_without_the_scope_is_told_which_whatever_it_asks_about() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let project = ground.project(ana, &[]);
    let nowhere = EntityId::new(77).unwrap();
    let lacks = |error: ProjectsError| match error {
        ProjectsError::Refused {
            reason: Reason::ScopeLacks { scope },
            may_know: true,
            ..
        } => scope,
        other => panic!("{other:?}"),
    };
    let view = ground
        .shows(&ground.token(ana, scopes(&[Scope::View])))
        .unwrap();
    let other = scopes(&[Scope::Download, Scope::Modify]);
    let writes = ground.shows(&ground.token(ana, other)).unwrap();
    let etag = block_on(ground.projects.view(&view, project)).unwrap().etag;
    let describe = DescribeRequest {
        description: Some("text".to_owned()),
        ..DescribeRequest::of(etag)
    };
    for id in [project, nowhere] {
        let projects = &ground.projects;
        assert_eq!(
            lacks(block_on(projects.view(&writes, id)).unwrap_err()),
            Scope::View
        );
        assert_eq!(
            lacks(block_on(projects.trash(&view, id)).unwrap_err()),
            Scope::Modify
        );
        let described = block_on(projects.describe(&view, id, &describe));
        assert_eq!(lacks(described.unwrap_err()), Scope::Modify);
    }
    assert!(block_on(ground.projects.describe(&writes, project, &describe)).is_ok());
    let again = block_on(ground.projects.describe(&writes, project, &describe));
    assert!(matches!(again, Err(ProjectsError::StaleEtag)));
}

#[test]
fn wrong_passwords_lock_out_and_never_stop_a_token() {
    let ground = ground();
    let ana = ground.account("ana", true);
    let token = ground.token(ana, Scopes::ALL);
    let login = |password: &str| {
        let from = Peer::default();
        block_on(ground.projects.login("ana", Secret::from(password), &from))
    };
    for _ in 0..10 {
        assert!(matches!(
            login("wrong"),
            Err(ProjectsError::WrongCredentials)
        ));
    }
    let locked = login(PASSWORD);
    assert!(
        matches!(locked, Err(ProjectsError::TooManySignIns { retry_after }) if !retry_after.is_zero())
    );
    assert!(ground.shows(&token).is_ok());
}

#[test]
fn wrong_passwords_for_a_name_and_its_address_count_together() {
    let ground = ground();
    let request =
        AccountRequest::with_password_hash(hash()).email("ana@example.org".parse().unwrap());
    let name = "ana".parse().unwrap();
    block_on(ground.projects.create_account(&server(), &name, request)).unwrap();
    let login = |who: &str, password: &str| {
        let from = Peer::default();
        block_on(ground.projects.login(who, Secret::from(password), &from))
    };
    for who in ["ana", "ana@example.org", "A.na", "Ana@Example.org", "ana"].repeat(2) {
        let wrong = login(who, "wrong");
        assert!(
            matches!(wrong, Err(ProjectsError::WrongCredentials)),
            "{who}"
        );
    }
    // No guess is compared any more, and neither of the two tells that it is the other's.
    for who in ["ana", "ana@example.org"] {
        let locked = login(who, PASSWORD);
        assert!(
            matches!(locked, Err(ProjectsError::WrongCredentials)),
            "{who}"
        );
    }
}

/// Does something once before a password is compared.
struct Before(parking_lot::Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl std::fmt::Debug for Before {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Before")
    }
}

impl Offload for Before {
    fn run(&self, job: Job) {
        let first = self.0.lock().take();
        std::thread::spawn(move || {
            if let Some(first) = first {
                first();
            }
            job();
        });
    }
}

#[test]
fn a_password_that_is_changed_while_it_waits_to_be_compared_signs_nobody_in() {
    let ground = ground();
    let ana = ground.account("ana", true);
    for with_session in [true, false] {
        let projects = ground.projects.clone();
        let change = Box::new(move || {
            let (server, password) = (server(), Secret::from("another horse"));
            block_on(projects.set_password(&server, ana, password)).unwrap();
        });
        let late = ground.over(Before(parking_lot::Mutex::new(Some(change))));
        let password = if with_session {
            PASSWORD
        } else {
            "another horse"
        };
        let from = Peer::default();
        if with_session {
            let login = block_on(late.login("ana", Secret::from(password), &from));
            assert!(matches!(login, Err(ProjectsError::WrongCredentials)));
        } else {
            // The same password again is a new one, too.
            let credentials = Credentials::Basic {
                username: "ana".to_owned(),
                password: WireSecret::new(password),
            };
            let request = TokenRequest {
                credentials,
                grant: GrantType::Password,
                from,
                service: None,
                scopes: Vec::new(),
                offline: false,
            };
            let token = block_on(late.token_issuer().issue(request));
            assert!(matches!(token, Err(TokenRefusal::Credentials)), "{token:?}");
        }
    }
    // And signs in when nothing comes between.
    let from = Peer::default();
    let login = ground
        .projects
        .login("ana", Secret::from("another horse"), &from);
    assert!(block_on(login).is_ok());
}
