use proptest::prelude::*;

use super::*;

fn basic(text: &[u8]) -> String {
    format!("Basic {}", STANDARD.encode(text))
}

#[test]
fn basic_is_read_as_rfc_7617_has_it() {
    use AuthorizationError as E;
    type Found = Result<(String, String), AuthorizationError>;
    let ok = |user: &str, secret: &str| Ok((user.to_owned(), secret.to_owned()));
    let cases: Vec<(&str, String, Found)> = vec![
        ("plain", basic(b"alice:hunter22"), ok("alice", "hunter22")),
        (
            "colons in the password stay",
            basic(b"alice:a:b:"),
            ok("alice", "a:b:"),
        ),
        ("empty user", basic(b":token"), ok("", "token")),
        ("empty password", basic(b"alice:"), ok("alice", "")),
        (
            "utf-8",
            basic("zoë:pässword".as_bytes()),
            ok("zoë", "pässword"),
        ),
        ("scheme without case", "bASIC YTpi".into(), ok("a", "b")),
        ("several spaces", "Basic   YTpi".into(), ok("a", "b")),
        ("no padding", "Basic YTpiYw".into(), ok("a", "bc")),
        ("padding", "Basic YTpiYw==".into(), ok("a", "bc")),
        ("too much padding", "Basic YTpiYw===".into(), Err(E::Base64)),
        ("loose last bits", "Basic YTpiYx==".into(), Err(E::Base64)),
        ("not base64", "Basic ***".into(), Err(E::Base64)),
        ("url alphabet", "Basic Pz8-Ojo_".into(), Err(E::Base64)),
        ("no colon", basic(b"alice"), Err(E::NoColon)),
        ("not utf-8", basic(b"a:\xff"), Err(E::Text)),
        ("nul", basic(b"a:b\0c"), Err(E::Text)),
        ("line break", basic(b"a\n:b"), Err(E::Text)),
        ("nothing after the scheme", "Basic".into(), Err(E::Empty)),
        ("spaces after the scheme", "Basic   ".into(), Err(E::Empty)),
        ("two credentials", "Basic YTpi YTpi".into(), Err(E::Empty)),
        ("another scheme", "Bearer YTpi".into(), Err(E::OtherScheme)),
        (
            "scheme as a prefix",
            "BasicYTpi".into(),
            Err(E::OtherScheme),
        ),
        ("empty header", String::new(), Err(E::OtherScheme)),
        (
            "too long",
            format!("Basic {}", "A".repeat(MAX_BASIC)),
            Err(E::TooLong { limit: MAX_BASIC }),
        ),
    ];
    for (rule, header, expected) in cases {
        let found = parse_basic(&header).map(|c| (c.user, c.secret.expose().to_owned()));
        assert_eq!(found, expected, "{rule}");
    }
}

#[test]
fn bearer_is_read_as_rfc_6750_has_it() {
    use AuthorizationError as E;
    let long = format!("Bearer {}", "A".repeat(MAX_BEARER));
    let cases = [
        ("plain", "Bearer a.b-c_d~e+f/g==", Ok("a.b-c_d~e+f/g==")),
        ("scheme without case", "bearer abc", Ok("abc")),
        ("nothing", "Bearer ", Err(E::Empty)),
        ("two tokens", "Bearer a b", Err(E::Empty)),
        ("comma", "Bearer a,b", Err(E::TokenCharacter)),
        ("tab", "Bearer \ta", Err(E::TokenCharacter)),
        ("not ascii", "Bearer ä", Err(E::TokenCharacter)),
        ("another scheme", "Basic abc", Err(E::OtherScheme)),
        (
            "too long",
            long.as_str(),
            Err(E::TooLong { limit: MAX_BEARER }),
        ),
    ];
    for (rule, header, expected) in cases {
        assert_eq!(parse_bearer(header), expected, "{rule}");
    }
}

#[test]
fn debug_of_credentials_hides_the_password() {
    let shown = format!("{:?}", parse_basic(&basic(b"alice:hunter22")));
    assert!(
        shown.contains("alice") && !shown.contains("hunter"),
        "{shown}"
    );
}

proptest! {
    #[test]
    fn no_header_panics(header in "\\PC*", scheme in prop::sample::select(vec!["", "Basic ", "Bearer "])) {
        let header = format!("{scheme}{header}");
        let _ = (parse_basic(&header), parse_bearer(&header));
    }

    #[test]
    fn what_a_client_encodes_is_what_is_read(user in "[^:\\p{Cc}]{0,40}", secret in "\\PC{0,40}") {
        let found = parse_basic(&basic(format!("{user}:{secret}").as_bytes())).unwrap();
        prop_assert_eq!(found.user, user);
        prop_assert_eq!(found.secret.expose(), secret);
    }
}
