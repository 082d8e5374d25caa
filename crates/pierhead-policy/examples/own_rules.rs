//! The policy alone, with rules of one's own: `cargo run -p pierhead-policy --example own_rules`.
//!
//! An application that has its own users, groups and storage asks who may do what. It has a level of
//! its own, groups that contain groups, and asks for certification only where something is published.

use std::collections::{BTreeMap, BTreeSet};

use pierhead_policy::{
    AccessList, AccountFacts, Action, BadLevels, CallerFacts, EntityId, Identity, Levels, Options,
    Permissions, PrincipalId, ProjectFacts, ProjectIds, RepositoryFacts, Row, Rules, Scopes,
    Target, check_share_change, explain,
};

const ANN: PrincipalId = PrincipalId::new(3_000_001);
const BOB: PrincipalId = PrincipalId::new(3_000_002);
const IMAGING: PrincipalId = PrincipalId::new(3_000_010);
const RESEARCH: PrincipalId = PrincipalId::new(3_000_011);
const INSTITUTE: PrincipalId = PrincipalId::new(3_000_012);

/// The rules: the usual ones, but for what this institute does differently.
#[derive(Debug)]
struct Institute {
    usual: Options,
    levels: Levels,
}

impl Institute {
    fn new() -> Result<Self, BadLevels> {
        let (view, pull) = (Permissions::READ, Permissions::READ | Permissions::DOWNLOAD);
        // Delivers builds without reading anybody's.
        let deliver = Permissions::CREATE | Permissions::UPDATE;
        let levels = [
            ("guest", view),
            ("reader", pull),
            ("robot", deliver),
            ("member", pull | deliver),
            ("owner", Permissions::ALL),
        ];
        Ok(Self {
            usual: Options::default(),
            levels: Levels::new(levels)?,
        })
    }
}

impl Rules for Institute {
    /// Whoever pushes where every account may pull publishes, and publishing is for the certified.
    fn asks_certification(&self, row: Row, _: &CallerFacts<'_>, target: &Target<'_>) -> bool {
        let published = target.counting_list().is_some_and(|counting| {
            let everybody = counting.list.counted(PrincipalId::REGISTERED, self);
            everybody.contains(Permissions::DOWNLOAD)
        });
        published && matches!(row, Row::PushNew | Row::PushExisting)
    }

    fn public_ceiling(&self) -> Permissions {
        self.usual.public_ceiling()
    }

    fn levels(&self) -> &Levels {
        &self.levels
    }
}

/// Groups in groups: all that contain one of these, in ascending order.
fn all_groups(
    direct: &[PrincipalId],
    within: &BTreeMap<PrincipalId, PrincipalId>,
) -> Vec<PrincipalId> {
    let mut all = BTreeSet::new();
    for group in direct {
        let mut next = Some(*group);
        // A circle ends where it was entered.
        while let Some(group) = next.filter(|group| all.insert(*group)) {
            next = within.get(&group).copied();
        }
    }
    all.into_iter().collect()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (rules, ids) = (Institute::new()?, ProjectIds::default());
    let level = |name| rules.levels().permissions(name);

    // Ann is in the imaging group, which is in research, which is in the institute.
    let within = BTreeMap::from([(IMAGING, RESEARCH), (RESEARCH, INSTITUTE)]);
    let groups = all_groups(&[IMAGING], &within);
    let person = |id, teams, certified| CallerFacts {
        identity: Identity::Account(AccountFacts {
            id,
            teams,
            certified,
            operator: false,
        }),
        scopes: Scopes::ALL,
    };
    let (ann, bob) = (person(ANN, &groups, false), person(BOB, &[], true));

    // The project's list names the institute; one repository in it is published.
    let known = |_| true;
    let entries = [(BOB, level("owner")?), (INSTITUTE, level("member")?)];
    let inside = AccessList::checked(entries, &rules, known)?;
    let published = [(PrincipalId::REGISTERED, level("reader")?)];
    let published = AccessList::checked(entries.into_iter().chain(published), &rules, known)?;
    let project = ProjectFacts {
        id: EntityId::try_from(101)?,
        list: &inside,
        trashed: None,
    };
    let repository = |own_list| Target::Repository {
        name_ok: true,
        project: Some(project),
        repository: Some(RepositoryFacts {
            id: EntityId::new(102).unwrap_or(project.id),
            own_list,
            trashed: None,
        }),
    };
    let new_name = Target::Repository {
        name_ok: true,
        project: Some(project),
        repository: None,
    };

    let (internal, public) = (repository(None), repository(Some(&published)));
    for (who, name, target, what, expected) in [
        (&ann, "ann", &new_name, "a new name", true),
        (&ann, "ann", &internal, "an internal repository", true),
        (&ann, "ann", &public, "a published repository", false),
        (&bob, "bob", &public, "a published repository", true),
    ] {
        let answer = explain(&rules, &ids, who, Action::Push, target);
        println!("{name} pushes to {what}:");
        for words in &answer.words {
            println!("    {words}");
        }
        assert_eq!(answer.decision.is_allowed(), expected);
    }

    // What is refused for want of a permission names a level of the institute.
    let stranger = person(PrincipalId::new(3_000_003), &[], false);
    let refused = rules.decide(&stranger, Action::Pull, &internal);
    let remedy = refused.reason().map(|reason| reason.remedy(rules.levels()));
    assert_eq!(
        remedy.as_deref(),
        Some("ask its administrator for `reader`")
    );

    // Sharing goes by the same rules.
    let open = pierhead_policy::ShareChange::GiveLocal { list: &published };
    let by_bob = check_share_change(&rules, &bob, &internal, &open, |_| true);
    assert_eq!(by_bob, Ok(()));
    let by_ann = check_share_change(&rules, &ann, &internal, &open, |_| true);
    println!(
        "ann publishes: {}",
        by_ann.err().map_or_else(String::new, |why| why.to_string())
    );
    Ok(())
}
