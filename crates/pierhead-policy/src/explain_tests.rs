use super::{Via, explain};
use crate::action::Action;
use crate::bits::{Permission, Permissions};
use crate::decision::Decision;
use crate::facts::{
    AccountFacts, CallerFacts, Identity, ProjectFacts, RepositoryFacts, Scopes, Target, TrashMark,
};
use crate::id::{EntityId, PrincipalId, ProjectIds};
use crate::list::AccessList;
use crate::reason::Reason;
use crate::rules::Options;

const ANN: PrincipalId = PrincipalId::new(3_000_001);
const TEAM: PrincipalId = PrincipalId::new(3_000_010);

fn id(number: u64) -> EntityId {
    EntityId::new(number).unwrap()
}

fn ann(certified: bool) -> CallerFacts<'static> {
    CallerFacts {
        identity: Identity::Account(AccountFacts {
            id: ANN,
            teams: &[TEAM],
            certified,
            operator: false,
        }),
        scopes: Scopes::ALL,
    }
}

#[test]
fn a_refusal_names_the_list_the_entries_and_all_that_is_in_the_way() {
    let list = AccessList::from_stored([
        (
            PrincipalId::PUBLIC,
            Permissions::READ | Permissions::DOWNLOAD,
        ),
        (TEAM, Permissions::DOWNLOAD),
    ])
    .unwrap();
    let target = Target::Repository {
        name_ok: true,
        project: Some(ProjectFacts {
            id: id(101),
            list: &list,
            trashed: None,
        }),
        repository: None,
    };
    let ids = ProjectIds::default();
    let told = explain(
        &Options::default(),
        &ids,
        &ann(false),
        Action::Push,
        &target,
    );
    let reasons: Vec<_> = told
        .obstacles
        .iter()
        .map(|obstacle| obstacle.reason)
        .collect();
    let missing = Reason::Missing {
        permission: Permission::Create,
        list_of: id(101),
    };
    assert!(matches!(reasons[0], Reason::NotCertified { .. }));
    assert_eq!(reasons[1..], [missing]);
    assert_eq!(told.missing, Some(Permission::Create));
    let asked = told.list.as_ref().unwrap();
    let via: Vec<_> = asked.matched.iter().map(|m| (m.via, m.counted)).collect();
    assert_eq!(
        via,
        [
            (Via::Public, Permissions::READ),
            (Via::Team, Permissions::DOWNLOAD)
        ]
    );
    assert_eq!(
        told.words,
        [
            "refused by row 2: pushing a new repository needs a certified account",
            "the list that counts is that of syn101",
            "273949 (anyone) is given READ",
            "3000010 (a team of the account) is given DOWNLOAD",
            "that gives READ DOWNLOAD in all",
            "this needs CREATE",
            "pushing a new repository needs a certified account: ask an operator to certify you",
            "making something in a project needs CREATE in its sharing settings: ask its administrator \
             for `can-edit`",
        ]
    );
    let json = serde_json::to_value(&told).unwrap();
    assert_eq!(json["decision"], "deny");
    assert_eq!(json["row"], "push-new");
    assert_eq!(json["reason"]["reason"], "not-certified");
    assert_eq!(json["obstacles"][1]["permission"], "CREATE");
    assert_eq!(json["needs"][0], "CREATE");
}

#[test]
fn an_allowance_names_the_inherited_list() {
    let list = AccessList::of_creator(ANN);
    let target = Target::Repository {
        name_ok: true,
        project: Some(ProjectFacts {
            id: id(101),
            list: &list,
            trashed: None,
        }),
        repository: Some(RepositoryFacts {
            id: id(102),
            own_list: None,
            trashed: None,
        }),
    };
    let ids = ProjectIds::default();
    let told = explain(
        &Options::default(),
        &ids,
        &ann(false),
        Action::Pull,
        &target,
    );
    assert!(told.decision.is_allowed() && told.obstacles.is_empty() && told.missing.is_none());
    assert_eq!(
        told.words[0],
        "allowed by row 1 through the sharing list of syn101"
    );
    assert_eq!(
        told.words[1],
        "the list that counts is that of syn101, inherited"
    );
}

#[test]
fn trash_and_a_local_list_are_both_told_of() {
    let list = AccessList::of_creator(ANN);
    let local = AccessList::empty();
    let mark = Some(TrashMark { by: TEAM });
    let target = Target::Repository {
        name_ok: true,
        project: Some(ProjectFacts {
            id: id(101),
            list: &list,
            trashed: mark,
        }),
        repository: Some(RepositoryFacts {
            id: id(102),
            own_list: Some(&local),
            trashed: mark,
        }),
    };
    let ids = ProjectIds::default();
    let told = explain(
        &Options::default(),
        &ids,
        &ann(false),
        Action::Push,
        &target,
    );
    let reasons: Vec<_> = told
        .obstacles
        .iter()
        .map(|obstacle| obstacle.reason)
        .collect();
    let missing = Reason::Missing {
        permission: Permission::Update,
        list_of: id(102),
    };
    assert_eq!(reasons, [Reason::ProjectInTrash, Reason::InTrash, missing]);
    assert!(matches!(
        told.decision,
        Decision::Deny {
            may_know: false,
            ..
        }
    ));
}
