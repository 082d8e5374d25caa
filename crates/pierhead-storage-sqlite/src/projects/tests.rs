use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::executor::block_on;
use pierhead_auth::token::TokenHash;
use pierhead_model::{ContentDigest, MediaType};
use pierhead_policy::{AccessList, EntityId, Level, Options, PrincipalId, Scopes};
use pierhead_projects::Actor;
use pierhead_projects::audit::AuditQuery;
use pierhead_projects::change::{
    Batch, Change, EntityRef, NewAccount, NewCredential, OPERATORS, PROJECTS, PasswordText,
    Recorded,
};
use pierhead_projects::pending::{InvitationId, NewInvitation, NewProof, Purpose};
use pierhead_projects::record::{CredentialId, CredentialKind, TargetLookup};
use pierhead_projects::{AccountStore as _, ChangeStore as _, ProjectStore as _};
use pierhead_storage::{
    CallerId, Fence, ManifestPut, NewName, ParentId, Permit, PutOutcome, RepositoryId,
    RepositoryStore as _, Rights, ScopeId, StoreError, View,
};
use rusqlite::Connection;

use crate::SqliteStore;

const ANA: PrincipalId = PrincipalId::new(3_000_000);
const LAB: PrincipalId = PrincipalId::new(3_000_001);
const TOKEN: CredentialId = CredentialId(1);

fn project() -> EntityId {
    EntityId::new(101).unwrap()
}

fn reference() -> EntityId {
    EntityId::new(2_000_000).unwrap()
}

fn batch(changes: Vec<Change>) -> Batch {
    Batch {
        actor: Actor::system("test"),
        at: SystemTime::UNIX_EPOCH,
        expect: Fence::default(),
        changes: changes.into_iter().map(Recorded::new).collect(),
    }
}

fn account(id: PrincipalId, name: &str) -> Change {
    Change::CreateAccount(NewAccount {
        id,
        name: name.parse().unwrap(),
        email: None,
        password: None,
        certified: false,
        operator: true,
        registered: false,
    })
}

fn list() -> AccessList {
    let entries = [(ANA, Level::CanEdit.permissions())];
    AccessList::checked(entries, &Options::default(), |_| true).unwrap()
}

/// One change of every kind, in an order in which each has what it needs.
fn every_change(repository: EntityId) -> Vec<Change> {
    let (account_id, credential) = (ANA, TOKEN);
    let name = "Genomics".to_owned();
    let here = EntityRef::Repository(repository);
    vec![
        account(ANA, "ana"),
        Change::SetEmail {
            account: account_id,
            email: "a@example.org".parse().unwrap(),
        },
        Change::SetCertified {
            account: account_id,
            certified: true,
        },
        Change::SetOperator {
            account: account_id,
            operator: false,
        },
        Change::SetDisabled {
            account: account_id,
            disabled: true,
        },
        Change::SetPassword {
            account: account_id,
            hash: PasswordText("hash".to_owned()),
        },
        Change::CreateTeam {
            id: LAB,
            name: "lab".parse().unwrap(),
        },
        Change::SetMember {
            team: LAB,
            account: ANA,
            member: true,
            manager: false,
        },
        Change::SetMember {
            team: LAB,
            account: ANA,
            member: false,
            manager: false,
        },
        Change::CreateProject {
            description: String::new(),
            id: project(),
            name,
            owner: ANA,
            list: list(),
        },
        Change::SetProjectName {
            project: project(),
            name: "Genomes".to_owned(),
        },
        Change::SetOwner {
            project: project(),
            owner: ANA,
        },
        Change::SetList {
            etag: None,
            entity: EntityRef::Project(project()),
            list: Some(AccessList::empty()),
        },
        Change::SetTrash {
            entity: EntityRef::Project(project()),
            by: Some(ANA),
        },
        Change::SetTrash {
            entity: EntityRef::Project(project()),
            by: None,
        },
        Change::SetList {
            etag: None,
            entity: here,
            list: Some(list()),
        },
        Change::SetTrash {
            entity: here,
            by: Some(ANA),
        },
        Change::SetList {
            etag: None,
            entity: here,
            list: None,
        },
        Change::CreateCredential(NewCredential {
            id: TOKEN,
            account: ANA,
            kind: CredentialKind::Personal,
            parent: None,
            name: "ci".to_owned(),
            hash: TokenHash::from_bytes([7; 32]),
            scopes: Scopes::ALL,
            expires: None,
        }),
        Change::RevokeCredential {
            account: account_id,
            credential,
        },
        Change::DeleteTeam { team: LAB },
    ]
}

/// The same of a reference in the project.
fn changes_of_a_reference() -> Vec<Change> {
    vec![
        Change::CreateReference {
            id: reference(),
            project: project(),
            name: "docker.io/library/ubuntu".parse().unwrap(),
            description: String::new(),
        },
        Change::RecordTag {
            reference: reference(),
            tag: "v1".parse().unwrap(),
            digest: ContentDigest::sha256(b""),
        },
        Change::Describe {
            entity: EntityRef::External(reference()),
            etag: 1,
            name: Some("quay.io/a/b".to_owned()),
            description: None,
        },
        Change::SetTrash {
            entity: EntityRef::External(reference()),
            by: Some(ANA),
        },
        Change::Purge {
            entity: EntityRef::External(reference()),
        },
    ]
}

/// The same of what waits for somebody to show a secret.
fn every_pending_change() -> Vec<Change> {
    vec![
        invitation(1),
        Change::UseInvitation {
            invitation: InvitationId(1),
            account: ANA,
        },
        invitation(2),
        Change::RevokeInvitation {
            invitation: InvitationId(2),
        },
        proof(8),
        proof(9),
        shown(9),
    ]
}

fn invitation(id: u64) -> Change {
    Change::CreateInvitation(NewInvitation {
        id: InvitationId(id),
        by: Some(ANA),
        email: Some("b@example.org".parse().unwrap()),
        hash: TokenHash::from_bytes([u8::try_from(id).unwrap(); 32]),
        expires: SystemTime::UNIX_EPOCH + Duration::from_secs(1),
    })
}

fn proof(secret: u8) -> Change {
    Change::AskProof(NewProof {
        account: ANA,
        purpose: Purpose::Email,
        email: "b@example.org".parse().unwrap(),
        hash: TokenHash::from_bytes([secret; 32]),
        expires: SystemTime::UNIX_EPOCH + Duration::from_secs(1),
    })
}

fn shown(secret: u8) -> Change {
    Change::UseProof {
        account: ANA,
        purpose: Purpose::Email,
        hash: TokenHash::from_bytes([secret; 32]),
    }
}

fn all_scopes(repository: EntityId) -> Vec<ScopeId> {
    vec![
        ScopeId::account(ANA.get()),
        ScopeId::account(LAB.get()),
        ScopeId::credential(TOKEN.0),
        ScopeId::parent(ParentId(project().get())),
        ScopeId::repository(RepositoryId(repository.get())),
        ScopeId::repository(RepositoryId(reference().get())),
        OPERATORS,
        PROJECTS,
    ]
}

fn rights(store: &SqliteStore, scopes: &[ScopeId]) -> Vec<Rights> {
    let versions = block_on(store.current(scopes)).unwrap();
    versions.into_iter().map(|version| version.rights).collect()
}

fn audited(store: &SqliteStore) -> usize {
    let query = AuditQuery {
        limit: 1_000,
        ..AuditQuery::default()
    };
    block_on(store.audit(&query)).unwrap().len()
}

/// A repository under the project's number, pushed as the registry pushes.
fn push(store: &SqliteStore) -> EntityId {
    let bytes = Bytes::from_static(br#"{"schemaVersion":2,"manifests":[]}"#);
    let caller = CallerId::new("3000000").unwrap();
    let put = ManifestPut {
        digest: ContentDigest::sha256(&bytes),
        bytes,
        media_type: MediaType::OCI_INDEX,
        artifact_type: None,
        subject: None,
        annotations: None,
        references: Vec::new(),
        tags: Vec::new(),
        by: caller.clone(),
        at: SystemTime::UNIX_EPOCH,
        admission: None,
    };
    let parent = Some(ParentId(project().get()));
    let view = View::New(NewName {
        name: "syn101/app".parse().unwrap(),
        parent,
        caller,
    });
    let permit = Permit {
        view,
        fence: Fence::default(),
    };
    match block_on(store.put_manifest(put, &permit)).unwrap() {
        PutOutcome::Stored { repository, .. } => EntityId::new(repository.0).unwrap(),
        PutOutcome::Missing(_) => unreachable!("nothing is referred to"),
    }
}

#[test]
fn every_change_moves_its_scopes_and_no_others_and_is_audited() {
    let store = SqliteStore::open_temporary().unwrap();
    let repository = push(&store);
    let scopes = all_scopes(repository);
    let changes = [
        every_change(repository),
        changes_of_a_reference(),
        every_pending_change(),
    ];
    for (number, change) in changes.concat().into_iter().enumerate() {
        let before = rights(&store, &scopes);
        block_on(store.commit(batch(vec![change.clone()]))).unwrap();
        let after = rights(&store, &scopes);
        let moved: Vec<_> = scopes
            .iter()
            .zip(before.iter().zip(&after))
            .filter(|(_, (before, after))| before != after)
            .map(|(scope, _)| *scope)
            .collect();
        let mut expected = change.scopes();
        expected.sort_unstable();
        let mut moved_sorted = moved;
        moved_sorted.sort_unstable();
        assert_eq!(moved_sorted, expected, "{change:?}");
        assert_eq!(audited(&store), number + 1, "{change:?}");
    }
}

#[test]
fn deleting_somebody_moves_what_they_stood_in_and_who_was_beside_them() {
    let store = SqliteStore::open_temporary().unwrap();
    let repository = push(&store);
    let here = EntityRef::Repository(repository);
    let listed = |entity| Change::SetList {
        entity,
        list: Some(list()),
        etag: None,
    };
    let with_team = AccessList::checked(
        [(LAB, Level::CanView.permissions())],
        &Options::default(),
        |_| true,
    );
    block_on(store.commit(batch(vec![
        account(ANA, "ana"),
        Change::CreateTeam {
            id: LAB,
            name: "lab".parse().unwrap(),
        },
        Change::SetMember {
            team: LAB,
            account: ANA,
            member: false,
            manager: true,
        },
        Change::CreateProject {
            description: String::new(),
            id: project(),
            name: "Genomics".to_owned(),
            owner: ANA,
            list: with_team.unwrap(),
        },
        listed(here),
    ])))
    .unwrap();
    let (of_ana, of_lab) = (ScopeId::account(ANA.get()), ScopeId::account(LAB.get()));
    let scopes = all_scopes(repository);
    for (change, mut expected, rows) in [
        (
            Change::DeleteAccount { account: ANA },
            // The project is in no list of hers: she is its owner.
            vec![
                of_ana,
                of_lab,
                EntityRef::Project(project()).scope(),
                here.scope(),
                OPERATORS,
            ],
            2,
        ),
        (
            Change::DeleteTeam { team: LAB },
            vec![of_lab, EntityRef::Project(project()).scope()],
            2,
        ),
    ] {
        let (before, audits) = (rights(&store, &scopes), audited(&store));
        block_on(store.commit(batch(vec![change.clone()]))).unwrap();
        let after = rights(&store, &scopes);
        let moved = scopes.iter().zip(before.iter().zip(&after));
        let moved = moved.filter(|(_, (before, after))| before != after);
        let mut moved: Vec<ScopeId> = moved.map(|(scope, _)| *scope).collect();
        moved.sort_unstable();
        expected.sort_unstable();
        assert_eq!(moved, expected, "{change:?}");
        assert_eq!(audited(&store), audits + rows, "{change:?}");
        let again = block_on(store.commit(batch(vec![change])));
        assert!(matches!(again, Err(StoreError::Stale)), "{again:?}");
    }
    let found = block_on(store.target(&TargetLookup::Entity(project()))).unwrap();
    let found = found.project.unwrap();
    assert!(found.list.is_empty() && found.owner.is_none());
    // One step for each who went, whether listed or owner.
    assert_eq!(found.etag, 3);
}

#[test]
fn a_batch_that_fails_changes_nothing() {
    let store = SqliteStore::open_temporary().unwrap();
    let repository = push(&store);
    block_on(store.commit(batch(vec![account(ANA, "ana")]))).unwrap();
    let scopes = all_scopes(repository);
    let (before, rows) = (rights(&store, &scopes), audited(&store));
    let nobody = PrincipalId::new(3_999_999);
    let old = (ScopeId::account(ANA.get()), Rights::default());
    let mut fenced = batch(vec![Change::SetCertified {
        account: ANA,
        certified: true,
    }]);
    fenced.expect = Fence(vec![old]);
    let taken = batch(vec![
        Change::SetCertified {
            account: ANA,
            certified: true,
        },
        account(LAB, "a-na"),
    ]);
    let number = batch(vec![account(ANA, "ben")]);
    let absent = batch(vec![Change::SetCertified {
        account: nobody,
        certified: true,
    }]);
    let untrashed = batch(vec![Change::SetTrash {
        entity: EntityRef::Repository(repository),
        by: None,
    }]);
    let overtaken = batch(vec![Change::SetList {
        entity: EntityRef::Repository(repository),
        list: Some(list()),
        etag: Some(99),
    }]);
    for (what, batch) in [
        ("a fence that moved", fenced),
        ("a name that is taken", taken),
        ("a number that is taken", number),
        ("an account that is not there", absent),
        ("a mark that is not there", untrashed),
        ("an etag that moved", overtaken),
    ] {
        let answer = block_on(store.commit(batch));
        assert!(
            matches!(answer, Err(StoreError::Stale)),
            "{what}: {answer:?}"
        );
        assert_eq!(
            (rights(&store, &scopes), audited(&store)),
            (before.clone(), rows),
            "{what}"
        );
    }
    let record = block_on(store.caller(ANA, None)).unwrap().unwrap();
    assert!(!record.certified);
}

#[test]
fn what_was_used_replaced_or_has_ended_is_used_no_more() {
    let store = SqliteStore::open_temporary().unwrap();
    let used = || Change::UseInvitation {
        invitation: InvitationId(1),
        account: ANA,
    };
    let start = vec![account(ANA, "ana"), invitation(1), proof(8), proof(9)];
    block_on(store.commit(batch(start))).unwrap();
    let late = |change| Batch {
        at: SystemTime::UNIX_EPOCH + Duration::from_secs(1),
        ..batch(vec![change])
    };
    for (what, batch, good) in [
        ("an invitation that has ended", late(used()), false),
        ("an invitation", batch(vec![used()]), true),
        ("an invitation again", batch(vec![used()]), false),
        ("a proof that was replaced", batch(vec![shown(8)]), false),
        ("a proof that has ended", late(shown(9)), false),
        ("a proof", batch(vec![shown(9)]), true),
        ("a proof again", batch(vec![shown(9)]), false),
    ] {
        let done = block_on(store.commit(batch));
        let stale = matches!(done, Err(StoreError::Stale));
        assert_eq!((done.is_ok(), stale), (good, !good), "{what}");
    }
    // All that is about an account goes with its row, whoever deletes it.
    block_on(store.commit(batch(vec![invitation(3), proof(7)]))).unwrap();
    let left = store.write("delete an account", |tx, _| {
        tx.execute("DELETE FROM account WHERE id = ?1", [3_000_000])?;
        let count = "SELECT (SELECT count(*) FROM invitation) + (SELECT count(*) FROM proof)";
        Ok(tx.query_row(count, [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(block_on(left).unwrap(), 0);
}

#[test]
fn facts_come_with_the_versions_that_stand() {
    let store = SqliteStore::open_temporary().unwrap();
    let repository = push(&store);
    let mut changes = every_change(repository);
    changes.truncate(10);
    block_on(store.commit(batch(changes))).unwrap();
    let caller = block_on(store.caller(ANA, Some(TOKEN))).unwrap().unwrap();
    let name = "syn101/app".parse().unwrap();
    let lookup = TargetLookup::Name {
        project: Some(project()),
        name,
    };
    let by_name = block_on(store.target(&lookup)).unwrap();
    let by_id = block_on(store.target(&TargetLookup::Entity(repository))).unwrap();
    assert_eq!(by_name, by_id);
    for versions in [&caller.versions, &by_name.versions] {
        assert_eq!(versions.len(), 2);
        let scopes: Vec<_> = versions.iter().map(|(scope, _)| *scope).collect();
        let read: Vec<_> = versions.iter().map(|(_, rights)| *rights).collect();
        assert_eq!(rights(&store, &scopes), read);
    }
}

#[test]
fn a_purged_repository_takes_its_entity_with_it_and_the_name_begins_anew() {
    let store = SqliteStore::open_temporary().unwrap();
    let repository = push(&store);
    let local = Change::SetList {
        etag: None,
        entity: EntityRef::Repository(repository),
        list: Some(list()),
    };
    block_on(store.commit(batch(vec![local]))).unwrap();
    assert!(block_on(store.purge(RepositoryId(repository.get()))).unwrap());
    let gone = block_on(store.target(&TargetLookup::Entity(repository))).unwrap();
    assert!(gone.repository.is_none());
    let next = push(&store);
    assert!(next > repository);
    let found = block_on(store.target(&TargetLookup::Entity(next))).unwrap();
    assert_eq!(
        found.repository.unwrap().own_list,
        None,
        "nothing of its former life"
    );
}

#[test]
fn numbers_are_given_once_and_from_one_sequence_for_projects_and_repositories() {
    let store = SqliteStore::open_temporary().unwrap();
    let first = block_on(store.allocate_entities(2)).unwrap();
    let repository = push(&store);
    let next = block_on(store.allocate_entities(1)).unwrap();
    let numbers = [first[0], first[1], repository, next[0]].map(EntityId::get);
    assert_eq!(numbers, [1_000_000, 1_000_001, 1_000_002, 1_000_003]);
    let principals = block_on(store.allocate_principals(3)).unwrap();
    assert_eq!(
        principals.iter().map(|id| id.get()).collect::<Vec<_>>(),
        [3_000_000, 3_000_001, 3_000_002]
    );
    assert_eq!(
        block_on(store.allocate_credential()).unwrap(),
        CredentialId(1)
    );
}

#[test]
fn repositories_from_before_the_projects_become_entities() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(include_str!("../schema/0001_registry.sql"))
        .unwrap();
    connection
        .execute(
            "INSERT INTO repository VALUES (7, 'syn1/a', 1, 'ana', 5)",
            [],
        )
        .unwrap();
    connection
        .execute_batch(include_str!("../schema/0002_projects.sql"))
        .unwrap();
    let found: (i64, i64, String) = connection
        .query_row(
            "SELECT kind, parent, name FROM entity WHERE id = 7",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    assert_eq!(found, (2, 1, "syn1/a".to_owned()));
}
