//! Token scopes.

use pierhead_model::{MAX_SCOPE_LEN, RepositoryActions, RepositoryName, TokenScope};

use crate::{grammar, text};

/// A scope is three parts; what it grants is what was named, and it is written as what it means.
pub fn check(data: &[u8]) {
    let Some(text) = text::read(data) else {
        return;
    };
    actions(text);
    let readable = text.len() <= MAX_SCOPE_LEN && text.matches(':').count() >= 2;
    let scope = match TokenScope::parse(text) {
        Ok(scope) => scope,
        Err(error) => {
            assert!(!readable, "refused {text:?}: {error}");
            return text::refused(text, &error);
        }
    };
    assert!(readable, "accepted {text:?}");
    let mut parts: Vec<_> = text.split(':').collect();
    let (kind, wanted) = (parts.remove(0), parts.pop().unwrap_or_default());
    let middle = parts.join(":");
    match &scope {
        TokenScope::Repository { name, actions } => {
            assert_eq!((kind, middle.as_str()), ("repository", name.as_str()));
            assert_eq!(*actions, slow_actions(wanted));
            assert_eq!(TokenScope::repository(name.clone(), *actions), scope);
        }
        TokenScope::Catalog => {
            assert_eq!((kind, middle.as_str()), ("registry", "catalog"));
            assert!(wanted.split(',').any(|action| action == "*"));
        }
        _ => {
            assert!(kind != "repository" || !grammar::repository_name(&middle));
            assert_eq!(scope.to_string(), "");
            return;
        }
    }
    assert_eq!(TokenScope::parse(&scope.to_string()), Ok(scope));
}

fn slow_actions(text: &str) -> RepositoryActions {
    let names: Vec<_> = text.split(',').collect();
    let has = |name, action| {
        if names.contains(&name) || names.contains(&"*") {
            action
        } else {
            RepositoryActions::NONE
        }
    };
    has("pull", RepositoryActions::PULL)
        | has("push", RepositoryActions::PUSH)
        | has("delete", RepositoryActions::DELETE)
}

fn actions(text: &str) {
    let set = RepositoryActions::parse(text);
    assert_eq!(set, slow_actions(text), "{text:?}");
    assert_eq!(RepositoryActions::parse(&set.to_string()), set);
    assert_eq!(set.iter().collect::<Vec<_>>().join(","), set.to_string());
    assert_eq!(set.is_empty(), set.to_string().is_empty());
    assert!(RepositoryActions::ALL.contains(set) && set.contains(RepositoryActions::NONE));
    for one in [
        RepositoryActions::PULL,
        RepositoryActions::PUSH,
        RepositoryActions::DELETE,
    ] {
        assert_eq!(set.contains(one), set.intersects(one));
        assert_eq!(set.contains(one), !(set & one).is_empty());
    }
    // No name that can be written into a scope may be read as another one.
    if let Ok(name) = text.parse::<RepositoryName>() {
        let scope = TokenScope::repository(name, RepositoryActions::ALL);
        assert_eq!(TokenScope::parse(&scope.to_string()), Ok(scope));
    }
}
