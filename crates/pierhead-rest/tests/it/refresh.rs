//! Refresh tokens: seen and revoked by their owner, and by operators.

use std::time::Duration;

use futures::executor::block_on;
use pierhead_policy::Scope;
use pierhead_registry::{
    Credentials, GrantType, Peer, Secret as WireSecret, TokenRefusal, TokenRequest,
};
use serde_json::{Value, json};

use crate::ground::{Ground, PASSWORD, ground_of, text};

const PATH: &str = "/pierhead/v1/refreshToken";

pub(crate) fn refreshing() -> Ground {
    ground_of(|options| options.with_refresh_tokens(Duration::from_secs(86_400)))
}

fn issue(ground: &Ground, grant: GrantType, credentials: Credentials) -> Option<String> {
    let issued = ground.projects.token_issuer();
    let issued = issued.issue(TokenRequest {
        credentials,
        grant,
        from: Peer::at([192, 0, 2, 7].into()),
        service: None,
        scopes: Vec::new(),
        offline: true,
    });
    match block_on(issued) {
        Ok(issued) => Some(issued.refresh_token.unwrap_or_default()),
        Err(TokenRefusal::Credentials) => None,
        Err(error) => panic!("{error}"),
    }
}

/// What `docker login` keeps.
pub(crate) fn kept(ground: &Ground, username: &str, password: &str) -> String {
    let basic = Credentials::Basic {
        username: username.to_owned(),
        password: WireSecret::new(password),
    };
    issue(ground, GrantType::Password, basic).unwrap()
}

fn is_good(ground: &Ground, token: &str) -> bool {
    let token = Credentials::Bearer(WireSecret::new(token));
    issue(ground, GrantType::RefreshToken, token).is_some()
}

#[test]
fn its_owner_sees_where_it_came_from_and_ends_it() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    let token = ground.token(ana, &[Scope::View, Scope::Download]);
    let [first, second] = [PASSWORD, &token].map(|secret| kept(&ground, "ana", secret));
    assert!(is_good(&ground, &second));
    let session = ground.session("ana");
    let page = ground.get(&session, PATH);
    assert_eq!(
        page.text,
        format!(
            r#"{{"results":[{{"id":"2","userId":"{ana}","from":"192.0.2.7","personalAccessToken":null,"scopes":["view","download","modify"],"created":"2027-01-15T08:00:00.000Z","lastUsed":null,"expires":"2027-01-16T08:00:00.000Z","state":"ACTIVE"}},{{"id":"3","userId":"{ana}","from":"192.0.2.7","personalAccessToken":"1","scopes":["view","download"],"created":"2027-01-15T08:00:00.000Z","lastUsed":"2027-01-15T08:00:00.000Z","expires":"2027-01-16T08:00:00.000Z","state":"ACTIVE"}}],"nextPageToken":null}}"#
        )
    );
    // A token that may look sees the same, and only who is there in person ends one.
    assert_eq!(ground.get(&token, PATH).text, page.text);
    let one = format!("{PATH}/2");
    let full = ground.full(ana);
    assert!(
        ground
            .call(&full, "DELETE", &one, "")
            .refused(403)
            .contains("session")
    );
    assert_eq!(ground.call(&session, "DELETE", &one, "").text, "{}");
    assert!(!is_good(&ground, &first));
    assert!(is_good(&ground, &second));
    ground.call(&session, "DELETE", &one, "").refused(404);
    // Neither kind is the other.
    let personal = "/auth/v1/personalAccessToken";
    ground.get(&session, &format!("{personal}/3")).refused(404);
    let ended = ground.call(&session, "DELETE", &format!("{personal}/3"), "");
    ended.refused(404);
    ground
        .call(&session, "DELETE", &format!("{PATH}/1"), "")
        .refused(404);
    // With the personal access token it goes.
    let ended = ground.call(&session, "DELETE", &format!("{personal}/1"), "");
    ended.expect(200);
    assert!(!is_good(&ground, &second));
    assert_eq!(ground.get(&session, PATH).expect(200)["results"], json!([]));

    kept(&ground, "ana", PASSWORD);
    ground.clock.advance(86_400);
    let session = ground.session("ana");
    let page = ground.get(&session, PATH).expect(200);
    assert_eq!(page["results"][0]["state"], "EXPIRED");
}

#[test]
fn those_of_others_are_for_operators_and_are_not_there_for_anybody_else() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    ground.account("bob", false);
    ground.operator("opa");
    let first = kept(&ground, "ana", PASSWORD);
    let [bob, opa] = ["bob", "opa"].map(|name| ground.session(name));
    let of_ana = format!("{PATH}?account={ana}");
    let one_of_ana = format!("{PATH}/1?account={ana}");
    let nobody_s = format!("{PATH}?account=9999999");

    for (method, hers, absent) in [
        ("GET", &of_ana, &nobody_s),
        ("DELETE", &one_of_ana, &format!("{PATH}/1?account=9999999")),
        ("DELETE", &one_of_ana, &format!("{PATH}/9?account={ana}")),
        ("DELETE", &format!("{PATH}/1"), &format!("{PATH}/9")),
    ] {
        let told = ground.call(&bob, method, hers, "");
        let nothing = ground.call(&bob, method, absent, "");
        told.refused(404);
        assert_eq!(told.text, nothing.text, "{method} {hers}");
        assert_eq!(told.headers, nothing.headers, "{method} {hers}");
        ground.call("", method, hers, "").refused(401);
    }
    ground.get(&opa, &nobody_s).refused(404);
    assert!(is_good(&ground, &first));

    let record = format!("/pierhead/v1/audit?principal={ana}&limit=1");
    let page = ground.get(&opa, &of_ana).expect(200);
    assert_eq!(text(&page["results"][0], "userId"), ana.to_string());
    let row = ground.get(&opa, &record).expect(200);
    assert_eq!(row["results"][0]["what"], "use-role", "{row}");
    ground.call(&opa, "DELETE", &one_of_ana, "").expect(200);
    assert!(!is_good(&ground, &first));
    let row = ground.get(&opa, &record).expect(200);
    assert_eq!(row["results"][0]["what"], "revoke", "{row}");
    // A text that is no number is malformed for everybody.
    for token in [bob.as_str(), opa.as_str(), ""] {
        for bad in [
            "?account=ana",
            "?account=",
            "?account=1&account=2",
            "?nextPageToken=x",
        ] {
            ground.get(token, &format!("{PATH}{bad}")).refused(400);
        }
        for bad in ["x", "-1", "01", "99999999999999999999"] {
            ground
                .call(token, "DELETE", &format!("{PATH}/{bad}"), "")
                .refused(400);
        }
    }
}

#[test]
fn a_credential_that_may_not_look_is_told_the_scope() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    let token = ground.token(ana, &[Scope::Modify, Scope::Download]);
    assert!(ground.get(&token, PATH).refused(403).contains("`view`"));
    let token = ground.token(ana, &[Scope::View, Scope::Download]);
    let told = ground.call(&token, "DELETE", &format!("{PATH}/1"), "");
    assert!(told.refused(403).contains("`modify`"));
    let kept = kept(&ground, "ana", PASSWORD);
    ground.get(&kept, PATH).refused(401);
}

#[test]
fn a_full_page_is_all_there_can_be() {
    let ground = refreshing();
    let ana = ground.account("ana", false);
    let token = ground.full(ana);
    for _ in 0..110 {
        kept(&ground, "ana", &token);
    }
    let page = ground.get(&token, PATH).expect(200);
    assert_eq!(page["results"].as_array().unwrap().len(), 100);
    assert_eq!(page["nextPageToken"], Value::Null);
}
