//! Who has an account, for operators.

use pierhead_policy::RequestKind;

use crate::actor::{Actor, RoleUse};
use crate::entity::view::{Listed, MAX_PAGE};
use crate::error::ProjectsError;
use crate::listing::AccountQuery;
use crate::people::name::fold;
use crate::projects::Projects;
use crate::survey::Account;

impl Projects {
    /// Accounts whose names begin with `prefix`, however it is spelt, by their folded names, after the
    /// account of the name `after`, at most `limit`.
    ///
    /// # Errors
    /// [`ProjectsError::OperatorsOnly`].
    pub async fn accounts(
        &self,
        actor: &Actor,
        prefix: &str,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Listed<Account>, ProjectsError> {
        let who = self.standing(actor).await?;
        who.signed_in(RequestKind::ManagementRead)?;
        if !who.is_operator() {
            return Err(ProjectsError::OperatorsOnly);
        }
        let prefix = fold(prefix);
        let limit = limit.min(MAX_PAGE);
        let mut listed = Listed {
            items: Vec::new(),
            more: false,
        };
        // Nothing else stands in a folded name.
        if prefix.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            let query = AccountQuery {
                prefix,
                after: after.map(fold),
                limit: limit + 1,
            };
            listed.items = self.store().accounts(&query).await?;
        }
        listed.more = listed.items.len() > limit;
        listed.items.truncate(limit);
        self.shown_by_role(actor, true, RoleUse::of("list-accounts"))
            .await?;
        Ok(listed)
    }
}
