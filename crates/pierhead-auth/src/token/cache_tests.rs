use super::super::{Holder, SigningKey};
use super::*;

const NOW: u64 = 1_800_000_000;

fn expected() -> Expected {
    Expected::new("issuer", "service")
}

fn ring() -> KeyRing {
    KeyRing::new(SigningKey::generate().unwrap())
}

fn token(ring: &KeyRing, lifetime: u64) -> String {
    let claims = RegistryClaims::new("issuer", "service", NOW, lifetime).unwrap();
    ring.issue(&claims.held_by("alice", Holder::anonymous()))
        .unwrap()
}

#[test]
fn a_second_use_is_the_same_claims_without_verifying() {
    let (cache, ring) = (VerifiedCache::new(10), ring());
    let text = token(&ring, 900);
    let first = cache.verify(&ring, &text, &expected(), NOW).unwrap();
    let second = cache.verify(&ring, &text, &expected(), NOW).unwrap();
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(cache.len(), 1);
}

#[test]
fn what_is_remembered_is_checked_at_each_use() {
    let (cache, ring) = (VerifiedCache::new(10), ring());
    let text = token(&ring, 900);
    cache.verify(&ring, &text, &expected(), NOW).unwrap();
    let at = |expected: &Expected, now| cache.verify(&ring, &text, expected, now).map(drop);
    assert!(matches!(
        at(&expected(), NOW + 900),
        Err(TokenError::Expired)
    ));
    assert!(matches!(
        at(&expected(), NOW - 1),
        Err(TokenError::IssuedInFuture)
    ));
    assert!(matches!(
        at(&Expected::new("issuer", "x"), NOW),
        Err(TokenError::WrongAudience)
    ));
    assert!(matches!(
        at(&Expected::new("x", "service"), NOW),
        Err(TokenError::WrongIssuer)
    ));
    assert!(at(&expected(), NOW).is_ok());
}

#[test]
fn a_refused_token_is_not_remembered() {
    let (cache, ring) = (VerifiedCache::new(10), ring());
    let text = token(&ring, 900);
    let (message, signature) = text.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    let forged = format!("{message}.{reversed}");
    assert!(cache.verify(&ring, &forged, &expected(), NOW).is_err());
    assert!(cache.verify(&ring, &text, &expected(), NOW + 900).is_err());
    let long = "A".repeat(1 << 20);
    assert!(matches!(
        cache.verify(&ring, &long, &expected(), NOW),
        Err(TokenError::TooLong)
    ));
    assert!(cache.is_empty());
}

#[test]
fn a_change_of_keys_forgets_everything() {
    let (cache, mut ring) = (VerifiedCache::new(10), ring());
    let text = token(&ring, 900);
    cache.verify(&ring, &text, &expected(), NOW).unwrap();
    let before = ring.clone();

    let other = KeyRing::new(SigningKey::generate().unwrap());
    assert!(matches!(
        cache.verify(&other, &text, &expected(), NOW),
        Err(TokenError::UnknownKey)
    ));
    assert!(cache.is_empty());
    assert!(
        cache.verify(&before, &text, &expected(), NOW).is_ok(),
        "an older ring still verifies"
    );
    assert!(cache.is_empty(), "but is not remembered");

    ring.rotate(SigningKey::generate().unwrap(), NOW + 100);
    cache.verify(&ring, &text, &expected(), NOW + 99).unwrap();
    assert_eq!(cache.len(), 1);
    let late = cache.verify(&ring, &text, &expected(), NOW + 100);
    assert!(
        matches!(late, Err(TokenError::UnknownKey)),
        "the key's time is up, remembered or not"
    );
}

#[test]
fn it_never_holds_more_than_its_capacity() {
    let (cache, ring) = (VerifiedCache::new(3), ring());
    let texts: Vec<String> = (0..10).map(|_| token(&ring, 900)).collect();
    for text in &texts {
        cache.verify(&ring, text, &expected(), NOW).unwrap();
        assert!(cache.len() <= 3);
    }
    cache.with(|state| assert_eq!(state.order.len(), state.entries.len()));

    let none = VerifiedCache::new(0);
    none.verify(&ring, &texts[0], &expected(), NOW).unwrap();
    assert!(none.is_empty());
}

#[test]
fn expired_tokens_make_room_first() {
    let (cache, ring) = (VerifiedCache::new(10), ring());
    for _ in 0..4 {
        cache
            .verify(&ring, &token(&ring, 10), &expected(), NOW)
            .unwrap();
    }
    cache
        .verify(&ring, &token(&ring, 900), &expected(), NOW + 10)
        .unwrap();
    assert_eq!(cache.len(), 1);
}

#[test]
fn long_tokens_are_verified_anew() {
    let (cache, ring) = (VerifiedCache::new(10), ring());
    let claims = RegistryClaims::new("issuer", "service", NOW, 900).unwrap();
    let text = ring
        .issue(&claims.held_by("x".repeat(8000), Holder::anonymous()))
        .unwrap();
    cache.verify(&ring, &text, &expected(), NOW).unwrap();
    assert!(cache.is_empty());
}

#[test]
fn many_threads_share_it() {
    let (cache, ring) = (VerifiedCache::new(4), ring());
    let texts: Vec<String> = (0..8).map(|_| token(&ring, 900)).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for text in texts.iter().cycle().take(40) {
                    cache.verify(&ring, text, &expected(), NOW).unwrap();
                }
            });
        }
    });
    cache.with(|state| {
        assert_eq!(state.order.len(), state.entries.len());
        assert!(state.entries.len() <= 4);
    });
}
