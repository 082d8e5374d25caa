//! Every call, described. Whoever adds one is stopped here by the compiler.

use super::call::Kind::{Action, Flag, Number, OneOf, Permission, Text};
use super::call::Parameter;
use super::call::Who::{Anybody, Everybody, InPerson, SignedIn};
use super::call::{Call, Who};
use super::schema::{Shape, document, either, explanation, nothing, of, or_nothing};
use crate::json::Results;
use crate::route::Operation;
use crate::{
    account, acl, audit, auth, bundle, children, docker, entity, member, own, permission,
    principals, profile, refresh, registration, retention, team, token, trash, unmended,
};

const LIMIT: Parameter = Parameter::new("limit", Number, "how many at most; cut to 1000");
const OFFSET: Parameter = Parameter::new("offset", Number, "how many to leave out");
const NAME: Parameter = Parameter::new("name", Text, "its name, however it is spelt").needed();
const BEFORE: Parameter = Parameter::new("before", Number, "`next` of the page before");
const ENTITY: Parameter = Parameter::new("entity", Text, "about this project or repository");
const PRINCIPAL: Parameter = Parameter::new("principal", Number, "about this user or team");
const ACTION: Parameter = Parameter::new("action", Action, "what would be done").needed();
const ABOUT: Parameter =
    Parameter::new("account", Number, "by whom; the caller, if nobody is named");
const OF_ACCOUNT: Parameter = Parameter::new("account", Number, "whose; for operators");
const REPOSITORY: Parameter = Parameter::new(
    "repositoryName",
    Text,
    "its whole name, with or without the registry's host",
);
const NEXT_PAGE: Parameter =
    Parameter::new("nextPageToken", Text, "`nextPageToken` of the page before");
const SORT: Parameter = Parameter::new("sort", OneOf(&["CREATED_ON", "TAG"]), "by what");
const ASCENDING: Parameter = Parameter::new("ascending", Flag, "the smallest first");
const MEMBERS_AFTER: Parameter = Parameter::new("after", Number, "`next` of the page before");
const TYPE: Parameter = Parameter::new(
    "typeFilter",
    OneOf(&["ALL", "USERS_ONLY", "TEAMS_ONLY"]),
    "which of them",
);

/// What the document says of a call.
#[allow(clippy::too_many_lines, reason = "a table of all calls")]
pub(crate) fn describe(operation: Operation) -> Call {
    use Operation as Op;
    match operation {
        Op::Login => call(
            "Begins a session with a password",
            Everybody,
            of::<auth::Session<'_>>,
        )
        .takes(of::<auth::Sent>)
        .makes()
        .fails(&[401, 429]),
        Op::Logout => call("Ends the session that asks", InPerson, nothing),
        Op::MakeToken => call("Makes a token, shown once", InPerson, of::<token::Made<'_>>)
            .takes(of::<token::Sent>)
            .makes()
            .fails(&[404]),
        Op::ListTokens => {
            call("One's own tokens, 100 a page", SignedIn, of::<token::Page>).asks(&[NEXT_PAGE])
        }
        Op::GetToken => call("One of one's own tokens", SignedIn, of::<token::Token>).fails(&[404]),
        Op::RevokeToken => {
            call("Ends one of one's own tokens, for good", InPerson, nothing).fails(&[404])
        }
        Op::ListTokensOf => call(
            "Tokens, 100 a page: one's own, or for operators with a session any",
            SignedIn,
            of::<token::Page>,
        )
        .asks(&[OF_ACCOUNT, NEXT_PAGE])
        .fails(&[404]),
        Op::RevokeTokenOf => call("Ends a token, for good", InPerson, nothing)
            .asks(&[OF_ACCOUNT])
            .fails(&[404]),
        Op::ListRefreshTokens => call(
            "Refresh tokens, 100 a page: one's own, or any",
            SignedIn,
            of::<refresh::Page>,
        )
        .asks(&[OF_ACCOUNT, NEXT_PAGE])
        .fails(&[404]),
        Op::RevokeRefreshToken => call("Ends a refresh token, for good", InPerson, nothing)
            .asks(&[OF_ACCOUNT])
            .fails(&[404]),
        Op::OwnProfile => call("Who calls", Anybody, of::<profile::Profile>),
        Op::GetProfile => call("Who somebody is", Anybody, of::<profile::Profile>).fails(&[404]),
        Op::GetUserBundle => call(
            "Several things about a user",
            Anybody,
            of::<profile::Bundle>,
        )
        .asks(&[Parameter::new("mask", Number, "1 the profile, 8 whether certified").needed()])
        .fails(&[404]),
        Op::GetCertified => call(
            "Whether somebody is certified",
            SignedIn,
            of::<profile::Record>,
        )
        .fails(&[404]),
        Op::CheckName => call(
            "Whether a name is free",
            SignedIn,
            of::<principals::Availability>,
        )
        .takes(of::<principals::Wanted>),
        Op::FindHeaders => call(
            "Users and teams whose names begin so",
            SignedIn,
            of::<principals::Page>,
        )
        .asks(&[
            Parameter::new("prefix", Text, "how the names begin").needed(),
            TYPE,
            OFFSET,
            LIMIT,
        ]),
        Op::ListHeaders => call("The names of some ids", SignedIn, of::<principals::Batch>)
            .asks(&[Parameter::new("ids", Text, "their ids, separated by commas").needed()]),
        Op::FindPrincipal => call(
            "The id of a user or a team",
            SignedIn,
            of::<principals::Principal>,
        )
        .asks(&[NAME])
        .fails(&[404]),
        Op::ListTeamsOf => call(
            "The teams that one is in",
            SignedIn,
            of::<Results<team::PlatformTeam>>,
        )
        .asks(&[OFFSET, LIMIT]),
        Op::MakePlatformTeam => call(
            "Makes a team, managed by the caller",
            SignedIn,
            of::<team::PlatformTeam>,
        )
        .takes(of::<team::NewPlatform>)
        .makes()
        .fails(&[409]),
        Op::GetPlatformTeam => call("A team", SignedIn, of::<team::PlatformTeam>).fails(&[404]),
        Op::FindTeams => call(
            "Teams whose names begin so",
            SignedIn,
            of::<Results<team::PlatformTeam>>,
        )
        .asks(&[
            Parameter::new("fragment", Text, "how the names begin"),
            OFFSET,
            LIMIT,
        ]),
        Op::ListTeams => {
            call("The teams of some ids", SignedIn, of::<team::List>).takes(of::<team::Wanted>)
        }
        Op::ListTeamMembers => call(
            "The members of a team",
            SignedIn,
            of::<Results<member::Person>>,
        )
        .asks(&[OFFSET, LIMIT])
        .fails(&[404]),
        Op::GetMembership => call(
            "Whether somebody is a member of a team",
            SignedIn,
            of::<member::Status>,
        )
        .fails(&[404]),
        Op::MakeTeam => call(
            "Makes a team, managed by the caller",
            SignedIn,
            either::<team::Written, team::Made>,
        )
        .takes(of::<team::New>)
        .makes()
        .fails(&[409]),
        Op::FindTeam => call(
            "A team by its name, and who is in it",
            SignedIn,
            of::<team::Written>,
        )
        .asks(&[NAME, MEMBERS_AFTER, LIMIT])
        .fails(&[404]),
        Op::GetTeam => call("A team, and who is in it", SignedIn, of::<team::Written>)
            .asks(&[MEMBERS_AFTER, LIMIT])
            .fails(&[404]),
        Op::PutMember => in_team("Makes an account a member of a team"),
        Op::DeleteMember => in_team("Ends that an account is a member of a team"),
        Op::DeleteTeam => call("Deletes a team, for good", InPerson, nothing).fails(&[404, 429]),
        Op::PutManager => in_team("Lets an account manage a team"),
        Op::DeleteManager => in_team("Ends that an account manages a team"),
        Op::MakeEntity => call(
            "Makes a project, or a reference to a repository elsewhere",
            SignedIn,
            of::<entity::Entity>,
        )
        .takes(of::<entity::New>)
        .makes()
        .fails(&[404]),
        Op::GetEntity => seen("A project or a repository", of::<entity::Entity>),
        Op::PutEntity => seen(
            "Renames or describes it, by its etag",
            either::<entity::Entity, entity::Numbered>,
        )
        .takes(of::<entity::Changed>)
        .fails(&[412]),
        Op::GetBundle => seen("An entity and what is wanted of it", of::<bundle::Bundle>)
            .takes(of::<bundle::Wanted>),
        Op::GetHeader => seen("An entity in few words", of::<children::Child>),
        Op::ListChildren => seen("What is in a project, or projects", of::<children::Page>)
            .takes(of::<children::Sent>),
        Op::FindChild => seen("The id of what has a name", of::<entity::Numbered>)
            .takes(of::<children::Wanted>)
            .fails(&[409]),
        Op::GetPath => seen("Its project, and it", of::<entity::Path>),
        Op::ListTags => seen("Tags with sizes and platforms", of::<docker::Tags>)
            .asks(&[SORT, ASCENDING, OFFSET, LIMIT]),
        Op::RecordTag => seen("Records a tag of an external repository", nothing)
            .takes(of::<docker::Commit>)
            .makes(),
        Op::FindRepository => seen("A repository's id by its name", of::<entity::Numbered>)
            .asks(&[REPOSITORY.needed()]),
        Op::ListPushes => seen("Every push, the newest first", of::<docker::Pushes>).asks(&[
            Parameter::new("tag", Text, "of this tag alone"),
            BEFORE,
            LIMIT,
        ]),
        Op::DeleteTag => seen("Takes a tag away; what it names stays", nothing),
        Op::Retire => seen("Takes former versions away", of::<retention::Retired>)
            .takes(of::<retention::Sent>)
            .fails(&[409, 412, 429]),
        Op::GetList => seen("Its own sharing list", of::<acl::List>),
        Op::GiveList => seen("Gives a repository a list of its own", of::<acl::List>)
            .takes(of::<acl::Sent>)
            .makes(),
        Op::ReplaceList => seen("Replaces its own list, by its etag", of::<acl::List>)
            .takes(of::<acl::Sent>)
            .fails(&[412]),
        Op::RemoveList => seen("Lets a repository inherit again", nothing),
        Op::GetBenefactor => seen("Whose list counts", of::<entity::Named>),
        Op::GetPermissions => seen("What one may do", of::<permission::Held>),
        Op::GetAccess => seen("Whether one holds a permission", of::<permission::One>)
            .asks(&[Parameter::new("accessType", Permission, "which").needed()]),
        Op::TrashEntity | Op::PutTrash => seen("Puts it into the trash can", nothing),
        Op::PutRestore => seen("Takes it out of the trash can", nothing),
        Op::PutPurge => seen("Takes it away for good, out of the trash can", nothing),
        Op::ListTrash => {
            call("What one could restore", SignedIn, of::<trash::Page>).asks(&[OFFSET, LIMIT])
        }
        Op::ListEntityTrash => {
            seen("What of a project is there", of::<trash::Page>).asks(&[OFFSET, LIMIT])
        }
        Op::MakeAccount => call("Makes an account", InPerson, of::<account::Written>)
            .takes(of::<account::New>)
            .makes()
            .fails(&[409, 429]),
        Op::FindAccount => call(
            "An account by its name; or for operators all whose names begin so, 100 a page",
            SignedIn,
            either::<account::Written, account::Page>,
        )
        .asks(&[
            Parameter::new("name", Text, "its name, however it is spelt"),
            Parameter::new("prefix", Text, "what the names begin with"),
            NEXT_PAGE,
        ])
        .fails(&[404]),
        Op::GetAccount => call(
            "An account: one's own, or any",
            SignedIn,
            of::<account::Written>,
        )
        .fails(&[404]),
        Op::DeleteAccount => call(
            "Deletes an account, for good: one's own with its password, or any",
            InPerson,
            nothing,
        )
        .may_take(of::<account::Farewell>)
        .fails(&[404, 409, 429]),
        Op::PutCertified => switch("Certifies an account, or not"),
        Op::PutOperator => switch("Makes an account an operator, or not").fails(&[409]),
        Op::PutDisabled => switch("Takes an account out of use, or back").fails(&[409]),
        Op::PutPassword => call(
            "Sets the password of an account",
            InPerson,
            or_nothing::<account::Written>,
        )
        .takes(of::<account::NewPassword>)
        .fails(&[404, 429]),
        Op::Register => call(
            "Makes one's own account",
            Everybody,
            of::<registration::Registered>,
        )
        .takes(of::<registration::New>)
        .makes()
        .fails(&[403, 409, 429]),
        Op::MakeInvitation => call(
            "Invites somebody to make an account; the text is shown once",
            InPerson,
            of::<registration::MadeInvitation<'_>>,
        )
        .takes(of::<registration::NewInvitation>)
        .makes()
        .fails(&[409]),
        Op::ListInvitations => call(
            "Invitations that nobody has used, 100 a page",
            SignedIn,
            of::<registration::Page>,
        )
        .asks(&[NEXT_PAGE]),
        Op::RevokeInvitation => call("Takes an invitation back", InPerson, nothing).fails(&[404]),
        Op::AskEmail => call("Mails a text to an address of one's own", InPerson, nothing)
            .takes(of::<own::Address>)
            .fails(&[429]),
        Op::ConfirmEmail => call(
            "Makes the address one's own to which the text was mailed",
            InPerson,
            nothing,
        )
        .takes(of::<own::Proof>)
        .fails(&[409]),
        Op::ChangePassword => call(
            "Sets one's own password, and begins another session",
            InPerson,
            of::<own::Session<'_>>,
        )
        .takes(of::<own::Passwords>)
        .fails(&[429]),
        Op::AskReset => call(
            "Mails a text to whoever has forgotten the password",
            Everybody,
            nothing,
        )
        .takes(of::<own::Address>)
        .fails(&[403, 429]),
        Op::ResetPassword => call(
            "Sets the password of whom the text was mailed to",
            Everybody,
            nothing,
        )
        .takes(of::<own::NewPassword>)
        .fails(&[403, 429]),
        Op::ExplainEntity => {
            seen("Why it would be allowed or refused", explanation).asks(&[ACTION, ABOUT])
        }
        Op::ExplainName => {
            seen("The same of a name", explanation).asks(&[ACTION, REPOSITORY, ABOUT])
        }
        Op::ReadAudit => recorded("Who did what, the newest first", of::<audit::Page>)
            .asks(&[ENTITY, PRINCIPAL, BEFORE, LIMIT]),
        Op::ExportAudit => recorded("The same, the oldest first, in lines", of::<audit::Row>)
            .asks(&[
                ENTITY,
                PRINCIPAL,
                Parameter::new("after", Number, "the `id` of the last line that was kept"),
                LIMIT,
            ])
            .in_lines(),
        Op::ListUnmended => call(
            "Projects that nobody active may share",
            InPerson,
            of::<unmended::Page>,
        )
        .asks(&[
            Parameter::new("after", Text, "`next` of the page before"),
            LIMIT,
        ]),
        Op::GetDocument => call("This document", Everybody, document),
    }
}

fn call(summary: &'static str, who: Who, answer: Shape) -> Call {
    Call::new(summary, who, answer)
}

/// About something that the caller may not know of.
fn seen(summary: &'static str, answer: Shape) -> Call {
    call(summary, Anybody, answer).fails(&[404])
}

fn recorded(summary: &'static str, answer: Shape) -> Call {
    call(summary, SignedIn, answer).fails(&[404])
}

fn in_team(summary: &'static str) -> Call {
    call(summary, SignedIn, or_nothing::<team::Written>).fails(&[404, 409, 429])
}

fn switch(summary: &'static str) -> Call {
    call(summary, InPerson, or_nothing::<account::Written>)
        .takes(of::<account::Switch>)
        .fails(&[404])
}
