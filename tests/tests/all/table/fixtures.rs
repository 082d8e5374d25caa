//! The projects and repositories that the requests are about. All callers share them; what was
//! changed is put back before the next request.

use std::collections::BTreeMap;

use pierhead_tests::digest;
use serde_json::Value;

use super::cells::{CREATE, Caller, Cell, Scopes, State};
use super::making::{
    found, founding, keepers, make_project, make_team, own_list, purged, push, registry, trash,
    trash_as, trashcan, trashed_by, trashed_project,
};
use super::oracle::Effect;
use super::world::{People, Person};

/// The tag that stays, and the one that is deleted.
pub(crate) const KEPT: &str = "kept";
pub(crate) const DOOMED: &str = "doomed";

/// The one blob of every manifest here, but for those in the callers' own repositories.
pub(crate) const BLOB: &[u8] = b"{}";
const OTHER_BLOB: &[u8] = b"{ }";

/// A number that nothing has.
pub(crate) const NO_SUCH: i64 = 999_999_999;

/// What a request is about.
#[derive(Clone, Debug)]
pub(crate) struct Spot {
    pub(crate) project: i64,
    /// The repository; of an absent one the number of one that was purged.
    pub(crate) repository: i64,
    pub(crate) name: String,
}

#[derive(Debug)]
pub(crate) struct Fixtures {
    /// Gives each caller what is theirs.
    open: i64,
    /// Gives each caller everything else.
    opposite: i64,
    /// Gives each caller what is theirs, less CREATE.
    elsewhere: i64,
    /// Where each caller has a repository.
    homes: i64,
    spots: BTreeMap<State, Spot>,
    /// What each caller put into the trash can, and the team in which they could.
    own: BTreeMap<(State, Caller, bool), Spot>,
    team: i64,
    pushed: usize,
}

impl Fixtures {
    /// Makes everything anew, beside whatever is there.
    pub(crate) fn new(people: &People) -> Self {
        let project = || make_project(people);
        let mut made = Self {
            open: project(),
            opposite: project(),
            elsewhere: project(),
            homes: project(),
            spots: BTreeMap::new(),
            own: BTreeMap::new(),
            team: 0,
            pushed: 0,
        };
        people.share(made.opposite, &people.entries(|caller| !caller.bits()));
        people.share(made.homes, &people.entries(|_| u8::MAX));
        made.fill_homes(people);

        people.share(made.open, &founding(people));
        let inherits = found(people, made.open, "tools");
        // The one's name begins with the other's.
        let closed = found(people, made.open, "tools-closed");
        people.share(closed.repository, &[]);
        let trashed = found(people, made.open, "old");
        let gone = found(people, made.open, "gone");
        people.share(made.open, &people.entries(Caller::bits));
        trash(people, trashed.repository);
        let absent = Spot {
            name: format!("syn{}/none", made.open),
            ..purged(people, gone)
        };

        people.share(made.elsewhere, &founding(people));
        let gone = found(people, made.elsewhere, "gone");
        people.share(
            made.elsewhere,
            &people.entries(|caller| caller.bits() & !CREATE),
        );
        let name = format!("syn{}/none", made.elsewhere);
        let elsewhere = Spot {
            name,
            ..purged(people, gone)
        };

        let local = found(people, made.opposite, "tools");
        people.share(local.repository, &own_list(people));

        made.spots = BTreeMap::from([
            (State::Inherits, inherits),
            (State::LocalList, local),
            (State::EmptyLocalList, closed),
            (State::TrashedRepository, trashed),
            (State::TrashedProject, trashed_project(people)),
            (State::AbsentWhereMayCreate, absent),
            (State::AbsentElsewhere, elsewhere),
        ]);
        made.stage(people);
        made
    }

    /// What is asked about beside the table, too.
    pub(crate) fn add_own(&mut self, people: &People) {
        self.team = make_team(people, &format!("trashers-{}", self.open));
        for state in State::OWN {
            for (caller, certified, who) in people.every() {
                let spot = trashed_by(people, who, state.is_project_trashed(), self.team);
                self.own.insert((state, caller, certified), spot);
            }
        }
    }

    /// What a request is about; an operator who could create in every project is sent to one that
    /// is not there.
    pub(crate) fn spot(&self, cell: Cell) -> Spot {
        match (cell.state, cell.caller) {
            (State::AbsentElsewhere, Caller::Operator) => Spot {
                project: NO_SUCH,
                repository: NO_SUCH,
                name: format!("syn{NO_SUCH}/none"),
            },
            (state, caller) => match self.own.get(&(state, caller, cell.certified)) {
                Some(own) => own.clone(),
                None => self.spots[&state].clone(),
            },
        }
    }

    /// A name that nothing ever had, beside what the request is about.
    pub(crate) fn new_name(&mut self, spot: &Spot) -> String {
        format!("syn{}/new-{}", spot.project, self.another())
    }

    /// A tag that nothing ever had.
    pub(crate) fn new_tag(&mut self) -> String {
        format!("t{}", self.another())
    }

    fn another(&mut self) -> usize {
        self.pushed += 1;
        self.pushed
    }

    /// The caller's own repository.
    pub(crate) fn home(&self, caller: Caller, certified: bool) -> String {
        home(self.homes, caller, certified)
    }

    /// A new name where whoever may push it has staged the blob.
    pub(crate) fn staged(&self) -> String {
        format!("syn{}/staged", self.open)
    }

    /// Puts back what a request has changed.
    pub(crate) fn repair(&mut self, people: &People, cell: Cell, effect: Effect) {
        let spot = self.spot(cell);
        let marked = if cell.state.is_project_trashed() {
            spot.project
        } else {
            spot.repository
        };
        match effect {
            // What was pushed is in nobody's way, and an upload was ended by who began it.
            Effect::Nothing | Effect::Created | Effect::Tagged | Effect::UploadBegun => {}
            Effect::Untagged => push(people, keepers(people), &spot.name, BLOB, &[DOOMED]),
            Effect::Mounted => {
                let home = self.home(cell.caller, cell.certified);
                let api = registry(people, keepers(people), &home);
                let path = format!("/v2/{home}/blobs/{}", digest(BLOB));
                api.send("DELETE", &path, &[], &[]).expect(202);
            }
            Effect::Trashed => {
                people.keep("PUT", &trashcan("restore", marked), &Value::Null, 200);
            }
            Effect::Restored => match trasher(people, cell) {
                Some(who) => trash_as(people, who, marked, self.team),
                None => trash(people, marked),
            },
            Effect::Purged => self.make_again(people, cell),
            Effect::Shared => match cell.state {
                State::Inherits => {
                    let path = format!("/repo/v1/entity/syn{}/acl", spot.repository);
                    people.keep("DELETE", &path, &Value::Null, 200);
                }
                State::LocalList => people.share(spot.repository, &own_list(people)),
                _ => people.share(spot.repository, &[]),
            },
        }
    }

    /// What was purged, which nobody sees any more.
    fn make_again(&mut self, people: &People, cell: Cell) {
        let gone = self.spot(cell).repository;
        people.keep(
            "GET",
            &format!("/repo/v1/entity/syn{gone}"),
            &Value::Null,
            404,
        );
        let whole_project = cell.state.is_project_trashed();
        if let Some(who) = trasher(people, cell) {
            let spot = trashed_by(people, who, whole_project, self.team);
            self.own
                .insert((cell.state, cell.caller, cell.certified), spot);
        } else if whole_project {
            self.spots.insert(cell.state, trashed_project(people));
        } else {
            people.share(self.open, &founding(people));
            let again = found(people, self.open, "old");
            people.share(self.open, &people.entries(Caller::bits));
            trash(people, again.repository);
            self.spots.insert(cell.state, again);
        }
    }

    fn fill_homes(&self, people: &People) {
        for (caller, certified, _) in people.every() {
            let name = self.home(caller, certified);
            push(people, keepers(people), &name, OTHER_BLOB, &[KEPT]);
        }
    }

    fn stage(&self, people: &People) {
        let may = |caller: Caller, certified| {
            caller == Caller::Operator || certified && caller.bits() & CREATE != 0
        };
        for (caller, certified, person) in people.every() {
            if may(caller, certified) {
                let name = self.staged();
                let api = registry(people, person.secret(Scopes::All), &name);
                api.push_blob(&name, &digest(BLOB), BLOB).expect(201);
            }
        }
    }
}

fn home(homes: i64, caller: Caller, certified: bool) -> String {
    let certified = if certified { "certified" } else { "not" };
    format!("syn{homes}/{caller:?}-{certified}").to_ascii_lowercase()
}

/// Who put it into the trash can, if not the keeper.
fn trasher(people: &People, cell: Cell) -> Option<&Person> {
    let own = State::OWN.contains(&cell.state);
    people.get(cell.caller, cell.certified).filter(|_| own)
}
