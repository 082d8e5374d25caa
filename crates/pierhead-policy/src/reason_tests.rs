use std::borrow::Cow;
use std::collections::BTreeSet;

use super::Reason;
use crate::bits::{Permission, Permissions};
use crate::decision::Row;
use crate::facts::Scope;
use crate::id::EntityId;
use crate::level::{Level, Levels};

fn all() -> Vec<Reason> {
    let list_of = EntityId::new(101).unwrap();
    let mut all = vec![
        Reason::NotAName,
        Reason::NoSuchProject,
        Reason::ProjectInTrash,
        Reason::InTrash,
        Reason::Absent,
        Reason::AnonymousCaller,
        Reason::OperatorsOnly,
        Reason::NoOwnMark,
        Reason::NotApplicable,
    ];
    let rows = [Row::PushNew, Row::PushExisting, Row::ExternalReference];
    all.extend(rows.map(|row| Reason::NotCertified { row }));
    all.extend([Row::Restore, Row::Purge].map(|row| Reason::NotTrasher { row }));
    all.extend(Permission::ALL.map(|permission| Reason::Missing {
        permission,
        list_of,
    }));
    all.extend(
        [Scope::View, Scope::Download, Scope::Modify].map(|scope| Reason::ScopeLacks { scope }),
    );
    all
}

#[test]
fn every_reason_says_a_rule_of_its_own_and_what_would_help() {
    let levels = Levels::default();
    let mut rules = BTreeSet::new();
    for reason in all() {
        let (rule, remedy) = (reason.rule(), reason.remedy(&levels));
        for text in [rule, &*remedy] {
            assert!(text.len() > 5 && !text.ends_with('.'), "{reason:?}: {text}");
            assert!(
                text.starts_with(|it: char| it.is_ascii_lowercase()),
                "{reason:?}: {text}"
            );
        }
        assert!(rules.insert(rule), "{reason:?} shares a rule: {rule}");
    }
}

#[test]
fn a_rule_names_what_is_asked_and_a_remedy_what_gives_it() {
    let levels = Levels::default();
    for reason in all() {
        let (rule, remedy) = (reason.rule(), reason.remedy(&levels));
        match reason {
            Reason::Missing { permission, .. } => {
                assert!(rule.contains(permission.name()), "{rule}");
                let level = Level::ALL
                    .into_iter()
                    .find(|level| level.permissions().has(permission));
                let expected = format!("ask its administrator for `{}`", level.unwrap().name());
                assert_eq!(remedy, expected);
            }
            Reason::ScopeLacks { scope } => {
                let named = format!("`{}`", scope.name());
                assert!(
                    rule.contains(&named) && remedy.contains(&named),
                    "{rule}; {remedy}"
                );
            }
            Reason::NotCertified { row } => {
                let word = match row {
                    Row::PushNew => "a new repository",
                    Row::PushExisting => "here",
                    _ => "external",
                };
                assert!(rule.contains(word), "{rule}");
                assert_eq!(remedy, "ask an operator to certify you");
            }
            Reason::NotTrasher { row: Row::Purge } => {
                assert!(
                    rule.contains("purges") && remedy.contains("wait"),
                    "{rule}; {remedy}"
                );
            }
            Reason::NotTrasher { .. } => {
                assert!(
                    rule.contains("restoring") && remedy.contains("administrator"),
                    "{rule}"
                );
            }
            _ => assert!(matches!(remedy, Cow::Borrowed(_))),
        }
    }
}

#[test]
fn where_no_level_has_it_the_permission_itself_is_named() {
    let levels = Levels::new([("reader", Permissions::READ)]).unwrap();
    let missing = |permission| Reason::Missing {
        permission,
        list_of: EntityId::MAX,
    };
    let told = [Permission::Read, Permission::Update].map(|it| missing(it).remedy(&levels));
    assert_eq!(told[0], "ask its administrator for `reader`");
    assert_eq!(told[1], "ask its administrator for UPDATE");
}
