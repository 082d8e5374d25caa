//! The rules of sharing, by their numbers.

use pierhead_policy::{
    AccessList, EntityId, ListError, Permissions, PrincipalId, ProjectFacts, RepositoryFacts,
    ShareChange, ShareError, Target, can_be_mended, check_share_change,
};

use crate::world::{
    ALL, DOWNLOAD, ME, MY_TEAM, OTHER, PUBLIC, READ, REGISTERED, SHARE, THEIR_TEAM, World,
};

fn list(entries: &[(u64, u8)]) -> AccessList {
    AccessList::from_stored(
        entries
            .iter()
            .map(|(who, bits)| (PrincipalId::new(*who), Permissions::from_bits(*bits))),
    )
    .unwrap()
}

#[derive(Clone, Copy)]
enum Sent<'a> {
    Local(&'a [(u64, u8)]),
    Replaced(&'a [(u64, u8)]),
    Stale(&'a [(u64, u8)]),
    Removed,
}

/// `OTHER` is disabled and `THEIR_TEAM` has no active member.
fn check(world: &World, sent: Sent<'_>) -> Result<(), ShareError> {
    let list = match sent {
        Sent::Local(entries) | Sent::Replaced(entries) | Sent::Stale(entries) => list(entries),
        Sent::Removed => AccessList::empty(),
    };
    let change = match sent {
        Sent::Local(_) => ShareChange::GiveLocal { list: &list },
        Sent::Replaced(_) => ShareChange::Replace {
            list: &list,
            etag_is_current: true,
        },
        Sent::Stale(_) => ShareChange::Replace {
            list: &list,
            etag_is_current: false,
        },
        Sent::Removed => ShareChange::RemoveLocal,
    };
    let active = |who: PrincipalId| ![OTHER, THEIR_TEAM].contains(&who.get());
    world.shown(|options, caller, target| {
        check_share_change(options, caller, target, &change, active)
    })
}

const MINE: &[(u64, u8)] = &[(ME, ALL)];

#[test]
fn rule_1_a_local_list_is_given_only_where_there_is_none() {
    let inheriting = World::with_repository(MINE);
    assert_eq!(check(&inheriting, Sent::Local(MINE)), Ok(()));
    let local = inheriting.local(MINE);
    assert_eq!(
        check(&local, Sent::Local(MINE)),
        Err(ShareError::AlreadyLocal)
    );
    let project = World::with_project(MINE);
    assert_eq!(
        check(&project, Sent::Local(MINE)),
        Err(ShareError::AlreadyLocal)
    );
}

#[test]
fn rule_2_replacing_needs_a_list_of_its_own_and_the_etag_that_was_read() {
    let inheriting = World::with_repository(MINE);
    for sent in [Sent::Replaced(MINE), Sent::Stale(MINE)] {
        assert_eq!(check(&inheriting, sent), Err(ShareError::Inherits));
    }
    for world in [inheriting.local(MINE), World::with_project(MINE)] {
        assert_eq!(check(&world, Sent::Replaced(MINE)), Ok(()));
        assert_eq!(check(&world, Sent::Stale(MINE)), Err(ShareError::StaleEtag));
    }
}

#[test]
fn rule_3_removing_brings_back_inheritance_and_projects_keep_their_list() {
    let local = World::with_repository(MINE).local(MINE);
    assert_eq!(check(&local, Sent::Removed), Ok(()));
    let inheriting = World::with_repository(MINE);
    assert_eq!(check(&inheriting, Sent::Removed), Err(ShareError::Inherits));
    let project = World::with_project(MINE);
    assert_eq!(
        check(&project, Sent::Removed),
        Err(ShareError::ProjectKeepsItsList)
    );
    let mut gone = project;
    gone.project = None;
    assert_eq!(check(&gone, Sent::Removed), Err(ShareError::NothingThere));
}

#[test]
fn rule_4_public_is_given_no_more_than_it_may_hold_now() {
    let open: &[(u64, u8)] = &[(ME, ALL), (PUBLIC, READ | DOWNLOAD)];
    let mut world = World::with_project(MINE).certified().operator();
    let excess = Permissions::DOWNLOAD;
    let too_much = Err(ShareError::List(ListError::PublicTooMuch { excess }));
    assert_eq!(check(&world, Sent::Replaced(open)), too_much);
    world.public_download = true;
    assert_eq!(check(&world, Sent::Replaced(open)), Ok(()));
}

#[test]
fn rule_5_letting_everyone_download_needs_a_certified_caller() {
    let refused = |who| {
        Err(ShareError::NotCertified {
            principal: PrincipalId::new(who),
        })
    };
    let pull = READ | DOWNLOAD;
    for (before, after, switch, expected) in [
        (vec![], vec![(REGISTERED, pull)], false, refused(REGISTERED)),
        (vec![], vec![(REGISTERED, READ)], false, Ok(())),
        (
            vec![(REGISTERED, READ)],
            vec![(REGISTERED, pull)],
            false,
            refused(REGISTERED),
        ),
        // Saving unchanged, or narrowing, does not.
        (
            vec![(REGISTERED, pull)],
            vec![(REGISTERED, DOWNLOAD)],
            false,
            Ok(()),
        ),
        (vec![(REGISTERED, pull)], vec![], false, Ok(())),
        (vec![(PUBLIC, pull)], vec![(REGISTERED, pull)], true, Ok(())),
        (vec![], vec![(PUBLIC, pull)], true, refused(PUBLIC)),
        (
            vec![(REGISTERED, pull)],
            vec![(PUBLIC, pull)],
            true,
            refused(PUBLIC),
        ),
        // While the switch is off, what is written for `public` lets nobody download.
        (
            vec![(PUBLIC, pull)],
            vec![(REGISTERED, pull)],
            false,
            refused(REGISTERED),
        ),
        // Single people are not everyone.
        (vec![], vec![(OTHER, pull)], false, Ok(())),
    ] {
        let with_me = |entries: &[(u64, u8)]| [MINE, entries].concat();
        let (before, after) = (with_me(&before), with_me(&after));
        let mut world = World::with_project(&before);
        world.public_download = switch;
        let sent = Sent::Replaced(&after);
        assert_eq!(check(&world, sent), expected, "{before:?} {after:?}");
        assert_eq!(check(&world.clone().certified(), sent), Ok(()));
        assert_eq!(check(&world.operator(), sent), Ok(()));
    }
}

#[test]
fn rule_5_looks_at_the_list_that_counts_before_and_after() {
    let open = [(ME, ALL), (REGISTERED, READ | DOWNLOAD)];
    let principal = PrincipalId::REGISTERED;
    let narrower = World::with_repository(&open).local(MINE);
    let refused = Err(ShareError::NotCertified { principal });
    assert_eq!(check(&narrower, Sent::Removed), refused);
    assert_eq!(check(&narrower.certified(), Sent::Removed), Ok(()));
    // A local copy of an open list opens nothing.
    assert_eq!(
        check(&World::with_repository(&open), Sent::Local(&open)),
        Ok(())
    );
    assert_eq!(
        check(&World::with_repository(MINE), Sent::Local(&open)),
        refused
    );
}

#[test]
fn rule_6_somebody_can_still_mend_a_projects_list() {
    let lost = Err(ShareError::NobodyCouldMend);
    for (after, expected) in [
        (vec![(ME, SHARE)], Ok(())),
        (vec![(MY_TEAM, SHARE)], Ok(())),
        (vec![(3_000_099, SHARE)], Ok(())),
        (vec![], lost),
        (vec![(ME, ALL & !SHARE)], lost),
        (vec![(OTHER, ALL), (THEIR_TEAM, ALL)], lost),
        (vec![(REGISTERED, ALL & !DOWNLOAD)], lost),
    ] {
        let world = World::with_project(MINE);
        assert_eq!(check(&world, Sent::Replaced(&after)), expected, "{after:?}");
        assert_eq!(check(&world.operator(), Sent::Replaced(&after)), Ok(()));
    }
}

#[test]
fn rule_6_the_caller_can_still_mend_a_repositorys_list() {
    let lost = Err(ShareError::CallerCouldNotMend);
    for (after, expected) in [
        (vec![(ME, SHARE)], Ok(())),
        (vec![(MY_TEAM, SHARE)], Ok(())),
        (vec![(3_000_099, ALL)], lost),
        (vec![(THEIR_TEAM, ALL)], lost),
        // By name or through a team: everyone is nobody in particular.
        (vec![(REGISTERED, SHARE)], lost),
        (vec![], lost),
    ] {
        let inheriting = World::with_repository(MINE);
        assert_eq!(
            check(&inheriting, Sent::Local(&after)),
            expected,
            "{after:?}"
        );
        let local = inheriting.local(MINE);
        assert_eq!(check(&local, Sent::Replaced(&after)), expected, "{after:?}");
        assert_eq!(check(&local.operator(), Sent::Replaced(&after)), Ok(()));
    }
    let anonymous = World::with_repository(MINE).anonymous();
    assert_eq!(check(&anonymous, Sent::Local(MINE)), lost);
}

#[test]
fn rule_8_what_is_left_when_a_principal_is_gone() {
    let before = list(&[(ME, ALL), (MY_TEAM, READ)]);
    let after = before.without(PrincipalId::new(ME));
    assert_eq!(after, list(&[(MY_TEAM, READ)]));
    assert!(can_be_mended(&before, |_| true));
    assert!(!can_be_mended(&after, |_| true));
}

#[test]
fn a_local_list_is_compared_with_the_inherited_one_of_the_facts() {
    let inherited = list(MINE);
    let own = AccessList::empty();
    let target = Target::Repository {
        name_ok: true,
        project: Some(ProjectFacts {
            id: EntityId::new(1).unwrap(),
            list: &inherited,
            trashed: None,
        }),
        repository: Some(RepositoryFacts {
            id: EntityId::new(2).unwrap(),
            own_list: Some(&own),
            trashed: None,
        }),
    };
    let counting = target.counting_list().unwrap();
    assert_eq!((counting.of.get(), counting.inherited), (2, false));
    assert!(counting.list.is_empty());
}

#[test]
fn what_is_about_the_place_holds_whatever_is_in_the_list() {
    let principal = PrincipalId::REGISTERED;
    for (error, about_the_place) in [
        (ShareError::AlreadyLocal, true),
        (ShareError::Inherits, true),
        (ShareError::ProjectKeepsItsList, true),
        (ShareError::StaleEtag, true),
        (ShareError::NothingThere, true),
        (ShareError::List(ListError::Anonymous), false),
        (ShareError::NotCertified { principal }, false),
        (ShareError::NobodyCouldMend, false),
        (ShareError::CallerCouldNotMend, false),
    ] {
        assert_eq!(error.is_about_the_place(), about_the_place, "{error:?}");
    }
}
