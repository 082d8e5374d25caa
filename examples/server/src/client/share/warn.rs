//! What somebody should know before a sharing list becomes another one.

use pierhead::policy::{Permission, PrincipalId};

use super::List;
use crate::client::answers::by_offset;
use crate::client::api::Api;
use crate::client::careful::Sure;
use crate::client::names::number;
use crate::failure::Failure;

/// Asks, if a change is one that is easily regretted. What was agreed to is not asked again.
///
/// # Errors
/// When the answer is no, or the server cannot be asked.
pub(super) fn ask(
    api: &Api,
    sure: Sure,
    before: &List,
    after: &List,
    agreed: &mut Vec<String>,
) -> Result<(), Failure> {
    let warnings = warnings(api, before, after)?;
    if warnings.iter().all(|warning| agreed.contains(warning)) {
        return Ok(());
    }
    sure.ask(&format!("{} Go on?", warnings.join(" ")))?;
    *agreed = warnings;
    Ok(())
}

/// What is to be said of a change.
///
/// # Errors
/// When the server cannot be asked who asks.
pub(super) fn warnings(api: &Api, before: &List, after: &List) -> Result<Vec<String>, Failure> {
    let mut said = Vec::new();
    for (who, named) in [
        (PrincipalId::PUBLIC, "anyone, signed in or not,"),
        (PrincipalId::REGISTERED, "everybody who is signed in"),
    ] {
        let pulls = |list: &List| list.held(who.get()).has(Permission::Download);
        if pulls(after) && !pulls(before) {
            said.push(format!("This lets {named} pull."));
        }
    }
    let me = matched(api)?;
    if shares(before, &me) && !shares(after, &me) {
        said.push("This takes from you the right to change this list again.".to_owned());
    }
    Ok(said)
}

/// All whom entries can name that whoever asks is.
fn matched(api: &Api) -> Result<Vec<u64>, Failure> {
    let me = api.get("/repo/v1/userProfile")?;
    let me = number(&me["ownerId"]).ok_or_else(|| api.strange("gave no number"))?;
    let mut all = vec![me, PrincipalId::REGISTERED.get()];
    let teams = by_offset(api, &format!("/repo/v1/user/{me}/team"))?;
    all.extend(teams.iter().filter_map(|team| number(&team["id"])));
    Ok(all)
}

fn shares(list: &List, me: &[u64]) -> bool {
    me.iter()
        .any(|who| list.held(*who).has(Permission::ChangePermissions))
}
