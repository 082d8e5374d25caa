//! The audit record: one row for every change, written with it.

use std::time::SystemTime;

use pierhead_model::Tag;
use pierhead_policy::{AccessList, EntityId, Permission, Permissions, PrincipalId};
use pierhead_registry::{RetentionRule, Retirable};
use serde_json::{Map, Value, json};

use crate::change::{Change, Recorded};
use crate::pending::{InvitationId, Purpose};
use crate::record::{CredentialKind, Parent};

/// The most manifests, entities or people that a row names of those that it counts.
pub(crate) const MAX_NAMED: usize = 1_000;

/// What a row says of a change, apart from who, where from and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// What was done, such as `set-list`.
    pub what: &'static str,
    /// The project or repository it was done to.
    pub entity: Option<EntityId>,
    /// The user or team it was done to.
    pub principal: Option<PrincipalId>,
    /// What was there before, as JSON.
    pub before: Option<String>,
    /// What is there now, as JSON.
    pub after: Option<String>,
}

/// A row of the audit record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// Grows with every row.
    pub id: u64,
    /// When.
    pub at: SystemTime,
    /// Who; `None` is the server itself, or nobody who is signed in.
    pub who: Option<PrincipalId>,
    /// Where from.
    pub from: String,
    /// What was done.
    pub what: String,
    /// The project or repository it was done to.
    pub entity: Option<EntityId>,
    /// The user or team it was done to.
    pub principal: Option<PrincipalId>,
    /// What was there before, as JSON.
    pub before: Option<String>,
    /// What is there since, as JSON.
    pub after: Option<String>,
}

impl AuditRow {
    /// About how much memory it takes, in bytes.
    pub(crate) fn len(&self) -> usize {
        let texts = [&self.before, &self.after].into_iter().flatten();
        texts.map(String::len).sum::<usize>() + self.from.len() + self.what.len() + 64
    }
}

/// Which rows of the audit record to read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Only those about this entity.
    pub entity: Option<EntityId>,
    /// Only those about this user or team.
    pub principal: Option<PrincipalId>,
    /// Only those with a smaller id.
    pub before: Option<u64>,
    /// Only those with a larger id, and the oldest first.
    pub after: Option<u64>,
    /// At most so many.
    pub limit: usize,
}

/// An entry of somebody who is gone, which went with them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GoneEntry {
    /// In whose list it stood.
    pub entity: EntityId,
    /// Whose it was.
    pub principal: PrincipalId,
    /// What it gave.
    pub permissions: Permissions,
}

impl GoneEntry {
    /// Its row for the audit record of the entity.
    pub fn audit(&self) -> AuditEntry {
        let before = entry_json(self.principal, self.permissions);
        AuditEntry {
            what: "remove-entry",
            entity: Some(self.entity),
            principal: Some(self.principal),
            before: Some(before.to_string()),
            after: None,
        }
    }
}

/// A list as the audit record writes it.
pub(crate) fn list_json(list: &AccessList) -> Value {
    list.entries()
        .iter()
        .map(|entry| entry_json(entry.principal, entry.permissions))
        .collect()
}

fn entry_json(principal: PrincipalId, permissions: Permissions) -> Value {
    let names: Vec<&str> = permissions.iter().map(Permission::name).collect();
    json!({ "principal": principal.get(), "permissions": names })
}

impl Recorded {
    /// A change of something that was not there before.
    pub fn new(change: Change) -> Self {
        Self {
            change,
            before: None,
        }
    }

    /// A change that replaces `before`.
    pub fn replacing(change: Change, before: &Value) -> Self {
        Self {
            change,
            before: Some(before.to_string()),
        }
    }

    /// Its row for the audit record. Secrets and their hashes are never in it.
    pub fn audit(&self) -> AuditEntry {
        let (what, after) = described(&self.change);
        let (entity, principal) = concerned(&self.change);
        AuditEntry {
            what,
            entity,
            principal,
            before: self.before.clone(),
            after: after.map(|value| value.to_string()),
        }
    }

    /// The same of a user or a team that went with these entries: how many they were, and whose of
    /// the first thousand.
    pub fn audit_with(&self, entries: &[GoneEntry]) -> AuditEntry {
        let before = self.before.as_deref();
        let before = before.and_then(|text| serde_json::from_str(text).ok());
        let mut before: Map<String, Value> = before.unwrap_or_default();
        let named = entries.iter().take(MAX_NAMED);
        let named: Value = named.map(|entry| entry.entity.get()).collect();
        before.insert("entries".to_owned(), json!(entries.len()));
        before.insert("entities".to_owned(), named);
        AuditEntry {
            before: Some(Value::Object(before).to_string()),
            ..self.audit()
        }
    }
}

fn described(change: &Change) -> (&'static str, Option<Value>) {
    match change {
        Change::CreateAccount(new) => (
            "create-account",
            Some(json!({
                "name": new.name.as_str(), "email": new.email.as_ref().map(crate::Email::as_str),
                "certified": new.certified, "operator": new.operator, "registered": new.registered,
            })),
        ),
        Change::SetEmail { email, .. } => ("set-email", Some(json!(email.as_str()))),
        Change::SetCertified { certified, .. } => ("set-certified", Some(json!(certified))),
        Change::SetOperator { operator, .. } => ("set-operator", Some(json!(operator))),
        Change::SetDisabled { disabled, .. } => ("set-disabled", Some(json!(disabled))),
        Change::SetPassword { .. } => ("set-password", None),
        Change::DeleteAccount { .. } => ("delete-account", None),
        Change::DeleteTeam { .. } => ("delete-team", None),
        Change::CreateInvitation(_)
        | Change::RevokeInvitation { .. }
        | Change::UseInvitation { .. }
        | Change::AskProof(_)
        | Change::UseProof { .. } => pending(change),
        Change::CreateTeam { name, .. } => ("create-team", Some(json!({ "name": name.as_str() }))),
        Change::SetMember {
            account,
            member,
            manager,
            ..
        } => (
            "set-member",
            Some(json!({ "account": account.get(), "member": member, "manager": manager })),
        ),
        Change::CreateProject {
            name,
            description,
            owner,
            list,
            ..
        } => (
            "create-project",
            Some(json!({
                "name": name, "description": description, "owner": owner.get(),
                "list": list_json(list),
            })),
        ),
        Change::CreateReference {
            project,
            name,
            description,
            ..
        } => (
            "create-reference",
            Some(json!({
                "project": project.get(), "name": name.as_str(), "description": description,
            })),
        ),
        Change::RecordTag { tag, digest, .. } => (
            "record-tag",
            Some(json!({ "tag": tag.as_str(), "digest": digest.to_string() })),
        ),
        Change::SetProjectName { name, .. } => ("set-name", Some(json!(name))),
        Change::Describe {
            name, description, ..
        } => (
            "describe",
            Some(json!({ "name": name, "description": description })),
        ),
        Change::SetOwner { owner, .. } => ("set-owner", Some(json!(owner.get()))),
        Change::SetList { list, .. } => ("set-list", list.as_ref().map(list_json)),
        Change::SetTrash { by, .. } if by.is_some() => {
            ("trash", by.map(|by| json!({ "by": by.get() })))
        }
        Change::SetTrash { .. } => ("restore", None),
        Change::Purge { .. } => ("purge", None),
        Change::CreateCredential(new) => {
            let scopes: Vec<&str> = crate::scopes::names(new.scopes).collect();
            let (what, token) = match (new.kind, new.parent) {
                (CredentialKind::Session, _) => ("sign-in", None),
                (CredentialKind::Personal, _) => ("create-token", None),
                (CredentialKind::Refresh, Some(Parent::Token(token))) => {
                    ("create-refresh-token", Some(token.0))
                }
                (CredentialKind::Refresh, _) => ("create-refresh-token", None),
            };
            let mut after = json!({ "id": new.id.0, "name": new.name, "scopes": scopes });
            if let Some(token) = token {
                after["token"] = json!(token);
            }
            (what, Some(after))
        }
        Change::RevokeCredential { credential, .. } => {
            ("revoke", Some(json!({ "id": credential.0 })))
        }
        Change::Retire {
            rule, manifests, ..
        } => ("retire", Some(retired_json(rule, manifests))),
        // As the registry records it: what is gone stands in what was before.
        Change::DeleteTag { .. } => ("delete-tag", None),
        Change::UseRole { action, name, .. } => {
            ("use-role", Some(json!({ "action": action, "name": name })))
        }
    }
}

fn retired_json(rule: &RetentionRule, manifests: &[Retirable]) -> Value {
    let named = manifests.iter().take(MAX_NAMED);
    let named: Value = named
        .map(|it| {
            json!({
                "digest": it.digest.to_string(),
                "tags": it.tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
            })
        })
        .collect();
    json!({
        "newest": rule.newest(),
        "youngerThan": rule.younger_than().map(|age| age.as_secs()),
        "count": manifests.len(),
        "manifests": named,
    })
}

/// What it says of invitations and of what is sent by mail.
fn pending(change: &Change) -> (&'static str, Option<Value>) {
    let id = |id: InvitationId| Some(json!({ "id": id.0 }));
    match change {
        Change::CreateInvitation(new) => (
            "create-invitation",
            Some(json!({ "id": new.id.0, "email": new.email.as_ref().map(crate::Email::as_str) })),
        ),
        Change::RevokeInvitation { invitation } => ("revoke-invitation", id(*invitation)),
        Change::UseInvitation { invitation, .. } => ("use-invitation", id(*invitation)),
        Change::AskProof(new) => {
            let what = match new.purpose {
                Purpose::Email => "ask-email",
                Purpose::Password => "ask-password",
            };
            (what, Some(json!(new.email.as_str())))
        }
        Change::UseProof {
            purpose: Purpose::Email,
            ..
        } => ("prove-email", None),
        _ => ("prove-password", None),
    }
}

fn concerned(change: &Change) -> (Option<EntityId>, Option<PrincipalId>) {
    match change {
        Change::CreateAccount(new) => (None, Some(new.id)),
        Change::SetEmail { account, .. }
        | Change::SetCertified { account, .. }
        | Change::SetOperator { account, .. }
        | Change::SetDisabled { account, .. }
        | Change::SetPassword { account, .. }
        | Change::DeleteAccount { account }
        | Change::UseInvitation { account, .. }
        | Change::UseProof { account, .. }
        | Change::RevokeCredential { account, .. } => (None, Some(*account)),
        Change::AskProof(new) => (None, Some(new.account)),
        Change::CreateInvitation(_) | Change::RevokeInvitation { .. } => (None, None),
        Change::CreateTeam { id, .. } => (None, Some(*id)),
        Change::SetMember { team, .. } | Change::DeleteTeam { team } => (None, Some(*team)),
        Change::CreateProject { id, .. } | Change::CreateReference { id, .. } => (Some(*id), None),
        Change::SetProjectName { project, .. } | Change::SetOwner { project, .. } => {
            (Some(*project), None)
        }
        Change::SetList { entity, .. }
        | Change::SetTrash { entity, .. }
        | Change::Describe { entity, .. }
        | Change::Purge { entity } => (Some(entity.id()), None),
        Change::CreateCredential(new) => (None, Some(new.account)),
        Change::Retire {
            repository: entity, ..
        }
        | Change::DeleteTag {
            repository: entity, ..
        }
        | Change::RecordTag {
            reference: entity, ..
        } => (Some(*entity), None),
        Change::UseRole {
            entity, principal, ..
        } => (*entity, *principal),
    }
}
