//! Listing repositories.

use pierhead_model::RepositoryName;

use crate::{Caller, DenialKind, Error, Page, Registry, Wanted};

impl Registry {
    /// The names a caller may see, in order, after `after`, at most `limit`. What they may not see
    /// is left out before the page is cut.
    pub async fn catalog(
        &self,
        caller: &Caller,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Page<RepositoryName>, Error> {
        let authorizer = &self.inner.authorizer;
        if let Some(denial) = authorizer.refuses_catalog(caller).await? {
            return Err(match denial.kind {
                DenialKind::Scope => Error::ScopeLacking {
                    explanation: denial.explanation,
                },
                DenialKind::Permission => Error::Denied {
                    explanation: denial.explanation,
                },
            });
        }
        if !caller.ceiling.allows_catalog() {
            let wanted = Wanted::Catalog;
            return Err(if caller.id.is_anonymous() {
                Error::SignIn { wanted }
            } else {
                Error::BeyondToken { wanted }
            });
        }
        let limit = limit.min(self.limits().page);
        let found = authorizer.visible(caller, after, limit + 1).await?;
        Ok(Page::cut(found, limit))
    }
}
