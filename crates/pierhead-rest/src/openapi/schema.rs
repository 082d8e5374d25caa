//! Schemas of what is written by hand elsewhere.

use std::borrow::Cow;

use pierhead_policy::{Action, Permission, Scope};
use utoipa::openapi::schema::{
    AdditionalProperties, AnyOfBuilder, ArrayBuilder, Object, ObjectBuilder, Schema, Type,
};
use utoipa::openapi::{KnownFormat, Ref, RefOr, SchemaFormat};
use utoipa::{PartialSchema, ToSchema};

use crate::json::{Id, PermissionName, Principal, Results, ScopeName, Time};

/// The schemas that the document has by name, as they were met.
pub(crate) type Schemas = Vec<(String, RefOr<Schema>)>;

/// What a body or an answer looks like; what it is made of goes to the schemas.
pub(crate) type Shape = fn(&mut Schemas) -> RefOr<Schema>;

/// The schema of a type.
pub(crate) fn of<T: ToSchema>(all: &mut Schemas) -> RefOr<Schema> {
    T::schemas(all);
    let name = T::name().into_owned();
    all.push((name.clone(), T::schema()));
    Ref::from_schema_name(name).into()
}

/// A type, or an object without members where there is nothing to tell.
pub(crate) fn or_nothing<T: ToSchema>(all: &mut Schemas) -> RefOr<Schema> {
    let some = of::<T>(all);
    AnyOfBuilder::new().item(some).item(nothing(all)).into()
}

/// One of two types.
pub(crate) fn either<T: ToSchema, U: ToSchema>(all: &mut Schemas) -> RefOr<Schema> {
    let (one, other) = (of::<T>(all), of::<U>(all));
    AnyOfBuilder::new().item(one).item(other).into()
}

/// An object without members.
pub(crate) fn nothing(_: &mut Schemas) -> RefOr<Schema> {
    Object::with_type(Type::Object).into()
}

/// This document.
pub(crate) fn document(_: &mut Schemas) -> RefOr<Schema> {
    let text = || Object::with_type(Type::String);
    ObjectBuilder::new()
        .property("openapi", text())
        .required("openapi")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .description(Some("An OpenAPI document"))
        .into()
}

/// Why something is allowed or refused. What the answer rests on differs with it.
pub(crate) fn explanation(_: &mut Schemas) -> RefOr<Schema> {
    let text = || Object::with_type(Type::String);
    let words = || ArrayBuilder::new().items(text());
    let permissions = || ArrayBuilder::new().items(PermissionName::schema());
    let matched = ObjectBuilder::new()
        .property("principal", Object::with_type(Type::Integer))
        .property("via", one_of(["account", "team", "registered", "public"]))
        .property("written", permissions())
        .property("counted", permissions());
    let list = ObjectBuilder::new()
        .property("of", text())
        .property("inherited", Object::with_type(Type::Boolean))
        .property("matched", ArrayBuilder::new().items(matched))
        .property("held", permissions());
    let obstacle = ObjectBuilder::new()
        .property("reason", text())
        .property("rule", text())
        .property("remedy", text())
        .additional_properties(Some(AdditionalProperties::FreeForm(true)));
    let null = || Object::with_type(Type::Null);
    let actions = Action::ALL.map(Action::name);
    ObjectBuilder::new()
        .description(Some(
            "Which row of the table decided, by which list, and what would help",
        ))
        .property("action", one_of(actions))
        .required("action")
        .property("decision", one_of(["allow", "deny"]))
        .required("decision")
        .property("list", AnyOfBuilder::new().item(list).item(null()))
        .required("list")
        .property("needs", permissions())
        .required("needs")
        .property(
            "missing",
            AnyOfBuilder::new()
                .item(PermissionName::schema())
                .item(null()),
        )
        .required("missing")
        .property("obstacles", ArrayBuilder::new().items(obstacle))
        .required("obstacles")
        .property("words", words())
        .required("words")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)))
        .into()
}

/// A text that is one of these.
pub(crate) fn one_of(names: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .enum_values(Some(names))
        .into()
}

/// Digits, or the number itself.
fn number_or(pattern: &str) -> RefOr<Schema> {
    let text = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some(pattern));
    let number = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0));
    AnyOfBuilder::new().item(text).item(number).into()
}

impl<T: ToSchema> PartialSchema for Results<T> {
    fn schema() -> RefOr<Schema> {
        let items = Ref::from_schema_name(T::name());
        ObjectBuilder::new()
            .property("results", ArrayBuilder::new().items(items))
            .required("results")
            .property("totalNumberOfResults", Object::with_type(Type::Integer))
            .required("totalNumberOfResults")
            .into()
    }
}

impl<T: ToSchema> ToSchema for Results<T> {
    fn name() -> Cow<'static, str> {
        format!("{}Results", T::name()).into()
    }

    fn schemas(all: &mut Schemas) {
        of::<T>(all);
    }
}

/// Gives a type a schema that it has everywhere it stands.
macro_rules! inline_schema {
    ($type:ty, $name:literal, $schema:expr) => {
        impl PartialSchema for $type {
            fn schema() -> RefOr<Schema> {
                $schema
            }
        }

        impl ToSchema for $type {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed($name)
            }
        }
    };
}

inline_schema!(Principal, "PrincipalNumber", number_or("^(0|[1-9][0-9]*)$"));
inline_schema!(Id, "EntityNumber", number_or("^([A-Za-z]+)?[1-9][0-9]*$"));
inline_schema!(
    PermissionName,
    "Permission",
    one_of(Permission::ALL.map(Permission::name))
);
inline_schema!(
    ScopeName,
    "Scope",
    one_of([Scope::View, Scope::Download, Scope::Modify].map(Scope::name))
);
inline_schema!(
    Time,
    "Time",
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .into()
);
