//! What is a name, and what a name says.

use pierhead_tests::{Account, DOWNLOAD, EDIT, scope};

use super::{Ground, TAG};

#[test]
fn what_is_almost_a_name_is_none() {
    let ground = Ground::new();
    let digits = ground.project.trim_start_matches("syn");
    // Those that the distribution grammar takes are refused as if they were forbidden; the others
    // are malformed.
    let names = [
        (format!("syn00{digits}/x"), 403),
        (format!("SYN{digits}/x"), 400),
        (format!("{digits}/x"), 403),
        (ground.project.clone(), 403),
        (format!("{}/", ground.project), 400),
        (format!("syn+{digits}/x"), 400),
        ("syn0/x".to_owned(), 403),
    ];
    let manager = &ground.manager;
    for (name, status) in &names {
        let scope = scope(&name.replace('+', "%2B"));
        for who in [&ground.owner, &manager.operator] {
            let token = manager.api().token("any-name", &who.token, &[&scope]);
            // The token endpoint leaves out what it cannot grant, and grants nothing of this.
            let token = token.json()["token"].as_str().map(str::to_owned);
            let api = manager.api().bearing(&token.unwrap_or_default());
            for (method, path) in [
                ("GET", format!("manifests/{TAG}")),
                ("HEAD", format!("manifests/{TAG}")),
                ("PUT", format!("manifests/{TAG}")),
                ("GET", "tags/list".to_owned()),
                ("POST", "blobs/uploads/".to_owned()),
            ] {
                let path = format!("/v2/{name}/{path}");
                let body: &[u8] = if method == "PUT" { b"{}" } else { b"" };
                let answer = api.send(method, &path, &[], body);
                assert_eq!(answer.status, *status, "{method} {path} by {}", who.name);
            }
            let found = manager.repository(&name.replace('+', "%2B"));
            assert!(
                matches!(found.status, 400 | 404),
                "{name}: {}",
                found.status
            );
        }
    }
    // The name itself is one.
    assert_eq!(ground.push(&ground.owner, &ground.name("x")), 201);
}

#[test]
fn a_name_under_a_repository_or_a_missing_project_is_refused_like_a_forbidden_one() {
    let ground = Ground::new();
    let stranger = ground.manager.account("stranger", true);
    let own = ground.manager.project(&stranger);
    let names = [
        format!("{}/x", ground.tools_id),
        "syn9223372036854775807/x".to_owned(),
        ground.name("x"),
        ground.tools.clone(),
    ];
    for path in [
        ("GET", format!("manifests/{TAG}")),
        ("PUT", format!("manifests/{TAG}")),
        ("POST", "blobs/uploads/".to_owned()),
        ("GET", "tags/list".to_owned()),
        ("DELETE", format!("manifests/{TAG}")),
    ] {
        let answers = names.each_ref().map(|name| {
            let api = ground.registry(&stranger, name);
            let path_of = format!("/v2/{name}/{}", path.1);
            let answer = api.send(path.0, &path_of, &[], &[]).expect(403);
            let mut headers = answer.headers.clone();
            headers.remove("date");
            headers.remove("x-request-id");
            (headers, answer.body)
        });
        for (answer, name) in answers.iter().zip(&names) {
            assert_eq!(answer, &answers[0], "{path:?} of {name}");
        }
    }
    // An operator, to whom nothing is forbidden, creates nothing there either.
    let operator = &ground.manager.operator;
    for name in &names[..2] {
        assert_eq!(ground.push(operator, name), 403, "{name}");
    }
    assert_eq!(ground.push(&stranger, &format!("{own}/x")), 201);
}

#[test]
fn a_name_says_nothing_about_those_that_begin_with_it() {
    let ground = Ground::new();
    let manager = &ground.manager;
    let [a, ab, below] = ["a", "ab", "a/b"].map(|name| ground.name(name));
    for name in [&a, &ab, &below] {
        let api = ground.registry(&ground.owner, name);
        ground.image.push(&api, name, TAG).expect(201);
    }
    let (one, editor) = (manager.account("one", true), ground.certified(EDIT));
    let statuses = |who: &Account| [&a, &ab, &below].map(|name| ground.pull(who, name));
    assert_eq!(statuses(&one), [403; 3]);
    assert_eq!(statuses(&editor), [200; 3]);
    manager.share(&manager.repository_id(&a), &[(one.id, DOWNLOAD)]);
    assert_eq!(statuses(&one), [200, 403, 403]);
    assert_eq!(statuses(&editor), [403, 200, 200]);

    // Neither does a token: what it does not list is asked for anew.
    let api = ground.registry(&editor, &ab);
    let answer = api.send("GET", &format!("/v2/{below}/tags/list"), &[], &[]);
    let answer = answer.expect(401);
    let challenge = answer.header("www-authenticate");
    assert!(challenge.contains("insufficient_scope"), "{challenge}");

    let trashed = manager.trashcan(&ground.owner, "trash", &manager.repository_id(&ab));
    trashed.expect(200);
    assert_eq!(statuses(&editor), [403, 403, 200]);
    assert_eq!(statuses(&one), [200, 403, 403]);
}
