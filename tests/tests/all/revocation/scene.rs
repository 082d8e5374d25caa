//! Somebody who may push and pull, and is about to lose that.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use pierhead_tests::{ALL, Account, Api, EDIT_AND_DELETE, Manager, Tiny};

use super::ways::{Target, Way};

/// The tag of what is there.
pub(super) const TAG: &str = "v1";

/// A running server of either kind.
pub(super) struct Ground {
    pub(super) manager: Manager,
    pub(super) address: SocketAddr,
    pub(super) data: PathBuf,
    /// Owns every project, and pushes what exists.
    pub(super) owner: Account,
}

impl Ground {
    pub(super) fn of(host: &str, data: &Path) -> Self {
        let manager = Manager::of(host);
        let owner = manager.account("owner", true);
        Self {
            manager,
            address: host.parse().expect("host and port"),
            data: data.to_owned(),
            owner,
        }
    }
}

/// An account of its own, in a project of its own.
pub(super) struct Scene<'a> {
    pub(super) ground: &'a Ground,
    pub(super) way: Way,
    pub(super) target: Target,
    pub(super) victim: Account,
    /// The account is its one member.
    pub(super) team: u64,
    pub(super) project: String,
    /// What is pushed to.
    pub(super) name: String,
    repository: Option<String>,
    /// What is in it, if it exists.
    pub(super) image: Tiny,
    /// The registry token that was got before, with the account's personal access token.
    pub(super) token: String,
    /// The registry with that.
    pub(super) api: Api,
    /// A repository of the account's own, which it never loses.
    pub(super) home: String,
}

impl<'a> Scene<'a> {
    pub(super) fn new(ground: &'a Ground, way: Way, target: Target) -> Self {
        let Ground { manager, owner, .. } = ground;
        let victim = manager.account("victim", true);
        let team = manager.team(&[&victim]);
        let project = manager.project(owner);
        let name = format!("{project}/tools");
        let image = Tiny::of(format!("what is in {name}"));
        let repository = (target == Target::Existing).then(|| {
            let api = manager.registry(owner, &[&name]);
            image.push(&api, &name, TAG).expect(201);
            manager.repository_id(&name)
        });
        let home = format!("{}/home", manager.project(&victim));
        let token = manager.registry_token(&victim.name, &victim.token, &[]);
        let mut scene = Self {
            api: manager.api().bearing(&token),
            ground,
            way,
            target,
            victim,
            team,
            project,
            name,
            repository,
            image,
            token,
            home,
        };
        scene.let_in();
        let names = [&*scene.name, &*scene.home];
        let Account { name, token, .. } = &scene.victim;
        scene.token = manager.registry_token(name, token, &names);
        scene.api = manager.api().bearing(&scene.token);
        scene
    }

    /// Lets the account in: by the project's list, which names it or, if it is to leave that, its
    /// team; or by the operator's role.
    pub(super) fn let_in(&self) {
        let Ground { manager, owner, .. } = self.ground;
        let whom = match self.way {
            Way::NoOperator => return manager.switch(&self.victim, "operator", true),
            Way::LeftTeam => self.team,
            _ => self.victim.id,
        };
        let shares = [(owner.id, ALL), (whom, EDIT_AND_DELETE)];
        manager.share(&self.project, &shares);
    }

    /// The repository that exists.
    pub(super) fn repository(&self) -> &str {
        self.repository.as_deref().expect("what exists has an id")
    }

    /// Begins an upload.
    pub(super) fn upload(&self) -> String {
        let path = format!("/v2/{}/blobs/uploads/", self.name);
        let begun = self.api.send("POST", &path, &[], &[]).expect(202);
        begun.header("location").to_owned()
    }

    /// The registry to the account, signed in anew.
    pub(super) fn again(&self) -> Api {
        let Account { name, password, .. } = &self.victim;
        let manager = &self.ground.manager;
        let token = manager.registry_token(name, password, &[&self.name]);
        manager.api().bearing(&token)
    }
}
