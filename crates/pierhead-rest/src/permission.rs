//! What the caller may do, and whose list says so.

use pierhead_policy::{EntityId, Permission, PrincipalId};
use pierhead_projects::Actor;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::entity::named;
use crate::error::Failure;
use crate::exchange::Exchange;

/// What the sharing settings give the caller, with certification where it is asked for.
// The names are the wire's.
#[allow(clippy::struct_excessive_bools, clippy::struct_field_names)]
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UserEntityPermissions)]
pub(crate) struct Held {
    can_view: bool,
    can_download: bool,
    can_edit: bool,
    can_add_child: bool,
    can_delete: bool,
    can_change_permissions: bool,
    can_change_settings: bool,
    can_moderate: bool,
    can_move: bool,
    can_upload: bool,
    can_public_read: bool,
    can_enable_inheritance: bool,
    can_certified_user_add_child: bool,
    can_certified_user_edit: bool,
    is_certified_user: bool,
    is_certification_required: bool,
    is_entity_open_data: bool,
    /// Who made it.
    owner_principal_id: Option<u64>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = BooleanResult)]
pub(crate) struct One {
    result: bool,
}

/// The entity whose list counts.
pub(crate) async fn benefactor(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let actor = exchange.actor().await?;
    let found = exchange.projects.benefactor(&actor, id).await?;
    ok(&named(exchange, found))
}

/// Everything that the caller may do.
pub(crate) async fn all(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let actor = exchange.actor().await?;
    ok(&held(exchange, &actor, id).await?)
}

/// Everything that an actor may do to an entity.
pub(crate) async fn held(
    exchange: &Exchange<'_>,
    actor: &Actor,
    id: EntityId,
) -> Result<Held, Failure> {
    let held = exchange.projects.held(actor, id).await?;
    let has = |permission| held.permissions.has(permission);
    let may_make = held.certified || !held.asked_to_make;
    let may_push = held.certified || !held.asked_to_push;
    let makes = held.is_project && has(Permission::Create);
    let pushes = !held.is_project && has(Permission::Update);
    Ok(Held {
        can_view: has(Permission::Read),
        can_download: has(Permission::Download),
        can_edit: has(Permission::Update),
        can_add_child: makes && may_make,
        can_delete: has(Permission::Delete),
        can_change_permissions: has(Permission::ChangePermissions),
        can_change_settings: has(Permission::ChangeSettings),
        can_moderate: has(Permission::Moderate),
        can_move: false,
        can_upload: (makes && may_make) || (pushes && may_push),
        can_public_read: held.public.has(Permission::Read),
        can_enable_inheritance: !held.is_project && has(Permission::ChangePermissions),
        can_certified_user_add_child: makes,
        can_certified_user_edit: has(Permission::Update),
        is_certified_user: held.certified,
        is_certification_required: held.asked_to_make,
        is_entity_open_data: false,
        owner_principal_id: held.made_by.map(PrincipalId::get),
    })
}

/// Whether the caller holds one permission.
pub(crate) async fn one(exchange: &Exchange<'_>) -> Answer {
    let id = exchange.entity()?;
    let asked = exchange.query.required("accessType")?;
    let permission: Permission = asked
        .parse()
        .map_err(|error| Failure::malformed(format!("`accessType`: {error}")))?;
    let actor = exchange.actor().await?;
    let result = exchange.projects.holds(&actor, id, permission).await?;
    ok(&One { result })
}
