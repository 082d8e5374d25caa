//! Issuing, reading back, rotating; and what the attack table shares.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::super::{AccessEntry, Holder};
use super::*;

pub(in super::super) const NOW: u64 = 1_800_000_000;
pub(in super::super) const ISS: &str = "https://registry.example";
pub(in super::super) const AUD: &str = "registry.example:5000";

pub(in super::super) fn expected() -> Expected {
    Expected::new(ISS, AUD)
}

pub(in super::super) fn claims() -> RegistryClaims {
    let holder = Holder::Account {
        account: 7,
        account_version: 3,
        credential: Some(9),
        credential_version: 1,
    };
    RegistryClaims::new(ISS, AUD, NOW, 900)
        .unwrap()
        .held_by("alice", holder)
        .in_epoch(4)
        .with_scopes(["download", "modify"])
        .with_access(vec![AccessEntry::repository(
            "syn101/app",
            ["pull", "push"],
        )])
}

fn name(error: &TokenError) -> String {
    let text = format!("{error:?}");
    text.split(['(', ' ']).next().unwrap_or_default().to_owned()
}

pub(in super::super) fn check(rule: &str, ring: &KeyRing, token: &str, now: u64, wanted: &str) {
    let found = ring.verify(token, &expected(), now);
    let found = found.as_ref().map_or_else(name, |_| "Ok".to_owned());
    assert_eq!(found, wanted, "{rule}");
}

#[test]
fn what_is_issued_is_what_is_verified() {
    let ring = KeyRing::new(SigningKey::generate().unwrap());
    let claims = claims();
    let token = ring.issue(&claims).unwrap();
    assert_eq!(ring.verify(&token, &expected(), NOW).unwrap(), claims);

    let anonymous = RegistryClaims::new(ISS, AUD, NOW, 900).unwrap();
    let token = ring.issue(&anonymous).unwrap();
    let read = ring.verify(&token, &expected(), NOW).unwrap();
    assert!(read.holder.is_anonymous() && read.access.is_empty());
}

#[test]
fn a_docker_client_can_read_the_access_list() {
    let ring = KeyRing::new(SigningKey::generate().unwrap());
    let token = ring.issue(&claims()).unwrap();
    let payload = URL_SAFE_NO_PAD
        .decode(token.split('.').nth(1).unwrap())
        .unwrap();
    let payload: Value = serde_json::from_slice(&payload).unwrap();
    let access = json!([{"type": "repository", "name": "syn101/app", "actions": ["pull", "push"]}]);
    assert_eq!(payload["access"], access);
    assert_eq!(payload["sub"], "alice");
}

#[test]
fn nothing_is_issued_that_would_be_refused() {
    let ring = KeyRing::new(SigningKey::generate().unwrap());
    let lifetime = |seconds| RegistryClaims::new(ISS, AUD, NOW, seconds).unwrap();
    assert!(matches!(
        ring.issue(&lifetime(0)),
        Err(IssueError::Lifetime)
    ));
    assert!(ring.issue(&lifetime(MAX_LIFETIME)).is_ok());
    assert!(matches!(
        ring.issue(&lifetime(MAX_LIFETIME + 1)),
        Err(IssueError::Lifetime)
    ));
    assert!(matches!(
        ring.issue(&lifetime(u64::MAX)),
        Err(IssueError::Lifetime)
    ));

    let entry = |i| AccessEntry::repository(format!("syn1/{i:0>250}"), ["delete", "pull", "push"]);
    let most = claims().with_access((0..32).map(entry).collect());
    let token = ring.issue(&most).unwrap();
    assert_eq!(
        ring.verify(&token, &expected(), NOW).unwrap(),
        most,
        "32 names of 255 bytes fit"
    );
    let more = claims().with_access((0..64).map(entry).collect());
    assert!(matches!(ring.issue(&more), Err(IssueError::TooLong)));
}

#[test]
fn keys_are_rotated_with_overlap() {
    let first = SigningKey::generate().unwrap();
    let mut ring = KeyRing::new(first.clone());
    let old = ring.issue(&claims()).unwrap();
    let generation = ring.generation();
    ring.rotate(SigningKey::generate().unwrap(), NOW + 100);
    assert_ne!(ring.generation(), generation);
    let new = ring.issue(&claims()).unwrap();
    check("the old one before its end", &ring, &old, NOW + 99, "Ok");
    check(
        "the old one at its end",
        &ring,
        &old,
        NOW + 100,
        "UnknownKey",
    );
    check("the new one", &ring, &new, NOW + 100, "Ok");

    let read = KeyRing::new(SigningKey::generate().unwrap()).with_retired(&first, NOW + 100);
    check("an earlier key from a file", &read, &old, NOW, "Ok");
    check("a key that is not there", &read, &new, NOW, "UnknownKey");

    ring.prune(NOW + 99);
    assert!(ring.accepts(first.id(), NOW));
    ring.prune(NOW + 100);
    assert!(!ring.accepts(first.id(), NOW));
}

#[test]
fn earlier_keys_are_bounded() {
    let first = SigningKey::generate().unwrap();
    let mut ring = KeyRing::new(first.clone());
    for _ in 0..17 {
        ring.rotate(SigningKey::generate().unwrap(), u64::MAX);
    }
    assert!(!ring.accepts(first.id(), NOW));
}

#[test]
fn leeway_widens_every_end_by_as_much() {
    let ring = KeyRing::new(SigningKey::generate().unwrap());
    let token = ring.issue(&claims()).unwrap();
    let lenient = expected().with_leeway(5);
    let table = [
        (NOW - 6, false),
        (NOW - 5, true),
        (NOW + 904, true),
        (NOW + 905, false),
    ];
    for (now, wanted) in table {
        assert_eq!(
            ring.verify(&token, &lenient, now).is_ok(),
            wanted,
            "at {now}"
        );
    }
    let forever = expected().with_leeway(u64::MAX);
    assert!(ring.verify(&token, &forever, 0).is_ok(), "no overflow");
}
