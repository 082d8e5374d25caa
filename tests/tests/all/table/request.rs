//! A request of the table, as it goes over the wire.

use pierhead_tests::{Answer, Api, Tiny, digest};
use serde_json::Value;

use super::cells::{Action, Cell, Scopes, State};
use super::effects::Trace;
use super::fixtures::{BLOB, DOOMED, Fixtures, KEPT, NO_SUCH, Spot};
use super::making::trashcan;
use super::world::{People, list};

/// A request that is ready to be sent: nothing that it needs is left to be asked for.
#[derive(Debug)]
pub(crate) struct Request {
    cell: Cell,
    spot: Spot,
    /// With the registry token, for what the registry is asked.
    api: Api,
    /// The personal access token, for the management API; empty for nobody.
    secret: String,
    /// The etag of the list to be replaced, if there is one.
    etag: Option<Value>,
    pub(crate) trace: Trace,
}

impl Request {
    /// Gets the token and whatever else a caller would have by then.
    pub(crate) fn prepare(people: &People, fixtures: &mut Fixtures, cell: Cell) -> Self {
        let person = people.get(cell.caller, cell.certified);
        let secret = person
            .map_or("", |person| person.secret(cell.scopes))
            .to_owned();
        let mut spot = fixtures.spot(cell);
        let mut scopes = Vec::new();
        let mut trace = Trace {
            by: person.map_or(0, |person| person.id),
            entity: spot.repository,
            project: spot.project,
            name: spot.name.clone(),
            tag: KEPT.to_owned(),
            list: Vec::new(),
        };
        match cell.action {
            Action::PushNew => {
                spot.name = fixtures.new_name(&spot);
                trace.name.clone_from(&spot.name);
            }
            Action::PushExisting => trace.tag = fixtures.new_tag(),
            Action::DeleteTag => DOOMED.clone_into(&mut trace.tag),
            Action::MountFrom => {
                if cell.state == State::AbsentWhereMayCreate {
                    spot.name = fixtures.staged();
                }
                trace.name = fixtures.home(cell.caller, cell.certified);
                scopes.push(format!("repository:{}:pull,push", trace.name));
            }
            Action::Trash | Action::Restore | Action::Purge if cell.state.is_project_trashed() => {
                trace.entity = spot.project;
            }
            Action::Share => trace.list = vec![(trace.by, u8::MAX)],
            _ => {}
        }
        let mut api = people.api.clone();
        if cell.action.is_registry() {
            scopes.push(format!("repository:{}:pull,push,delete", spot.name));
            api = api.bearing(&people.registry_token(&secret, &scopes));
        }
        let has_list = matches!(cell.state, State::LocalList | State::EmptyLocalList);
        let etag = (has_list && cell.action == Action::Share).then(|| people.etag(spot.repository));
        Self {
            cell,
            spot,
            api,
            secret,
            etag,
            trace,
        }
    }

    /// Sends it. Of an action that is several requests, each must be answered alike; what is given
    /// back is the last of them or the first that fails.
    pub(crate) fn send(&self) -> Result<Answer, String> {
        let id = self.spot.repository;
        match self.cell.action {
            Action::Pull => self.read("GET"),
            Action::Head => self.read("HEAD"),
            Action::TagList => Ok(self.registry("GET", "tags/list")),
            Action::PushNew | Action::PushExisting => self.push(),
            Action::DeleteTag => Ok(self.registry("DELETE", &format!("manifests/{DOOMED}"))),
            Action::MountFrom => Ok(self.mount()),
            Action::Trash => self.trashcan("trash"),
            Action::Restore => self.trashcan("restore"),
            Action::Purge => self.trashcan("purge"),
            Action::Share => {
                let method = if self.etag.is_some() { "PUT" } else { "POST" };
                let document = list(&self.trace.list, self.etag.as_ref());
                Ok(self.manage(method, &format!("/repo/v1/entity/syn{id}/acl"), &document))
            }
            Action::See if self.cell.state.is_absent() => {
                let name = &self.spot.name;
                let path = format!("/repo/v1/entity/dockerRepo/id?repositoryName={name}");
                Ok(self.manage("GET", &path, &Value::Null))
            }
            Action::See => {
                Ok(self.manage("GET", &format!("/repo/v1/entity/syn{id}"), &Value::Null))
            }
        }
    }

    /// The manifest, and its blob, which must be no different.
    fn read(&self, method: &str) -> Result<Answer, String> {
        let blob = self.registry(method, &format!("blobs/{}", digest(BLOB)));
        let manifest = self.registry(method, &format!("manifests/{KEPT}"));
        let as_one = |answer: &Answer| match answer.code().as_str() {
            "BLOB_UNKNOWN" => "MANIFEST_UNKNOWN".to_owned(),
            code => code.to_owned(),
        };
        if (blob.status, as_one(&blob)) != (manifest.status, as_one(&manifest)) {
            return Err(format!(
                "the manifest is answered {} {}, its blob {} {}",
                manifest.status,
                manifest.code(),
                blob.status,
                blob.code(),
            ));
        }
        Ok(manifest)
    }

    /// An upload of the blob, then the manifest. Where the upload is refused, so is the manifest.
    fn push(&self) -> Result<Answer, String> {
        let name = &self.spot.name;
        let image = Tiny::of(BLOB);
        let upload = image.push_blob(&self.api, name);
        let manifest = image.put(&self.api, name, &self.trace.tag);
        if (upload.status, upload.code()) != (manifest.status, manifest.code()) {
            return Err(format!(
                "the upload is answered {} {}, the manifest {} {}",
                upload.status,
                upload.code(),
                manifest.status,
                manifest.code(),
            ));
        }
        Ok(manifest)
    }

    fn mount(&self) -> Answer {
        let (home, digest, from) = (&self.trace.name, digest(BLOB), &self.spot.name);
        let path = format!("/v2/{home}/blobs/uploads/?mount={digest}&from={from}");
        self.api.send("POST", &path, &[], &[])
    }

    /// Ends an upload that a mount has become.
    pub(crate) fn end(&self, answer: &Answer) {
        if self.cell.action == Action::MountFrom && answer.status == 202 {
            self.api
                .send("DELETE", answer.header("location"), &[], &[])
                .expect(204);
        }
    }

    /// In a project that is in the trash can, nothing is done to a repository.
    fn trashcan(&self, does: &str) -> Result<Answer, String> {
        let ask = |id| self.manage("PUT", &trashcan(does, id), &Value::Null);
        let answer = ask(self.spot.repository);
        if self.trace.entity == self.spot.repository {
            return Ok(answer);
        }
        let project = ask(self.trace.entity);
        // Where the credential allows no such request at all, both are refused alike.
        if answer.status != 404 && (answer.status, &answer.body) != (403, &project.body) {
            return Err(format!(
                "to {does} the repository is answered {}",
                answer.status
            ));
        }
        Ok(project)
    }

    fn registry(&self, method: &str, path: &str) -> Answer {
        self.api
            .send(method, &format!("/v2/{}/{path}", self.spot.name), &[], &[])
    }

    fn manage(&self, method: &str, path: &str, document: &Value) -> Answer {
        self.api.manage(&self.secret, method, path, document)
    }
}

/// What is answered to whoever may know nothing, about what does not exist.
#[derive(Debug)]
pub(crate) struct Silence {
    registry: Vec<u8>,
    management: Vec<u8>,
}

impl Silence {
    /// Asks for it, as the founder, who is given nothing anywhere.
    pub(crate) fn hear(people: &People) -> Self {
        let secret = people.founder().secret(Scopes::All);
        let name = format!("syn{NO_SUCH}/none");
        let token = people.registry_token(secret, &[format!("repository:{name}:pull")]);
        let api = people.api.bearing(&token);
        let registry = api.send("GET", &format!("/v2/{name}/manifests/{KEPT}"), &[], &[]);
        let path = format!("/repo/v1/entity/syn{NO_SUCH}");
        let management = people.api.manage(secret, "GET", &path, &Value::Null);
        Self {
            registry: registry.expect(403).body,
            management: management.expect(404).body,
        }
    }

    pub(crate) fn is(&self, cell: Cell, answer: &Answer) -> bool {
        if cell.action.is_registry() {
            (answer.status, &answer.body) == (403, &self.registry)
        } else {
            self.is_management(answer)
        }
    }

    pub(crate) fn is_management(&self, answer: &Answer) -> bool {
        (answer.status, &answer.body) == (404, &self.management)
    }
}
