//! Everybody who may ask for something, and everything they may ask for.

use std::collections::HashMap;
use std::time::Duration;

use futures::executor::block_on;
use http::HeaderMap;
use pierhead_policy::{EntityId, Level, PrincipalId, Scope};
use pierhead_projects::Actor;
use pierhead_projects::record::CredentialId;
use pierhead_registry::Peer;

use crate::ground::{Ground, Reply, server};
use crate::refresh::{kept, refreshing};

/// Who asks, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Caller {
    /// Nobody who is signed in.
    Nobody,
    /// An account that no list names.
    Stranger,
    Viewer,
    Downloader,
    Editor,
    EditorAndDeleter,
    /// By a team, that may edit.
    InTeam,
    /// The project's maker, certified, with a token for everything.
    Administrator,
    /// With a session.
    Operator,
    /// The administrator, with a token for this alone.
    ToView,
    ToDownload,
    ToModify,
    /// The administrator, with a session.
    InPerson,
    /// The administrator, with what the registry takes.
    RegistryToken,
    Expired,
    Revoked,
    /// An account that was disabled.
    Disabled,
    Garbage,
}

use Caller as C;

/// Those whose credentials are good, or who show none.
pub(crate) const GOOD: [Caller; 13] = [
    C::Nobody,
    C::Stranger,
    C::Viewer,
    C::Downloader,
    C::Editor,
    C::EditorAndDeleter,
    C::InTeam,
    C::Administrator,
    C::Operator,
    C::ToView,
    C::ToDownload,
    C::ToModify,
    C::InPerson,
];

/// Those whose credentials are not good here.
pub(crate) const BAD: [Caller; 5] = [
    C::RegistryToken,
    C::Expired,
    C::Revoked,
    C::Disabled,
    C::Garbage,
];

/// A project with a repository that inherits, one with an own list, and one in the trash can; and
/// what is hidden from everybody but who owns it.
pub(crate) struct World {
    pub(crate) ground: Ground,
    tokens: HashMap<Caller, String>,
    /// What stands for the words of a row.
    words: Vec<(&'static str, String)>,
    /// What stands in place of a thing that a stranger may not know of.
    pub(crate) hidden: Vec<Hidden>,
}

/// Something that cannot be told from what is not there.
pub(crate) struct Hidden {
    pub(crate) what: &'static str,
    pub(crate) id: String,
    pub(crate) name: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let ground = refreshing();
        let made = |name: &str| ground.account(name, name == "ana");
        let [ana, bob, vic, dan, eve, del, tim, zed, out] = [
            "ana", "bob", "vic", "dan", "eve", "del", "tim", "zed", "out",
        ]
        .map(made);
        ground.operator("olga");
        let as_ana = Actor::account(ana, &Peer::default());
        let projects = &ground.projects;
        let team = block_on(projects.create_team(&as_ana, &"lab".parse().unwrap())).unwrap();
        block_on(projects.set_member(&as_ana, team, tim, true)).unwrap();
        let list = [
            (vic, Level::CanView),
            (dan, Level::CanDownload),
            (eve, Level::CanEdit),
            (del, Level::CanEditAndDelete),
            (team, Level::CanEdit),
        ];
        let project = ground.project(ana, &list);
        let push = |who: &str, project: EntityId, name: &str| {
            ground.push(who, &format!("syn{}/{name}", project.get()), "v1")
        };
        let [tools, own, old] = ["tools", "own", "old"].map(|name| push("ana", project, name));
        ground.local(own, &[&[(ana, Level::Administrator)], &list[..]].concat());
        block_on(projects.trash(&as_ana, old)).unwrap();
        let ubuntu = "docker.io/library/ubuntu".parse().unwrap();
        let refer = |project| block_on(projects.create_reference(&server(), project, &ubuntu, ""));
        let elsewhere = refer(project).unwrap();

        block_on(projects.set_certified(&server(), zed, true)).unwrap();
        let [theirs, gone] = [(); 2].map(|()| ground.project(zed, &[]));
        let [secret, local, trashed] =
            ["secret", "local", "trashed"].map(|name| push("zed", theirs, name));
        let inside = push("zed", gone, "inside");
        ground.local(local, &[(zed, Level::Administrator)]);
        let referred = refer(theirs).unwrap();
        block_on(projects.trash(&server(), trashed)).unwrap();
        block_on(projects.trash(&server(), gone)).unwrap();

        let (mut tokens, token) = credentials(&ground, ana, out);
        let roles = [
            (C::Stranger, bob),
            (C::Viewer, vic),
            (C::Downloader, dan),
            (C::Editor, eve),
            (C::EditorAndDeleter, del),
            (C::InTeam, tim),
            (C::Administrator, ana),
        ];
        tokens.extend(roles.map(|(caller, who)| (caller, ground.full(who))));

        kept(&ground, "ana", &ground.full(ana));
        let refresh = block_on(projects.refresh_tokens(&as_ana, None, None, 1)).unwrap();

        let shown = |id: EntityId| format!("syn{}", id.get());
        let etag = |id: EntityId| {
            let view = block_on(ground.projects.view(&server(), id)).unwrap();
            view.etag.to_string()
        };
        let words = vec![
            ("ETAG-PROJECT", etag(project)),
            ("ETAG-TOOLS", etag(tools)),
            ("ETAG-OWN", etag(own)),
            ("PROJECT", shown(project)),
            ("TOOLS", shown(tools)),
            ("OWN", shown(own)),
            ("OLD", shown(old)),
            ("ELSEWHERE", shown(elsewhere)),
            ("NAME", format!("{}/tools", shown(project))),
            ("TEAM", team.to_string()),
            ("MANAGER", ana.to_string()),
            ("MEMBER", tim.to_string()),
            ("OTHER", zed.to_string()),
            ("REFRESH", refresh.items[0].id.0.to_string()),
            ("TOKEN", token.0.to_string()),
        ];
        let one = |what, id: EntityId, name: String| Hidden {
            what,
            id: shown(id),
            name,
        };
        let named = |of: EntityId, name: &str| format!("{}/{name}", shown(of));
        let absent = EntityId::new(999_999).unwrap();
        let hidden = vec![
            one("absent", absent, named(absent, "tools")),
            one("another project", theirs, named(theirs, "none")),
            one("what inherits there", secret, named(theirs, "secret")),
            one("what has an own list there", local, named(theirs, "local")),
            one("a reference there", referred, named(theirs, "none")),
            one("in the trash can", trashed, named(theirs, "trashed")),
            one("a project in the trash can", gone, named(gone, "none")),
            one("what is in that", inside, named(gone, "inside")),
        ];
        Self {
            ground,
            tokens,
            words,
            hidden,
        }
    }

    /// What a caller shows. Signing in costs time, so it is done when it is wanted.
    fn token(&mut self, caller: Caller) -> String {
        if let Some(token) = self.tokens.get(&caller) {
            return token.clone();
        }
        let token = match caller {
            C::Operator => self.ground.session("olga"),
            C::InPerson => self.ground.session("ana"),
            _ => self.ground.registry_token("ana"),
        };
        self.tokens.insert(caller, token.clone());
        token
    }

    /// The words of a row as they are in this world.
    pub(crate) fn said(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (word, meaning) in &self.words {
            text = text.replace(word, meaning);
        }
        text
    }

    /// Asks as somebody.
    pub(crate) fn ask(&mut self, caller: Caller, method: &str, path: &str, body: &str) -> Reply {
        let token = self.token(caller);
        self.ground.call(&token, method, path, body)
    }
}

/// The credentials of the administrator that are for one thing only, or for nothing; the number of
/// a good one; and that of an account that is disabled.
fn credentials(
    ground: &Ground,
    ana: PrincipalId,
    out: PrincipalId,
) -> (HashMap<Caller, String>, CredentialId) {
    let projects = &ground.projects;
    let all = [Scope::View, Scope::Download, Scope::Modify];
    let until = ground.projects.clock().now() + Duration::from_secs(1);
    let token = |until| {
        let scopes = all.into_iter().collect();
        block_on(projects.create_token(&server(), ana, "test", scopes, until)).unwrap()
    };
    let (id, revoked) = token(None);
    block_on(projects.revoke(&server(), ana, id)).unwrap();
    let (_, expired) = token(Some(until));
    let (good, _) = token(None);
    ground.clock.advance(2);
    let disabled = ground.full(out);
    block_on(projects.set_disabled(&server(), out, true)).unwrap();
    let [view, download, modify] = all.map(|scope| ground.token(ana, &[scope]));
    let tokens = [
        (C::Nobody, String::new()),
        (C::ToView, view),
        (C::ToDownload, download),
        (C::ToModify, modify),
        (C::Expired, expired.expose().to_owned()),
        (C::Revoked, revoked.expose().to_owned()),
        (C::Disabled, disabled),
        (C::Garbage, "php_garbage".to_owned()),
    ];
    (tokens.into(), good)
}

/// Whether two answers are the same bytes.
pub(crate) fn alike(one: &Reply, other: &Reply) -> bool {
    let told = |reply: &Reply| -> (u16, HeaderMap, String) {
        (reply.status, reply.headers.clone(), reply.text.clone())
    };
    told(one) == told(other)
}
