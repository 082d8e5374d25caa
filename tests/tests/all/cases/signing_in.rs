//! Who signs in, and with what.

use pierhead_tests::{Account, scope};

use super::{Ground, TAG, push_by};

#[test]
fn whoever_has_no_permission_anywhere_logs_in() {
    let ground = Ground::new();
    let anonymous = ground.manager.api();
    let nobody = ground.manager.account("nobody", false);
    let asked = anonymous.send("GET", "/v2/", &[], &[]).expect(401);
    let challenge = asked.header("www-authenticate");
    assert!(challenge.starts_with("Bearer realm="), "{challenge}");
    for secret in [&nobody.password, &nobody.token] {
        let token = anonymous
            .token(&nobody.name, secret, &[])
            .expect(200)
            .json();
        let token = token["token"].as_str().expect("a token");
        let api = anonymous.bearing(token);
        api.send("GET", "/v2/", &[], &[]).expect(200);
        assert_eq!(ground.pull_by(&api, &ground.tools), 403);
    }
    anonymous
        .token(&nobody.name, "another word", &[])
        .expect(401);
}

#[test]
fn a_view_only_token_of_an_operator_neither_pulls_nor_pushes() {
    let ground = Ground::new();
    let (manager, tools, new) = (&ground.manager, &ground.tools, ground.name("new"));
    let operator = &manager.operator;
    let (_, view) = operator.make_token(manager.api(), &["view"]);
    let answer = manager.api().token("any-name", &view, &[&scope(tools)]);
    let token = answer.expect(200).json()["token"]
        .as_str()
        .map(str::to_owned);
    let api = manager.api().bearing(&token.expect("a token"));
    assert_eq!(ground.pull_by(&api, tools), 403);
    for name in [tools, &new] {
        assert_eq!(push_by(&api, name), 403);
    }
    for (method, scope) in [("GET", "download"), ("DELETE", "modify"), ("PUT", "modify")] {
        let path = format!("/v2/{tools}/manifests/{TAG}");
        let refused = api.send(method, &path, &[], &[]).expect(403);
        let text = String::from_utf8_lossy(&refused.body);
        assert!(text.contains(&format!("`{scope}`")), "{method}: {text}");
    }
    ground.assert_absent(&new);
    let viewer = Account {
        token: view,
        ..operator.clone()
    };
    ground.see(&viewer, "").expect(200);
    manager
        .trashcan(&viewer, "trash", &ground.tools_id)
        .expect(403);
}
