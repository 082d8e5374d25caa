//! The audit record, taken elsewhere.

use pierhead_policy::Level;
use serde_json::Value;

use crate::ground::{Reply, Scene, scene, text};

fn lines(reply: &Reply) -> Vec<Value> {
    assert_eq!(reply.status, 200, "{}", reply.text);
    assert_eq!(reply.header("content-type"), Some("application/x-ndjson"));
    assert!(reply.text.is_empty() || reply.text.ends_with('\n'));
    let lines = reply.text.lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn export(scene: &Scene, token: &str, query: &str) -> Reply {
    let path = format!("/pierhead/v1/audit/export{query}");
    scene.ground.get(token, &path)
}

#[test]
fn the_record_is_taken_line_by_line_without_loss_or_repeats() {
    let scene = scene();
    let operator = scene.ground.full(scene.ground.operator("olga"));
    let mut kept: Vec<Value> = Vec::new();
    let more = |kept: &mut Vec<Value>| {
        let last = kept.last().map_or("0".to_owned(), |row| text(row, "id"));
        let mut path = format!("/pierhead/v1/audit/export?after={last}&limit=3");
        loop {
            let page = scene.ground.get(&operator, &path);
            let rows = lines(&page);
            assert!(rows.len() <= 3);
            kept.extend(rows);
            match page.header("link") {
                Some(next) => {
                    let next = next.strip_prefix('<').unwrap();
                    path = next.strip_suffix(">; rel=\"next\"").unwrap().to_owned();
                }
                None => break,
            }
        }
    };
    more(&mut kept);
    let first = kept.len();
    scene
        .ground
        .share(scene.project_id, &[(scene.ana, Level::Administrator)]);
    more(&mut kept);
    assert!(kept.len() > first);
    // As the pages of the record have it, the other way round.
    let newest = scene
        .ground
        .get(&operator, "/pierhead/v1/audit?limit=1000")
        .expect(200);
    let mut newest = newest["results"].as_array().unwrap().clone();
    newest.reverse();
    assert_eq!(kept, newest);
    let ids: Vec<u64> = kept
        .iter()
        .map(|row| text(row, "id").parse().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|one, two| one < two));
    let end = format!("?after={}", ids.last().unwrap());
    assert_eq!(export(&scene, &operator, &end).text, "");
    assert_eq!(export(&scene, &operator, &end).header("link"), None);
}

#[test]
fn the_record_of_one_thing_goes_on_as_that() {
    let scene = scene();
    for level in [Level::CanView, Level::CanEdit, Level::CanDownload] {
        let list = [(scene.ana, Level::Administrator), (scene.vic, level)];
        scene.ground.share(scene.project_id, &list);
    }
    let query = format!("?entity={}&limit=2", scene.project_id.get());
    let page = export(&scene, &scene.as_ana, &query);
    let last = text(&lines(&page)[1], "id");
    assert_eq!(
        page.header("link").unwrap(),
        format!(
            r#"</pierhead/v1/audit/export?after={last}&limit=2&entity={}>; rel="next""#,
            scene.project
        )
    );
    for row in lines(&page) {
        assert_eq!(row["entity"], scene.project);
    }
    let operator = scene.ground.full(scene.ground.operator("olga"));
    let query = format!("?principal={}&limit=0", scene.vic);
    assert_eq!(export(&scene, &operator, &query).text, "");
    let query = format!("?principal={}", scene.vic);
    let told = lines(&export(&scene, &operator, &query));
    assert_eq!(told[0]["what"], "create-account");
}

#[test]
fn it_is_for_who_may_read_it() {
    let scene = scene();
    let of_project = format!("?entity={}", scene.project);
    export(&scene, &scene.as_vic, &of_project).refused(403);
    let hidden = export(&scene, &scene.as_bob, &of_project).refused(404);
    let absent = export(&scene, &scene.as_bob, "?entity=syn77");
    assert_eq!(absent.refused(404), hidden);
    export(&scene, "", &of_project).refused(401);
    export(&scene, &scene.as_ana, "").refused(403);
    for bad in ["after=x", "after=-1", "limit=x", "entity=x", "principal=x"] {
        export(&scene, &scene.as_ana, &format!("?{bad}")).refused(400);
    }
}
