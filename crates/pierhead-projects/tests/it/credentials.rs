//! Every secret that somebody can hold, at every place where one is shown.

use std::sync::Arc;
use std::time::Duration;

use futures::executor::block_on;
use pierhead_auth::token::{KeyRing, SigningKey};
use pierhead_policy::Scopes;
use pierhead_projects::{MessageKind, Projects, RegistrationRequest, ThreadOffload};
use pierhead_registry::{Credentials, GrantType, Secret as WireSecret, TokenRequest};

use crate::ground::{PASSWORD, server};
use crate::outbox::{People, peer, people};

/// Where a secret is shown.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Login,
    TokenEndpoint,
    Refresh,
    Management,
    Registry,
    Registration,
    Confirmation,
    Reset,
}

const PLACES: [Place; 8] = [
    Place::Login,
    Place::TokenEndpoint,
    Place::Refresh,
    Place::Management,
    Place::Registry,
    Place::Registration,
    Place::Confirmation,
    Place::Reset,
];

impl People {
    fn issue(
        &self,
        credentials: Credentials,
        grant: GrantType,
        from: u8,
    ) -> Option<(String, Option<String>)> {
        let issued = self.projects.token_issuer();
        let issued = block_on(issued.issue(TokenRequest {
            credentials,
            grant,
            from: peer(from),
            service: None,
            scopes: Vec::new(),
            offline: grant == GrantType::Password,
        }));
        issued
            .ok()
            .map(|issued| (issued.token, issued.refresh_token))
    }

    fn basic(&self, password: &str, from: u8) -> Option<(String, Option<String>)> {
        let credentials = Credentials::Basic {
            username: "ana".to_owned(),
            password: WireSecret::new(password),
        };
        self.issue(credentials, GrantType::Password, from)
    }

    /// Whether a secret is taken here, from a peer of its own: guesses lock nobody out.
    fn takes(&self, place: Place, secret: &str, from: u8) -> bool {
        let projects = &self.projects;
        let bearer = || Credentials::Bearer(WireSecret::new(secret));
        match place {
            Place::Login => block_on(projects.login("ana", secret.into(), &peer(from))).is_ok(),
            Place::TokenEndpoint => self.basic(secret, from).is_some(),
            Place::Refresh => self
                .issue(bearer(), GrantType::RefreshToken, from)
                .is_some(),
            Place::Management => block_on(projects.actor(Some(secret), &peer(from))).is_ok(),
            Place::Registry => {
                block_on(projects.authenticator().authenticate(bearer(), &peer(from))).is_ok()
            }
            Place::Registration => {
                let request = RegistrationRequest::new(PASSWORD).with_invitation(secret);
                block_on(projects.register(&"new".parse().unwrap(), request, &peer(from))).is_ok()
            }
            Place::Confirmation => {
                let ana = block_on(projects.login("ana", PASSWORD.into(), &peer(1))).unwrap();
                let ana = block_on(projects.actor(Some(ana.expose()), &peer(1))).unwrap();
                block_on(projects.confirm_email(&ana, secret)).is_ok()
            }
            Place::Reset => {
                let new = "a password of another kind";
                block_on(projects.reset_password(secret, new.into(), &peer(from))).is_ok()
            }
        }
    }
}

#[test]
fn each_is_taken_where_it_belongs_and_nowhere_else() {
    let mut people = people();
    let options = people.projects.options().clone();
    people.projects = Projects::new(
        people.ground.store.clone(),
        people.ground.store.clone(),
        KeyRing::new(SigningKey::generate().unwrap()),
        options.with_refresh_tokens(Duration::from_secs(86_400)),
        people.ground.clock.clone(),
        Arc::new(ThreadOffload),
    );
    let ana = people.confirmed("ana", "ana@example.org");
    people.confirmed("bob", "bob@example.org");
    let projects = &people.projects;
    let (registry, refresh) = people.basic(PASSWORD, 2).unwrap();
    let session = block_on(projects.login("ana", PASSWORD.into(), &peer(2))).unwrap();
    let actor = block_on(projects.actor(Some(session.expose()), &peer(2))).unwrap();
    let personal = block_on(projects.create_token(&server(), ana, "ci", Scopes::ALL, None));
    let eve = "eve@example.org".parse().unwrap();
    let invitation = block_on(projects.invite(&server(), Some(&eve), None)).unwrap();
    block_on(projects.ask_email(&actor, &"ana@example.com".parse().unwrap())).unwrap();
    let confirmation = people.secret(MessageKind::ConfirmEmail, "ana@example.com");
    // Another's, because an address that is proved ends what was sent for a password.
    people.ask_reset("bob@example.org").unwrap();
    let reset = people.secret(MessageKind::ResetPassword, "bob@example.org");

    let held: [(&str, &[Place]); 8] = [
        (&registry, &[Place::Registry]),
        (&refresh.unwrap(), &[Place::Refresh]),
        (session.expose(), &[Place::Management]),
        (
            personal.as_ref().unwrap().1.expose(),
            &[Place::TokenEndpoint, Place::Management],
        ),
        (invitation.token.expose(), &[Place::Registration]),
        (PASSWORD, &[Place::Login, Place::TokenEndpoint]),
        (&confirmation, &[Place::Confirmation]),
        (&reset, &[Place::Reset]),
    ];
    let mut from = 10;
    // What is good once is tried in the wrong places first.
    for (secret, good) in held {
        let wrong = PLACES.into_iter().filter(|place| !good.contains(place));
        for place in wrong {
            from += 1;
            assert!(!people.takes(place, secret, from), "{secret} at {place:?}");
        }
    }
    for (secret, good) in held {
        for place in good {
            from += 1;
            assert!(people.takes(*place, secret, from), "{secret} at {place:?}");
        }
    }
}
