//! Fences, versions and views.

use futures::future::join_all;
use pierhead_storage::{
    Fence, ManifestPut, NewName, Permit, RepositoryId, Rights, ScopeId, ScopeKind, View,
};

use super::bench::{Bench, at, manifest, name, new, open, repository, rule, tag};
use super::scene::{CALLS, Call, Scene, stale_reads};
use crate::RepositoryGround;
use crate::check::{Outcome, ensure, same};

const KINDS: [ScopeKind; 5] = [
    ScopeKind::Parent,
    ScopeKind::Repository,
    ScopeKind::Account,
    ScopeKind::Credential,
    ScopeKind::Other,
];

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

pub(super) async fn a_change_moves_content_and_no_rights(ground: &dyn RepositoryGround) -> Outcome {
    let changes = [
        (Call::CommitBlob, true),
        (Call::MountFrom, false),
        (Call::MountInto, true),
        (Call::DeleteBlob, true),
        (Call::PutManifest, true),
        (Call::DeleteManifest, true),
        (Call::DeleteTag, true),
        (Call::Retire, false),
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
