//! Fences, versions and views.

use futures::future::join_all;
use pierhead_model::Reference;
use pierhead_storage::{
    BlobMount, Fence, Generation, ManifestPut, NewName, Permit, RepositoryId, Rights, ScopeId,
    ScopeKind, StoreError, Touch, UploadId, View,
};

use super::bench::{
    Bench, at, caller, commit, digest, layers, manifest, name, new, new_upload, open, owner,
    progress, referrers, repository, rule, size, tag,
};
use crate::RepositoryGround;
use crate::check::{Outcome, ensure, refused, same};

const KINDS: [ScopeKind; 5] = [
    ScopeKind::Parent,
    ScopeKind::Repository,
    ScopeKind::Account,
    ScopeKind::Credential,
    ScopeKind::Other,
];

/// Every call that takes a permit, and where the permit goes.
#[derive(Clone, Copy, Debug)]
enum Call {
    OpenUpload,
    CommitBlob,
    MountFrom,
    MountInto,
    DeleteBlob,
    PutManifest,
    DeleteManifest,
    DeleteTag,
}

const CALLS: [Call; 8] = [
    Call::OpenUpload,
    Call::CommitBlob,
    Call::MountFrom,
    Call::MountInto,
    Call::DeleteBlob,
    Call::PutManifest,
    Call::DeleteManifest,
    Call::DeleteTag,
];

/// A view in which every call has something to do.
struct Scene {
    bench: Bench,
    view: View,
    other: Permit,
    upload: Generation,
}

impl Scene {
    /// In a repository that exists.
    async fn existing(bench: Bench) -> Outcome<Self> {
        let id = bench.repository("red", "alice", 0, "v1").await?;
        Self::of(bench, repository(id)).await
    }

    async fn of(bench: Bench, view: View) -> Outcome<Self> {
        let permit = open(view.clone());
        bench.blob(&permit, "alice", 1, at(0)).await?;
        let other = open(repository(
            bench.repository("green", "alice", 3, "v1").await?,
        ));
        bench.blob(&other, "alice", 2, at(0)).await?;
        let upload = bench.upload(&permit, "alice", at(0)).await?.generation;
        bench
            .store
            .save_upload(upload, progress(size(4)), at(0))
            .await?;
        Ok(Self {
            bench,
            view,
            other,
            upload,
        })
    }

    fn permit(&self, fence: Vec<(ScopeId, Rights)>) -> Permit {
        Permit {
            view: self.view.clone(),
            fence: Fence(fence),
        }
    }

    async fn call(&self, call: Call, permit: &Permit) -> Outcome<Result<(), StoreError>> {
        let store = &self.bench.store;
        let mount = |number| BlobMount {
            digest: digest(number),
            by: self::by(),
            at: at(1),
        };
        Ok(match call {
            Call::OpenUpload => store
                .open_upload(new_upload("alice", at(1))?, permit)
                .await
                .map(drop),
            Call::CommitBlob => store
                .commit_blob(commit(self.upload, 4, at(1)), permit)
                .await
                .map(drop),
            Call::MountFrom => store
                .mount_blob(mount(1), permit, &self.other)
                .await
                .map(drop),
            Call::MountInto => store
                .mount_blob(mount(2), &self.other, permit)
                .await
                .map(drop),
            Call::DeleteBlob => store.delete_blob(&digest(1), permit).await.map(drop),
            Call::PutManifest => {
                let tags = vec![tag("v1")?, tag("v2")?];
                let references = layers(&[1]);
                let put = ManifestPut {
                    tags,
                    references,
                    ..manifest(5, "alice")?
                };
                store.put_manifest(put, permit).await.map(drop)
            }
            Call::DeleteManifest => store.delete_manifest(&digest(0), permit).await.map(drop),
            Call::DeleteTag => store.delete_tag(&tag("v1")?, permit).await.map(drop),
        })
    }

    async fn fingerprint(&self) -> Outcome<String> {
        self.bench.fingerprint(&[self.upload.upload]).await
    }

    /// Requires a call to answer that its permit is stale, and to change nothing.
    async fn stale(&self, what: &str, call: Call, permit: &Permit) -> Outcome {
        let before = self.fingerprint().await?;
        let answer = self.call(call, permit).await?;
        refused!(format_args!("{what}: {call:?}"), answer, StoreError::Stale)?;
        let after = self.fingerprint().await?;
        same(
            &format!("{what}: what can be seen after {call:?}"),
            after,
            before,
        )
    }
}

fn by() -> pierhead_storage::CallerId {
    caller("alice").unwrap_or_else(|_| pierhead_storage::CallerId::anonymous())
}

pub(super) async fn a_scope_never_bumped_stands_at_zero(bench: Bench) -> Outcome {
    let scopes: Vec<_> = KINDS.map(|kind| ScopeId { kind, id: 9 }).to_vec();
    let versions = bench.store.current(&scopes).await?;
    same("versions", versions.len(), scopes.len())?;
    for version in versions {
        same(
            "the counters",
            (version.rights.counter, version.content),
            (0, 0),
        )?;
    }
    same(
        "no scopes, no versions",
        bench.store.current(&[]).await?,
        Vec::new(),
    )
}

pub(super) async fn bumping_moves_the_rights_of_these_scopes_alone(mut bench: Bench) -> Outcome {
    // One id under every kind, and two under one.
    let ids = [3, i64::MAX as u64];
    let scopes: Vec<_> = KINDS
        .iter()
        .flat_map(|kind| ids.map(|id| ScopeId { kind: *kind, id }))
        .collect();
    for scope in &scopes {
        let before = bench.store.current(&scopes).await?;
        bench.store.bump(&[*scope]).await?;
        let after = bench.store.current(&scopes).await?;
        for ((which, before), after) in scopes.iter().zip(before).zip(after) {
            let moved = before.rights != after.rights;
            same(
                &format!("whether {which:?} moved with {scope:?}"),
                moved,
                which == scope,
            )?;
            same("the content", after.content, before.content)?;
        }
    }
    bench.store.bump(&scopes).await?;
    let before = bench.store.current(&scopes).await?;
    bench.reopen().await;
    same(
        "versions after reopening",
        bench.store.current(&scopes).await?,
        before.clone(),
    )?;
    // They answer in the order asked, and may be asked twice.
    bench.store.bump(&scopes[..1]).await?;
    let asked = [scopes[1], scopes[0], scopes[1]];
    let versions = bench.store.current(&asked).await?;
    same(
        "the untouched ones",
        (&versions[0], &versions[2]),
        (&before[1], &before[1]),
    )?;
    ensure(
        versions[1].rights != before[0].rights,
        "the bumped one did not move",
    )
}

pub(super) async fn a_moved_counter_refuses_every_call(ground: &dyn RepositoryGround) -> Outcome {
    for (index, call) in CALLS.into_iter().enumerate() {
        let scene = Scene::existing(Bench::new(ground).await).await?;
        let scopes = KINDS.map(|kind| ScopeId { kind, id: 40 });
        let versions = scene.bench.store.current(&scopes).await?;
        let fence: Vec<_> = scopes
            .into_iter()
            .zip(versions.iter().map(|v| v.rights))
            .collect();
        let permit = scene.permit(fence.clone());
        // Each call with another scope moved; the last one with two.
        scene.bench.store.bump(&[scopes[index % 5]]).await?;
        scene.stale("a counter moved", call, &permit).await?;
        // Decided again, it passes.
        let versions = scene.bench.store.current(&scopes).await?;
        let fence: Vec<_> = scopes
            .into_iter()
            .zip(versions.iter().map(|v| v.rights))
            .collect();
        scene.call(call, &scene.permit(fence)).await??;
    }
    Ok(())
}

pub(super) async fn every_scope_of_a_fence_is_compared(bench: Bench) -> Outcome {
    let scene = Scene::existing(bench).await?;
    let scopes = KINDS.map(|kind| ScopeId { kind, id: 41 });
    for moved in scopes {
        let versions = scene.bench.store.current(&scopes).await?;
        let fence: Vec<_> = scopes
            .into_iter()
            .zip(versions.iter().map(|v| v.rights))
            .collect();
        scene
            .call(Call::OpenUpload, &scene.permit(fence.clone()))
            .await??;
        scene.bench.store.bump(&[moved]).await?;
        let what = format!("{moved:?} moved");
        scene
            .stale(&what, Call::PutManifest, &scene.permit(fence))
            .await?;
    }
    Ok(())
}

pub(super) async fn rights_of_another_epoch_are_stale(bench: Bench) -> Outcome {
    let scene = Scene::existing(bench).await?;
    let scope = ScopeId {
        kind: ScopeKind::Account,
        id: 5,
    };
    for version in scene.bench.store.current(&[scope]).await? {
        let Rights { epoch, counter } = version.rights;
        let others = [
            Rights {
                epoch: epoch ^ 1,
                counter,
            },
            Rights {
                epoch: !epoch,
                counter,
            },
            Rights {
                epoch,
                counter: counter + 1,
            },
            Rights {
                epoch,
                counter: u64::MAX,
            },
        ];
        for rights in others {
            let permit = scene.permit(vec![(scope, rights)]);
            scene
                .stale(&format!("{rights:?}"), Call::PutManifest, &permit)
                .await?;
        }
        scene
            .call(
                Call::PutManifest,
                &scene.permit(vec![(scope, version.rights)]),
            )
            .await??;
    }
    Ok(())
}

pub(super) async fn two_stores_have_two_epochs(ground: &dyn RepositoryGround) -> Outcome {
    let scope = ScopeId {
        kind: ScopeKind::Account,
        id: 5,
    };
    let mut epochs = Vec::new();
    for _ in 0..2 {
        let mut bench = Bench::new(ground).await;
        let before = bench.store.current(&[scope]).await?;
        bench.reopen().await;
        same(
            "the version after reopening",
            &bench.store.current(&[scope]).await?,
            &before,
        )?;
        epochs.extend(before.iter().map(|version| version.rights.epoch));
    }
    ensure(epochs[0] != epochs[1], "two databases have one epoch")
}

pub(super) async fn a_view_of_no_repository_is_stale(bench: Bench) -> Outcome {
    let scene = Scene::existing(bench).await?;
    for call in CALLS {
        let gone = open(repository(RepositoryId(1 << 40)));
        scene.stale("the repository is gone", call, &gone).await?;
    }
    stale_reads(&scene, &repository(RepositoryId(1 << 40))).await
}

pub(super) async fn a_new_name_that_is_taken_is_stale(ground: &dyn RepositoryGround) -> Outcome {
    for call in CALLS {
        let sky = new("blue/sky", "alice")?;
        let scene = Scene::of(Bench::new(ground).await, sky.clone()).await?;
        scene.bench.repository("blue/sky", "bob", 0, "v1").await?;
        scene
            .stale("the name is taken", call, &open(sky.clone()))
            .await?;
        stale_reads(&scene, &sky).await?;
    }
    Ok(())
}

/// Requires every read through a stale view to say so, rather than that nothing is there.
async fn stale_reads(scene: &Scene, view: &View) -> Outcome {
    let store = &scene.bench.store;
    let of = owner(view, "alice")?;
    let id = scene.upload.upload;
    refused!(
        "a blob",
        store.find_blob(view, &digest(1), Touch::No).await,
        StoreError::Stale
    )?;
    refused!(
        "absent",
        store.find_blob(view, &digest(99), Touch::No).await,
        StoreError::Stale
    )?;
    for reference in [Reference::Digest(digest(0)), tag("v1")?.into()] {
        let answer = store.find_manifest(view, &reference).await;
        refused!("a manifest", answer, StoreError::Stale)?;
    }
    refused!("tags", store.tags(view, None, 10).await, StoreError::Stale)?;
    refused!(
        "referrers",
        store.referrers(view, &referrers(0)).await,
        StoreError::Stale
    )?;
    refused!(
        "history",
        store.history(view, None, None, 10).await,
        StoreError::Stale
    )?;
    refused!(
        "a session",
        store.find_upload(id, &of).await,
        StoreError::Stale
    )?;
    refused!(
        "taking a session",
        store.take_upload(id, &of).await,
        StoreError::Stale
    )?;
    refused!(
        "cancelling a session",
        store.cancel_upload(id, &of).await,
        StoreError::Stale
    )?;
    let absent = store.find_upload(UploadId(id.0 ^ 4), &of).await;
    refused!("an absent session", absent, StoreError::Stale)
}

pub(super) async fn a_change_moves_content_and_no_rights(ground: &dyn RepositoryGround) -> Outcome {
    let changes = [
        (Call::CommitBlob, true),
        (Call::MountFrom, false),
        (Call::MountInto, true),
        (Call::DeleteBlob, true),
        (Call::PutManifest, true),
        (Call::DeleteManifest, true),
        (Call::DeleteTag, true),
    ];
    for (call, moves) in changes {
        let scene = Scene::existing(Bench::new(ground).await).await?;
        let View::Repository(id) = scene.view else {
            return Ok(());
        };
        let scope = [
            ScopeId::repository(id),
            ScopeId::parent(pierhead_storage::ParentId(7)),
        ];
        let before = scene.bench.store.current(&scope).await?;
        scene.call(call, &open(scene.view.clone())).await??;
        let after = scene.bench.store.current(&scope).await?;
        for (before, after) in before.iter().zip(&after) {
            same(
                &format!("the rights after {call:?}"),
                after.rights,
                before.rights,
            )?;
        }
        let moved = after[0].content > before[0].content;
        ensure(
            moved || !moves,
            format_args!("{call:?} did not move the content"),
        )?;
    }
    let scene = Scene::existing(Bench::new(ground).await).await?;
    let View::Repository(id) = scene.view else {
        return Ok(());
    };
    let scope = [ScopeId::repository(id)];
    let before = scene.bench.store.current(&scope).await?;
    scene.bench.condemn_all(&rule(at(1 << 20))).await?;
    let after = scene.bench.store.current(&scope).await?;
    ensure(
        after[0].content > before[0].content,
        "a collected link did not move the content",
    )?;
    same(
        "the rights after a collection",
        after[0].rights,
        before[0].rights,
    )
}

pub(super) async fn eight_writers_of_one_repository_are_never_stale(bench: Bench) -> Outcome {
    const EACH: u64 = 20;
    let id = bench.repository("red", "alice", 0, "v1").await?;
    let scopes = [
        ScopeId::repository(id),
        ScopeId::parent(pierhead_storage::ParentId(7)),
    ];
    let versions = bench.store.current(&scopes).await?;
    let fence: Vec<_> = scopes
        .into_iter()
        .zip(versions.iter().map(|v| v.rights))
        .collect();
    let permit = Permit {
        view: repository(id),
        fence: Fence(fence),
    };
    let writers = (0..8).map(|writer| {
        let (bench, permit) = (&bench, &permit);
        async move {
            for number in 0..EACH {
                let number = 1_000 + writer * EACH + number;
                let tags = vec![tag(&format!("t{number}"))?, tag("latest")?];
                bench
                    .put(
                        ManifestPut {
                            tags,
                            ..manifest(number, "alice")?
                        },
                        permit,
                    )
                    .await?;
            }
            Outcome::Ok(())
        }
    });
    for written in join_all(writers).await {
        written?;
    }
    let tags = bench.store.tags(&permit.view, None, 10_000).await?;
    same("tags", tags.len() as u64, 8 * EACH + 2)?;
    let history = bench
        .store
        .history(&permit.view, None, None, 10_000)
        .await?;
    same("pushes", history.len() as u64, 16 * EACH + 1)
}

pub(super) async fn a_new_name_is_each_callers_own(bench: Bench) -> Outcome {
    // The parent is what the repository will be created under; whose staged blobs count is said by
    // the caller and the name.
    let (alices, bobs) = (new("red", "alice")?, new("red", "bob")?);
    let anonymous = View::New(NewName {
        name: name("red")?,
        parent: None,
        caller: pierhead_storage::CallerId::anonymous(),
    });
    bench.blob(&open(alices.clone()), "alice", 1, at(0)).await?;
    for (view, seen) in [(&alices, true), (&bobs, false), (&anonymous, false)] {
        bench.expect(view, 1, seen).await?;
    }
    Ok(())
}
