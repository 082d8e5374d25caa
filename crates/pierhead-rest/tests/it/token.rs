//! Personal access tokens of others: seen and revoked by operators.

use pierhead_policy::Scope;

use crate::ground::{ground, text};

const OWN: &str = "/auth/v1/personalAccessToken";
const PATH: &str = "/pierhead/v1/personalAccessToken";

#[test]
fn an_operator_sees_and_ends_a_token_of_somebody_else() {
    let ground = ground();
    let ana = ground.account("ana", false);
    let opa = ground.operator("opa");
    let leaked = ground.token(ana, &[Scope::View]);
    let kept = ground.token(ana, &[Scope::View]);
    let session = ground.session("opa");
    let of_ana = format!("{PATH}?account={ana}");
    // As their owner sees them, without what they are.
    let hers = ground.get(&leaked, OWN).text;
    let page = ground.get(&session, &of_ana);
    assert_eq!(page.text, hers);
    assert!(!page.text.contains("php_"), "{}", page.text);
    let page = page.expect(200);
    let id = text(&page["results"][0], "id");
    // The record says who looked, before who reads it.
    let record = format!("/pierhead/v1/audit?principal={ana}");
    let row = |at: usize| ground.get(&session, &record).expect(200)["results"][at].take();
    let seen = row(1);
    assert_eq!(seen["after"]["action"], "see-account", "{seen}");
    assert_eq!(seen["who"], opa.to_string(), "{seen}");

    let one = format!("{PATH}/{id}?account={ana}");
    assert_eq!(ground.call(&session, "DELETE", &one, "").text, "{}");
    ground.get(&leaked, OWN).refused(401);
    let left = ground.get(&kept, OWN).expect(200);
    assert_eq!(left["results"].as_array().unwrap().len(), 1);
    ground.call(&session, "DELETE", &one, "").refused(404);
    // And who revoked, whose and which.
    let ended = row(0);
    assert_eq!(ended["what"], "revoke", "{ended}");
    assert_eq!(ended["who"], opa.to_string(), "{ended}");
    assert_eq!(ended["principal"], ana.to_string(), "{ended}");
    assert_eq!(ended["after"]["id"].to_string(), id, "{ended}");

    // An operator's own, without being told whose.
    let own = ground.token(opa, &[Scope::View]);
    let shown = ground.get(&own, PATH).text;
    let mine = ground.get(&session, PATH);
    assert_eq!(mine.text, shown);
    let id = text(&mine.expect(200)["results"][0], "id");
    let one = format!("{PATH}/{id}");
    ground.call(&session, "DELETE", &one, "").expect(200);
    ground.get(&own, PATH).refused(401);
}

#[test]
fn those_of_others_are_not_there_for_anybody_but_an_operator_in_person() {
    let ground = ground();
    let ana = ground.account("ana", false);
    let bob = ground.account("bob", false);
    let opa = ground.operator("opa");
    let token = ground.token(ana, &[Scope::View]);
    let page = ground.get(&token, PATH).expect(200);
    let id = text(&page["results"][0], "id");
    let of_ana = format!("{PATH}?account={ana}");
    let nobody_s = format!("{PATH}?account=9999999");
    let one = format!("{PATH}/{id}?account={ana}");
    let session = ground.session("bob");
    for (method, hers, absent) in [
        ("GET", &of_ana, &nobody_s),
        ("DELETE", &one, &format!("{PATH}/{id}?account=9999999")),
        ("DELETE", &one, &format!("{PATH}/999?account={ana}")),
        ("DELETE", &format!("{PATH}/{id}"), &format!("{PATH}/999")),
    ] {
        let told = ground.call(&session, method, hers, "");
        let nothing = ground.call(&session, method, absent, "");
        told.refused(404);
        assert_eq!(told.text, nothing.text, "{method} {hers}");
        assert_eq!(told.headers, nothing.headers, "{method} {hers}");
        ground.call("", method, hers, "").refused(401);
    }
    // A token does neither, an operator's as little as anybody's.
    for who in [bob, opa] {
        let full = ground.full(who);
        for (method, path) in [("GET", &of_ana), ("GET", &nobody_s), ("DELETE", &one)] {
            let told = ground.call(&full, method, path, "").refused(403);
            assert!(told.contains("session"), "{told}");
        }
        let blind = ground.token(who, &[Scope::Modify, Scope::Download]);
        assert!(ground.get(&blind, &of_ana).refused(403).contains("`view`"));
    }
    let session = ground.session("opa");
    ground.get(&session, &nobody_s).refused(404);
    ground.get(&token, PATH).expect(200);
    // What is not named by its number is malformed for everybody.
    for token in [session.as_str(), token.as_str(), ""] {
        for bad in ["?account=ana", "?account=", "?account=1&account=2"] {
            ground.get(token, &format!("{PATH}{bad}")).refused(400);
            let one = format!("{PATH}/{id}{bad}");
            ground.call(token, "DELETE", &one, "").refused(400);
        }
        let one = format!("{PATH}/x?account={ana}");
        ground.call(token, "DELETE", &one, "").refused(400);
    }
    // The platform's call knows of no other account.
    let own = ground.get(&session, &format!("{OWN}?account={ana}"));
    assert_eq!(own.text, ground.get(&session, OWN).text);
    let one = format!("{OWN}/{id}?account={ana}");
    ground.call(&session, "DELETE", &one, "").refused(404);
    ground.get(&token, PATH).expect(200);
}
