//! Where a list goes on: texts that only this API reads.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use pierhead_policy::EntityId;
use pierhead_projects::AccountName;
use pierhead_projects::listing::ChildOrder;
use pierhead_projects::pending::InvitationId;
use pierhead_projects::record::CredentialId;

use crate::error::Failure;
use crate::json::{digits, stored};

/// How many a page holds that goes on by such a text.
pub(crate) const PAGE: usize = 100;

/// Entities in this order, from behind the one that the order names; `None` where it names none.
pub(crate) fn after_entity(order: &ChildOrder) -> Option<String> {
    match order {
        ChildOrder::Name(after) => {
            let (name, id) = after.as_ref()?;
            Some(hide(&format!("n {} {name}", id.get())))
        }
        // Such a list is not gone on with.
        ChildOrder::From(_) => None,
        ChildOrder::Created(after) => {
            let (at, id) = after.as_ref()?;
            let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
            let (seconds, nanos) = (since.as_secs(), since.subsec_nanos());
            Some(hide(&format!("c {} {seconds} {nanos}", id.get())))
        }
    }
}

/// The same order from behind the entity that the text names.
pub(crate) fn read_entity(order: &ChildOrder, text: &str) -> Result<ChildOrder, Failure> {
    let shown = show(text)?;
    let read = || {
        let (kind, rest) = shown.split_once(' ')?;
        let (id, rest) = rest.split_once(' ')?;
        let id = digits(id).and_then(EntityId::new)?;
        match (order, kind) {
            (ChildOrder::Name(_), "n") => Some(ChildOrder::Name(Some((rest.to_owned(), id)))),
            (ChildOrder::Created(_), "c") => {
                let (seconds, nanos) = rest.split_once(' ')?;
                let seconds = Duration::from_secs(digits(seconds)?);
                let nanos = digits(nanos).filter(|nanos| *nanos < 1_000_000_000)?;
                let since = seconds.checked_add(Duration::from_nanos(nanos))?;
                // What no store could write down is no place in a list.
                let fits = since.as_nanos() <= i64::MAX.unsigned_abs().into();
                let at: SystemTime = UNIX_EPOCH.checked_add(since).filter(|_| fits)?;
                Some(ChildOrder::Created(Some((at, id))))
            }
            _ => None,
        }
    };
    read().ok_or_else(unknown)
}

/// Tokens from behind this one.
pub(crate) fn after_token(id: CredentialId) -> String {
    hide(&format!("t {}", id.0))
}

/// Which token the text names.
pub(crate) fn read_token(text: &str) -> Result<CredentialId, Failure> {
    let shown = show(text)?;
    let id = shown.strip_prefix("t ").and_then(stored);
    id.map(CredentialId).ok_or_else(unknown)
}

/// Invitations from behind this one.
pub(crate) fn after_invitation(id: InvitationId) -> String {
    hide(&format!("i {}", id.0))
}

/// Which invitation the text names.
pub(crate) fn read_invitation(text: &str) -> Result<InvitationId, Failure> {
    let shown = show(text)?;
    let id = shown.strip_prefix("i ").and_then(stored);
    id.map(InvitationId).ok_or_else(unknown)
}

/// Accounts from behind the one of this name.
pub(crate) fn after_account(name: &str) -> String {
    hide(&format!("a {name}"))
}

/// Which name the text has.
pub(crate) fn read_account(text: &str) -> Result<String, Failure> {
    let shown = show(text)?;
    let name = shown.strip_prefix("a ").map(str::parse::<AccountName>);
    match name {
        Some(Ok(name)) => Ok(name.to_string()),
        _ => Err(unknown()),
    }
}

fn hide(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn show(text: &str) -> Result<String, Failure> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| unknown())?;
    String::from_utf8(bytes).map_err(|_| unknown())
}

fn unknown() -> Failure {
    Failure::malformed("`nextPageToken` is none that was given out for this list; begin anew")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_goes_on_where_it_was_and_nowhere_else() {
        let id = EntityId::new(7).unwrap();
        let at = UNIX_EPOCH + Duration::new(1_800_000_000, 123_456_789);
        let name = ChildOrder::Name(Some(("a name\u{e9}".to_owned(), id)));
        let created = ChildOrder::Created(Some((at, id)));
        for order in [&name, &created] {
            let text = after_entity(order).unwrap();
            assert_eq!(&read_entity(order, &text).unwrap(), order);
        }
        assert_eq!(read_token(&after_token(CredentialId(9))).unwrap().0, 9);
        let wrong_order = after_entity(&name).unwrap();
        let token = after_token(CredentialId(9));
        for bad in [
            "",
            "x",
            "=",
            "AAAA",
            &wrong_order,
            &token,
            &hide("c 0 1 1"),
            &hide("c 7 1"),
            &hide("c 7 1 1000000000"),
            &hide("c 7 -1 1"),
            &hide("c 7 18446744073709551615 1"),
            &hide("c 07 1 1"),
        ] {
            assert!(read_entity(&created, bad).is_err(), "{bad}");
        }
        assert!(read_token(&wrong_order).is_err());
        let invitation = after_invitation(InvitationId(9));
        assert_eq!(read_invitation(&invitation).unwrap().0, 9);
        assert_eq!(read_account(&after_account("a.na")).unwrap(), "a.na");
        for bad in [
            "",
            &token,
            &wrong_order,
            &hide("i -1"),
            &hide("a A"),
            &hide("a "),
        ] {
            assert!(read_invitation(bad).is_err(), "{bad}");
            assert!(read_account(bad).is_err(), "{bad}");
        }
        assert!(read_token(&hide("t 18446744073709551615")).is_err());
    }
}
