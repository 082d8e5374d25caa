//! The ways to lose a permission.

use pierhead_tests::{ALL, Account};
use serde_json::{Value, json};

use super::scene::Scene;

/// Where the permission was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// On a name that no repository has.
    New,
    /// On a repository.
    Existing,
}

/// What takes it away.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Way {
    /// The project's list names the account no more.
    Unshared,
    /// The repository gets a list that does not name it.
    LocalList,
    /// The account leaves the team that the list names.
    LeftTeam,
    TrashedRepository,
    TrashedProject,
    /// The account runs the server, which is all that lets it in, and does so no more.
    NoOperator,
    Disabled,
    NewPassword,
    RevokedToken,
    Uncertified,
}

impl Way {
    pub(super) const EVERY: [Self; 10] = [
        Self::Unshared,
        Self::LocalList,
        Self::LeftTeam,
        Self::TrashedRepository,
        Self::TrashedProject,
        Self::NoOperator,
        Self::Disabled,
        Self::NewPassword,
        Self::RevokedToken,
        Self::Uncertified,
    ];

    /// Whether it takes anything away there. What exists asks for no certification; what does not
    /// has no list and no trash mark.
    pub(super) fn concerns(self, target: Target) -> bool {
        match self {
            Self::LocalList | Self::TrashedRepository => target == Target::Existing,
            Self::Uncertified => target == Target::New,
            _ => true,
        }
    }

    /// How requests are answered afterwards: a token that is good no more is no token.
    pub(super) fn status(self) -> u16 {
        match self {
            Self::Disabled | Self::NewPassword | Self::RevokedToken => 401,
            _ => 403,
        }
    }

    /// Takes the permission away.
    pub(super) fn take(self, scene: &Scene<'_>) {
        let Scene {
            ground,
            victim,
            project,
            ..
        } = scene;
        let (manager, owner) = (&ground.manager, &ground.owner);
        match self {
            Self::Unshared => manager.share(project, &[(owner.id, ALL)]),
            Self::LocalList => manager.share(scene.repository(), &[(owner.id, ALL)]),
            Self::LeftTeam => manager.member(scene.team, victim, "DELETE"),
            Self::TrashedRepository => trashcan(scene, "trash", scene.repository()),
            Self::TrashedProject => trashcan(scene, "trash", project),
            Self::NoOperator => manager.switch(victim, "operator", false),
            Self::Disabled => manager.switch(victim, "disabled", true),
            Self::NewPassword => set_password(scene, "another password, and a long one"),
            Self::RevokedToken => revoke(scene, victim),
            Self::Uncertified => manager.switch(victim, "certified", false),
        }
    }

    /// Gives it back, so that the account sees whatever has come of it: its password is the old
    /// one, its token may be gone.
    pub(super) fn give_back(self, scene: &Scene<'_>) {
        let Scene {
            ground,
            victim,
            project,
            ..
        } = scene;
        let manager = &ground.manager;
        match self {
            Self::Unshared | Self::NoOperator => scene.let_in(),
            Self::LocalList => manager.inherit(scene.repository()),
            Self::LeftTeam => manager.member(scene.team, victim, "PUT"),
            Self::TrashedRepository => trashcan(scene, "restore", scene.repository()),
            Self::TrashedProject => trashcan(scene, "restore", project),
            Self::Disabled => manager.switch(victim, "disabled", false),
            Self::NewPassword => set_password(scene, &victim.password),
            Self::RevokedToken => {}
            Self::Uncertified => manager.switch(victim, "certified", true),
        }
    }
}

fn trashcan(scene: &Scene<'_>, does: &str, id: &str) {
    let Scene { ground, .. } = scene;
    ground.manager.trashcan(&ground.owner, does, id).expect(200);
}

fn set_password(scene: &Scene<'_>, password: &str) {
    let manager = &scene.ground.manager;
    let path = format!("/pierhead/v1/account/{}/password", scene.victim.id);
    let password = json!({ "password": password });
    let session = &manager.operator.session;
    manager.ask(session, "PUT", &path, &password).expect(200);
}

fn revoke(scene: &Scene<'_>, victim: &Account) {
    let path = format!("/auth/v1/personalAccessToken/{}", victim.token_id);
    let manager = &scene.ground.manager;
    let done = manager.ask(&victim.session, "DELETE", &path, &Value::Null);
    done.expect(200);
}
