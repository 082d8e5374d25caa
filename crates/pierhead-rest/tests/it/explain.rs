//! Why something is refused, and what was done before.

use pierhead_policy::Level;
use serde_json::{Value, json};

use crate::ground::{Reply, Scene, scene, text};

fn explain(scene: &Scene, token: &str, query: &str) -> Reply {
    let path = format!("/pierhead/v1/entity/{}/explain?{query}", scene.tools);
    scene.ground.get(token, &path)
}

#[test]
fn an_explanation_is_written_so() {
    let scene = scene();
    let (project, vic) = (scene.project_id.get(), scene.vic);
    assert_eq!(
        explain(&scene, &scene.as_vic, "action=pull").text,
        format!(
            r#"{{"action":"pull","decision":"deny","row":"pull","reason":{{"reason":"missing","permission":"DOWNLOAD","list_of":{project}}},"may_know":true,"holds_asked":false,"list":{{"of":"syn{project}","inherited":true,"matched":[{{"principal":{vic},"via":"account","written":["READ"],"counted":["READ"]}}],"held":["READ"]}},"needs":["DOWNLOAD"],"missing":"DOWNLOAD","obstacles":[{{"reason":"missing","permission":"DOWNLOAD","list_of":{project},"rule":"pulling from this needs DOWNLOAD in its sharing settings","remedy":"ask its administrator for `can-download`"}}],"words":["refused by row 1: pulling from this needs DOWNLOAD in its sharing settings","the list that counts is that of syn{project}, inherited","{vic} (the account itself) is given READ","that gives READ in all","this needs DOWNLOAD","pulling from this needs DOWNLOAD in its sharing settings: ask its administrator for `can-download`"]}}"#
        )
    );
}

#[test]
fn whoever_reads_may_ask_and_who_shares_about_others_too() {
    let scene = scene();
    let hidden = scene
        .ground
        .get(&scene.as_bob, "/repo/v1/entity/syn77")
        .refused(404);
    assert_eq!(
        explain(&scene, &scene.as_bob, "action=pull").refused(404),
        hidden
    );
    assert_eq!(explain(&scene, "", "action=pull").refused(404), hidden);
    let about_vic = format!("action=pull&account={}", scene.vic);
    let told = explain(&scene, &scene.as_ana, &about_vic).expect(200);
    assert_eq!(told["decision"], "deny");
    explain(&scene, &scene.as_vic, &about_vic).expect(200);
    let about_ana = format!("action=pull&account={}", scene.ana);
    explain(&scene, &scene.as_vic, &about_ana).refused(403);
    explain(&scene, &scene.as_ana, "action=pull&account=9999999").refused(404);
    for bad in [
        "",
        "action=Pull",
        "action=refer",
        "action=pull&account=vic",
        "action=pull&action=push",
    ] {
        explain(&scene, &scene.as_vic, bad).refused(400);
    }
    for action in [
        "pull",
        "list-tags",
        "push",
        "head",
        "delete",
        "see",
        "see-list",
        "describe",
        "trash",
        "restore",
        "purge",
        "change-sharing",
        "audit",
        "list-trash",
        "create-project",
    ] {
        let told = explain(&scene, &scene.as_ana, &format!("action={action}")).expect(200);
        assert_eq!(told["action"], action);
    }
}

#[test]
fn a_name_can_be_asked_about_before_there_is_anything() {
    let scene = scene();
    let named = |token: &str, query: &str| {
        scene
            .ground
            .get(token, &format!("/pierhead/v1/explain?{query}"))
    };
    let new = format!("action=push&repositoryName={}/new", scene.project);
    let told = named(&scene.as_ana, &new).expect(200);
    assert_eq!(
        (&told["decision"], &told["new_name"]),
        (&json!("allow"), &json!(true))
    );
    let told = named(&scene.as_vic, &new).expect(200);
    assert_eq!(told["reason"]["reason"], "not-certified");
    let hidden = named(&scene.as_bob, &new).refused(404);
    let nowhere = "action=push&repositoryName=syn77/new";
    assert_eq!(named(&scene.as_ana, nowhere).refused(404), hidden);
    // A repository that is not shared looks like a name that nobody has, to who sees the project.
    scene
        .ground
        .local(scene.tools_id, &[(scene.ana, Level::Administrator)]);
    let mine = format!("action=pull&repositoryName={}/tools", scene.project);
    assert_eq!(named(&scene.as_vic, &mine).refused(404), hidden);
    named(&scene.as_vic, "action=push&repositoryName=library/ubuntu").refused(400);
    named(&scene.as_vic, "action=push").refused(400);
    assert_eq!(
        named(&scene.as_vic, "action=create-project").expect(200)["decision"],
        "allow"
    );
    assert_eq!(
        named("", "action=create-project").expect(200)["decision"],
        "deny"
    );
}

#[test]
fn the_record_says_who_did_what() {
    let scene = scene();
    let audit = |token: &str, query: &str| {
        scene
            .ground
            .get(token, &format!("/pierhead/v1/audit?{query}"))
    };
    let acl = scene
        .ground
        .get(&scene.as_ana, &scene.of_project("/acl"))
        .expect(200);
    let body = json!({ "etag": acl["etag"], "resourceAccess": [acl["resourceAccess"][0]] });
    scene
        .ground
        .call(
            &scene.as_ana,
            "PUT",
            &scene.of_project("/acl"),
            &body.to_string(),
        )
        .expect(200);
    scene.ground.share(
        scene.project_id,
        &[
            (scene.ana, Level::Administrator),
            (scene.vic, Level::CanView),
        ],
    );

    let of_project = format!("entity={}", scene.project);
    let rows = audit(&scene.as_ana, &of_project).expect(200);
    let row = &rows["results"][1];
    assert_eq!(row["who"], scene.ana.to_string());
    assert_eq!(row["from"], "192.0.2.1");
    assert_eq!(row["what"], "set-list");
    assert_eq!(row["entity"], scene.project);
    assert_eq!(row["principal"], Value::Null);
    assert_eq!(row["before"].as_array().unwrap().len(), 2);
    assert_eq!(row["after"].as_array().unwrap().len(), 1);
    assert_eq!(rows["results"][0]["who"], Value::Null);

    let first = audit(&scene.as_ana, &format!("{of_project}&limit=1")).expect(200);
    let next = text(&first, "next");
    assert_eq!(first["results"][0]["id"], next);
    let second = audit(
        &scene.as_ana,
        &format!("{of_project}&limit=1&before={next}"),
    )
    .expect(200);
    assert_eq!(&second["results"][0], row);

    // An entity's is for who may share it, all of it for operators.
    audit(&scene.as_vic, &of_project).refused(403);
    let hidden = audit(&scene.as_bob, &of_project).refused(404);
    assert_eq!(audit(&scene.as_bob, "entity=syn77").refused(404), hidden);
    audit("", &of_project).refused(401);
    audit(&scene.as_ana, "").refused(403);
    audit(&scene.as_ana, &format!("principal={}", scene.ana)).refused(403);
    let operator = scene.ground.full(scene.ground.operator("olga"));
    let all = audit(&operator, "limit=1000000000").expect(200);
    assert!(all["results"].as_array().unwrap().len() > 5);
    let about = audit(&operator, &format!("principal={}", scene.vic)).expect(200);
    assert_eq!(
        about["results"].as_array().unwrap().last().unwrap()["what"],
        "create-account"
    );
    for bad in ["entity=x", "principal=x", "before=x", "limit=x", "limit=-1"] {
        audit(&operator, bad).refused(400);
    }
}
