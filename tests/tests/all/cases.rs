//! What is easy to get wrong about who may do what, each with a test of its own. All of them share
//! one server; each has a project of its own there, with a repository in it, and gives something to
//! people.

mod names;
mod rights;
mod signing_in;
mod trash;

use std::sync::{Arc, Mutex, PoisonError, Weak};

use pierhead_tests::{ALL, Account, Answer, Api, Manager, Server, ServerOptions, Shares, Tiny};

/// The repository that every project here has, and the tag of its one image.
const TOOLS: &str = "tools";
const TAG: &str = "v1";

struct Ground {
    /// Runs for as long as one of these is there.
    _server: Arc<Server>,
    manager: Manager,
    /// Holds all eight permissions on the project, and is certified.
    owner: Account,
    project: String,
    /// The full name of the repository.
    tools: String,
    tools_id: String,
    /// What is in it.
    image: Tiny,
}

impl Ground {
    fn new() -> Self {
        let server = server();
        let manager = Manager::of(&server.host);
        let owner = manager.account("owner", true);
        let project = manager.project(&owner);
        let tools = format!("{project}/{TOOLS}");
        let image = Tiny::of(format!("what is in {tools}"));
        let api = manager.registry(&owner, &[&tools]);
        image.push(&api, &tools, TAG).expect(201);
        let tools_id = manager.repository_id(&tools);
        Self {
            _server: server,
            manager,
            owner,
            project,
            tools,
            tools_id,
            image,
        }
    }

    /// A name in the project.
    fn name(&self, component: &str) -> String {
        format!("{}/{component}", self.project)
    }

    /// Shares the project with these, beside its owner.
    fn share(&self, shares: Shares<'_>) {
        let mut all = vec![(self.owner.id, ALL)];
        all.extend(shares);
        self.manager.share(&self.project, &all);
    }

    /// A certified account that holds this on the project.
    fn certified(&self, what: &[&str]) -> Account {
        self.person(true, what)
    }

    /// An account without certification that holds this on the project.
    fn uncertified(&self, what: &[&str]) -> Account {
        self.person(false, what)
    }

    /// Whoever was given something before keeps nothing.
    fn person(&self, certified: bool, what: &[&str]) -> Account {
        let account = self.manager.account("person", certified);
        self.share(&[(account.id, what)]);
        account
    }

    /// The registry to somebody with a fresh token for everything on a name.
    fn registry(&self, account: &Account, name: &str) -> Api {
        self.manager.registry(account, &[name])
    }

    /// How the manifest, the blob and the tags of a repository like `tools` are answered, which must
    /// be alike.
    #[track_caller]
    fn pull(&self, account: &Account, name: &str) -> u16 {
        self.pull_by(&self.registry(account, name), name)
    }

    /// The same with a token that is there.
    #[track_caller]
    fn pull_by(&self, api: &Api, name: &str) -> u16 {
        let blob = format!("blobs/{}", self.image.blob_digest());
        let paths = [format!("manifests/{TAG}"), "tags/list".into(), blob];
        let answers = paths.map(|path| api.send("GET", &format!("/v2/{name}/{path}"), &[], &[]));
        let [status, ..] = answers.each_ref().map(|answer| answer.status);
        for answer in &answers {
            assert_eq!(answer.status, status, "{:?}", answer.json());
        }
        status
    }

    /// How a push of something that nobody has is answered.
    #[track_caller]
    fn push(&self, account: &Account, name: &str) -> u16 {
        push_by(&self.registry(account, name), name)
    }

    /// Requires that no repository has the name.
    #[track_caller]
    fn assert_absent(&self, name: &str) {
        self.manager.repository(name).expect(404);
    }

    /// What somebody reads of the repository in the management API.
    fn see(&self, account: &Account, path: &str) -> Answer {
        let path = format!("/repo/v1/entity/{}{path}", self.tools_id);
        self.manager.get(account, &path)
    }
}

/// How a push of something that nobody has is answered: where the upload is refused, so must be the
/// manifest.
#[track_caller]
fn push_by(api: &Api, name: &str) -> u16 {
    let image = Tiny::of(format!("another {name}"));
    let blob = image.push_blob(api, name);
    let manifest = image.put(api, name, "pushed");
    if blob.status != 201 {
        assert_eq!(
            (blob.status, blob.code()),
            (manifest.status, manifest.code())
        );
    }
    manifest.status
}

/// One server for all cases, which stops with the last that uses it.
fn server() -> Arc<Server> {
    static SERVER: Mutex<Weak<Server>> = Mutex::new(Weak::new());
    let mut shared = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    shared.upgrade().unwrap_or_else(|| {
        let server = Arc::new(Server::start(ServerOptions::default()));
        *shared = Arc::downgrade(&server);
        server
    })
}
