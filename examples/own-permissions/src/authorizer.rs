//! The registry's question, answered from the table.

use std::sync::Arc;

use pierhead::prelude::*;

use crate::table::{Table, UserId};

/// The table, and the registry's rows: for versions and for lists.
// All of it, from here to the end: a test counts the lines.
#[derive(Debug)]
pub struct FromTable(pub Arc<Table>, pub Arc<dyn RepositoryStore>);

#[async_trait]
impl Authorizer for FromTable {
    async fn decide(&self, caller: &Caller, action: Action, on: &Resource<'_>) -> Decided {
        let user = UserId::of(caller);
        // The version before the table: what is taken away from here on moves it, and ends a push.
        let fence = Fence::now(&*self.1, &[ScopeId::account(user.0)]).await?;
        // An outage is an error, which is 503 and tried again; never a refusal.
        let grants = self.0.grants(user).await?;
        if grants.allow(action, on.name) {
            return allow_while(fence);
        }
        // The same for what is not there. Who is anonymous is asked to sign in instead.
        deny("you have no grant for this", "ask whoever has one")
    }

    async fn visible(&self, caller: &Caller, after: Option<&str>, limit: usize) -> Visible {
        let grants = self.0.grants(UserId::of(caller)).await?;
        let may_pull = |it: &Repository| grants.allow(Action::Pull, &it.name);
        visible_where(&*self.1, after, limit, may_pull).await
    }
}
