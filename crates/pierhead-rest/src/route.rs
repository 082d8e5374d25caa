//! Which call of the API a path and a method are.

use http::Method;
use pierhead_model::{ParseError, percent_decode};

/// What can be asked of the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    Login,
    Logout,
    MakeToken,
    ListTokens,
    GetToken,
    RevokeToken,
    ListTokensOf,
    RevokeTokenOf,
    ListRefreshTokens,
    RevokeRefreshToken,
    OwnProfile,
    GetProfile,
    CheckName,
    FindHeaders,
    ListHeaders,
    ListTeamsOf,
    GetUserBundle,
    GetCertified,
    MakePlatformTeam,
    GetPlatformTeam,
    FindTeams,
    ListTeams,
    ListTeamMembers,
    GetMembership,
    MakeEntity,
    GetEntity,
    PutEntity,
    TrashEntity,
    GetBundle,
    GetHeader,
    ListChildren,
    FindChild,
    GetPath,
    ListTags,
    RecordTag,
    FindRepository,
    GetList,
    GiveList,
    ReplaceList,
    RemoveList,
    GetBenefactor,
    GetPermissions,
    GetAccess,
    PutTrash,
    PutRestore,
    PutPurge,
    ListTrash,
    MakeAccount,
    FindAccount,
    GetAccount,
    DeleteAccount,
    PutCertified,
    PutOperator,
    PutDisabled,
    PutPassword,
    Register,
    MakeInvitation,
    ListInvitations,
    RevokeInvitation,
    AskEmail,
    ConfirmEmail,
    ChangePassword,
    AskReset,
    ResetPassword,
    FindPrincipal,
    MakeTeam,
    FindTeam,
    GetTeam,
    DeleteTeam,
    PutMember,
    DeleteMember,
    PutManager,
    DeleteManager,
    ExplainEntity,
    ExplainName,
    ReadAudit,
    ExportAudit,
    GetDocument,
    ListUnmended,
    ListEntityTrash,
    ListPushes,
    DeleteTag,
    Retire,
}

impl Operation {
    /// Whether it is told more in a body.
    pub(crate) fn takes_body(self) -> bool {
        matches!(
            self,
            Self::Login
                | Self::MakeToken
                | Self::MakeEntity
                | Self::PutEntity
                | Self::GetBundle
                | Self::ListChildren
                | Self::FindChild
                | Self::CheckName
                | Self::MakePlatformTeam
                | Self::ListTeams
                | Self::GiveList
                | Self::ReplaceList
                | Self::RecordTag
                | Self::MakeAccount
                | Self::DeleteAccount
                | Self::PutCertified
                | Self::PutOperator
                | Self::PutDisabled
                | Self::PutPassword
                | Self::Register
                | Self::MakeInvitation
                | Self::AskEmail
                | Self::ConfirmEmail
                | Self::ChangePassword
                | Self::AskReset
                | Self::ResetPassword
                | Self::MakeTeam
                | Self::Retire
        )
    }
}

/// What one path answers.
type Methods = &'static [(Method, Operation)];

const GET: Method = Method::GET;
const POST: Method = Method::POST;
const PUT: Method = Method::PUT;
const DELETE: Method = Method::DELETE;

use Operation as Op;

/// All calls; `{}` is one segment that says which thing is meant. Of two that fit, the first counts.
const CALLS: &[(&str, Methods)] = &[
    ("/auth/v1/login", &[(POST, Op::Login)]),
    ("/auth/v1/session", &[(DELETE, Op::Logout)]),
    (
        "/auth/v1/personalAccessToken",
        &[(GET, Op::ListTokens), (POST, Op::MakeToken)],
    ),
    (
        "/auth/v1/personalAccessToken/{}",
        &[(GET, Op::GetToken), (DELETE, Op::RevokeToken)],
    ),
    (
        "/pierhead/v1/personalAccessToken",
        &[(GET, Op::ListTokensOf)],
    ),
    (
        "/pierhead/v1/personalAccessToken/{}",
        &[(DELETE, Op::RevokeTokenOf)],
    ),
    ("/pierhead/v1/refreshToken", &[(GET, Op::ListRefreshTokens)]),
    (
        "/pierhead/v1/refreshToken/{}",
        &[(DELETE, Op::RevokeRefreshToken)],
    ),
    ("/repo/v1/userProfile", &[(GET, Op::OwnProfile)]),
    ("/repo/v1/userProfile/", &[(GET, Op::OwnProfile)]),
    ("/repo/v1/userProfile/{}", &[(GET, Op::GetProfile)]),
    ("/repo/v1/principal/available", &[(POST, Op::CheckName)]),
    ("/repo/v1/userGroupHeaders", &[(GET, Op::FindHeaders)]),
    ("/repo/v1/userGroupHeaders/batch", &[(GET, Op::ListHeaders)]),
    ("/repo/v1/user/{}/team", &[(GET, Op::ListTeamsOf)]),
    ("/repo/v1/user/{}/bundle", &[(GET, Op::GetUserBundle)]),
    (
        "/repo/v1/user/{}/certifiedUserPassingRecord",
        &[(GET, Op::GetCertified)],
    ),
    ("/repo/v1/team", &[(POST, Op::MakePlatformTeam)]),
    (
        "/repo/v1/team/{}",
        &[(GET, Op::GetPlatformTeam), (DELETE, Op::DeleteTeam)],
    ),
    (
        "/repo/v1/team/{}/member/{}",
        &[(PUT, Op::PutMember), (DELETE, Op::DeleteMember)],
    ),
    (
        "/repo/v1/team/{}/member/{}/membershipStatus",
        &[(GET, Op::GetMembership)],
    ),
    ("/repo/v1/teams", &[(GET, Op::FindTeams)]),
    ("/repo/v1/teamList", &[(POST, Op::ListTeams)]),
    ("/repo/v1/teamMembers/{}", &[(GET, Op::ListTeamMembers)]),
    ("/repo/v1/entity", &[(POST, Op::MakeEntity)]),
    ("/repo/v1/entity/child", &[(POST, Op::FindChild)]),
    ("/repo/v1/entity/children", &[(POST, Op::ListChildren)]),
    (
        "/repo/v1/entity/dockerRepo/id",
        &[(GET, Op::FindRepository)],
    ),
    (
        "/repo/v1/entity/{}",
        &[
            (GET, Op::GetEntity),
            (PUT, Op::PutEntity),
            (DELETE, Op::TrashEntity),
        ],
    ),
    ("/repo/v1/entity/{}/bundle2", &[(POST, Op::GetBundle)]),
    ("/repo/v1/entity/{}/type", &[(GET, Op::GetHeader)]),
    ("/repo/v1/entity/{}/path", &[(GET, Op::GetPath)]),
    ("/repo/v1/entity/{}/dockerTag", &[(GET, Op::ListTags)]),
    ("/repo/v1/entity/{}/dockerCommit", &[(POST, Op::RecordTag)]),
    (
        "/repo/v1/entity/{}/acl",
        &[
            (GET, Op::GetList),
            (POST, Op::GiveList),
            (PUT, Op::ReplaceList),
            (DELETE, Op::RemoveList),
        ],
    ),
    ("/repo/v1/entity/{}/benefactor", &[(GET, Op::GetBenefactor)]),
    (
        "/repo/v1/entity/{}/permissions",
        &[(GET, Op::GetPermissions)],
    ),
    ("/repo/v1/entity/{}/access", &[(GET, Op::GetAccess)]),
    ("/repo/v1/trashcan/view", &[(GET, Op::ListTrash)]),
    ("/repo/v1/trashcan/trash/{}", &[(PUT, Op::PutTrash)]),
    ("/repo/v1/trashcan/restore/{}", &[(PUT, Op::PutRestore)]),
    ("/repo/v1/trashcan/purge/{}", &[(PUT, Op::PutPurge)]),
    (
        "/pierhead/v1/account",
        &[(GET, Op::FindAccount), (POST, Op::MakeAccount)],
    ),
    (
        "/pierhead/v1/account/{}",
        &[(GET, Op::GetAccount), (DELETE, Op::DeleteAccount)],
    ),
    (
        "/pierhead/v1/account/{}/certified",
        &[(PUT, Op::PutCertified)],
    ),
    (
        "/pierhead/v1/account/{}/operator",
        &[(PUT, Op::PutOperator)],
    ),
    (
        "/pierhead/v1/account/{}/disabled",
        &[(PUT, Op::PutDisabled)],
    ),
    (
        "/pierhead/v1/account/{}/password",
        &[(PUT, Op::PutPassword)],
    ),
    ("/pierhead/v1/registration", &[(POST, Op::Register)]),
    (
        "/pierhead/v1/invitation",
        &[(GET, Op::ListInvitations), (POST, Op::MakeInvitation)],
    ),
    (
        "/pierhead/v1/invitation/{}",
        &[(DELETE, Op::RevokeInvitation)],
    ),
    ("/pierhead/v1/email", &[(POST, Op::AskEmail)]),
    ("/pierhead/v1/email/confirm", &[(POST, Op::ConfirmEmail)]),
    ("/pierhead/v1/password", &[(POST, Op::ChangePassword)]),
    ("/pierhead/v1/password/reset", &[(POST, Op::AskReset)]),
    (
        "/pierhead/v1/password/reset/confirm",
        &[(POST, Op::ResetPassword)],
    ),
    ("/pierhead/v1/principal", &[(GET, Op::FindPrincipal)]),
    (
        "/pierhead/v1/team",
        &[(GET, Op::FindTeam), (POST, Op::MakeTeam)],
    ),
    (
        "/pierhead/v1/team/{}",
        &[(GET, Op::GetTeam), (DELETE, Op::DeleteTeam)],
    ),
    (
        "/pierhead/v1/team/{}/member/{}",
        &[(PUT, Op::PutMember), (DELETE, Op::DeleteMember)],
    ),
    (
        "/pierhead/v1/team/{}/manager/{}",
        &[(PUT, Op::PutManager), (DELETE, Op::DeleteManager)],
    ),
    ("/pierhead/v1/explain", &[(GET, Op::ExplainName)]),
    (
        "/pierhead/v1/entity/{}/explain",
        &[(GET, Op::ExplainEntity)],
    ),
    (
        "/pierhead/v1/entity/{}/trash",
        &[(GET, Op::ListEntityTrash)],
    ),
    ("/pierhead/v1/entity/{}/history", &[(GET, Op::ListPushes)]),
    ("/pierhead/v1/entity/{}/tag/{}", &[(DELETE, Op::DeleteTag)]),
    ("/pierhead/v1/entity/{}/retire", &[(POST, Op::Retire)]),
    ("/pierhead/v1/project/unmended", &[(GET, Op::ListUnmended)]),
    ("/pierhead/v1/audit", &[(GET, Op::ReadAudit)]),
    ("/pierhead/v1/openapi.json", &[(GET, Op::GetDocument)]),
    ("/pierhead/v1/audit/export", &[(GET, Op::ExportAudit)]),
];

/// The method and the path of each, and what it is.
pub(crate) fn operations() -> impl Iterator<Item = (Method, &'static str, Operation)> {
    CALLS.iter().flat_map(|(path, methods)| {
        let methods = methods.iter();
        methods.map(|(method, operation)| (method.clone(), *path, *operation))
    })
}

/// The method and the path of each.
pub(crate) fn calls() -> impl Iterator<Item = (Method, &'static str)> {
    operations().map(|(method, path, _)| (method, path))
}

/// What every path of the API is or begins with. Nothing is kept below `/file/v1`: the platform's
/// clients are told where it is, and ask there, as at each of these, before anything else.
pub(crate) const PREFIXES: [&str; 4] = ["/auth/v1", "/file/v1", "/repo/v1", "/pierhead/v1"];

/// A call, and what its path says of which thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    /// One for each `{}`, without escapes.
    pub(crate) names: Vec<String>,
}

/// Why a path and a method are no call.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// No call has this path.
    Unknown,
    /// Calls with this path have other methods: these, joined as `Allow` wants them.
    Method(String),
    /// An escape in the path is none.
    Escape(ParseError),
}

impl Route {
    /// Reads the path of a request as it stands in the request line, without the query. The words of
    /// the API have one spelling; only what stands for an id or a name may hold escapes.
    pub(crate) fn read(method: &Method, path: &str) -> Result<Self, NoRoute> {
        let fits =
            |(pattern, methods): &(&str, Methods)| Some((captures(pattern, path)?, *methods));
        let (names, methods) = CALLS.iter().find_map(fits).ok_or(NoRoute::Unknown)?;
        let Some((_, operation)) = methods.iter().find(|(known, _)| known == method) else {
            let names: Vec<&str> = methods.iter().map(|(known, _)| known.as_str()).collect();
            return Err(NoRoute::Method(names.join(", ")));
        };
        let names: Result<_, _> = names.into_iter().map(percent_decode).collect();
        Ok(Self {
            operation: *operation,
            names: names.map_err(NoRoute::Escape)?,
        })
    }
}

/// What stands for each `{}`, if the path has the shape of the pattern.
fn captures<'p>(pattern: &str, path: &'p str) -> Option<Vec<&'p str>> {
    let mut found = Vec::new();
    let mut segments = path.split('/');
    for word in pattern.split('/') {
        let segment = segments.next()?;
        if word == "{}" && !segment.is_empty() {
            found.push(segment);
        } else if word != segment {
            return None;
        }
    }
    segments.next().is_none().then_some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_and_a_method_are_one_call() {
        for (method, path, operation, names) in [
            (POST, "/auth/v1/login", Op::Login, &[][..]),
            (GET, "/repo/v1/userProfile", Op::OwnProfile, &[]),
            (GET, "/repo/v1/userProfile/", Op::OwnProfile, &[]),
            (GET, "/repo/v1/userProfile/7", Op::GetProfile, &["7"]),
            (POST, "/repo/v1/entity/children", Op::ListChildren, &[]),
            (GET, "/repo/v1/entity/syn1", Op::GetEntity, &["syn1"]),
            (GET, "/repo/v1/entity/a%2Fb+c", Op::GetEntity, &["a/b+c"]),
            (GET, "/repo/v1/entity/../acl", Op::GetList, &[".."]),
            (
                DELETE,
                "/pierhead/v1/team/1/member/2",
                Op::DeleteMember,
                &["1", "2"],
            ),
        ] {
            let route = Route::read(&method, path).unwrap();
            assert_eq!(route.operation, operation, "{path}");
            assert_eq!(route.names, names, "{path}");
        }
    }

    #[test]
    fn what_is_no_call_says_why() {
        let allow = |text: &str| NoRoute::Method(text.to_owned());
        for (method, path, error) in [
            (GET, "/", NoRoute::Unknown),
            (GET, "", NoRoute::Unknown),
            (GET, "/repo/v1/entity/", NoRoute::Unknown),
            (GET, "/repo/v1/entity//acl", NoRoute::Unknown),
            (GET, "/repo/v1/entity/syn1/", NoRoute::Unknown),
            (GET, "/repo/v1/entity/a/b", NoRoute::Unknown),
            (GET, "/repo/v1/%65ntity/syn1", NoRoute::Unknown),
            (GET, "//repo/v1/entity/syn1", NoRoute::Unknown),
            (GET, "/v2/", NoRoute::Unknown),
            (GET, "/repo/v1/entity/children", allow("POST")),
            (
                Method::HEAD,
                "/repo/v1/entity/syn1",
                allow("GET, PUT, DELETE"),
            ),
            (Method::OPTIONS, "/auth/v1/login", allow("POST")),
        ] {
            assert_eq!(Route::read(&method, path), Err(error), "{path}");
        }
        for path in [
            "/repo/v1/entity/%",
            "/repo/v1/entity/%ff",
            "/repo/v1/entity/%2",
        ] {
            let read = Route::read(&GET, path);
            assert!(matches!(read, Err(NoRoute::Escape(_))), "{path}");
        }
    }

    #[test]
    fn every_call_is_found_by_its_own_path_below_a_prefix() {
        for (pattern, methods) in CALLS {
            assert!(PREFIXES.iter().any(|prefix| pattern.starts_with(prefix)));
            for (method, operation) in *methods {
                let route = Route::read(method, &pattern.replace("{}", "1")).unwrap();
                assert_eq!(route.operation, *operation, "{pattern}");
            }
        }
    }
}
