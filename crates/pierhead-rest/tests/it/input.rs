//! Requests that are not what they should be.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use futures::stream;
use http::Request;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http_body::Frame;
use http_body_util::{Full, StreamBody};

use crate::ground::{PASSWORD, Silent, ground, scene};

#[test]
fn an_id_has_its_spellings_and_no_other() {
    let scene = scene();
    for id in [
        "syn0",
        "syn00101",
        "0101",
        "syn",
        "syn-1",
        "syn+1",
        "syn%2B1",
        "syn1%2f",
        "%2f",
        "..",
        "%2e%2e",
        "syn1.0",
        "syn1%00",
        "syn1%0d%0a",
        "syn1%20",
        "sy%6E1x",
        "9223372036854775808",
        "syn99999999999999999999",
        "%EF%BC%91",
        "%ff",
        "%",
        "%zz",
    ] {
        for path in [
            format!("/repo/v1/entity/{id}"),
            format!("/repo/v1/entity/{id}/acl"),
            format!("/pierhead/v1/entity/{id}/history"),
        ] {
            scene.ground.get(&scene.as_ana, &path).refused(400);
        }
        let path = format!("/repo/v1/trashcan/purge/{id}");
        scene
            .ground
            .call(&scene.as_ana, "PUT", &path, "")
            .refused(400);
    }
}

#[test]
fn a_path_has_one_spelling_and_its_methods() {
    let scene = scene();
    for path in [
        "/repo/v1/",
        "/repo/v1/entity/",
        "/repo/v1/Entity/syn1",
        "/repo/v1//entity/syn1",
        "/repo/v1/entity/syn1/acl/",
        "/repo/v1/entity/syn1/unknown",
        "/repo/v1/entity/syn1/annotations2",
        "/repo/v2/entity/syn1",
        "/repo/v1%2fentity/syn1",
        "/auth/v1/login/",
        "/",
        "/v2/",
        "/pierhead/v1/team/1/member",
    ] {
        scene.ground.get(&scene.as_ana, path).refused(404);
    }
    for (method, path, allow) in [
        ("GET", "/auth/v1/login", "POST"),
        ("POST", "/repo/v1/entity/syn1", "GET, PUT, DELETE"),
        (
            "PATCH",
            "/repo/v1/entity/syn1/acl",
            "GET, POST, PUT, DELETE",
        ),
        ("OPTIONS", "/repo/v1/trashcan/view", "GET"),
        ("get", "/repo/v1/trashcan/view", "GET"),
    ] {
        let told = scene.ground.call(&scene.as_ana, method, path, "");
        told.refused(405);
        assert_eq!(told.header("allow"), Some(allow), "{path}");
    }
    let head = scene
        .ground
        .call(&scene.as_ana, "HEAD", &scene.of_tools(""), "");
    assert_eq!((head.status, head.text.as_str()), (405, ""));
}

#[test]
fn a_body_is_json_of_the_right_shape() {
    let scene = scene();
    let nested = format!(
        r#"{{"etag":{}1{}}}"#,
        "[".repeat(30_000),
        "]".repeat(30_000)
    );
    let ignored = format!(
        r#"{{"etag":"x","other":{}1{}}}"#,
        "[".repeat(30_000),
        "]".repeat(30_000)
    );
    for body in [
        "",
        " ",
        "null",
        "7",
        "\"x\"",
        "[]",
        r#"["0000000000000000-1",null,null,null,null]"#,
        "{",
        "{}}",
        r#"{"etag":}"#,
        r#"{"etag":"x",}"#,
        "{'etag':'x'}",
        r#"{"etag":7}"#,
        r#"{"etag":"a","etag":"b"}"#,
        r#"{"etag":"00000000000000AB-1"}"#,
        "{\"etag\":\"a\nb\"}",
        "etag=x",
        &nested,
        &ignored,
    ] {
        let told = scene
            .ground
            .call(&scene.as_ana, "PUT", &scene.of_tools(""), body);
        assert!(told.refused(400).len() < 400);
    }
}

#[test]
fn a_body_has_a_bound_whatever_it_announces() {
    let ground = ground();
    ground.account("ana", false);
    let login = |filling: usize| {
        let filling = "x".repeat(filling);
        format!(r#"{{"username":"ana","password":"{PASSWORD}","filling":"{filling}"}}"#)
    };
    let room = 64 * 1024 - login(0).len();
    ground
        .call("", "POST", "/auth/v1/login", &login(room))
        .expect(201);
    ground
        .call("", "POST", "/auth/v1/login", &login(room + 1))
        .refused(413);
    // In pieces, without a length: it is counted as it comes.
    let pieces = (0..).map(|_| Ok::<_, std::io::Error>(Frame::data(Bytes::from_static(b"   "))));
    let endless = StreamBody::new(stream::iter(pieces));
    ground
        .send(Request::post("/auth/v1/login").body(endless).unwrap())
        .refused(413);
    let broken = [
        Ok(Frame::data(Bytes::from_static(b"{"))),
        Err(std::io::Error::other("gone")),
    ];
    let broken = StreamBody::new(stream::iter(broken));
    ground
        .send(Request::post("/auth/v1/login").body(broken).unwrap())
        .refused(400);
    // What is not read is not waited for.
    ground
        .send(Request::get("/repo/v1/userProfile").body(Silent).unwrap())
        .expect(200);
    ground.clock.hurries.store(true, Ordering::Relaxed);
    ground
        .send(Request::post("/auth/v1/login").body(Silent).unwrap())
        .refused(408);
}

#[test]
fn a_body_is_plain_whatever_it_calls_itself() {
    let ground = ground();
    ground.account("ana", false);
    let body = || Full::from(format!(r#"{{"username":"ana","password":"{PASSWORD}"}}"#));
    let post = || Request::post("/auth/v1/login");
    let form = post().header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    ground.send(form.body(body()).unwrap()).expect(201);
    let plain = post().header(CONTENT_ENCODING, "identity");
    ground.send(plain.body(body()).unwrap()).expect(201);
    for coding in ["gzip", "br", "identity, gzip", ""] {
        let packed = post().header(CONTENT_ENCODING, coding);
        ground.send(packed.body(body()).unwrap()).refused(415);
    }
}

#[test]
fn a_query_is_read_whole_or_not_at_all() {
    let scene = scene();
    for bad in [
        "limit=%",
        "limit=%zz",
        "x=%ff",
        "limit=1&limit=1",
        "offset=1;2",
    ] {
        let path = format!("/repo/v1/trashcan/view?{bad}");
        scene.ground.get(&scene.as_ana, &path).refused(400);
    }
    let many = "a&".repeat(129);
    scene
        .ground
        .get(&scene.as_ana, &format!("/repo/v1/trashcan/view?{many}"))
        .refused(400);
    scene
        .ground
        .get(&scene.as_ana, "/repo/v1/trashcan/view?unknown=1&&x")
        .expect(200);
}

#[test]
fn the_largest_numbers_are_numbers_of_nothing() {
    let scene = scene();
    let token = &scene.ground.full(scene.ground.operator("olga"));
    let session = scene.ground.session("olga");
    for number in [
        "18446744073709551615",
        "9223372036854775808",
        "9223372036854775807",
        "0",
    ] {
        for path in [
            format!("/repo/v1/userProfile/{number}"),
            format!("/pierhead/v1/account/{number}"),
            format!("/pierhead/v1/team/{number}"),
        ] {
            scene.ground.get(token, &path).refused(404);
        }
        let path = format!("/pierhead/v1/audit?principal={number}&before={number}");
        let rows = scene.ground.get(token, &path).expect(200);
        let rows = rows["results"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["what"] == "use-role"), "{rows:?}");
        let about = format!("/explain?action=pull&account={number}");
        let path = format!("/pierhead/v1/entity/{}{about}", scene.tools);
        scene.ground.get(&scene.as_ana, &path).refused(404);
        let list =
            format!(r#"{{"resourceAccess":[{{"principalId":{number},"accessType":["READ"]}}]}}"#);
        let acl = scene.of_tools("/acl");
        scene
            .ground
            .call(&scene.as_ana, "POST", &acl, &list)
            .refused(400);
        let yes = r#"{"value":true}"#;
        let path = format!("/pierhead/v1/account/{number}/certified");
        scene.ground.call(&session, "PUT", &path, yes).refused(404);
        let path = format!("/pierhead/v1/team/{number}/member/{number}");
        scene.ground.call(token, "PUT", &path, "").refused(404);
    }
    let token = r#"{"name":"x","scope":["view"],"expires":"9999-12-31T23:59:59.999999999Z"}"#;
    let made = scene
        .ground
        .call(&session, "POST", "/auth/v1/personalAccessToken", token);
    let id = crate::ground::text(&made.expect(201), "id");
    let path = format!("/auth/v1/personalAccessToken/{id}");
    let kept = scene.ground.get(&session, &path).expect(200);
    assert_eq!(kept["state"], "ACTIVE");
    let largest = "/auth/v1/personalAccessToken/9223372036854775807";
    scene.ground.get(&session, largest).refused(404);
    scene
        .ground
        .get(
            &session,
            &scene.of_tools("/dockerTag?offset=99999999999999999999&limit=1"),
        )
        .expect(200);
    scene
        .ground
        .get(&session, "/repo/v1/entity/9223372036854775807")
        .refused(404);
}
