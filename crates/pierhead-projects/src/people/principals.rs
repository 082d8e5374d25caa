//! Users and teams by number and by name, and who is in which team: for everybody who is signed in,
//! because sharing lists name them by number. It tells no e-mail address, to nobody.

use pierhead_policy::{PrincipalId, RequestKind};

use crate::actor::{Actor, Standing};
use crate::entity::view::{Listed, MAX_PAGE};
use crate::error::ProjectsError;
use crate::people::name::AccountName;
use crate::people::register::is_reserved;
use crate::principals::{
    MemberQuery, MemberRow, PrincipalKind, PrincipalQuery, PrincipalRow, TeamsQuery,
};
use crate::projects::Projects;
use crate::survey::{PrincipalKey, SurveyQuery};

impl Projects {
    /// The user or team of a number, or of a name however it is spelt.
    ///
    /// # Errors
    /// [`ProjectsError::NotFound`], [`ProjectsError::SignIn`].
    pub async fn principal(
        &self,
        actor: &Actor,
        key: PrincipalKey,
    ) -> Result<PrincipalRow, ProjectsError> {
        self.reads_names(actor).await?;
        self.row(key).await?.ok_or(ProjectsError::NotFound {
            what: "user or team",
        })
    }

    /// The users and teams of at most 1,000 numbers, in their order, everybody and anybody among
    /// them; numbers that nobody has are left out.
    ///
    /// # Errors
    /// [`ProjectsError::SignIn`].
    pub async fn principals(
        &self,
        actor: &Actor,
        ids: &[PrincipalId],
    ) -> Result<Vec<PrincipalRow>, ProjectsError> {
        self.reads_names(actor).await?;
        let ids = ids.iter().take(MAX_PAGE).copied();
        let keys: Vec<PrincipalKey> = ids.clone().map(PrincipalKey::Id).collect();
        let found = self.store().principals(&keys).await?;
        let found = ids.zip(found);
        Ok(found
            .filter_map(|(id, found)| found.or_else(|| well_known(id)))
            .collect())
    }

    /// Users and teams whose names begin so, however they are spelt: first who has the very name.
    ///
    /// # Errors
    /// [`ProjectsError::SignIn`].
    pub async fn find_principals(
        &self,
        actor: &Actor,
        query: PrincipalQuery,
    ) -> Result<Listed<PrincipalRow>, ProjectsError> {
        self.reads_names(actor).await?;
        let limit = query.limit.min(MAX_PAGE);
        let query = PrincipalQuery {
            prefix: crate::fold(&query.prefix),
            limit: limit + 1,
            ..query
        };
        Ok(Listed::cut(
            self.store().find_principals(&query).await?,
            limit,
        ))
    }

    /// Whether a new user or team could have this name, if it were the actor who gives it.
    ///
    /// # Errors
    /// [`ProjectsError::Name`] when nobody could; [`ProjectsError::SignIn`].
    pub async fn is_available(&self, actor: &Actor, name: &str) -> Result<bool, ProjectsError> {
        let who = self.reads_names(actor).await?;
        let name: AccountName = name.parse()?;
        if is_reserved(&name) && !who.is_operator() {
            return Ok(false);
        }
        // Who is gone has the name for ever.
        let key = PrincipalKey::Name(name.folded());
        let taken = self.survey(SurveyQuery::of(vec![key])).await?;
        Ok(taken.principals.iter().all(Option::is_none))
    }

    /// The teams that an account is a member of. What is no account is in none: that is asked of
    /// every principal of a list.
    ///
    /// # Errors
    /// [`ProjectsError::SignIn`].
    pub async fn teams_of(
        &self,
        actor: &Actor,
        account: PrincipalId,
        offset: usize,
        limit: usize,
    ) -> Result<Listed<PrincipalRow>, ProjectsError> {
        self.reads_names(actor).await?;
        let limit = limit.min(MAX_PAGE);
        let query = TeamsQuery {
            account,
            offset,
            limit: limit + 1,
        };
        Ok(Listed::cut(self.store().teams_of(&query).await?, limit))
    }

    /// A team.
    ///
    /// # Errors
    /// [`ProjectsError::NotFound`], [`ProjectsError::SignIn`].
    pub async fn team(
        &self,
        actor: &Actor,
        key: PrincipalKey,
    ) -> Result<PrincipalRow, ProjectsError> {
        self.reads_names(actor).await?;
        self.of_kind(key, PrincipalKind::Team).await
    }

    /// Who is in a team, by their numbers.
    ///
    /// # Errors
    /// As for [`Projects::team`].
    pub async fn members(
        &self,
        actor: &Actor,
        query: MemberQuery,
    ) -> Result<Listed<MemberRow>, ProjectsError> {
        self.reads_names(actor).await?;
        self.of_kind(PrincipalKey::Id(query.team), PrincipalKind::Team)
            .await?;
        let limit = query.limit.min(MAX_PAGE);
        let query = MemberQuery {
            limit: limit + 1,
            ..query
        };
        Ok(Listed::cut(self.store().members(&query).await?, limit))
    }

    /// Whether an account is a member of a team.
    ///
    /// # Errors
    /// As for [`Projects::team`], about both.
    pub async fn is_member(
        &self,
        actor: &Actor,
        team: PrincipalId,
        account: PrincipalId,
    ) -> Result<bool, ProjectsError> {
        self.reads_names(actor).await?;
        self.of_kind(PrincipalKey::Id(team), PrincipalKind::Team)
            .await?;
        let found = self.store().caller(account, None).await?;
        found
            .map(|found| found.teams.contains(&team))
            .ok_or(ProjectsError::NotFound { what: "account" })
    }

    async fn reads_names(&self, actor: &Actor) -> Result<Standing, ProjectsError> {
        let who = self.standing(actor).await?;
        who.signed_in(RequestKind::ManagementRead)?;
        Ok(who)
    }

    async fn of_kind(
        &self,
        key: PrincipalKey,
        kind: PrincipalKind,
    ) -> Result<PrincipalRow, ProjectsError> {
        let found = self.row(key).await?.filter(|found| found.kind == kind);
        found.ok_or(ProjectsError::NotFound {
            what: match kind {
                PrincipalKind::User => "account",
                PrincipalKind::Team => "team",
            },
        })
    }

    pub(crate) async fn row(
        &self,
        key: PrincipalKey,
    ) -> Result<Option<PrincipalRow>, ProjectsError> {
        let mut found = self.store().principals(&[key]).await?;
        Ok(found.pop().flatten())
    }
}

/// Whom lists name that is neither a user nor a team.
fn well_known(id: PrincipalId) -> Option<PrincipalRow> {
    let (name, kind) = match id {
        PrincipalId::REGISTERED => ("registered", PrincipalKind::Team),
        PrincipalId::PUBLIC => ("public", PrincipalKind::Team),
        PrincipalId::ANONYMOUS => ("anonymous", PrincipalKind::User),
        _ => return None,
    };
    let name = name.to_owned();
    Some(PrincipalRow { id, name, kind })
}
