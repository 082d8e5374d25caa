//! One law for any history of an upload: what is sealed is what the steps that counted wrote.

use std::sync::Arc;

use bytes::Bytes;
use futures::TryStreamExt as _;
use pierhead_storage::{BlobRead, BlobStore, Checkpoint, MemoryBlobStore, ReadOptions, StoreError};
use pierhead_storage_testing::{Parts, Tail};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Write(Vec<u8>),
    Checkpoint,
    /// The writer is dropped, and the upload goes on from its last checkpoint.
    Drop,
    /// The upload goes on from its last checkpoint while the old writer still lives.
    Overtake,
    /// Everything is begun anew.
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => prop::collection::vec(any::<u8>(), 0..200).prop_map(Step::Write),
        3 => Just(Step::Checkpoint),
        2 => Just(Step::Drop),
        1 => Just(Step::Overtake),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 0..24)
}

async fn obeys(store: Arc<dyn BlobStore>, steps: Vec<Step>) -> Result<(), StoreError> {
    let place = store.allocate();
    let mut writer = store.writer(&place, None).await?;
    let mut written: Vec<u8> = Vec::new();
    let mut last: Option<(Checkpoint, Vec<u8>)> = None;
    for step in steps {
        match step {
            Step::Write(bytes) => {
                written.extend(&bytes);
                writer.write(bytes.into()).await?;
            }
            Step::Checkpoint => {
                let checkpoint = writer.checkpoint().await?;
                assert_eq!(checkpoint.offset, written.len() as u64);
                last = Some((checkpoint, written.clone()));
            }
            Step::Drop | Step::Overtake | Step::Restart => {
                if matches!(step, Step::Restart) {
                    last = None;
                }
                let from = last.as_ref().map(|(checkpoint, _)| checkpoint.clone());
                let newer = store.writer(&place, from).await?;
                let mut older = std::mem::replace(&mut writer, newer);
                if matches!(step, Step::Overtake) {
                    let late = older.write(Bytes::from_static(b"late")).await;
                    assert!(matches!(late, Err(StoreError::Superseded)), "{late:?}");
                }
                written = last
                    .as_ref()
                    .map_or_else(Vec::new, |(_, bytes)| bytes.clone());
            }
        }
    }
    let len = written.len() as u64;
    for _ in 0..2 {
        assert_eq!(writer.seal().await?, len);
    }
    let BlobRead::Stream(pieces) = store.read(&place, 0..len, &ReadOptions::default()).await?
    else {
        panic!("a redirect");
    };
    assert_eq!(pieces.try_collect::<Vec<_>>().await?.concat(), written);
    Ok(())
}

proptest! {
    #[test]
    fn what_is_sealed_is_what_counted(steps in steps(), part in 1_usize..300) {
        let memory = || -> Arc<dyn BlobStore> { Arc::new(MemoryBlobStore::new()) };
        let parts = |tail| Arc::new(Parts::new(memory(), part).with_tail(tail));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(obeys(memory(), steps.clone())).unwrap();
        runtime.block_on(obeys(parts(Tail::InState), steps.clone())).unwrap();
        runtime.block_on(obeys(parts(Tail::Beside), steps)).unwrap();
    }
}
