//! The cases that are easy to get wrong, by their numbers, and single rules of the table.

use pierhead_policy::{
    Action, Certification, Decision, Grant, Permission, Permissions, ProjectIds, Reason, Row,
    Scope, TrashState,
};

use crate::world::{
    ALL, CAN_EDIT, CREATE, DELETE, DOWNLOAD, Kind, ME, MY_OTHER_TEAM, MY_TEAM, OTHER, PROJECT,
    PUBLIC, READ, REGISTERED, REPOSITORY, SHARE, THEIR_TEAM, UPDATE, World,
};

fn check(world: &World, allowed: &[Action], refused: &[Action]) {
    for action in allowed {
        let answer = world.decide(*action);
        assert!(answer.is_allowed(), "{action:?}: {answer:?}");
    }
    for action in refused {
        let answer = world.decide(*action);
        assert!(!answer.is_allowed(), "{action:?}: {answer:?}");
    }
}

#[track_caller]
fn refused(world: &World, action: Action, expected: Reason, told: bool) {
    let answer = world.decide(action);
    let Decision::Deny {
        reason, may_know, ..
    } = answer
    else {
        panic!("{action:?}: {answer:?}")
    };
    assert_eq!((reason, may_know), (expected, told));
}

fn missing(permission: Permission, number: u64) -> Reason {
    Reason::Missing {
        permission,
        list_of: number.try_into().unwrap(),
    }
}

const PULLS: [Action; 3] = [Action::Pull, Action::ListTags, Action::Head];

#[test]
fn case_1_download_without_read_pulls() {
    check(
        &World::with_repository(&[(ME, DOWNLOAD)]),
        &PULLS,
        &[Action::See],
    );
}

#[test]
fn case_2_read_without_download_sees_and_pulls_nothing() {
    check(
        &World::with_repository(&[(ME, READ)]),
        &[Action::See, Action::SeeList],
        &PULLS,
    );
}

#[test]
fn case_3_create_on_the_project_does_not_push_to_an_existing_repository() {
    let world = World::with_repository(&[(ME, CREATE)]).certified();
    refused(
        &world,
        Action::Push,
        missing(Permission::Update, PROJECT),
        false,
    );
}

#[test]
fn case_4_update_does_not_make_a_new_one() {
    let world = World::with_new_name(&[(ME, UPDATE | READ)]).certified();
    refused(
        &world,
        Action::Push,
        missing(Permission::Create, PROJECT),
        true,
    );
}

#[test]
fn case_5_a_new_one_needs_certification_and_edit() {
    let not_certified = Reason::NotCertified { row: Row::PushNew };
    for (world, reason) in [
        (
            World::with_new_name(&[]).certified(),
            missing(Permission::Create, PROJECT),
        ),
        (World::with_new_name(&[(ME, CREATE)]), not_certified),
        (World::with_new_name(&[(ME, ALL)]), not_certified),
    ] {
        refused(
            &world,
            Action::Push,
            reason,
            world.project.as_ref().unwrap().0 == [(ME, ALL)],
        );
    }
    check(
        &World::with_new_name(&[(ME, CAN_EDIT)]).certified(),
        &[Action::Push],
        &[],
    );
}

#[test]
fn case_6_a_local_list_counts_whole() {
    let local = [(ME, READ | DOWNLOAD)];
    check(&World::with_repository(&[]).local(&local), &PULLS, &[]);
    let elsewhere = World::with_repository(&[(MY_TEAM, ALL)]).local(&[(OTHER, ALL)]);
    check(&elsewhere, &[], &PULLS);
    check(
        &World::with_repository(&[(ME, ALL)]).local(&[]),
        &[],
        &Action::ALL,
    );
}

#[test]
fn case_7_the_same_bit_twice_counts_once_and_different_bits_add_up() {
    let same = World::with_repository(&[(MY_TEAM, READ), (MY_OTHER_TEAM, READ)]);
    check(&same, &[Action::See], &[Action::Pull, Action::Push]);
    let added = World::with_repository(&[(MY_TEAM, DOWNLOAD), (MY_OTHER_TEAM, UPDATE)]);
    check(&added, &[Action::Pull, Action::Push], &[Action::See]);
    check(
        &World::with_repository(&[(THEIR_TEAM, ALL)]),
        &[],
        &[Action::See, Action::Pull],
    );
}

#[test]
fn case_8_without_its_local_list_the_projects_answer_is_back() {
    let local = World::with_repository(&[(ME, CAN_EDIT)]).local(&[(OTHER, ALL)]);
    check(&local, &[], &PULLS);
    let mut inheriting = local;
    inheriting.repository = Some((None, None));
    check(&inheriting, &PULLS, &[]);
}

#[test]
fn case_9_what_is_in_the_trash_refuses_operators_too() {
    let trashed = World::with_repository(&[(ME, ALL)])
        .certified()
        .operator()
        .repository_trashed_by(OTHER);
    let all_but = [
        Action::Pull,
        Action::ListTags,
        Action::Push,
        Action::Head,
        Action::Delete,
        Action::See,
        Action::SeeList,
        Action::Describe,
        Action::ChangeExternalReference,
        Action::ChangeSharing,
    ];
    check(
        &trashed,
        &[Action::Trash, Action::Restore, Action::Purge, Action::Audit],
        &all_but,
    );
    for action in all_but {
        refused(&trashed, action, Reason::InTrash, true);
    }
}

#[test]
fn case_10_nothing_new_under_a_trashed_project() {
    let world = World::with_new_name(&[(ME, ALL)])
        .certified()
        .project_trashed_by(ME);
    refused(&world, Action::Push, Reason::ProjectInTrash, true);
    refused(&world, Action::Pull, Reason::Absent, true);
    check(&world.operator(), &[], &[Action::Push, Action::Pull]);
}

#[test]
fn case_11_restoring_is_for_the_trasher_and_who_shares_the_project() {
    let editor = World::with_repository(&[(ME, CAN_EDIT | DELETE)]);
    let by_other = editor.clone().repository_trashed_by(OTHER);
    let reason = Reason::NotTrasher { row: Row::Restore };
    refused(&by_other, Action::Restore, reason, true);
    check(
        &editor.repository_trashed_by(ME),
        &[Action::Restore, Action::Purge],
        &[],
    );
    let sharer = World::with_repository(&[(ME, CREATE | SHARE)]).local(&[]);
    check(
        &sharer.repository_trashed_by(OTHER),
        &[Action::Restore],
        &[Action::Purge],
    );
    let only_sharer = World::with_repository(&[(ME, SHARE)]).repository_trashed_by(OTHER);
    refused(
        &only_sharer,
        Action::Restore,
        missing(Permission::Create, PROJECT),
        false,
    );
}

#[test]
fn case_12_and_13_names_that_are_none_and_projects_that_are_none() {
    let ids = ProjectIds::default();
    for name in [
        "syn00123/x",
        "SYN123/x",
        "123/x",
        "syn123",
        "syn123/",
        "syn+1/x",
        "syn0/x",
    ] {
        let mut world = World::with_new_name(&[]).operator();
        world.name_ok = ids.split(name).is_ok();
        world.project = None;
        refused(&world, Action::Push, Reason::NotAName, true);
    }
    let mut world = World::with_new_name(&[]).certified();
    world.project = None;
    refused(&world, Action::Push, Reason::NoSuchProject, false);
    check(
        &world.clone().operator(),
        &[],
        &[Action::Push, Action::Pull, Action::Head],
    );
    // A bare project id is no repository.
    refused(
        &World::with_project(&[(ME, ALL)]),
        Action::Push,
        Reason::NotAName,
        true,
    );
}

#[test]
fn case_14_a_name_says_nothing_about_a_longer_one() {
    let ids = ProjectIds::default();
    let (short, long) = (ids.split("syn1/a").unwrap(), ids.split("syn1/ab").unwrap());
    assert_ne!(short, long);
    // Nor does a right on one repository make another's name known.
    refused(
        &World::with_new_name(&[]),
        Action::Pull,
        Reason::Absent,
        false,
    );
}

#[test]
fn case_15_an_account_without_any_permission_is_only_refused_by_the_table() {
    let world = World::with_repository(&[]);
    refused(
        &world,
        Action::Pull,
        missing(Permission::Download, PROJECT),
        false,
    );
}

#[test]
fn case_16_a_view_only_token_of_an_operator_neither_pulls_nor_pushes() {
    let world = World::with_repository(&[(ME, ALL)])
        .operator()
        .scopes(true, false, false);
    check(
        &world,
        &[Action::See, Action::Audit],
        &[
            Action::Pull,
            Action::ListTags,
            Action::Head,
            Action::Push,
            Action::Delete,
            Action::Trash,
        ],
    );
    refused(
        &world,
        Action::Pull,
        Reason::ScopeLacks {
            scope: Scope::Download,
        },
        true,
    );
    refused(
        &world,
        Action::Push,
        Reason::ScopeLacks {
            scope: Scope::Modify,
        },
        true,
    );
}

#[test]
fn a_new_name_is_decided_by_row_2_whatever_is_asked() {
    let pusher = World::with_new_name(&[(ME, CREATE)]).certified();
    for action in [
        Action::Pull,
        Action::ListTags,
        Action::Push,
        Action::Head,
        Action::Delete,
    ] {
        let expected = Decision::Allow {
            row: Row::PushNew,
            by: Grant::List {
                of: PROJECT.try_into().unwrap(),
            },
            new_name: true,
            unchanged: false,
        };
        assert_eq!(pusher.decide(action), expected);
    }
    refused(&pusher, Action::See, Reason::Absent, false);
    let reader = World::with_new_name(&[(ME, ALL)]);
    refused(&reader, Action::Pull, Reason::Absent, true);
    let download_only = pusher.scopes(false, true, false);
    refused(&download_only, Action::Pull, Reason::Absent, false);
}

#[test]
fn what_only_the_role_granted_can_be_told_apart() {
    for (world, action, by_role) in [
        (World::with_repository(&[(ME, UPDATE)]), Action::Push, false),
        (World::with_repository(&[(ME, READ)]), Action::Push, true),
        (
            World::with_new_name(&[(ME, CREATE)]).certified(),
            Action::Push,
            false,
        ),
        (World::with_new_name(&[(ME, CREATE)]), Action::Push, true),
    ] {
        let Decision::Allow { by, .. } = world.operator().decide(action) else {
            panic!("operators may push")
        };
        assert_eq!(by == Grant::Operator, by_role);
    }
}

#[test]
fn certification_is_asked_as_the_setting_says() {
    for (setting, new, existing) in [
        (Certification::NewRepository, false, true),
        (Certification::EveryPush, false, false),
        (Certification::Never, true, true),
    ] {
        let pushes = |mut world: World| {
            world.certification = setting;
            world.decide(Action::Push).is_allowed()
        };
        assert_eq!(pushes(World::with_new_name(&[(ME, ALL)])), new);
        assert_eq!(pushes(World::with_repository(&[(ME, ALL)])), existing);
        let mut world = World::with_repository(&[(ME, ALL)]);
        world.certification = setting;
        check(
            &world,
            &[Action::Pull, Action::Head, Action::Delete, Action::Trash],
            &[],
        );
        world.kind = Kind::Project;
        let refers = world.decide(Action::CreateExternalReference).is_allowed();
        assert_eq!(refers, new);
    }
}

#[test]
fn anonymous_pulls_only_what_is_public_while_the_switch_is_on() {
    let shared =
        World::with_repository(&[(PUBLIC, READ | DOWNLOAD), (REGISTERED, ALL)]).anonymous();
    refused(&shared, Action::Pull, Reason::AnonymousCaller, true);
    check(&shared, &[Action::See], &[Action::SeeList, Action::Push]);
    let mut on = shared;
    on.public_download = true;
    check(
        &on,
        &PULLS,
        &[Action::SeeList, Action::Push, Action::Delete],
    );
    let of = PROJECT.try_into().unwrap();
    assert!(
        matches!(on.decide(Action::Pull), Decision::Allow { by, .. } if by == Grant::Public { of })
    );
}

#[test]
fn head_needs_what_pull_or_push_needs_under_the_scope_that_is_there() {
    for (bits, download, modify, allowed) in [
        (DOWNLOAD, true, false, true),
        (DOWNLOAD, false, true, false),
        (UPDATE, false, true, true),
        (UPDATE, true, false, false),
        (CREATE, true, true, false),
    ] {
        let world = World::with_repository(&[(ME, bits)]).scopes(false, download, modify);
        assert_eq!(
            world.decide(Action::Head).is_allowed(),
            allowed,
            "{world:?}"
        );
    }
}

#[test]
fn pull_counts_only_with_the_scope_download_though_the_request_passes_with_modify() {
    let world = World::with_repository(&[(ME, DOWNLOAD)]).scopes(false, false, true);
    refused(
        &world,
        Action::Pull,
        Reason::ScopeLacks {
            scope: Scope::Download,
        },
        false,
    );
}

#[test]
fn trashing_again_changes_nothing_and_tells_only_who_could_undo_it() {
    let mine = World::with_repository(&[(ME, CREATE | DELETE)]).repository_trashed_by(ME);
    let again = mine.decide(Action::Trash);
    assert!(matches!(
        again,
        Decision::Allow {
            unchanged: true,
            row: Row::Trash,
            ..
        }
    ));
    let theirs = World::with_repository(&[(ME, CAN_EDIT | DELETE)]).repository_trashed_by(OTHER);
    refused(&theirs, Action::Trash, Reason::Absent, false);
    let purger = World::with_repository(&[(ME, DELETE)]).repository_trashed_by(ME);
    check(&purger, &[Action::Trash, Action::Purge], &[Action::Restore]);
}

#[test]
fn under_a_trashed_project_nothing_is_trashed_restored_or_purged_singly() {
    let world = World::with_repository(&[(ME, ALL)])
        .repository_trashed_by(ME)
        .project_trashed_by(ME);
    for action in [Action::Trash, Action::Restore, Action::Purge] {
        refused(&world, action, Reason::ProjectInTrash, true);
        refused(
            &world.clone().operator(),
            action,
            Reason::ProjectInTrash,
            true,
        );
    }
    check(&world, &[Action::Audit], &[]);
    world.shown(|_, _, target| assert_eq!(target.trash_state(), TrashState::OwnAndCovered));
    let project = World {
        kind: Kind::Project,
        repository: None,
        ..world
    };
    check(
        &project,
        &[Action::Restore, Action::Purge, Action::ListTrash],
        &[Action::See],
    );
    project.shown(|_, _, target| assert_eq!(target.trash_state(), TrashState::Own));
}

#[test]
fn a_project_is_created_by_whoever_the_setting_says() {
    let mut world = World::with_project(&[]);
    world.kind = Kind::Nothing;
    check(&world, &[Action::CreateProject], &[Action::See]);
    refused(
        &world.clone().anonymous(),
        Action::CreateProject,
        Reason::AnonymousCaller,
        true,
    );
    world.operators_create = true;
    refused(&world, Action::CreateProject, Reason::OperatorsOnly, true);
    check(&world.operator(), &[Action::CreateProject], &[]);
}

#[test]
fn who_holds_the_very_permission_is_told_from_who_holds_nothing() {
    for (bits, expected) in [(SHARE, true), (DELETE, false)] {
        let world = World::with_repository(&[(ME, bits)]).repository_trashed_by(OTHER);
        let Decision::Deny {
            holds_asked,
            may_know,
            ..
        } = world.decide(Action::ChangeSharing)
        else {
            panic!("it is in the trash")
        };
        assert_eq!((holds_asked, may_know), (expected, false));
    }
}

#[test]
fn the_local_list_is_the_one_that_is_named_in_a_refusal() {
    let world = World::with_repository(&[(ME, ALL)]).local(&[(ME, READ)]);
    refused(
        &world,
        Action::Push,
        missing(Permission::Update, REPOSITORY),
        true,
    );
    let held = world.shown(|options, caller, target| target.held_by(caller, options));
    assert_eq!(held, Permissions::READ);
}

#[test]
fn an_operator_may_know_why_without_being_on_any_list() {
    let world = World::with_repository(&[]).repository_trashed_by(OTHER);
    refused(&world, Action::Pull, Reason::InTrash, false);
    refused(&world.operator(), Action::Pull, Reason::InTrash, true);
}

#[test]
fn what_must_answer_like_absent_gives_no_hint() {
    let world = World::with_repository(&[(ME, DELETE | READ)]).repository_trashed_by(OTHER);
    let expected = Decision::Deny {
        row: Row::Trash,
        reason: Reason::Absent,
        may_know: false,
        holds_asked: false,
    };
    assert_eq!(world.decide(Action::Trash), expected);
}

#[test]
fn a_decision_owns_nothing_on_the_heap() {
    fn copied<T: Copy>(_: T) {}
    copied(World::with_repository(&[]).decide(Action::Pull));
}
