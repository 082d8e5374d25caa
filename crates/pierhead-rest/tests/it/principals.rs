//! Users and teams as sharing lists name them.

use pierhead_policy::{PrincipalId, Scope};
use serde_json::{Value, json};

use crate::ground::{Ground, ground, text};

const HEADERS: &str = "/repo/v1/userGroupHeaders";

/// Ana with a team of hers, `lab`, that she is no member of and bob is.
fn lab(ground: &Ground) -> (PrincipalId, PrincipalId, String) {
    let [ana, bob] = ["ana", "bob"].map(|name| ground.account(name, name == "ana"));
    let body = json!({
        "name": "lab", "description": null, "icon": null, "canPublicJoin": false,
        "canRequestMembership": true,
    });
    let made = ground.call(
        &ground.full(ana),
        "POST",
        "/repo/v1/team",
        &body.to_string(),
    );
    let team = text(&made.expect(201), "id");
    assert_eq!(
        made.text,
        format!(
            r#"{{"id":"{team}","name":"lab","canPublicJoin":false,"canRequestMembership":false}}"#
        )
    );
    let path = format!("/repo/v1/team/{team}/member/{bob}");
    ground.call(&ground.full(ana), "PUT", &path, "").expect(200);
    (ana, bob, team)
}

/// The names in a page, in order.
fn names(page: &Value, of: &str, member: &str) -> String {
    let found = page[of].as_array().unwrap().iter();
    let found: Vec<String> = found.map(|one| text(one, member)).collect();
    found.join(" ")
}

#[test]
fn a_name_is_found_by_how_it_begins_and_its_holder_is_the_first() {
    let ground = ground();
    let (ana, ..) = lab(&ground);
    for name in ["a.na-2", "anatomy", "bea", "an-chor", "0ana"] {
        ground.account(name, false);
    }
    let token = ground.full(ana);
    let body = r#"{"name":"anaesthesia"}"#;
    ground.call(&token, "POST", "/pierhead/v1/team", body);
    let find = |query: &str| ground.get(&token, &format!("{HEADERS}?prefix={query}"));
    let found = |query: &str| {
        let page = find(query).expect(200);
        names(&page, "children", "userName")
    };
    assert_eq!(
        find("lab").text,
        format!(
            r#"{{"prefixFilter":"lab","children":[{{"ownerId":"{}","userName":"lab","isIndividual":false}}],"totalNumberOfResults":1}}"#,
            text(&find("lab").expect(200)["children"][0], "ownerId")
        )
    );
    assert_eq!(found("ana"), "ana a.na-2 anaesthesia anatomy");
    assert_eq!(found("AN.A"), "ana a.na-2 anaesthesia anatomy");
    assert_eq!(found("a"), "ana a.na-2 anaesthesia anatomy an-chor");
    assert_eq!(found("ana&typeFilter=USERS_ONLY"), "ana a.na-2 anatomy");
    assert_eq!(found("ana&typeFilter=TEAMS_ONLY"), "anaesthesia");
    assert_eq!(found("ana&limit=2&offset=1"), "a.na-2 anaesthesia");
    assert_eq!(found("ana&offset=4"), "");
    assert_eq!(found("ana&offset=99999999999999999999"), "");
    assert_eq!(found("").split(' ').count(), 9);
    assert_eq!(find("ana&limit=2").expect(200)["totalNumberOfResults"], 3);
    for nobody in ["x", "%25", "_%25", "ana%00", "ana%C3%A9", "%F4%8F%BF%BF"] {
        assert_eq!(found(nobody), "", "{nobody}");
    }
    find("ana&typeFilter=all").refused(400);
    ground.get(&token, HEADERS).refused(400);
}

#[test]
fn no_address_is_told_or_looked_for() {
    let ground = ground();
    let (ana, bob, _) = lab(&ground);
    let email = "eve@example.org";
    let made = json!({ "name": "eve", "email": email }).to_string();
    ground.operator("olga");
    let operator = ground.session("olga");
    let eve = ground.call(&operator, "POST", "/pierhead/v1/account", &made);
    let eve = text(&eve.expect(201), "id");
    let token = ground.full(bob);
    for path in [
        format!("{HEADERS}?prefix=eve"),
        format!("{HEADERS}/batch?ids={eve}"),
        format!("/repo/v1/userProfile/{eve}"),
        format!("/repo/v1/user/{eve}/bundle?mask=63"),
        "/pierhead/v1/principal?name=eve".to_owned(),
    ] {
        let told = ground.get(&token, &path);
        told.expect(200);
        assert!(told.text.contains("\"eve\""), "{}", told.text);
        assert!(!told.text.contains('@'), "{}", told.text);
    }
    for prefix in [email, "eve@", "%40"] {
        let found = ground.get(&token, &format!("{HEADERS}?prefix={prefix}"));
        assert_eq!(found.expect(200)["children"], json!([]));
    }
    // One's own address is one's own.
    let id: u64 = eve.parse().unwrap();
    let own = ground.full(PrincipalId::new(id));
    let own = ground.get(&own, "/repo/v1/userProfile").expect(200);
    assert_eq!(own["emails"], json!([email]));
    // An address that somebody has is told like one that nobody has.
    let check = |alias: &str| {
        let body = json!({ "alias": alias, "type": "USER_EMAIL" }).to_string();
        ground.call(&token, "POST", "/repo/v1/principal/available", &body)
    };
    assert_eq!(check(email).text, r#"{"valid":true,"available":true}"#);
    assert_eq!(check(email).text, check("nobody@example.org").text);
    assert_ne!(ana, bob);
}

#[test]
fn a_name_is_free_or_taken_or_none() {
    let ground = ground();
    let (ana, ..) = lab(&ground);
    let token = ground.token(ana, &[Scope::View]);
    let check = |token: &str, body: &Value| {
        let path = "/repo/v1/principal/available";
        ground.call(token, "POST", path, &body.to_string())
    };
    for (name, valid, available) in [
        ("ana", true, false),
        ("a.n_a", true, false),
        ("lab", true, false),
        ("labs", true, true),
        ("Ana", false, false),
        ("", false, false),
        ("a b", false, false),
        ("no@", false, false),
    ] {
        let told = json!({ "valid": valid, "available": available });
        for body in [
            json!({ "alias": name, "type": "USER_NAME" }),
            json!({ "alias": name, "type": "TEAM_NAME" }),
            json!({ "alias": name }),
        ] {
            assert_eq!(check(&token, &body).expect(200), told, "{body}");
        }
    }
    for bad in [
        json!({}),
        json!({ "alias": 7 }),
        json!({ "alias": "x", "type": "x" }),
    ] {
        check(&token, &bad).refused(400);
    }
    check("", &json!({ "alias": "ana" })).refused(401);
}

#[test]
fn numbers_are_told_their_names() {
    let ground = ground();
    let (ana, bob, team) = lab(&ground);
    let token = ground.full(bob);
    let ids = format!("{team},273949,{ana},9999999,273948,{ana},273950");
    let told = ground.get(&token, &format!("{HEADERS}/batch?ids={ids}"));
    let told = told.expect(200);
    assert_eq!(
        names(&told, "children", "userName"),
        "lab public ana registered ana anonymous"
    );
    let many = vec!["1"; 1_001].join(",");
    for bad in ["ids=x", "ids=1,,x", "ids=-1", "", &format!("ids={many}")] {
        ground
            .get(&token, &format!("{HEADERS}/batch?{bad}"))
            .refused(400);
    }
    let none = ground.get(&token, &format!("{HEADERS}/batch?ids="));
    assert_eq!(none.text, r#"{"children":[]}"#);
}

#[test]
fn a_team_is_told_with_its_members() {
    let ground = ground();
    let (ana, bob, team) = lab(&ground);
    let token = ground.full(bob);
    let one = ground.get(&token, &format!("/repo/v1/team/{team}"));
    assert_eq!(one.expect(200)["name"], "lab");
    let found = ground.get(&token, "/repo/v1/teams?fragment=LA&limit=20&offset=0");
    let found = found.expect(200);
    assert_eq!(found["results"], json!([one.expect(200)]));
    assert_eq!(found["totalNumberOfResults"], 1);
    // Users are no teams.
    let found = ground
        .get(&token, "/repo/v1/teams?fragment=ana")
        .expect(200);
    assert_eq!(found["results"], json!([]));
    let body = json!({ "list": [team, bob.get(), "9999999"] }).to_string();
    let list = ground.call(&token, "POST", "/repo/v1/teamList", &body);
    assert_eq!(list.expect(200)["list"], json!([one.expect(200)]));

    // Ana manages it and is no member.
    let members = ground.get(&token, &format!("/repo/v1/teamMembers/{team}"));
    assert_eq!(
        members.text,
        format!(
            r#"{{"results":[{{"teamId":"{team}","member":{{"ownerId":"{bob}","userName":"bob","isIndividual":true}},"isAdmin":false}}],"totalNumberOfResults":1}}"#
        )
    );
    for (account, member) in [(ana, false), (bob, true)] {
        let path = format!("/repo/v1/team/{team}/member/{account}/membershipStatus");
        let status = ground.get(&token, &path).expect(200);
        assert_eq!(status["isMember"], member);
        assert_eq!(status["canJoin"], false);
        let teams = ground.get(&token, &format!("/repo/v1/user/{account}/team"));
        let teams = names(&teams.expect(200), "results", "name");
        assert_eq!(teams, if member { "lab" } else { "" });
    }
    // Of whatever a list may name it is asked which teams that is in.
    for other in ["273948", "273949", "9999999", &team] {
        let teams = ground.get(&token, &format!("/repo/v1/user/{other}/team"));
        assert_eq!(teams.expect(200)["results"], json!([]));
    }
    for path in [
        format!("/repo/v1/team/{ana}"),
        format!("/repo/v1/teamMembers/{ana}"),
        "/repo/v1/team/9999999".to_owned(),
        format!("/repo/v1/team/{team}/member/{team}/membershipStatus"),
        format!("/repo/v1/team/{ana}/member/{ana}/membershipStatus"),
        format!("/repo/v1/user/{team}/bundle?mask=1"),
        format!("/repo/v1/user/{team}/certifiedUserPassingRecord"),
    ] {
        ground.get(&token, &path).refused(404);
    }
    let open = r#"{"name":"club","canPublicJoin":true}"#;
    ground
        .call(&token, "POST", "/repo/v1/team", open)
        .refused(400);
    let path = format!("/repo/v1/team/{team}/member/{bob}");
    let left = ground.call(&token, "DELETE", &path, "").expect(200);
    assert_eq!(left["members"].as_array().unwrap().len(), 1);
}

#[test]
fn a_large_team_is_told_page_by_page() {
    let ground = ground();
    let (ana, _, team) = lab(&ground);
    let token = ground.full(ana);
    for number in 0..5 {
        let member = ground.account(&format!("member-{number}"), false);
        let path = format!("/pierhead/v1/team/{team}/member/{member}");
        ground.call(&token, "PUT", &path, "").expect(200);
    }
    let walk = |path: &str, of: &str, member: &str| {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let page = ground.get(&token, &format!("{path}?limit=3{after}"));
            let page = page.expect(200);
            all.push(names(&page, of, member));
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => break all,
            }
        }
    };
    let path = format!("/pierhead/v1/team/{team}");
    assert_eq!(
        walk(&path, "members", "name"),
        ["ana bob member-0", "member-1 member-2 member-3", "member-4"]
    );
    let path = format!("/repo/v1/teamMembers/{team}");
    let page = |offset: usize| {
        let page = ground.get(&token, &format!("{path}?limit=4&offset={offset}"));
        let page = page.expect(200);
        (
            page["results"].as_array().unwrap().len(),
            page["totalNumberOfResults"].clone(),
        )
    };
    assert_eq!(page(0), (4, json!(5)));
    assert_eq!(page(4), (2, json!(6)));
    assert_eq!(page(8), (0, json!(8)));
    for bad in ["after=x", "limit=x", "after=1&after=2"] {
        ground
            .get(&token, &format!("/pierhead/v1/team/{team}?{bad}"))
            .refused(400);
    }
}

#[test]
fn whether_somebody_is_certified_is_told_to_who_is_signed_in() {
    let ground = ground();
    let (ana, bob, _) = lab(&ground);
    let olga = ground.operator("olga");
    let token = ground.full(bob);
    for (who, passed) in [(ana, true), (bob, false), (olga, true)] {
        let path = format!("/repo/v1/user/{who}/certifiedUserPassingRecord");
        let told = ground.get(&token, &path);
        assert_eq!(
            told.text,
            format!(r#"{{"userId":"{who}","passed":{passed}}}"#)
        );
        ground.get("", &path).refused(401);
    }
    let bundle = |mask: &str| ground.get(&token, &format!("/repo/v1/user/{ana}/bundle{mask}"));
    assert_eq!(
        bundle("?mask=63").text,
        format!(
            r#"{{"userId":"{ana}","userProfile":{{"ownerId":"{ana}","userName":"ana"}},"isCertified":true,"isVerified":false,"isACTMember":false}}"#
        )
    );
    assert_eq!(bundle("?mask=0").text, format!(r#"{{"userId":"{ana}"}}"#));
    for bad in ["", "?mask=x", "?mask=-1"] {
        bundle(bad).refused(400);
    }
}
