//! Refresh tokens: who gets one, what it is good for, and how it dies.

use std::time::Duration;

use futures::executor::block_on;
use pierhead_model::TokenScope;
use pierhead_policy::{PrincipalId, Scopes};
use pierhead_projects::ProjectsError;
use pierhead_projects::audit::{AuditQuery, AuditRow};
use pierhead_projects::change::MAX_REFRESH_TOKENS;
use pierhead_projects::record::{CredentialId, CredentialRecord, Parent};
use pierhead_registry::{
    Action, AuthenticationError, Clock as _, Credentials, GrantType, IssuedToken, Peer,
    Secret as WireSecret, TokenRefusal, TokenRequest,
};
use pierhead_storage::StoreError;

use crate::ground::{Ground, PASSWORD, acting, ground, server};

const LIFE: Duration = Duration::from_secs(90 * 86_400);
const DAY: u64 = 86_400;

fn refreshing() -> Ground {
    let mut ground = ground();
    ground.set_options(|options| options.with_refresh_tokens(LIFE));
    ground
}

fn basic(password: &str) -> Credentials {
    Credentials::Basic {
        username: "ana".to_owned(),
        password: WireSecret::new(password),
    }
}

fn ask(
    ground: &Ground,
    credentials: Credentials,
    grant: GrantType,
    offline: bool,
    scopes: &[&str],
) -> Result<IssuedToken, TokenRefusal> {
    let request = TokenRequest {
        credentials,
        grant,
        from: Peer::at([192, 0, 2, 1].into()),
        service: None,
        scopes: scopes
            .iter()
            .map(|text| TokenScope::parse(text).unwrap())
            .collect(),
        offline,
    };
    block_on(ground.projects.token_issuer().issue(request))
}

/// Signs in and keeps what `docker login` keeps.
fn keep(ground: &Ground, password: &str) -> Option<String> {
    let issued = ask(ground, basic(password), GrantType::Password, true, &[]);
    issued.unwrap().refresh_token
}

/// The same, to be polled with others.
async fn offline(ground: &Ground, password: &str) -> Result<IssuedToken, TokenRefusal> {
    let request = TokenRequest {
        credentials: basic(password),
        grant: GrantType::Password,
        from: Peer::default(),
        service: None,
        scopes: Vec::new(),
        offline: true,
    };
    ground.projects.token_issuer().issue(request).await
}

fn refresh(ground: &Ground, token: &str) -> Result<IssuedToken, TokenRefusal> {
    let token = Credentials::Bearer(WireSecret::new(token));
    ask(ground, token, GrantType::RefreshToken, false, &[])
}

fn token(ground: &Ground, who: PrincipalId, scopes: Scopes, life: Option<u64>) -> Made {
    let expires = life.map(|life| ground.clock.now() + Duration::from_secs(life));
    let server = server();
    let made = ground
        .projects
        .create_token(&server, who, "ci", scopes, expires);
    let (id, secret) = block_on(made).unwrap();
    Made {
        id,
        secret: secret.expose().to_owned(),
    }
}

struct Made {
    id: CredentialId,
    secret: String,
}

fn held(ground: &Ground, who: PrincipalId) -> Vec<CredentialRecord> {
    let actor = acting(who);
    let found = ground.projects.refresh_tokens(&actor, None, None, 1_000);
    block_on(found).unwrap().items
}

/// The newest rows of the record about somebody.
fn recorded(ground: &Ground, about: PrincipalId, limit: usize) -> Vec<AuditRow> {
    let query = AuditQuery {
        principal: Some(about),
        limit,
        ..AuditQuery::default()
    };
    block_on(ground.projects.store().audit(&query)).unwrap()
}

#[test]
fn one_is_made_only_for_who_asks_with_a_password_or_a_token() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    let personal = token(&ground, ana, Scopes::ALL, None);
    let first = keep(&ground, PASSWORD).unwrap();
    assert!(first.starts_with("phr_"));
    assert_eq!(held(&ground, ana).len(), 1);
    let of_first = || Credentials::Bearer(WireSecret::new(first.as_str()));
    for (what, credentials, grant, offline, given) in [
        ("password", basic(PASSWORD), GrantType::Password, true, true),
        (
            "not asked",
            basic(PASSWORD),
            GrantType::Password,
            false,
            false,
        ),
        (
            "token",
            basic(&personal.secret),
            GrantType::Password,
            true,
            true,
        ),
        (
            "nobody",
            Credentials::None,
            GrantType::Password,
            true,
            false,
        ),
        // The first one stays the one.
        ("itself", of_first(), GrantType::RefreshToken, true, false),
    ] {
        let before = held(&ground, ana).len();
        let issued = ask(&ground, credentials, grant, offline, &[]).unwrap();
        assert_eq!(issued.refresh_token.is_some(), given, "{what}");
        let made = held(&ground, ana).len() - before;
        assert_eq!(made, usize::from(given), "{what}");
    }
    let before = held(&ground, ana);
    let wrong = ask(&ground, basic("wrong"), GrantType::Password, true, &[]);
    assert!(matches!(wrong, Err(TokenRefusal::Credentials)));
    assert_eq!(held(&ground, ana), before);
    for _ in 0..3 {
        let issued = refresh(&ground, &first).unwrap();
        assert_eq!(issued.refresh_token, None);
        assert_eq!(&*ground.bearer(&issued.token).unwrap().name, "ana");
    }
}

#[test]
fn it_says_what_it_dies_with_where_it_was_asked_for_and_until_when() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    let [short, long] =
        [Some(100), Some(LIFE.as_secs() * 2)].map(|life| token(&ground, ana, Scopes::ALL, life));
    for secret in [PASSWORD, &short.secret, &long.secret] {
        keep(&ground, secret).unwrap();
    }
    let found = held(&ground, ana);
    let now = ground.clock.now();
    let told: Vec<_> = found
        .iter()
        .map(|it| (it.parent, it.expires, it.name.as_str(), it.created))
        .collect();
    let parents = [
        (Parent::Password { generation: 1 }, LIFE.as_secs()),
        (Parent::Token(short.id), 100),
        (Parent::Token(long.id), LIFE.as_secs()),
    ];
    let expected = parents.map(|(parent, life)| {
        let expires = Some(now + Duration::from_secs(life));
        (Some(parent), expires, "192.0.2.1", now)
    });
    assert_eq!(told, expected);
    let rows = recorded(&ground, ana, 2);
    let told = rows.iter().map(|row| row.what.as_str());
    assert!(told.eq(["create-refresh-token"; 2]));
    assert_eq!(rows[0].who, Some(ana));
    assert_eq!(rows[0].from, "192.0.2.1");
    let after = rows[0].after.as_deref().unwrap();
    let dies_with = format!(r#""token":{}"#, long.id.0);
    assert!(after.contains(&dies_with), "{after}");
}

/// What happens to an account, its password, its tokens or the server.
#[derive(Clone, Copy, Debug)]
enum Fate {
    Revoked,
    ParentRevoked,
    OtherRevoked,
    ParentExpired,
    Expired,
    AlmostExpired,
    NewPassword,
    Disabled,
    DisabledForAWhile,
    SwitchedOff,
    ShorterLife,
    Restarted,
    Uncertified,
}

#[test]
fn it_dies_with_its_parent_and_what_it_made_dies_with_it() {
    use Fate::*;
    // Whether it lives on if a password was its parent, and if a personal access token was.
    for (fate, of_password, of_token) in [
        (Revoked, false, false),
        (ParentRevoked, true, false),
        (OtherRevoked, true, true),
        (ParentExpired, true, false),
        (Expired, false, false),
        (AlmostExpired, true, true),
        (NewPassword, false, true),
        (Disabled, false, false),
        (DisabledForAWhile, false, true),
        (SwitchedOff, false, false),
        (ShorterLife, true, true),
        (Restarted, true, true),
        (Uncertified, true, true),
    ] {
        for (by_token, lives) in [(false, of_password), (true, of_token)] {
            meets(fate, by_token, lives);
        }
    }
}

fn meets(fate: Fate, by_token: bool, lives: bool) {
    let case = format!("{fate:?}, by a token: {by_token}");
    let mut ground = refreshing();
    let ana = ground.account("ana", true);
    let project = ground.project(ana, &[]);
    let name = format!("syn{}/app", project.get());
    ground.push(&ground.caller("ana"), &name);
    let ends = matches!(fate, Fate::ParentExpired).then_some(100);
    let parent = token(&ground, ana, Scopes::ALL, ends);
    let other = token(&ground, ana, Scopes::ALL, None);
    let secret = if by_token { &parent.secret } else { PASSWORD };
    let kept = keep(&ground, secret).unwrap();
    if let Fate::Expired | Fate::AlmostExpired = fate {
        ground.clock.advance(LIFE.as_secs() - 10);
    }
    let registry_token = refresh(&ground, &kept).unwrap().token;
    let caller = ground.bearer(&registry_token).unwrap();
    let permit = ground.allowed(&caller, Action::Push, &name).unwrap();

    let server = server();
    let done = match fate {
        Fate::Revoked => {
            let id = held(&ground, ana)[0].id;
            let actor = acting(ana);
            block_on(ground.projects.revoke_refresh_token(&actor, ana, id))
        }
        Fate::ParentRevoked => block_on(ground.projects.revoke(&server, ana, parent.id)),
        Fate::OtherRevoked => block_on(ground.projects.revoke(&server, ana, other.id)),
        Fate::NewPassword => {
            let password = "another horse".into();
            block_on(ground.projects.set_password(&server, ana, password))
        }
        Fate::Disabled => block_on(ground.projects.set_disabled(&server, ana, true)),
        Fate::DisabledForAWhile => block_on(async {
            ground.projects.set_disabled(&server, ana, true).await?;
            ground.projects.set_disabled(&server, ana, false).await
        }),
        Fate::Uncertified => block_on(ground.projects.set_certified(&server, ana, false)),
        _ => Ok(()),
    };
    done.unwrap();
    match fate {
        Fate::Expired => ground.clock.advance(10),
        Fate::AlmostExpired => ground.clock.advance(9),
        Fate::ParentExpired => ground.clock.advance(100),
        Fate::SwitchedOff => ground.set_options(|mut options| {
            options.refresh_life = None;
            options
        }),
        Fate::ShorterLife => {
            ground.set_options(|it| it.with_refresh_tokens(Duration::from_secs(60)));
        }
        Fate::Restarted => ground.set_options(|it| it),
        _ => {}
    }

    let again = refresh(&ground, &kept);
    let refused = match &again {
        Ok(_) => false,
        Err(TokenRefusal::Credentials) => !matches!(fate, Fate::SwitchedOff),
        Err(TokenRefusal::Request(_)) => matches!(fate, Fate::SwitchedOff),
        Err(error) => panic!("{case}: {error:?}"),
    };
    assert_eq!(refused, !lives, "{case}: {again:?}");
    // What it made dies on the next request, and with the account's generation whatever made it.
    let raised = matches!(fate, Fate::NewPassword | Fate::DisabledForAWhile);
    let caller_now = ground.bearer(&registry_token);
    if lives && !raised {
        caller_now.unwrap_or_else(|error| panic!("{case}: {error:?}"));
    } else {
        let invalid = matches!(caller_now, Err(AuthenticationError::Invalid));
        assert!(invalid, "{case}: {caller_now:?}");
    }
    // And what was begun with it is not finished.
    let by_a_change = !matches!(
        fate,
        Fate::Expired | Fate::ParentExpired | Fate::SwitchedOff
    );
    if !lives && by_a_change {
        let put = ground.put(&caller, &permit);
        assert!(matches!(put, Err(StoreError::Stale)), "{case}: {put:?}");
        assert!(ground.allowed(&caller, Action::Pull, &name).is_none());
    }
    if let (Fate::Expired | Fate::ParentExpired, false) = (fate, lives) {
        assert!(ground.allowed(&caller, Action::Pull, &name).is_none());
    }
    // Whoever looks sees none that is dead, but those whose time is over, until they are removed.
    let now = ground.clock.now();
    let listed = match fate {
        Fate::Disabled => Vec::new(),
        _ => held(&ground, ana),
    };
    let good = listed.iter().filter(|it| it.is_good(now)).count();
    let told = lives || matches!(fate, Fate::SwitchedOff);
    assert_eq!(good, usize::from(told), "{case}: {listed:?}");
    block_on(ground.projects.empty_trash()).unwrap();
    if let Fate::Expired = fate {
        assert_eq!(held(&ground, ana), []);
    }
}

#[test]
fn it_has_the_scopes_of_the_token_it_was_asked_for_with() {
    let ground = refreshing();
    let ana = ground.account("ana", true);
    let project = ground.project(ana, &[]);
    let name = format!("syn{}/app", project.get());
    ground.push(&ground.caller("ana"), &name);
    let all = format!("repository:{name}:pull,push,delete");
    for (view, download, modify) in [
        (true, false, false),
        (false, true, false),
        (false, false, true),
        (true, true, true),
    ] {
        let scopes = Scopes {
            view,
            download,
            modify,
        };
        let personal = token(&ground, ana, scopes, None);
        let kept = keep(&ground, &personal.secret).unwrap();
        assert_eq!(held(&ground, ana).last().unwrap().scopes, scopes);
        let asked = Credentials::Bearer(WireSecret::new(kept.as_str()));
        let issued = ask(&ground, asked, GrantType::RefreshToken, false, &[&all]);
        let caller = ground.bearer(&issued.unwrap().token).unwrap();
        for (action, may) in [
            (Action::Pull, download),
            (Action::Push, modify),
            (Action::Delete, modify),
        ] {
            let allowed = ground.allowed(&caller, action, &name).is_some();
            assert_eq!(allowed, may, "{scopes:?} {action:?}");
        }
    }
}

#[test]
fn none_is_accepted_in_the_place_of_another_credential_nor_another_in_its_place() {
    let (ground, peer) = (refreshing(), Peer::default());
    let ana = ground.account("ana", true);
    let personal = token(&ground, ana, Scopes::ALL, None).secret;
    let login = ground.projects.login("ana", PASSWORD.into(), &peer);
    let session = block_on(login).unwrap().expose().to_owned();
    let kept = keep(&ground, PASSWORD).unwrap();
    let registry_token = refresh(&ground, &kept).unwrap().token;

    let as_password = ask(&ground, basic(&kept), GrantType::Password, true, &[]);
    assert!(matches!(as_password, Err(TokenRefusal::Credentials)));
    let login = ground.projects.login("ana", kept.as_str().into(), &peer);
    assert!(matches!(
        block_on(login),
        Err(ProjectsError::WrongCredentials)
    ));
    let managing = ground.projects.actor(Some(&kept), &peer);
    assert!(matches!(block_on(managing), Err(ProjectsError::SignIn)));
    assert!(ground.bearer(&kept).is_err());
    let authenticator = ground.projects.authenticator();
    let shown = authenticator.authenticate(basic(&kept), &peer);
    assert!(block_on(shown).is_err());

    let (whole, last) = kept.split_at(kept.len() - 1);
    let mistyped = format!("{whole}{}", if last == "x" { "y" } else { "x" });
    let altered = kept.replacen("phr_", "php_", 1);
    let long = "x".repeat(60_000);
    for other in [
        PASSWORD,
        &personal,
        &session,
        &registry_token,
        &mistyped,
        &altered,
        &kept[..20],
        &long,
        "",
        "phr_",
    ] {
        let refused = refresh(&ground, other);
        let credentials = matches!(refused, Err(TokenRefusal::Credentials));
        assert!(credentials, "{other:.80}: {refused:?}");
    }
    // Not even without a password, and not for who is not there.
    let nobody = ask(
        &ground,
        Credentials::None,
        GrantType::RefreshToken,
        false,
        &[],
    );
    assert!(matches!(nobody, Err(TokenRefusal::Credentials)));
    let basic = ask(&ground, basic(&kept), GrantType::RefreshToken, false, &[]);
    assert!(matches!(basic, Err(TokenRefusal::Credentials)));
}

#[test]
fn an_account_has_so_many_and_what_is_idle_makes_room() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    let ben = ground.account("ben", false);
    let personal = token(&ground, ana, Scopes::ALL, None).secret;
    let all: Vec<String> = (0..MAX_REFRESH_TOKENS)
        .map(|_| {
            ground.clock.advance(1);
            keep(&ground, &personal).unwrap()
        })
        .collect();
    // All are in use: whoever asks gets a registry token alone, and none loses its own.
    assert_eq!(keep(&ground, &personal), None);
    assert_eq!(keep(&ground, PASSWORD), None);
    assert_eq!(held(&ground, ana).len(), MAX_REFRESH_TOKENS);
    for kept in &all {
        refresh(&ground, kept).unwrap();
    }
    // Another account's are its own.
    let asked = ground.sign_in("ben", PASSWORD, &[]);
    asked.unwrap();
    assert_eq!(held(&ground, ben), []);

    ground.clock.advance(DAY - 60);
    for kept in &all[1..] {
        refresh(&ground, kept).unwrap();
    }
    assert_eq!(keep(&ground, &personal), None);
    ground.clock.advance(60);
    let made = refresh(&ground, &all[0]).map(|issued| issued.token);
    let registry_token = made.unwrap();
    assert_eq!(keep(&ground, &personal), None, "it was used once more");
    ground.clock.advance(DAY - 60);
    for kept in &all[2..] {
        refresh(&ground, kept).unwrap();
    }
    ground.clock.advance(59);
    // The one that was idle for longest goes, and no other.
    let new = keep(&ground, &personal).unwrap();
    assert_eq!(held(&ground, ana).len(), MAX_REFRESH_TOKENS);
    assert!(refresh(&ground, &all[1]).is_err());
    refresh(&ground, &all[0]).unwrap();
    refresh(&ground, &new).unwrap();
    assert!(ground.bearer(&registry_token).is_err(), "its time is over");
    let rows = recorded(&ground, ana, 2);
    let told = rows.iter().map(|row| row.what.as_str());
    assert!(told.eq(["create-refresh-token", "revoke"]));
}

#[test]
fn many_that_ask_at_once_get_no_more_than_so_many() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    let personal = token(&ground, ana, Scopes::ALL, None).secret;
    let asked = (0..2 * MAX_REFRESH_TOKENS).map(|_| offline(&ground, &personal));
    let issued = block_on(futures::future::join_all(asked));
    let issued: Vec<IssuedToken> = issued.into_iter().map(Result::unwrap).collect();
    let given = issued.iter().filter(|it| it.refresh_token.is_some());
    assert_eq!(given.count(), held(&ground, ana).len());
    assert_eq!(held(&ground, ana).len(), MAX_REFRESH_TOKENS);
}

#[test]
fn none_is_left_of_a_token_that_is_revoked_while_it_is_asked() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    let server = server();
    for round in 0..8 {
        let personal = token(&ground, ana, Scopes::ALL, None);
        let asked = (0..8).map(|_| offline(&ground, &personal.secret));
        let asked = futures::future::join_all(asked);
        let revoked = ground.projects.revoke(&server, ana, personal.id);
        let (_, revoked) = block_on(futures::future::join(asked, revoked));
        revoked.unwrap();
        assert_eq!(held(&ground, ana), [], "round {round}");
    }
}

#[test]
fn those_that_have_ended_make_room_first_and_are_removed() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    let brief = token(&ground, ana, Scopes::ALL, Some(100)).secret;
    let long = token(&ground, ana, Scopes::ALL, None);
    for _ in 1..MAX_REFRESH_TOKENS {
        keep(&ground, &long.secret).unwrap();
    }
    keep(&ground, &brief).unwrap();
    assert_eq!(keep(&ground, &long.secret), None);
    ground.clock.advance(100);
    keep(&ground, &long.secret).unwrap();
    assert_eq!(keep(&ground, &long.secret), None);
    let found = held(&ground, ana);
    assert_eq!(found.len(), MAX_REFRESH_TOKENS);
    let of_long = |it: &CredentialRecord| it.parent == Some(Parent::Token(long.id));
    assert!(found.iter().all(of_long));

    ground.clock.advance(LIFE.as_secs() - 100);
    let purged = block_on(ground.projects.empty_trash()).unwrap();
    assert_eq!(purged.sessions, MAX_REFRESH_TOKENS as u64 - 1);
    assert_eq!(held(&ground, ana).len(), 1);
    // Personal access tokens stay, ended or not.
    let tokens = block_on(ground.projects.tokens(&acting(ana), None, None, 10));
    assert_eq!(tokens.unwrap().items.len(), 2);
}

#[test]
fn its_use_is_written_once_a_minute_and_is_a_use_of_its_parent() {
    let ground = refreshing();
    let ana = ground.account("ana", true);
    let personal = token(&ground, ana, Scopes::ALL, None);
    let kept = keep(&ground, &personal.secret).unwrap();
    let last_used = || {
        let token = block_on(ground.projects.token(&acting(ana), personal.id)).unwrap();
        (held(&ground, ana)[0].last_used, token.last_used)
    };
    assert_eq!(last_used(), (None, Some(ground.clock.now())));
    for (advance, moves) in [(60, true), (59, false), (1, true)] {
        ground.clock.advance(advance);
        let before = last_used();
        refresh(&ground, &kept).unwrap();
        let now = Some(ground.clock.now());
        let expected = if moves { (now, now) } else { before };
        assert_eq!(last_used(), expected, "after {advance} s");
    }
}

#[test]
fn its_owner_and_operators_see_and_revoke_it() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    let ben = ground.account("ben", false);
    let opa = ground.operator("opa");
    let absent = PrincipalId::new(9_999_999);
    for _ in 0..3 {
        keep(&ground, PASSWORD).unwrap();
    }
    let projects = &ground.projects;
    let listed = |who, of| {
        let actor = acting(who);
        block_on(projects.refresh_tokens(&actor, of, None, 2)).map(|page| page.items.len())
    };
    let hidden = |found: Result<usize, ProjectsError>| {
        matches!(found, Err(ProjectsError::NotFound { what: "account" }))
    };
    assert_eq!(listed(ana, None).unwrap(), 2);
    assert_eq!(listed(ana, Some(ana)).unwrap(), 2);
    assert_eq!(listed(opa, Some(ana)).unwrap(), 2);
    assert_eq!(listed(opa, None).unwrap(), 0);
    assert_eq!(listed(ben, None).unwrap(), 0);
    assert!(hidden(listed(ben, Some(ana))));
    assert!(hidden(listed(ben, Some(absent))));
    assert!(hidden(listed(opa, Some(absent))));
    let nobody = pierhead_projects::Actor::anonymous(&Peer::default());
    let refused = block_on(projects.refresh_tokens(&nobody, Some(ana), None, 2));
    assert!(matches!(refused, Err(ProjectsError::SignIn)));

    let ids: Vec<CredentialId> = held(&ground, ana).iter().map(|it| it.id).collect();
    let personal = token(&ground, ana, Scopes::ALL, None);
    let revoke =
        |who, of, id| block_on(projects.revoke_refresh_token(&acting(who), of, id)).is_ok();
    for (who, of, id, done) in [
        (ben, ana, ids[0], false),
        (ben, ben, ids[0], false),
        (ana, ben, ids[0], false),
        (opa, ben, ids[0], false),
        (opa, opa, ids[0], false),
        (ana, ana, CredentialId(999), false),
        // Another kind is revoked elsewhere.
        (ana, ana, personal.id, false),
        (ana, ana, ids[0], true),
        (ana, ana, ids[0], false),
        (opa, ana, ids[1], true),
    ] {
        assert_eq!(revoke(who, of, id), done, "{who} {of} {id:?}");
    }
    let left: Vec<CredentialId> = held(&ground, ana).iter().map(|it| it.id).collect();
    assert_eq!(left, ids[2..]);
    let as_token = block_on(projects.revoke(&acting(ana), ana, ids[2]));
    assert!(as_token.is_err());
    // A token reads them, and only who is there in person revokes them.
    let shown = block_on(projects.actor(Some(&personal.secret), &Peer::default())).unwrap();
    let page = block_on(projects.refresh_tokens(&shown, None, None, 10));
    assert_eq!(page.unwrap().items.len(), 1);
    let revoked = block_on(projects.revoke_refresh_token(&shown, ana, ids[2]));
    assert!(matches!(revoked, Err(ProjectsError::NeedsSession)));
}
