//! From a request to an answer.

use std::convert::Infallible;
use std::task::{Context, Poll};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::request::Parts;
use http::{Method, Request, Response};
use http_body::Body;
use http_body_util::{BodyExt as _, Full};
use pierhead_projects::Projects;

use crate::answer::Answer;
use crate::body::{self, BoxError, RequestBody};
use crate::exchange::Exchange;
use crate::options::RestOptions;
use crate::query::Query;
use crate::route::{Operation, PREFIXES, Route, calls};
use crate::{
    account, acl, audit, auth, bundle, children, docker, entity, explain, member, openapi, own,
    permission, principals, profile, refresh, registration, retention, team, token, trash,
    unmended,
};

/// The management API of some [`Projects`], as a [`tower_service::Service`].
///
/// It answers what is below `/auth/v1/`, `/repo/v1/` and `/pierhead/v1/`; anything else is 404, with
/// a reason, as the platform's clients want it where they look first. It never fails, holds no
/// state of its own and decides no permission. Cloning is cheap.
///
/// # Cancel safety
/// The future of a request may be dropped at any point: what it would have changed is changed
/// wholly or not at all.
#[derive(Clone, Debug)]
pub struct RestService {
    projects: Projects,
    options: RestOptions,
}

impl RestService {
    /// A service for these projects.
    pub fn new(projects: Projects, options: RestOptions) -> Self {
        Self { projects, options }
    }

    /// The projects it speaks for.
    pub fn projects(&self) -> &Projects {
        &self.projects
    }

    /// The options it was made with.
    pub fn options(&self) -> &RestOptions {
        &self.options
    }

    /// Every call there is: its method and its path, with `{}` for what says which thing is meant.
    /// For whoever documents or guards them, and for tests that must miss none.
    ///
    /// ```
    /// use pierhead_rest::RestService;
    /// assert!(RestService::calls().any(|(_, path)| path == "/repo/v1/entity/{}/acl"));
    /// ```
    pub fn calls() -> impl Iterator<Item = (Method, &'static str)> {
        calls()
    }

    /// Whether a path is this service's to answer: for a server that asks several in turn.
    ///
    /// ```
    /// use pierhead_rest::RestService;
    /// assert!(RestService::serves("/repo/v1/entity/syn101"));
    /// assert!(!RestService::serves("/v2/"));
    /// ```
    pub fn serves(path: &str) -> bool {
        PREFIXES.iter().any(|prefix| {
            let rest = path.strip_prefix(prefix);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }

    async fn answer(&self, parts: Parts, body: RequestBody) -> Response<Full<Bytes>> {
        let mut response = match self.perform(&parts, body).await {
            Ok(response) => response,
            Err(failure) => failure.into_response(self.projects.options().policy.levels()),
        };
        if parts.method == Method::HEAD {
            *response.body_mut() = Full::default();
        }
        response
    }

    async fn perform(&self, parts: &Parts, body: RequestBody) -> Answer {
        let Route { operation, names } = Route::read(&parts.method, parts.uri.path())?;
        let query = Query::parse(parts.uri.query().unwrap_or_default())?;
        let body = if operation.takes_body() {
            let clock = &**self.projects.clock();
            body::read(body, &parts.headers, clock, self.options.body_timeout).await?
        } else {
            Bytes::new()
        };
        let exchange = Exchange {
            projects: &self.projects,
            parts,
            names,
            query,
            body,
        };
        dispatch(&exchange, operation).await
    }
}

impl<B> tower_service::Service<Request<B>> for RestService
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response<Full<Bytes>>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let service = self.clone();
        let (parts, body) = request.into_parts();
        let body = body.map_err(Into::into).boxed_unsync();
        Box::pin(async move { Ok(service.answer(parts, body).await) })
    }
}

async fn dispatch(exchange: &Exchange<'_>, operation: Operation) -> Answer {
    use account::Change as Account;
    use team::Role;
    use trash::Move;
    match operation {
        Operation::Login => auth::login(exchange).await,
        Operation::Logout => auth::logout(exchange).await,
        Operation::MakeToken => token::make(exchange).await,
        Operation::ListTokens => token::list(exchange).await,
        Operation::GetToken => token::get(exchange).await,
        Operation::RevokeToken => token::revoke(exchange).await,
        Operation::ListTokensOf => token::list_of(exchange).await,
        Operation::RevokeTokenOf => token::revoke_of(exchange).await,
        Operation::ListRefreshTokens => refresh::list(exchange).await,
        Operation::RevokeRefreshToken => refresh::revoke(exchange).await,
        Operation::OwnProfile => profile::own(exchange).await,
        Operation::GetProfile => profile::get(exchange).await,
        Operation::CheckName => principals::available(exchange).await,
        Operation::FindHeaders => principals::find(exchange).await,
        Operation::ListHeaders => principals::batch(exchange).await,
        Operation::ListTeamsOf => team::list_of(exchange).await,
        Operation::GetUserBundle => profile::bundle(exchange).await,
        Operation::GetCertified => profile::certified(exchange).await,
        Operation::MakePlatformTeam => team::make_platform(exchange).await,
        Operation::GetPlatformTeam => team::get_platform(exchange).await,
        Operation::FindTeams => team::find_platform(exchange).await,
        Operation::ListTeams => team::list(exchange).await,
        Operation::ListTeamMembers => member::list(exchange).await,
        Operation::GetMembership => member::status(exchange).await,
        Operation::MakeEntity => entity::make(exchange).await,
        Operation::GetEntity => entity::get(exchange).await,
        Operation::PutEntity => entity::put(exchange).await,
        Operation::GetBundle => bundle::get(exchange).await,
        Operation::GetHeader => children::header(exchange).await,
        Operation::FindChild => children::find(exchange).await,
        Operation::ListChildren => children::list(exchange).await,
        Operation::GetPath => entity::path(exchange).await,
        Operation::ListTags => docker::tags(exchange).await,
        Operation::RecordTag => docker::record(exchange).await,
        Operation::FindRepository => docker::find(exchange).await,
        Operation::ListPushes => docker::pushes(exchange).await,
        Operation::DeleteTag => docker::delete(exchange).await,
        Operation::Retire => retention::retire(exchange).await,
        Operation::GetList => acl::get(exchange).await,
        Operation::GiveList => acl::give(exchange).await,
        Operation::ReplaceList => acl::replace(exchange).await,
        Operation::RemoveList => acl::remove(exchange).await,
        Operation::GetBenefactor => permission::benefactor(exchange).await,
        Operation::GetPermissions => permission::all(exchange).await,
        Operation::GetAccess => permission::one(exchange).await,
        Operation::TrashEntity | Operation::PutTrash => trash::put(exchange, Move::In).await,
        Operation::PutRestore => trash::put(exchange, Move::Out).await,
        Operation::PutPurge => trash::put(exchange, Move::Away).await,
        Operation::ListTrash => trash::list(exchange).await,
        Operation::ListEntityTrash => trash::list_of(exchange).await,
        Operation::MakeAccount => account::make(exchange).await,
        Operation::FindAccount => account::find(exchange).await,
        Operation::GetAccount => account::get(exchange).await,
        Operation::DeleteAccount => account::delete(exchange).await,
        Operation::PutCertified => account::put(exchange, Account::Certified).await,
        Operation::PutOperator => account::put(exchange, Account::Operator).await,
        Operation::PutDisabled => account::put(exchange, Account::Disabled).await,
        Operation::PutPassword => account::put_password(exchange).await,
        Operation::Register => registration::register(exchange).await,
        Operation::MakeInvitation => registration::invite(exchange).await,
        Operation::ListInvitations => registration::invitations(exchange).await,
        Operation::RevokeInvitation => registration::revoke(exchange).await,
        Operation::AskEmail => own::ask_email(exchange).await,
        Operation::ConfirmEmail => own::confirm_email(exchange).await,
        Operation::ChangePassword => own::change_password(exchange).await,
        Operation::AskReset => own::ask_reset(exchange),
        Operation::ResetPassword => own::reset_password(exchange).await,
        Operation::FindPrincipal => principals::named(exchange).await,
        Operation::MakeTeam => team::make(exchange).await,
        Operation::FindTeam => team::find(exchange).await,
        Operation::GetTeam => team::get(exchange).await,
        Operation::DeleteTeam => team::delete(exchange).await,
        Operation::PutMember => team::put(exchange, Role::Member, true).await,
        Operation::DeleteMember => team::put(exchange, Role::Member, false).await,
        Operation::PutManager => team::put(exchange, Role::Manager, true).await,
        Operation::DeleteManager => team::put(exchange, Role::Manager, false).await,
        Operation::ExplainEntity => explain::entity(exchange).await,
        Operation::ExplainName => explain::name(exchange).await,
        Operation::ListUnmended => unmended::list(exchange).await,
        Operation::ReadAudit => audit::read(exchange).await,
        Operation::GetDocument => openapi::answer(),
        Operation::ExportAudit => audit::export(exchange).await,
    }
}
