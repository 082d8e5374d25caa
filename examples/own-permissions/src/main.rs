//! A registry whose permissions are in the application's own table:
//! `pierhead-own-permissions-example [ADDRESS]`, then `docker login 127.0.0.1:5001 -u ana -p swordfish`
//! and push `127.0.0.1:5001/genomics/app`; `ben`, with `porpoise`, may pull it.

use std::sync::Arc;

use pierhead::prelude::*;
use pierhead_own_permissions_example::{FromTable, Table, UserId};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1);
    let table = Arc::new(Table::default());
    table.add_user("ana", UserId(1), "swordfish");
    table.add_user("ben", UserId(2), "porpoise");
    table.grant(UserId(1), "genomics", true);
    table.grant(UserId(2), "genomics", false);

    let builder = Pierhead::in_memory();
    let rules = FromTable(Arc::clone(&table), builder.repositories());
    let builder = builder.authenticator(table).authorizer(Arc::new(rules));
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:5001")).await?;
    Ok(axum::serve(listener, builder.build().into_router()).await?)
}
