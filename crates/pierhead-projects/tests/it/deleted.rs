//! What is deleted from repositories is in the audit record, over the registry's protocol and beside it.

use std::sync::{Arc, Mutex};

use futures::executor::block_on;
use pierhead_model::{Algorithm, ContentDigest, Reference, Tag};
use pierhead_policy::Level;
use pierhead_projects::{AuditRequest, ProjectsError};
use pierhead_registry::{Action, Ceiling, Clock as _, Event, Observer, Registry};
use pierhead_storage::{
    BlobCommit, MemoryBlobStore, NewUpload, Place, RepositoryStore as _, UploadId,
};

use crate::ground::{acting, ground};

#[test]
fn what_is_deleted_is_recorded_with_who_did_it_and_what_was_there() {
    let ground = ground();
    let [ana, eve] = ["ana", "eve"].map(|name| ground.account(name, true));
    let project = ground.project(ana, &[(eve, Level::CanEditAndDelete)]);
    let name = format!("syn{}/tools", project.get());
    let tools = ground.push(&ground.caller("ana"), &name);
    let registry = Registry::builder(
        Arc::new(MemoryBlobStore::new()),
        ground.store.clone(),
        ground.clock.clone(),
    );
    let registry = registry.authorizer(ground.projects.authorizer()).build();
    // A token of every name.
    let as_eve = ground.caller("eve").under(Ceiling::Unbounded);
    let repository = name.parse().unwrap();
    let remover = || block_on(registry.remover(&as_eve, &repository)).unwrap();
    let rows = || {
        let request = AuditRequest {
            entity: Some(tools),
            limit: 10,
            ..AuditRequest::default()
        };
        block_on(ground.projects.audit(&acting(ana), &request))
            .unwrap()
            .items
    };
    let before = rows().len();

    // What is not there is not deleted, and nothing to record.
    let latest: Tag = "latest".parse().unwrap();
    let other: Tag = "other".parse().unwrap();
    let nothing = ContentDigest::sha256(b"nothing");
    assert!(block_on(remover().tag(&other)).is_err());
    assert!(block_on(remover().manifest(&nothing)).is_err());
    assert!(block_on(remover().blob(&nothing)).is_err());
    assert_eq!(rows().len(), before);

    let permit = ground.allowed(&as_eve, Action::Push, &name).unwrap();
    let found = block_on(
        ground
            .store
            .find_manifest(&permit.view, &Reference::Tag(latest.clone())),
    );
    let digest = found.unwrap().unwrap().digest;
    let told = |what: &str, before: String| {
        let row = rows().swap_remove(0);
        assert_eq!((row.what.as_str(), row.who), (what, Some(eve)));
        assert_eq!(
            (row.from.as_str(), row.at),
            ("registry", ground.clock.now())
        );
        assert_eq!((row.before, row.after), (Some(before), None));
    };
    ground.clock.advance(1);
    block_on(remover().tag(&latest)).unwrap();
    told(
        "delete-tag",
        format!(r#"{{"tag":"latest","digest":"{digest}"}}"#),
    );

    ground.push(&ground.caller("ana"), &name);
    block_on(remover().manifest(&digest)).unwrap();
    told(
        "delete-manifest",
        format!(r#"{{"digest":"{digest}","tags":["latest"]}}"#),
    );

    let upload = NewUpload {
        id: UploadId(1),
        place: Place::new("place-1").unwrap(),
        algorithm: Algorithm::Sha256,
        by: as_eve.id.clone(),
        at: ground.clock.now(),
        most: 1_000,
        admission: None,
    };
    let upload = block_on(ground.store.open_upload(upload, &permit)).unwrap();
    let blob = BlobCommit {
        generation: upload.generation,
        digest: nothing,
        size: 7,
        at: ground.clock.now(),
    };
    block_on(ground.store.commit_blob(blob, &permit)).unwrap();
    block_on(remover().blob(&nothing)).unwrap();
    told("delete-blob", format!(r#"{{"digest":"{nothing}"}}"#));
}

/// Keeps what it hears of.
#[derive(Debug, Default)]
struct Ear(Mutex<Vec<Event>>);

impl Observer for Ear {
    fn committed(&self, event: &Event) {
        self.0.lock().unwrap().push(event.clone());
    }
}

#[test]
fn a_tag_that_is_deleted_beside_the_protocol_is_recorded_and_observed_alike() {
    let ground = ground();
    let [ana, eve, vic] = ["ana", "eve", "vic"].map(|name| ground.account(name, true));
    let list = [(eve, Level::CanEditAndDelete), (vic, Level::CanEdit)];
    let project = ground.project(ana, &list);
    let name = format!("syn{}/tools", project.get());
    let tools = ground.push(&ground.caller("ana"), &name);
    let ear = Arc::new(Ear::default());
    ground.projects.tell(ear.clone());
    let latest: Tag = "latest".parse().unwrap();
    let delete = |who, of, tag: &str| {
        let (actor, tag) = (acting(who), tag.parse().unwrap());
        block_on(ground.projects.delete_tag(&actor, of, &tag))
    };
    let rows = || {
        let request = AuditRequest {
            entity: Some(tools),
            limit: 10,
            ..AuditRequest::default()
        };
        block_on(ground.projects.audit(&acting(ana), &request))
            .unwrap()
            .items
    };
    let before = rows().len();

    assert!(matches!(
        delete(vic, tools, "latest"),
        Err(ProjectsError::Refused { .. })
    ));
    for (of, tag) in [(tools, "other"), (project, "latest")] {
        let found = delete(eve, of, tag);
        assert!(
            matches!(found, Err(ProjectsError::NotFound { what: "tag" })),
            "{found:?}"
        );
    }
    assert_eq!((rows().len(), ear.0.lock().unwrap().len()), (before, 0));

    let permit = ground
        .allowed(&ground.caller("ana"), Action::Push, &name)
        .unwrap();
    let find = |reference: Reference| {
        block_on(ground.store.find_manifest(&permit.view, &reference)).unwrap()
    };
    let digest = find(Reference::Tag(latest.clone())).unwrap().digest;
    delete(eve, tools, "latest").unwrap();
    assert!(find(Reference::Tag(latest.clone())).is_none());
    assert!(
        find(Reference::Digest(digest)).is_some(),
        "its manifest stays"
    );
    let row = rows().swap_remove(0);
    assert_eq!((row.what.as_str(), row.who), ("delete-tag", Some(eve)));
    let gone = serde_json::from_str::<serde_json::Value>(&row.before.unwrap()).unwrap();
    let expected = serde_json::json!({ "tag": "latest", "digest": digest.to_string() });
    assert_eq!((gone, row.after), (expected, None));
    let heard = std::mem::take(&mut *ear.0.lock().unwrap());
    let [
        Event::TagDeleted {
            name: of, tag, by, ..
        },
    ] = &heard[..]
    else {
        panic!("{heard:?}");
    };
    assert_eq!((of.as_str(), tag, &*by.name), (&*name, &latest, "eve"));
    assert!(delete(eve, tools, "latest").is_err(), "it is gone already");
}
