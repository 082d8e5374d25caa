//! Tags, pushes, and repositories by name.

use pierhead_model::percent_encode;
use serde_json::{Value, json};

use crate::ground::{SERVICE, scene, text};

const DIGEST_LENGTH: usize = "sha256:".len() + 64;

#[test]
fn a_tag_is_written_so() {
    let scene = scene();
    let found = scene
        .ground
        .get(&scene.as_vic, &scene.of_tools("/dockerTag"));
    let digest = text(&found.expect(200)["results"][0], "digest");
    assert_eq!(digest.len(), DIGEST_LENGTH);
    assert_eq!(
        found.text,
        format!(
            r#"{{"totalNumberOfResults":1,"results":[{{"repositoryId":"{}","tag":"v1","digest":"{digest}","createdOn":"2027-01-15T08:00:00.000Z","size":34,"platforms":[]}}]}}"#,
            scene.tools
        )
    );
}

#[test]
fn tags_are_pages_in_an_order() {
    let scene = scene();
    let name = format!("{}/tools", scene.project);
    for tag in ["c", "a", "b"] {
        scene.ground.clock.advance(1);
        scene.ground.push("ana", &name, tag);
    }
    let tags = |query: &str| {
        let path = scene.of_tools(&format!("/dockerTag{query}"));
        let found = scene.ground.get(&scene.as_vic, &path).expect(200);
        assert_eq!(found["totalNumberOfResults"], 4);
        let results = found["results"].as_array().unwrap().clone();
        let names: Vec<String> = results.iter().map(|tag| text(tag, "tag")).collect();
        names.join(" ")
    };
    assert_eq!(tags(""), "b a c v1");
    assert_eq!(tags("?ascending=true"), "v1 c a b");
    assert_eq!(tags("?sort=TAG&ascending=true"), "a b c v1");
    assert_eq!(tags("?sort=TAG"), "v1 c b a");
    assert_eq!(tags("?limit=2&offset=1&sort=CREATED_ON"), "a c");
    assert_eq!(tags("?limit=1000000000"), "b a c v1");
    assert_eq!(tags("?offset=4"), "");
    assert_eq!(tags("?offset=99999999999999999999"), "");
    assert_eq!(tags("?limit=0"), "");
    for bad in [
        "?limit=-1",
        "?limit=x",
        "?offset=-1",
        "?sort=tag",
        "?ascending=1",
        "?limit=1&limit=2",
    ] {
        let path = scene.of_tools(&format!("/dockerTag{bad}"));
        scene.ground.get(&scene.as_vic, &path).refused(400);
    }
    let none = scene
        .ground
        .get(&scene.as_vic, &scene.of_project("/dockerTag"));
    assert_eq!(
        none.expect(200),
        json!({ "totalNumberOfResults": 0, "results": [] })
    );
    scene
        .ground
        .get(&scene.as_bob, &scene.of_tools("/dockerTag"))
        .refused(404);
}

#[test]
fn every_push_is_kept() {
    let scene = scene();
    let name = format!("{}/tools", scene.project);
    for tag in ["v1", "v2"] {
        scene.ground.clock.advance(1);
        scene.ground.push("ana", &name, tag);
    }
    let history = |token: &str, query: &str| {
        let path = format!("/pierhead/v1/entity/{}/history{query}", scene.tools);
        scene.ground.get(token, &path)
    };
    let all = history(&scene.as_vic, "").expect(200);
    assert_eq!(all["next"], Value::Null);
    let tags: Vec<&str> = all["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|push| push["tag"].as_str().unwrap())
        .collect();
    assert_eq!(tags, ["v2", "v1", "v1"]);
    assert_eq!(all["results"][0]["who"], scene.ana.to_string());
    assert_eq!(all["results"][0]["at"], "2027-01-15T08:00:02.000Z");
    let first = history(&scene.as_vic, "?limit=2").expect(200);
    assert_eq!(first["results"].as_array().unwrap().len(), 2);
    let next = text(&first, "next");
    let rest = history(&scene.as_vic, &format!("?limit=2&before={next}")).expect(200);
    assert_eq!(rest["results"].as_array().unwrap().len(), 1);
    assert_eq!(rest["next"], Value::Null);
    let one = history(&scene.as_vic, "?tag=v2").expect(200);
    assert_eq!(one["results"].as_array().unwrap().len(), 1);
    for bad in ["?tag=%20", "?tag=", "?before=x", "?before=-1", "?limit=-1"] {
        history(&scene.as_vic, bad).refused(400);
    }
    history(&scene.as_bob, "").refused(404);
}

#[test]
fn former_versions_go_as_a_rule_says() {
    let scene = scene();
    let name = format!("{}/tools", scene.project);
    let path = format!("/pierhead/v1/entity/{}/retire", scene.tools);
    for version in 1..4 {
        scene.ground.clock.advance(60);
        scene.ground.push_version("ana", &name, "v1", version);
    }
    let retire = |token: &str, body: &str| scene.ground.call(token, "POST", &path, body);
    let planned = retire(&scene.as_ana, r#"{"newest":2,"dryRun":true}"#).expect(200);
    assert_eq!(planned["totalNumberOfResults"], 2);
    assert_eq!(planned["results"].as_array().unwrap().len(), 2);
    for taken in planned["results"].as_array().unwrap() {
        assert_eq!(text(taken, "digest").len(), DIGEST_LENGTH);
        assert!(taken["size"] == 34 || taken["size"] == 35, "{taken}");
        assert_eq!(taken["tags"], json!(["v1"]));
    }
    let again = retire(&scene.as_ana, r#"{"newest":2,"dryRun":true}"#).expect(200);
    assert_eq!(again, planned, "a dry run takes nothing");
    // What was planned is taken as planned, or not at all.
    let state = text(&planned, "state");
    let body = format!(r#"{{"newest":2,"state":"{state}"}}"#);
    scene.ground.push_version("ana", &name, "other", 9);
    retire(&scene.as_ana, &body).refused(412);
    for bad in ["", "1", "1-", "-1", "1-x", "01-1", "1-99999999999999999999"] {
        let body = format!(r#"{{"newest":2,"state":"{bad}"}}"#);
        retire(&scene.as_ana, &body).refused(400);
    }
    for (rule, left) in [
        (r#"{"newest":0,"youngerThanSeconds":3600}"#, 0),
        (r#"{"newest":4}"#, 0),
        (r#"{"newest":3,"youngerThanSeconds":60}"#, 1),
        (r#"{"youngerThanSeconds":61}"#, 1),
    ] {
        let taken = retire(&scene.as_ana, rule).expect(200);
        assert_eq!(taken["totalNumberOfResults"], left, "{rule}");
        assert_eq!(taken["dryRun"], false);
    }
    let audit = format!("/pierhead/v1/audit?entity={}", scene.tools);
    let audit = scene.ground.get(&scene.as_ana, &audit).expect(200);
    let told: Vec<_> = audit["results"].as_array().unwrap().iter().collect();
    let told: Vec<_> = told.iter().filter(|row| row["what"] == "retire").collect();
    assert_eq!(told.len(), 2, "{audit}");
    assert_eq!(told[1]["after"]["newest"], 3);
    assert_eq!(told[1]["after"]["count"], 1);
    let named = &told[1]["after"]["manifests"][0];
    assert_eq!(text(named, "digest").len(), DIGEST_LENGTH);
    assert_eq!(named["tags"], json!(["v1"]));
    let history = format!("/pierhead/v1/entity/{}/history", scene.tools);
    let history = scene.ground.get(&scene.as_vic, &history).expect(200);
    assert_eq!(history["results"].as_array().unwrap().len(), 5);
    for bad in [
        "{}",
        r#"{"dryRun":true}"#,
        r#"{"newest":null}"#,
        r#"{"newest":-1}"#,
        r#"{"newest":1.5}"#,
        r#"{"newest":"1"}"#,
        r#"{"newest":99999999999}"#,
        r#"{"newest":1,"dryrun":true}"#,
        r#"{"newest":1,"dryRun":"true"}"#,
    ] {
        retire(&scene.as_ana, bad).refused(400);
    }
    let rule = r#"{"newest":0}"#;
    retire(&scene.as_vic, rule).refused(403);
    retire(&scene.as_bob, rule).refused(404);
    retire("", rule).refused(404);
    let project = format!("/pierhead/v1/entity/{}/retire", scene.project);
    let none = scene.ground.call(&scene.as_ana, "POST", &project, rule);
    assert_eq!(none.expect(200)["totalNumberOfResults"], 0);
}

#[test]
fn a_repository_is_found_by_its_name() {
    let scene = scene();
    let find = |token: &str, name: &str| {
        let name = percent_encode(name);
        let path = format!("/repo/v1/entity/dockerRepo/id?repositoryName={name}");
        scene.ground.get(token, &path)
    };
    let bare = format!("{}/tools", scene.project);
    for name in [&bare, &format!("{SERVICE}/{bare}")] {
        let found = find(&scene.as_vic, name);
        assert_eq!(found.text, format!(r#"{{"id":"{}"}}"#, scene.tools));
    }
    let hidden = find(&scene.as_bob, &bare).refused(404);
    for absent in [format!("{}/none", scene.project), "syn77/tools".to_owned()] {
        for token in [&scene.as_bob, &scene.as_vic, &scene.as_ana] {
            assert_eq!(find(token, &absent).refused(404), hidden, "{absent}");
        }
    }
    for bad in [
        "",
        "library/ubuntu",
        &scene.project,
        &format!("{}/", scene.project),
        &scene.project.to_uppercase(),
        &format!("other.example/{bare}"),
        &format!("{bare}/../x"),
        &format!("{bare}\r\nX: y"),
        &format!("{}/{}", scene.project, "x".repeat(300)),
    ] {
        find(&scene.as_vic, bad).refused(400);
    }
    scene
        .ground
        .get(&scene.as_vic, "/repo/v1/entity/dockerRepo/id")
        .refused(400);
}
