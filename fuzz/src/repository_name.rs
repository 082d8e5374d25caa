//! Repository names.

use pierhead_model::{MAX_REPOSITORY_NAME_LEN, RepositoryName};

use crate::{grammar, text};

/// Accepted exactly as the grammar says, in one spelling; its components are names themselves.
pub fn check(data: &[u8]) {
    let Some(text) = text::read(data) else {
        return;
    };
    let Some(name) = text::newtype::<RepositoryName>(text, grammar::repository_name(text)) else {
        return;
    };
    assert!(name.as_str().len() <= MAX_REPOSITORY_NAME_LEN);
    let components: Vec<_> = name.components().collect();
    assert_eq!(components.join("/"), text);
    for component in components {
        assert!(component.parse::<RepositoryName>().is_ok(), "{component:?}");
        assert!(!matches!(component, "." | ".."));
    }
}
