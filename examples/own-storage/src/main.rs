//! A registry that keeps its blobs in a store of one's own:
//! `pierhead-own-storage-example [ADDRESS [DIRECTORY]]`. Blobs are objects in a bucket, everything else
//! is in a database beside it; everybody may do everything.

use std::path::Path;
use std::sync::Arc;

use pierhead::prelude::*;
use pierhead::registry::TokioClock;
use pierhead::sqlite::{SqliteOptions, SqliteStore};
use pierhead_own_storage_example::{BucketStore, Directory};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:5001".to_owned());
    let directory = args.next().unwrap_or_else(|| "own-storage-data".to_owned());
    let directory = Path::new(&directory);

    let blobs = BucketStore::new(Arc::new(Directory::open(directory.join("bucket"))?));
    let rows = SqliteStore::open(directory.join("metadata.db"), SqliteOptions::default())?;
    let (blobs, clock) = (Arc::new(blobs), Arc::new(TokioClock));
    let builder = Pierhead::builder(blobs, Arc::new(rows.clone()), clock).closing(rows);
    let open = AllowAll::new(builder.repositories());
    let pierhead = builder.authorizer(Arc::new(open)).build();

    let listener = TcpListener::bind(address).await?;
    axum::serve(listener, pierhead.clone().into_router())
        .with_graceful_shutdown(async { drop(tokio::signal::ctrl_c().await) })
        .await?;
    Ok(pierhead.close().await?)
}
