//! The words that bodies and answers share.

use std::fmt;
use std::marker::PhantomData;
use std::time::SystemTime;

use pierhead_model::{parse_rfc3339, rfc3339_millis};
use pierhead_policy::PrincipalId;
use pierhead_projects::Listed;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Failure;

/// The `concreteType` of a project.
pub(crate) const PROJECT: &str = "org.sagebionetworks.repo.model.Project";

/// The `concreteType` of a repository.
pub(crate) const REPOSITORY: &str = "org.sagebionetworks.repo.model.docker.DockerRepository";

/// How much of what is wrong with a body is told, in characters: it may repeat what was sent.
const MAX_REASON: usize = 200;

/// Reads a body.
pub(crate) fn read<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, Failure> {
    if body.trim_ascii().is_empty() {
        return Err(Failure::malformed(
            "this call wants a JSON object as its body; send one",
        ));
    }
    match serde_json::from_slice::<Object<T>>(body) {
        Ok(Object(sent)) => Ok(sent),
        Err(error) => {
            let what: String = error.to_string().chars().take(MAX_REASON).collect();
            let reason = format!("the body is not the JSON that is wanted here: {what}");
            Err(Failure::malformed(reason))
        }
    }
}

/// Something that is written as an object and not, as serde takes it too, as a list of its members.
pub(crate) struct Object<T>(pub(crate) T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
            type Value = Object<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(members)).map(Object)
            }
        }

        deserializer.deserialize_map(Members(PhantomData))
    }
}

/// The number of a user or a team, in a body: a number, or a text of digits.
pub(crate) struct Principal(pub(crate) PrincipalId);

impl<'de> Deserialize<'de> for Principal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;

        impl Visitor<'_> for Number {
            type Value = Principal;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the number of a user or a team")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Principal, E> {
                Ok(Principal(PrincipalId::new(number)))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Principal, E> {
                principal(text)
                    .map(Principal)
                    .ok_or_else(|| E::invalid_value(serde::de::Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Number)
    }
}

/// Digits of a number, without sign or leading zero.
pub(crate) fn digits(text: &str) -> Option<u64> {
    let plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = !text.starts_with('0') || text == "0";
    text.parse().ok().filter(|_| plain && canonical)
}

/// A number that a store gives to what it keeps: what is larger is none of its.
pub(crate) fn stored(text: &str) -> Option<u64> {
    digits(text).filter(|number| *number <= i64::MAX.unsigned_abs())
}

/// When something is to end, if that is said.
pub(crate) fn end(text: Option<&str>) -> Result<Option<SystemTime>, Failure> {
    let end = text.map(parse_rfc3339).transpose();
    end.map_err(|error| {
        Failure::malformed(format!(
            "`expires`: {error}; write it as in `2030-01-31T00:00:00Z`"
        ))
    })
}

/// The principal of this number.
pub(crate) fn principal(text: &str) -> Option<PrincipalId> {
    digits(text).map(PrincipalId::new)
}

/// The id of an entity in a body: a text, or a number. What it names is read later.
pub(crate) struct Id(pub(crate) String);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;

        impl Visitor<'_> for Text {
            type Value = Id;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the id of a project or a repository")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Id, E> {
                Ok(Id(number.to_string()))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Id, E> {
                Ok(Id(text.to_owned()))
            }
        }

        deserializer.deserialize_any(Text)
    }
}

/// A page of a list that goes on by `offset`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Results<T> {
    results: Vec<T>,
    total_number_of_results: u64,
}

impl<T> Results<T> {
    /// Of a list that is not counted to its end: the number tells whether there is more behind.
    pub(crate) fn of<F>(found: Listed<F>, offset: usize, written: impl FnMut(F) -> T) -> Self {
        Self {
            total_number_of_results: reached(&found, offset),
            results: found.items.into_iter().map(written).collect(),
        }
    }
}

/// How many there are at least, as a page tells from where it begins.
pub(crate) fn reached<T>(found: &Listed<T>, offset: usize) -> u64 {
    let seen = offset as u64 + found.items.len() as u64;
    seen + u64::from(found.more)
}

/// The name of a permission.
pub(crate) enum PermissionName {}

/// The name of a scope.
pub(crate) enum ScopeName {}

/// A time, written to the millisecond.
pub(crate) struct Time(pub(crate) SystemTime);

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&rfc3339_millis(self.0))
    }
}

/// The number of a user or a team in an answer: a text.
pub(crate) fn shown(id: PrincipalId) -> String {
    id.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Sent {
        principal_id: Principal,
        name: Option<String>,
    }

    #[test]
    fn a_body_is_an_object_with_what_is_needed() {
        for good in [
            r#"{"principalId":7}"#,
            r#"{"principalId":"7","name":null,"other":[{}]}"#,
            " {\"principalId\" : 7, \"name\":\"x\"}\n",
        ] {
            let sent: Sent = read(good.as_bytes()).unwrap_or_else(|_| panic!("{good}"));
            assert_eq!(sent.principal_id.0.get(), 7);
            assert_ne!(sent.name.as_deref(), Some(""));
        }
        let deep = "[".repeat(60_000);
        for bad in [
            "",
            "null",
            "[7]",
            r#"[7,"x"]"#,
            "{}",
            r#"{"principalId":-1}"#,
            r#"{"principalId":1.5}"#,
            r#"{"principalId":"07"}"#,
            r#"{"principalId":"+7"}"#,
            r#"{"principalId":""}"#,
            r#"{"principalId":7,"name":1}"#,
            r#"{"principalId":7,"principalId":8}"#,
            r#"{"principalId":7}}"#,
            r#"{"principalId":7"#,
            r#"{"principalId":7,"name":"\ud800"}"#,
            &deep,
            &format!(r#"{{"principalId":7,"x":{deep}"#),
        ] {
            assert!(read::<Sent>(bad.as_bytes()).is_err(), "{bad:.80}");
        }
        assert!(read::<Sent>(b"{\"principalId\":7,\"name\":\"\xff\"}").is_err());
    }
}
