//! Tests of token scopes.

use proptest::prelude::*;

use super::*;

const PULL: RepositoryActions = RepositoryActions::PULL;
const PUSH: RepositoryActions = RepositoryActions::PUSH;
const DELETE: RepositoryActions = RepositoryActions::DELETE;

fn repository(name: &str, actions: RepositoryActions) -> TokenScope {
    TokenScope::repository(name.parse().unwrap(), actions)
}

#[test]
fn scopes_are_split_at_the_first_and_the_last_colon() {
    for (text, expected) in [
        ("repository:syn1/a:pull", repository("syn1/a", PULL)),
        ("repository:a:pull,push", repository("a", PULL | PUSH)),
        (
            "repository:a:push,pull,delete",
            repository("a", RepositoryActions::ALL),
        ),
        ("repository:a:*", repository("a", RepositoryActions::ALL)),
        (
            "repository:a:pull,*",
            repository("a", RepositoryActions::ALL),
        ),
        ("repository:a:pull,fly,pull", repository("a", PULL)),
        (
            "repository:a:PULL",
            repository("a", RepositoryActions::NONE),
        ),
        ("repository:a:", repository("a", RepositoryActions::NONE)),
        // A name with a host is none of ours.
        ("repository:host:5000/a:pull", TokenScope::Unknown),
        ("repository(plugin):a:pull", TokenScope::Unknown),
        ("repository:A:pull", TokenScope::Unknown),
        ("repository::pull", TokenScope::Unknown),
        ("registry:catalog:*", TokenScope::Catalog),
        ("registry:catalog:pull", TokenScope::Unknown),
        ("registry:other:*", TokenScope::Unknown),
        ("project:a:pull", TokenScope::Unknown),
        ("::", TokenScope::Unknown),
    ] {
        assert_eq!(TokenScope::parse(text), Ok(expected), "{text}");
    }
    for text in ["", "repository", "repository:a", ":", "a pull"] {
        assert!(TokenScope::parse(text).is_err(), "{text}");
    }
    assert_eq!(TokenScope::parse(&":".repeat(1025)).unwrap_err().at(), 1024);
}

#[test]
fn actions_are_a_set_with_sorted_names() {
    let both = PULL.union(PUSH);
    assert!(both.contains(PULL) && both.contains(PUSH) && !both.contains(DELETE));
    assert!(both.contains(RepositoryActions::NONE));
    assert!(!PULL.contains(both));
    assert_eq!(both.intersection(PUSH | DELETE), PUSH);
    assert_eq!(both & DELETE, RepositoryActions::NONE);
    assert!(RepositoryActions::NONE.is_empty() && !both.is_empty());
    assert_eq!(both.to_string(), "pull,push");
    assert_eq!(RepositoryActions::ALL.to_string(), "delete,pull,push");
    assert_eq!(RepositoryActions::NONE.to_string(), "");
    assert_eq!(
        RepositoryActions::ALL.iter().collect::<Vec<_>>(),
        ["delete", "pull", "push"]
    );
}

proptest! {
    #[test]
    fn text_goes_round(name in "[a-z]{1,5}(/[a-z0-9]{1,5}){0,3}", bits in 0_u8..8) {
        let scope = repository(&name, RepositoryActions(bits));
        prop_assert_eq!(TokenScope::parse(&scope.to_string()), Ok(scope));
    }

    #[test]
    fn no_text_upsets_it(text in "\\PC{0,40}") {
        let _ = text.parse::<TokenScope>();
    }
}
