//! The API as an `OpenAPI` document: made of the table of calls, and of the types that are written.

mod call;
mod calls;
mod schema;

use std::sync::LazyLock;

use bytes::Bytes;
use http::{Method, StatusCode};
use pierhead_policy::Permission;
use utoipa::openapi::path::{
    HttpMethod, Operation as Entry, OperationBuilder, ParameterBuilder, ParameterIn, Paths,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ComponentsBuilder, ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{
    Content, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr, Required, ResponseBuilder,
    ResponsesBuilder, SecurityRequirement,
};

use self::call::{Call, Kind, Parameter, Who};
use self::calls::describe;
use self::schema::{Schemas, of, one_of};
use crate::answer::{Answer, respond};
use crate::error::{Document, Failure};
use crate::explain::ACTIONS;
use crate::route::{Operation, operations};

const JSON: &str = "application/json";
const NDJSON: &str = "application/x-ndjson";

/// How the token is shown.
const BEARER: &str = "bearer";

const ABOUT: &str = "Accounts, projects, sharing settings, the trash can and tokens. Where the \
    Synapse platform has a call for something, this is that call. Ids may be written `syn101`, \
    `SYN101` or `101`. What a caller may not know of is 404, as if it were not there.";

/// The document, for who asks for it.
pub(crate) fn answer() -> Answer {
    static TEXT: LazyLock<Result<Bytes, String>> =
        LazyLock::new(|| match whole().to_pretty_json() {
            Ok(text) => Ok(Bytes::from(text + "\n")),
            Err(error) => Err(error.to_string()),
        });
    match &*TEXT {
        Ok(text) => Ok(respond(StatusCode::OK, text.clone())),
        Err(error) => Err(Failure::internal(Unwritten(error.clone()))),
    }
}

/// The document could not be put into words.
#[derive(Debug, thiserror::Error)]
#[error("the API's description could not be written: {0}")]
struct Unwritten(String);

fn whole() -> OpenApi {
    let mut all = Schemas::new();
    let mut paths = Paths::new();
    let mut ids: Vec<String> = Vec::new();
    let failure = of::<Document<'static>>(&mut all);
    let mut components = ComponentsBuilder::new();
    for (name, what) in REFUSALS {
        let content = Content::new(Some(failure.clone()));
        let refusal = ResponseBuilder::new()
            .description(what)
            .content(JSON, content);
        components = components.response(name, refusal);
    }
    for (method, path, operation) in operations() {
        let Some(method) = spoken(&method) else {
            continue;
        };
        let call = describe(operation);
        let names = names(path);
        let mut id = id_of(operation);
        // The same call may have two paths.
        while ids.contains(&id) {
            id.push('_');
        }
        ids.push(id.clone());
        let entry = entry(&call, id, &names, &mut all);
        paths.add_path_operation(with_names(path, &names), vec![method], entry);
    }
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "a sign-in session (`phs_…`) or a personal access token (`php_…`)",
        ));
    let components = components
        .schemas_from_iter(all)
        .security_scheme(BEARER, SecurityScheme::Http(scheme.build()));
    let info = InfoBuilder::new()
        .title("Pierhead management API")
        .version("v1")
        .description(Some(ABOUT));
    OpenApiBuilder::new()
        .info(info)
        .paths(paths)
        .components(Some(components.build()))
        .build()
}

fn entry(call: &Call, id: String, names: &[&'static str], all: &mut Schemas) -> Entry {
    let kind = if call.lines { NDJSON } else { JSON };
    let answer = Content::new(Some((call.answer)(all)));
    let done = ResponseBuilder::new()
        .description(if call.status == StatusCode::CREATED {
            "made"
        } else {
            "done"
        })
        .content(kind, answer);
    let mut responses = ResponsesBuilder::new().response(call.status.as_str(), done);
    for status in call.all_errors() {
        let status = status.to_string();
        let refusal = Ref::from_response_name(&status);
        responses = responses.response(status, refusal);
    }
    responses = responses.response("default", Ref::from_response_name("default"));
    let mut entry = OperationBuilder::new()
        .operation_id(Some(id))
        .summary(Some(call.summary))
        .responses(responses.build());
    for name in names {
        let parameter = ParameterBuilder::new()
            .name(*name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(shape_of(name)));
        entry = entry.parameter(parameter);
    }
    for parameter in &call.query {
        entry = entry.parameter(asked(*parameter));
    }
    if let Some(body) = call.body {
        let needed = if call.bodiless {
            Required::False
        } else {
            Required::True
        };
        let body = RequestBodyBuilder::new()
            .required(Some(needed))
            .content(JSON, Content::new(Some(body(all))));
        entry = entry.request_body(Some(body.build()));
    }
    let shown = SecurityRequirement::new::<_, [&str; 0], &str>(BEARER, []);
    match call.who {
        Who::Everybody => {}
        Who::Anybody => {
            entry = entry
                .security(SecurityRequirement::default())
                .security(shown);
        }
        Who::SignedIn => entry = entry.security(shown),
        Who::InPerson => {
            let needs = "Needs a sign-in session; a token will not do.";
            entry = entry.security(shown).description(Some(needs));
        }
    }
    entry.build()
}

/// What may stand in a path.
fn shape_of(name: &str) -> RefOr<Schema> {
    let pattern = match name {
        // An owner chooses what ids begin with.
        "id" => "^[A-Za-z]*[1-9][0-9]{0,18}$",
        "tag" => "^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$",
        _ => "^(0|[1-9][0-9]{0,18})$",
    };
    let schema = ObjectBuilder::new().schema_type(Type::String);
    schema.pattern(Some(pattern)).into()
}

fn text() -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).into()
}

fn asked(parameter: Parameter) -> ParameterBuilder {
    let plain = |kind: Type| ObjectBuilder::new().schema_type(kind);
    let schema = match parameter.kind {
        Kind::Text => text(),
        Kind::Number => plain(Type::Integer).minimum(Some(0)).into(),
        Kind::Flag => plain(Type::Boolean).into(),
        Kind::OneOf(names) => one_of(names.iter().copied()),
        Kind::Action => one_of(ACTIONS.map(pierhead_policy::Action::name)),
        Kind::Permission => one_of(Permission::ALL.map(Permission::name)),
    };
    ParameterBuilder::new()
        .name(parameter.name)
        .parameter_in(ParameterIn::Query)
        .required(if parameter.required {
            Required::True
        } else {
            Required::False
        })
        .description(Some(parameter.what))
        .schema(Some(schema))
}

/// What an error of each status means, in all calls.
const REFUSALS: [(&str, &str); 11] = [
    ("400", "malformed, or against the rules of what is changed"),
    ("401", "sign in, or again"),
    (
        "403",
        "refused; the reason says by which rule, and what would help",
    ),
    ("404", "there is nothing here that the caller may know of"),
    ("408", "the body took too long"),
    ("409", "taken, or not possible as things are"),
    ("412", "changed since it was read; read it again"),
    ("413", "the body is too long"),
    ("415", "the body is compressed"),
    ("429", "too often; `Retry-After` says how long to wait"),
    (
        "default",
        "something is wrong here; `Retry-After` says when to ask again, if that may help",
    ),
];

/// What stands for each `{}` of a path.
fn names(path: &str) -> Vec<&'static str> {
    let mut names = Vec::new();
    let mut before = "";
    for word in path.split('/') {
        if word == "{}" {
            names.push(match before {
                "team" | "teamMembers" => "team",
                "member" | "manager" | "account" | "user" | "userProfile" => "account",
                "personalAccessToken" | "refreshToken" => "token",
                "tag" => "tag",
                _ => "id",
            });
        }
        before = word;
    }
    names
}

fn with_names(path: &str, names: &[&str]) -> String {
    let with = |path: String, name: &&str| path.replacen("{}", &format!("{{{name}}}"), 1);
    names.iter().fold(path.to_owned(), with)
}

fn id_of(operation: Operation) -> String {
    let name = format!("{operation:?}");
    let (first, rest) = name.split_at(1);
    first.to_lowercase() + rest
}

fn spoken(method: &Method) -> Option<HttpMethod> {
    match *method {
        Method::GET => Some(HttpMethod::Get),
        Method::POST => Some(HttpMethod::Post),
        Method::PUT => Some(HttpMethod::Put),
        Method::DELETE => Some(HttpMethod::Delete),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Two types of one name would be told as one of them.
    #[test]
    fn no_name_means_two_things() {
        let mut all = Schemas::new();
        for (_, _, operation) in operations() {
            let call = describe(operation);
            (call.answer)(&mut all);
            if let Some(body) = call.body {
                body(&mut all);
            }
        }
        let mut known = HashMap::new();
        for (name, schema) in all {
            let schema = serde_json::to_value(schema).unwrap();
            let before = known.insert(name.clone(), schema.clone());
            assert!(before.is_none_or(|before| before == schema), "{name}");
        }
    }

    #[test]
    fn what_takes_a_body_says_so() {
        for (method, path, operation) in operations() {
            let call = describe(operation);
            assert_eq!(
                call.body.is_some(),
                operation.takes_body(),
                "{method} {path}"
            );
        }
    }
}
