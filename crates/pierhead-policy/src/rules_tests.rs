use super::{Certification, Options, ProjectCreation, Rules, public_ceiling};
use crate::action::Action;
use crate::bits::{Permission, Permissions};
use crate::decide::decide;
use crate::decision::{Decision, Row};
use crate::facts::{CallerFacts, ProjectFacts, Target};
use crate::id::{EntityId, PrincipalId};
use crate::level::{Level, Levels};
use crate::list::{AccessList, ListError};

const ANN: PrincipalId = PrincipalId::new(3_000_001);

/// Leaves everything out.
#[derive(Debug)]
struct Silent;

impl Rules for Silent {}

/// Lets `public` hold everything, as far as it can.
#[derive(Debug)]
struct Open;

impl Rules for Open {
    fn public_ceiling(&self) -> Permissions {
        Permissions::ALL
    }
}

#[test]
fn what_rules_leave_out_is_as_in_the_default_settings() {
    let (usual, ann) = (Options::default(), CallerFacts::account(ANN));
    for row in [Row::PushNew, Row::PushExisting, Row::ExternalReference] {
        assert_eq!(
            Silent.asks_certification(row, &ann, &Target::Nothing),
            row != Row::PushExisting
        );
    }
    assert_eq!(Silent.public_ceiling(), Permissions::READ);
    assert_eq!(Silent.project_creation(), ProjectCreation::Everyone);
    assert_eq!(Silent.levels(), &Levels::default());
    for caller in [ann, CallerFacts::ANONYMOUS] {
        for action in Action::ALL {
            let answer = Silent.decide(&caller, action, &Target::Nothing);
            assert_eq!(answer, usual.decide(&caller, action, &Target::Nothing));
        }
    }
}

#[test]
fn settings_say_of_whom_certification_is_asked() {
    for (certification, asked) in [
        (Certification::NewRepository, [true, false, true]),
        (Certification::EveryPush, [true, true, true]),
        (Certification::Never, [false, false, false]),
    ] {
        let options = Options {
            certification,
            ..Options::default()
        };
        let rows = [Row::PushNew, Row::PushExisting, Row::ExternalReference];
        let ann = CallerFacts::account(ANN);
        let answers = rows.map(|row| options.asks_certification(row, &ann, &Target::Nothing));
        assert_eq!(answers, asked, "{certification:?}");
    }
}

#[test]
fn whatever_the_rules_say_public_holds_no_more_than_pulling_needs() {
    let pull = Level::CanDownload.permissions();
    assert_eq!(public_ceiling(&Open), pull);
    let everything = [(PrincipalId::PUBLIC, Permissions::ALL)];
    let refused = AccessList::checked(everything, &Open, |_| true);
    let excess = Permissions::ALL.difference(pull);
    assert_eq!(refused, Err(ListError::PublicTooMuch { excess }));
    let list = AccessList::from_stored(everything).unwrap();
    let project = Some(ProjectFacts {
        id: EntityId::MAX,
        list: &list,
        trashed: None,
    });
    let target = Target::Project { project };
    let nobody = CallerFacts::ANONYMOUS;
    assert_eq!(target.held_by(&nobody, &Open), pull);
    assert_eq!(
        target.held_by(&CallerFacts::account(ANN), &Silent),
        Permissions::READ
    );
    assert!(!decide(&Open, &CallerFacts::account(ANN), Action::Trash, &target).is_allowed());
}

/// Certification is asked of nobody who is in a team.
#[derive(Debug)]
struct ByTeam;

impl Rules for ByTeam {
    fn asks_certification(&self, row: Row, caller: &CallerFacts<'_>, target: &Target<'_>) -> bool {
        assert!(
            target.counting_list().is_some(),
            "it is asked about something"
        );
        row == Row::PushNew && caller.principals().teams.is_empty()
    }
}

#[test]
fn a_rule_of_ones_own_is_asked_about_this_caller_and_this_target() {
    let list = AccessList::from_stored([(PrincipalId::REGISTERED, Permission::Create.bit())]);
    let list = list.unwrap();
    let project = Some(ProjectFacts {
        id: EntityId::MAX,
        list: &list,
        trashed: None,
    });
    let new_name = Target::Repository {
        name_ok: true,
        project,
        repository: None,
    };
    let mut caller = CallerFacts::account(ANN);
    let alone = decide(&ByTeam, &caller, Action::Push, &new_name);
    assert!(matches!(
        alone,
        Decision::Deny {
            row: Row::PushNew,
            ..
        }
    ));
    let teams = [PrincipalId::new(3_000_009)];
    if let crate::facts::Identity::Account(account) = &mut caller.identity {
        account.teams = &teams;
    }
    assert!(decide(&ByTeam, &caller, Action::Push, &new_name).is_allowed());
}
