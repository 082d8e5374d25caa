use std::net::Ipv4Addr;

use proptest::prelude::*;

use super::*;

const PEER: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

enum Step {
    /// So many failures of an account from a peer at a second.
    Fail(usize, &'static str, &'static str, u64),
    Succeed(&'static str, &'static str),
    /// What `check` answers: seconds to wait, 0 for "go on".
    Wait(&'static str, &'static str, u64, u64),
}

fn check(rule: &str, limits: LockoutLimits, steps: &[Step]) {
    let lockout = Lockout::new(limits);
    for step in steps {
        match *step {
            Step::Fail(times, account, peer, now) => {
                for _ in 0..times {
                    lockout.failed(account, peer.parse().unwrap(), now);
                }
            }
            Step::Succeed(account, peer) => lockout.succeeded(account, peer.parse().unwrap()),
            Step::Wait(account, peer, now, wait) => {
                let found = lockout.check(account, peer.parse().unwrap(), now);
                let found = found.err().map_or(0, |RetryAfter(seconds)| seconds);
                assert_eq!(found, wait, "{rule}: {account} from {peer} at {now}");
            }
        }
    }
}

#[test]
fn failures_are_counted_by_account_and_peer_and_by_peer() {
    use Step::{Fail, Succeed, Wait};
    const A: &str = "192.0.2.1";
    const B: &str = "192.0.2.2";
    let table: &[(&str, &[Step])] = &[
        ("nobody is locked at first", &[Wait("a", A, 0, 0)]),
        (
            "nine are allowed",
            &[Fail(9, "a", A, 100), Wait("a", A, 100, 0)],
        ),
        (
            "the tenth locks",
            &[Fail(10, "a", A, 100), Wait("a", A, 100, 900)],
        ),
        (
            "the wait runs down",
            &[
                Fail(10, "a", A, 100),
                Wait("a", A, 999, 1),
                Wait("a", A, 1000, 0),
            ],
        ),
        (
            "the window slides",
            &[
                Fail(1, "a", A, 100),
                Fail(9, "a", A, 500),
                Wait("a", A, 600, 400),
                Wait("a", A, 1000, 0),
                Fail(1, "a", A, 1000),
                Wait("a", A, 1001, 399),
            ],
        ),
        (
            "another peer may go on",
            &[Fail(10, "a", A, 100), Wait("a", B, 100, 0)],
        ),
        (
            "another account may go on",
            &[Fail(10, "a", A, 100), Wait("b", A, 100, 0)],
        ),
        (
            "success forgets the pair",
            &[
                Fail(9, "a", A, 1),
                Succeed("a", A),
                Fail(9, "a", A, 2),
                Wait("a", A, 2, 0),
            ],
        ),
        (
            "fifty lock the peer for every account",
            &[
                Fail(9, "a", A, 1),
                Fail(9, "b", A, 1),
                Fail(9, "c", A, 1),
                Fail(9, "d", A, 1),
                Fail(9, "e", A, 1),
                Wait("z", A, 1, 0),
                Fail(5, "f", A, 1),
                Wait("z", A, 1, 900),
                Wait("z", B, 1, 0),
            ],
        ),
        (
            "success does not forget the peer",
            &[
                Fail(9, "a", A, 1),
                Fail(9, "b", A, 1),
                Fail(9, "c", A, 1),
                Fail(9, "d", A, 1),
                Fail(9, "e", A, 1),
                Fail(5, "f", A, 1),
                Succeed("a", A),
                Succeed("z", A),
                Wait("z", A, 1, 900),
            ],
        ),
        (
            "an ipv6 /64 is one peer",
            &[
                Fail(10, "a", "2001:db8::1", 1),
                Wait("a", "2001:db8::ffff:2", 1, 900),
                Wait("a", "2001:db8:0:1::1", 1, 0),
            ],
        ),
        (
            "a mapped address is the ipv4 one",
            &[Fail(10, "a", "::ffff:192.0.2.1", 1), Wait("a", A, 1, 900)],
        ),
        (
            "a clock set back waits no longer than the window",
            &[Fail(10, "a", A, 5000), Wait("a", A, 10, 900)],
        ),
    ];
    for (rule, steps) in table {
        check(rule, LockoutLimits::default(), steps);
    }
}

#[test]
fn a_full_table_forgets_whoever_failed_longest_ago() {
    use Step::{Fail, Wait};
    let limits = LockoutLimits {
        capacity: 2,
        per_account: 1,
        per_peer: 1000,
        ..Default::default()
    };
    check(
        "oldest goes",
        limits,
        &[
            Fail(1, "a", "192.0.2.1", 10),
            Fail(1, "b", "192.0.2.1", 20),
            Fail(1, "a", "192.0.2.1", 30),
            Fail(1, "c", "192.0.2.1", 40),
            Wait("a", "192.0.2.1", 40, 890),
            Wait("b", "192.0.2.1", 40, 0),
            Wait("c", "192.0.2.1", 40, 900),
        ],
    );
}

#[test]
fn what_has_no_limit_is_not_remembered() {
    let lockout = Lockout::new(LockoutLimits {
        per_peer: usize::MAX,
        ..LockoutLimits::default()
    });
    let peer = std::net::Ipv4Addr::UNSPECIFIED.into();
    for account in 0..1_000 {
        lockout.failed(&account.to_string(), peer, 1);
        assert_eq!(lockout.check("another", peer, 1), Ok(()));
    }
    assert!(lockout.with(|tables| tables.peers.rows.is_empty()));
}

#[test]
fn limits_of_zero_are_taken_as_one() {
    let lockout = Lockout::new(LockoutLimits {
        per_account: 0,
        per_peer: 0,
        window: 0,
        capacity: 0,
    });
    assert_eq!(lockout.check("a", PEER, 1), Ok(()));
    lockout.failed("a", PEER, 1);
    assert_eq!(lockout.check("a", PEER, 1), Err(RetryAfter(1)));
    assert_eq!(lockout.check("a", PEER, 2), Ok(()));
}

proptest! {
    #[test]
    fn tables_stay_within_capacity(failures in prop::collection::vec((any::<u32>(), 0_u8..6, 0_u64..3000), 0..200)) {
        let limits = LockoutLimits { capacity: 8, ..Default::default() };
        let lockout = Lockout::new(limits);
        for (peer, account, now) in failures {
            let peer = IpAddr::V4(Ipv4Addr::from(peer));
            lockout.failed(&account.to_string(), peer, now);
            if let Err(RetryAfter(wait)) = lockout.check(&account.to_string(), peer, now) {
                prop_assert!((1..=limits.window).contains(&wait));
            }
        }
        lockout.with(|tables| {
            assert!(tables.pairs.rows.len() <= 8 && tables.peers.rows.len() <= 8);
            assert!(tables.pairs.rows.values().all(|times| times.len() <= limits.per_account));
        });
    }
}
