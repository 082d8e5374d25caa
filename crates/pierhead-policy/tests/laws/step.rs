//! What can happen. Whom and what a step is about are places among those there are at the time.

use proptest::prelude::*;

/// An account, by its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who(pub(crate) usize);

/// An entity, by its place.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    Project(usize),
    Repository(usize),
    /// In the trash can.
    Trashed(usize),
}

/// Somebody in a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Listed {
    Account(usize),
    Team(usize),
    Registered,
    Public,
}

/// What sharing is changed to: these entries, or the project's list again.
#[derive(Clone, Debug)]
pub(crate) enum Share {
    List(Vec<(Listed, u8)>),
    Inherit,
}

#[derive(Clone, Debug)]
pub(crate) enum Step {
    Share {
        by: Who,
        what: What,
        change: Share,
    },
    Join {
        who: Who,
        team: usize,
    },
    Leave {
        who: Who,
        team: usize,
    },
    Certify {
        who: Who,
        certified: bool,
    },
    Trash {
        by: Who,
        what: What,
    },
    Restore {
        by: Who,
        what: What,
    },
    Purge {
        by: Who,
        what: What,
    },
    Push {
        by: Who,
        project: usize,
        name: usize,
    },
    /// Somebody registers, and forms a team and a project, where places are free.
    Arrive,
    DeleteAccount {
        who: Who,
    },
    DeleteTeam {
        team: usize,
    },
}

/// Often the operator, who is the first.
fn who() -> impl Strategy<Value = Who> {
    prop_oneof![2 => Just(Who(0)), 5 => (1..4_usize).prop_map(Who)]
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        1 => (0..2_usize).prop_map(What::Project),
        3 => (0..3_usize).prop_map(What::Repository),
    ]
}

fn share() -> impl Strategy<Value = Share> {
    let listed = prop_oneof![
        4 => (0..4_usize).prop_map(Listed::Account),
        3 => (0..2_usize).prop_map(Listed::Team),
        1 => Just(Listed::Registered),
        1 => Just(Listed::Public),
    ];
    // What people give: all, the levels, and anything.
    let bits = prop_oneof![
        Just(0xff),
        Just(0x01),
        Just(0x03),
        Just(0x0f),
        Just(0x1f),
        any::<u8>()
    ];
    let entries = prop::collection::vec((listed, bits), 0..5);
    prop_oneof![5 => entries.prop_map(Share::List), 1 => Just(Share::Inherit)]
}

pub(crate) fn any_step() -> impl Strategy<Value = Step> {
    let shared = (who(), what(), share());
    let pushed = (who(), 0..2_usize, 0..2_usize);
    let trashed = || (0..2_usize).prop_map(What::Trashed);
    prop_oneof![
        12 => shared.prop_map(|(by, what, change)| Step::Share { by, what, change }),
        4 => (who(), 0..2_usize).prop_map(|(who, team)| Step::Join { who, team }),
        3 => (who(), 0..2_usize).prop_map(|(who, team)| Step::Leave { who, team }),
        3 => (who(), any::<bool>()).prop_map(|(who, certified)| Step::Certify { who, certified }),
        5 => (who(), what()).prop_map(|(by, what)| Step::Trash { by, what }),
        8 => (who(), trashed()).prop_map(|(by, what)| Step::Restore { by, what }),
        4 => (who(), trashed()).prop_map(|(by, what)| Step::Purge { by, what }),
        10 => pushed.prop_map(|(by, project, name)| Step::Push { by, project, name }),
        2 => Just(Step::Arrive),
        1 => who().prop_map(|who| Step::DeleteAccount { who }),
        1 => (0..2_usize).prop_map(|team| Step::DeleteTeam { team }),
    ]
}
