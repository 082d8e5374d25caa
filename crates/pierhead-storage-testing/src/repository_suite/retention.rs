//! The inventory, and retiring what it shows.

use pierhead_model::ContentDigest;
use pierhead_storage::{
    Inventory, InventoryManifest, LastPush, ManifestPut, Permit, Retirement, ScopeId, View,
};

use super::bench::{
    Bench, at, children, deed, digest, layers, manifest, new, open, repository, size, tag,
};
use crate::check::{Fault, Outcome, ensure, same};

pub(super) async fn an_inventory_shows_manifests_and_the_newest_pushes(
    mut bench: Bench,
) -> Outcome {
    let red = red(&bench).await?;
    bench.repository("green", "alice", 9, "v1").await?;
    bench.reopen().await;
    let found = bench.store.inventory(&red.view).await?;
    let manifest = |number, seconds, subject: Option<u64>, named: &[u64], tagged| {
        let mut children: Vec<_> = named.iter().map(|number| digest(*number)).collect();
        children.sort_unstable();
        InventoryManifest {
            digest: digest(number),
            size: size(number),
            at: at(seconds),
            subject: subject.map(digest),
            children,
            tagged,
        }
    };
    let mut manifests = vec![
        manifest(1, 1, None, &[], false),
        manifest(2, 6, None, &[], true),
        manifest(3, 3, None, &[], false),
        manifest(4, 4, None, &[1, 3], false),
        manifest(5, 7, Some(2), &[], false),
    ];
    manifests.sort_by_key(|manifest| manifest.digest);
    let push = |name: &str, number, seconds| {
        Ok::<_, Fault>(LastPush {
            tag: tag(name)?,
            digest: digest(number),
            at: at(seconds),
        })
    };
    let expected = Inventory {
        content: content(&bench, &red.view).await?,
        manifests,
        pushes: vec![push("v1", 2, 6)?, push("v2", 4, 4)?, push("v1", 1, 1)?],
    };
    same("the inventory", found, expected)?;
    let new = bench.store.inventory(&new("blue/sky", "alice")?).await?;
    same("the inventory of a new name", new, Inventory::default())
}

pub(super) async fn what_a_tag_or_a_staying_index_names_is_never_retired(
    mut bench: Bench,
) -> Outcome {
    let red = red(&bench).await?;
    let seen = content(&bench, &red.view).await?;
    // 3 is named by 4; 2 by a tag; 6 is not here; 1, named by 4 as well, follows it in this order.
    let asked = [3, 2, 6, 4, 1].map(digest);
    let gone = retire(&bench, &asked, seen, &red).await?;
    same("what is gone", &gone.0, &vec![digest(4), digest(1)])?;
    bench.reopen().await;
    let now = content(&bench, &red.view).await?;
    same("the counter it answers", gone.1, now)?;
    ensure(now > seen, "retiring did not move the content")?;
    let left = bench.store.inventory(&red.view).await?.manifests;
    let left: Vec<_> = left.iter().map(|manifest| manifest.digest).collect();
    let mut expected = vec![digest(2), digest(3), digest(5)];
    expected.sort_unstable();
    same("what is left", left, expected)?;
    let history = bench.store.history(&red.view, None, None, 100).await?;
    same("history keeps every push", history.len(), 4)?;
    // The blob that only the retired one named is nobody's now.
    let deleted = bench.store.delete_blob(&digest(8), &deed(), &red).await?;
    same("its blob", deleted, pierhead_storage::Deletion::Deleted)?;
    let now = content(&bench, &red.view).await?;
    let nothing = retire(&bench, &[digest(6)], now, &red).await?;
    same("what is not here", nothing, (Vec::new(), now))
}

pub(super) async fn what_was_decided_of_another_state_retires_nothing(bench: Bench) -> Outcome {
    let red = red(&bench).await?;
    let seen = content(&bench, &red.view).await?;
    for moved in [seen - 1, seen + 1, 0, u64::MAX >> 1] {
        let answer = bench.store.retire(&[digest(4)], moved, &red).await?;
        same("another state", answer, Retirement::Moved)?;
    }
    bench.put(manifest(7, "alice")?, &red).await?;
    let answer = bench.store.retire(&[digest(4)], seen, &red).await?;
    same("a push since", answer, Retirement::Moved)?;
    let left = bench.store.inventory(&red.view).await?.manifests.len();
    same("manifests", left, 6)
}

/// `v1` named 1, then 2, then 2 again; `v2` named 4, an index of 1 and 3, and is gone. 5 refers to 2.
/// 4 names blob 8 as well.
async fn red(bench: &Bench) -> Outcome<Permit> {
    let put = |number, tags: &[&str], seconds| {
        let tags: Outcome<Vec<_>> = tags.iter().map(|name| tag(name)).collect();
        Ok::<_, Fault>(ManifestPut {
            tags: tags?,
            at: at(seconds),
            ..manifest(number, "alice")?
        })
    };
    let first = put(1, &["v1"], 1)?;
    let (id, _) = bench.put(first, &open(new("red", "alice")?)).await?;
    let red = open(repository(id));
    bench.put(put(2, &["v1"], 2)?, &red).await?;
    bench.put(put(3, &[], 3)?, &red).await?;
    bench.blob(&red, "alice", 8, at(3)).await?;
    let mut index = put(4, &["v2"], 4)?;
    index.references = [children(&[1, 3]), layers(&[8])].concat();
    bench.put(index, &red).await?;
    bench.put(put(2, &["v1"], 6)?, &red).await?;
    bench.store.delete_tag(&tag("v2")?, &deed(), &red).await?;
    let mut referrer = put(5, &[], 7)?;
    referrer.subject = Some(digest(2));
    bench.put(referrer, &red).await?;
    Ok(red)
}

async fn content(bench: &Bench, view: &View) -> Outcome<u64> {
    let View::Repository(id) = view else {
        return Ok(0);
    };
    let versions = bench.store.current(&[ScopeId::repository(*id)]).await?;
    Ok(versions.first().map_or(0, |version| version.content))
}

async fn retire(
    bench: &Bench,
    digests: &[ContentDigest],
    seen: u64,
    permit: &Permit,
) -> Outcome<(Vec<ContentDigest>, u64)> {
    match bench.store.retire(digests, seen, permit).await? {
        Retirement::Done { gone, content } => Ok((gone, content)),
        Retirement::Moved => Err(Fault::new("the repository did not move")),
    }
}
