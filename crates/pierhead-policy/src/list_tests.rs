use super::{AccessList, ListError};
use crate::bits::{Permission, Permissions};
use crate::facts::Principals;
use crate::id::PrincipalId;
use crate::rules::Options;
use proptest::prelude::*;

const ANN: PrincipalId = PrincipalId::new(3_000_001);
const BOB: PrincipalId = PrincipalId::new(3_000_002);
const TEAM: PrincipalId = PrincipalId::new(3_000_010);
const GONE: PrincipalId = PrincipalId::new(3_999_999);

fn options(public_download: bool) -> Options {
    Options {
        public_download,
        ..Options::default()
    }
}

#[test]
fn rule_4_an_entry_has_a_known_principal_once_and_a_bit() {
    let view = Permissions::READ;
    let pull = Permissions::READ | Permissions::DOWNLOAD;
    let too_much = |excess| Some(ListError::PublicTooMuch { excess });
    for (entries, public_download, refused) in [
        (vec![], false, None),
        (vec![(BOB, view), (ANN, pull)], false, None),
        (
            vec![(PrincipalId::REGISTERED, Permissions::ALL)],
            false,
            None,
        ),
        (vec![(PrincipalId::PUBLIC, view)], false, None),
        (vec![(PrincipalId::PUBLIC, pull)], true, None),
        (
            vec![(PrincipalId::PUBLIC, pull)],
            false,
            too_much(Permissions::DOWNLOAD),
        ),
        (
            vec![(PrincipalId::PUBLIC, pull | Permissions::UPDATE)],
            true,
            too_much(Permissions::UPDATE),
        ),
        (
            vec![(PrincipalId::ANONYMOUS, view)],
            true,
            Some(ListError::Anonymous),
        ),
        (vec![(GONE, view)], false, Some(ListError::Unknown(GONE))),
        (
            vec![(ANN, view), (BOB, view), (ANN, pull)],
            false,
            Some(ListError::Repeated(ANN)),
        ),
        (
            vec![(ANN, Permissions::NONE)],
            false,
            Some(ListError::Empty(ANN)),
        ),
    ] {
        let made = AccessList::checked(entries.clone(), &options(public_download), |p| p != GONE);
        assert_eq!(made.as_ref().err(), refused.as_ref(), "{entries:?}");
    }
}

#[test]
fn public_is_cut_down_when_deciding_for_signed_in_callers_too() {
    let list = AccessList::from_stored([(PrincipalId::PUBLIC, Permissions::ALL)]).unwrap();
    let signed_in = Principals {
        account: Some(ANN),
        teams: &[],
    };
    let nobody = Principals {
        account: None,
        teams: &[],
    };
    let pull = Permissions::READ | Permissions::DOWNLOAD;
    for who in [signed_in, nobody] {
        assert_eq!(list.bits_for(&who, &options(false)), Permissions::READ);
        assert_eq!(list.bits_for(&who, &options(true)), pull);
    }
}

#[test]
fn registered_matches_every_account_and_nobody_else() {
    let list = AccessList::from_stored([(PrincipalId::REGISTERED, Permissions::ALL)]).unwrap();
    let signed_in = Principals {
        account: Some(ANN),
        teams: &[],
    };
    let nobody = Principals {
        account: None,
        teams: &[TEAM],
    };
    assert_eq!(list.bits_for(&signed_in, &options(true)), Permissions::ALL);
    assert_eq!(list.bits_for(&nobody, &options(true)), Permissions::NONE);
}

#[test]
fn in_many_teams_and_by_a_short_list_a_caller_holds_what_every_team_gives() {
    let team = |number: u64| PrincipalId::new(3_001_000 + number);
    let list = AccessList::from_stored([
        (ANN, Permissions::READ),
        (team(0), Permissions::DOWNLOAD),
        (team(99), Permissions::UPDATE),
        (team(100), Permissions::DELETE),
    ]);
    let list = list.unwrap();
    for (count, held) in [
        (0, Permissions::READ),
        (1, Permissions::READ | Permissions::DOWNLOAD),
        (99, Permissions::READ | Permissions::DOWNLOAD),
        (
            100,
            Permissions::READ | Permissions::DOWNLOAD | Permissions::UPDATE,
        ),
    ] {
        let teams: Vec<_> = (0..count).map(team).collect();
        let who = Principals {
            account: Some(ANN),
            teams: &teams,
        };
        assert_eq!(list.bits_for(&who, &options(false)), held, "{count} teams");
    }
}

#[test]
fn a_new_project_is_its_creators_alone() {
    let list = AccessList::of_creator(ANN);
    assert!(list.entries().len() == 1 && !list.is_empty());
    assert_eq!(list.get(ANN), Some(Permissions::ALL));
}

#[test]
fn a_principal_that_is_gone_leaves_an_empty_list() {
    let list = AccessList::of_creator(ANN).without(ANN);
    assert!(list.is_empty());
    assert_eq!(list, AccessList::empty());
    assert_eq!(Ok(list), AccessList::from_stored([]));
    assert_eq!(
        AccessList::of_creator(ANN).without(BOB),
        AccessList::of_creator(ANN)
    );
}

#[test]
fn permissions_are_read_back_as_they_are_written() {
    for bits in 0..=u8::MAX {
        let set = Permissions::from_bits(bits);
        let json = serde_json::to_string(&set).unwrap();
        assert_eq!(serde_json::from_str::<Permissions>(&json).unwrap(), set);
        assert_eq!(set.iter().collect::<Permissions>(), set);
    }
    assert!(serde_json::from_str::<Permissions>("[\"WRITE\"]").is_err());
    assert_eq!("CREATE".parse(), Ok(Permission::Create));
}

fn entries() -> impl Strategy<Value = Vec<(PrincipalId, Permissions)>> {
    let principal = prop_oneof![
        Just(PrincipalId::REGISTERED),
        Just(PrincipalId::PUBLIC),
        (3_000_000..3_000_012_u64).prop_map(PrincipalId::new),
    ];
    let entry = (principal, (1..=u8::MAX).prop_map(Permissions::from_bits));
    prop::collection::vec(entry, 0..8).prop_map(|mut entries| {
        entries.sort_by_key(|(principal, _)| *principal);
        entries.dedup_by_key(|(principal, _)| *principal);
        entries
    })
}

proptest! {
    #[test]
    fn the_order_of_entries_means_nothing(entries in entries().prop_shuffle()) {
        let mut sorted = entries.clone();
        sorted.sort();
        prop_assert_eq!(AccessList::from_stored(entries), AccessList::from_stored(sorted));
    }

    #[test]
    fn bits_are_the_union_over_what_matches(
        entries in entries(),
        account in prop::option::of(3_000_000..3_000_012_u64),
        teams in prop::collection::vec(3_000_000..3_000_012_u64, 0..4),
        public_download: bool,
    ) {
        let options = options(public_download);
        let account = account.map(PrincipalId::new);
        let teams: Vec<_> = teams.into_iter().map(PrincipalId::new).collect();
        let mut expected = Permissions::NONE;
        for (principal, written) in &entries {
            let member = account.is_some() && teams.contains(principal);
            let registered = account.is_some() && *principal == PrincipalId::REGISTERED;
            if *principal == PrincipalId::PUBLIC {
                expected |= *written & Permissions::READ;
                if public_download {
                    expected |= *written & Permissions::DOWNLOAD;
                }
            } else if account == Some(*principal) || member || registered {
                expected |= *written;
            }
        }
        let list = AccessList::from_stored(entries).unwrap();
        prop_assert_eq!(list.bits_for(&Principals { account, teams: &teams }, &options), expected);
    }

    #[test]
    fn an_unrelated_entry_changes_nothing_and_a_removed_one_grants_nothing(
        entries in entries(),
        at in any::<prop::sample::Index>(),
    ) {
        let list = AccessList::from_stored(entries.clone()).unwrap();
        let who = Principals { account: Some(ANN), teams: &[TEAM] };
        let held = list.bits_for(&who, &options(true));
        if !entries.is_empty() {
            let gone = entries[at.index(entries.len())].0;
            let fewer = list.without(gone).bits_for(&who, &options(true));
            prop_assert!(held.contains(fewer));
        }
        let mut more = entries;
        more.push((GONE, Permissions::ALL));
        let more = AccessList::from_stored(more).unwrap();
        prop_assert_eq!(more.bits_for(&who, &options(true)), held);
    }
}
