//! Many at once, and many in all.

use std::sync::Barrier;
use std::thread;

use pierhead_tests::Manager;
use serde_json::{Value, json};

use super::Lab;

#[test]
fn changes_of_one_list_at_the_same_time_are_all_in_it() {
    let lab = Lab::with_people();
    let teams = ["one", "two", "three", "four"];
    for team in teams {
        lab.json("ana", &format!("team create {team}"));
    }
    lab.json("ana", "project create Genomics");
    for level in ["can-view", "can-edit", "can-view"] {
        let together = Barrier::new(teams.len());
        thread::scope(|scope| {
            for team in teams {
                let (lab, together) = (&lab, &together);
                scope.spawn(move || {
                    together.wait();
                    lab.json("ana", &format!("share set Genomics {team} {level}"))
                });
            }
        });
        let said = lab.ask("ana", &["share", "show", "Genomics"], "").out;
        for team in teams {
            let row = said.lines().find(|line| line.starts_with(team));
            let held = row.and_then(|row| row.split_whitespace().last());
            assert_eq!(held, Some(level), "{said}");
        }
    }
}

#[test]
fn lists_go_on_beyond_a_page() {
    let lab = Lab::with_people();
    let manager = Manager::of(&lab.server.host);
    let operator = &manager.operator;
    let mut members = vec!["team add crowd".to_owned()];
    for number in 0..130 {
        let new = json!({ "name": format!("u{number:03}") });
        let made = manager.ask(&operator.session, "POST", "/pierhead/v1/account", &new);
        made.expect(201);
        members.push(format!("u{number:03}"));
    }
    lab.json("admin", "project create Big");
    for number in 0..1_001 {
        let new = json!({
            "concreteType": "org.sagebionetworks.repo.model.docker.DockerRepository",
            "parentId": "syn1000000",
            "repositoryName": format!("quay.io/lab/r{number:04}"),
        });
        let made = manager.ask(&operator.token, "POST", "/repo/v1/entity", &new);
        made.expect(201);
    }

    let count = |document: &Value| document.as_array().map(Vec::len);
    assert_eq!(count(&lab.json("admin", "user list")), Some(133));
    assert_eq!(count(&lab.json("admin", "user list u1")), Some(30));
    lab.json("admin", "team create crowd");
    let team = lab.json("admin", &members.join(" "));
    assert_eq!(count(&team["members"]), Some(131));
    let shown = lab.json("admin", "project show Big");
    assert_eq!(count(&shown["children"]), Some(1_001));
    let said = lab.ask("admin", &["project", "show", "Big"], "");
    assert!(said.out.contains("quay.io/lab/r1000 "), "{}", said.out);

    let children = shown["children"].as_array().unwrap().iter().take(600);
    let ids: Vec<_> = children
        .map(|child| child["id"].as_str().unwrap())
        .collect();
    lab.json("admin", &format!("trash put {}", ids.join(" ")));
    assert_eq!(count(&lab.json("admin", "trash list")), Some(600));
    assert_eq!(count(&lab.json("admin", "trash list Big")), Some(600));
}
