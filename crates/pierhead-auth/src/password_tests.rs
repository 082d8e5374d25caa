use proptest::prelude::*;

use super::*;

/// `correct horse` at the smallest cost there is, from the reference implementation's parameters.
fn cheap(password: &str) -> PasswordHash {
    let salt = b"somesaltsomesalt";
    let params = argon2::Params::new(8, 1, 1, Some(32)).unwrap();
    let mut out = [0_u8; 32];
    argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
        .hash_password_into(password.as_bytes(), salt, &mut out)
        .unwrap();
    let encode = |bytes: &[u8]| {
        use base64::Engine as _;
        base64::engine::general_purpose::STANDARD_NO_PAD.encode(bytes)
    };
    format!(
        "$argon2id$v=19$m=8,t=1,p=1${}${}",
        encode(salt),
        encode(&out)
    )
    .parse()
    .unwrap()
}

#[test]
fn a_new_password_obeys_the_rules() {
    let table = [
        (
            "seven bytes",
            "1234567".to_owned(),
            Err(PasswordRule::TooShort),
        ),
        ("eight bytes", "12345678".to_owned(), Ok(())),
        ("eight bytes in four letters", "ääää".to_owned(), Ok(())),
        ("nothing", String::new(), Err(PasswordRule::TooShort)),
        ("the longest", "x".repeat(1024), Ok(())),
        ("one more", "x".repeat(1025), Err(PasswordRule::TooLong)),
        (
            "a nul",
            "1234\x005678".to_owned(),
            Err(PasswordRule::ControlCharacter),
        ),
        (
            "a line break",
            "12345678\n".to_owned(),
            Err(PasswordRule::ControlCharacter),
        ),
        ("spaces and colons", "a b:c d:e".to_owned(), Ok(())),
    ];
    for (rule, text, expected) in table {
        assert_eq!(check_rules(&Secret::from(text)), expected, "{rule}");
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn only_bounded_argon2id_hashes_are_taken() {
    use PasswordHashError as E;
    const S: &str = "c29tZXNhbHRzb21lc2FsdA";
    const H: &str = "iWh06vD8Fy27wf9npn6FXWiCX4K6pW6Ue1Bnzz07Z8A";
    let with = |head: &str| format!("${head}${S}${H}");
    let table = [
        (
            "what we make",
            with("argon2id$v=19$m=19456,t=2,p=1"),
            Ok(()),
        ),
        (
            "the largest",
            with("argon2id$v=19$m=262144,t=10,p=4"),
            Ok(()),
        ),
        (
            "too much memory",
            with("argon2id$v=19$m=262145,t=2,p=1"),
            Err(E::Parameters),
        ),
        (
            "too many passes",
            with("argon2id$v=19$m=19456,t=11,p=1"),
            Err(E::Parameters),
        ),
        (
            "too many lanes",
            with("argon2id$v=19$m=19456,t=2,p=5"),
            Err(E::Parameters),
        ),
        (
            "more than a u32",
            with("argon2id$v=19$m=4294967296,t=2,p=1"),
            Err(E::Parameters),
        ),
        (
            "no lanes",
            with("argon2id$v=19$m=19456,t=2,p=0"),
            Err(E::Parameters),
        ),
        (
            "no passes",
            with("argon2id$v=19$m=19456,t=0,p=1"),
            Err(E::Parameters),
        ),
        (
            "too little memory for its lanes",
            with("argon2id$v=19$m=31,t=2,p=4"),
            Err(E::Parameters),
        ),
        (
            "a parameter missing",
            with("argon2id$v=19$m=19456,t=2"),
            Err(E::Parameters),
        ),
        (
            "a key id",
            with("argon2id$v=19$m=19456,t=2,p=1,keyid=Zm9v"),
            Err(E::Parameters),
        ),
        (
            "argon2i",
            with("argon2i$v=19$m=19456,t=2,p=1"),
            Err(E::Algorithm),
        ),
        (
            "argon2d",
            with("argon2d$v=19$m=19456,t=2,p=1"),
            Err(E::Algorithm),
        ),
        ("scrypt", with("scrypt$ln=16,r=8,p=1"), Err(E::Algorithm)),
        (
            "the old version",
            with("argon2id$v=16$m=19456,t=2,p=1"),
            Err(E::Version),
        ),
        (
            "no version",
            with("argon2id$m=19456,t=2,p=1"),
            Err(E::Version),
        ),
        (
            "no hash",
            format!("$argon2id$v=19$m=19456,t=2,p=1${S}"),
            Err(E::Form),
        ),
        (
            "no salt",
            "$argon2id$v=19$m=19456,t=2,p=1".to_owned(),
            Err(E::Form),
        ),
        (
            "a short hash",
            format!("$argon2id$v=19$m=19456,t=2,p=1${S}$AAAAAAAAAAAAAAAAAAAA"),
            Err(E::Form),
        ),
        (
            "bcrypt",
            "$2b$12$abcdefghijklmnopqrstuu".to_owned(),
            Err(E::Form),
        ),
        ("plain text", "hunter22".to_owned(), Err(E::Form)),
        ("nothing", String::new(), Err(E::Form)),
        (
            "a long text",
            format!(
                "{}{}",
                with("argon2id$v=19$m=19456,t=2,p=1"),
                "A".repeat(600)
            ),
            Err(E::Form),
        ),
    ];
    for (rule, text, expected) in table {
        let found = text.parse::<PasswordHash>();
        assert_eq!(
            found.as_ref().map(|_| ()).map_err(|e| *e),
            expected,
            "{rule}"
        );
        if let Ok(hash) = found {
            assert_eq!(hash.as_str(), text, "{rule}");
        }
    }
}

#[test]
fn only_the_right_password_verifies() {
    let stored = cheap("correct horse");
    let mut hasher = Hasher::new();
    let table = [
        ("correct horse", true),
        ("correct horse ", false),
        ("Correct horse", false),
        ("", false),
        ("correct horse\0", false),
    ];
    for (text, expected) in table {
        assert_eq!(
            hasher.verify(&stored, &Secret::from(text)).unwrap(),
            expected,
            "{text:?}"
        );
    }
    let long = Secret::from("x".repeat(8 * 1024));
    assert!(!hasher.verify(&stored, &long).unwrap());
}

#[test]
fn the_published_test_vector_verifies() {
    // From the reference implementation's test suite (argon2id, version 19, m=2^16, t=2, p=1).
    let stored =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert!(verify(&stored.parse().unwrap(), &Secret::from("password")));
    assert!(!verify(
        &stored.parse().unwrap(),
        &Secret::from("differentpassword")
    ));
}

#[test]
fn a_new_hash_has_the_default_cost_and_a_fresh_salt() {
    let password = Secret::from("correct horse");
    let mut hasher = Hasher::new();
    let first = hasher.hash(&password).unwrap();
    let second = hasher.hash(&password).unwrap();
    assert!(
        first
            .as_str()
            .starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
        "{}",
        first.as_str()
    );
    assert_ne!(first, second);
    assert!(!first.is_outdated());
    assert!(cheap("correct horse").is_outdated());
    let read: PasswordHash = first.as_str().parse().unwrap();
    assert!(hasher.verify(&read, &password).unwrap());
    assert!(matches!(
        hasher.hash(&Secret::from("short")),
        Err(HashingError::Rule(PasswordRule::TooShort))
    ));
}

#[test]
fn memory_is_kept_between_runs_but_not_beyond_the_default() {
    let password = Secret::from("password");
    let mut hasher = Hasher::new();
    hasher.verify_absent(&password).unwrap();
    assert_eq!(format!("{hasher:?}"), "Hasher { kib: 19456 }");
    let large =
        "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    assert!(hasher.verify(&large.parse().unwrap(), &password).unwrap());
    assert_eq!(format!("{hasher:?}"), "Hasher { kib: 19456 }");
    assert!(
        hasher.verify(&cheap("password"), &password).unwrap(),
        "used memory changes no answer"
    );
}

#[test]
fn the_dummy_costs_what_a_new_hash_costs() {
    assert!(!PasswordHash::dummy().is_outdated());
    assert!(!verify(PasswordHash::dummy(), &Secret::from("")));
}

#[test]
fn debug_shows_parameters_only() {
    assert_eq!(
        format!("{:?}", cheap("correct horse")),
        "PasswordHash(argon2id, m=8, t=1, p=1)"
    );
}

proptest! {
    #[test]
    fn no_text_panics_as_a_hash(text in "\\PC{0,80}", tail in "[$a-z0-9=,/+.-]{0,120}") {
        let _ = text.parse::<PasswordHash>();
        let _ = format!("$argon2id$v=19${tail}").parse::<PasswordHash>();
    }
}
