//! The scopes of credentials as texts.

use pierhead_policy::{Scope, Scopes};

const ALL: [Scope; 3] = [Scope::View, Scope::Download, Scope::Modify];

/// The names of a set, as tokens and stores keep them.
pub fn names(scopes: Scopes) -> impl Iterator<Item = &'static str> {
    ALL.into_iter()
        .filter(move |scope| scopes.has(*scope))
        .map(Scope::name)
}

/// The set of these names; what is not known grants nothing.
pub fn from_names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Scopes {
    names
        .into_iter()
        .filter_map(|name| ALL.into_iter().find(|scope| scope.name() == name.as_ref()))
        .collect()
}
