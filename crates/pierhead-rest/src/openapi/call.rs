//! What the document says of one call.

use http::StatusCode;

use super::schema::Shape;

/// Who may call at all. What they may then do is decided by what they call for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// Anybody; no credential is looked at.
    Everybody,
    /// Anybody; who shows a credential may do more.
    Anybody,
    /// Who shows a session or a token with this scope.
    SignedIn,
    /// Who shows a session: a token will not do.
    InPerson,
}

/// What a parameter of a query is.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Text,
    /// A whole number that is not negative.
    Number,
    Flag,
    OneOf(&'static [&'static str]),
    /// One of the actions that can be explained.
    Action,
    /// A permission.
    Permission,
}

/// A parameter of a query.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Parameter {
    pub(crate) name: &'static str,
    pub(crate) kind: Kind,
    pub(crate) required: bool,
    pub(crate) what: &'static str,
}

impl Parameter {
    pub(crate) const fn new(name: &'static str, kind: Kind, what: &'static str) -> Self {
        Self {
            name,
            kind,
            required: false,
            what,
        }
    }

    pub(crate) const fn needed(mut self) -> Self {
        self.required = true;
        self
    }
}

/// What a call is for, what it is told and what it answers.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    pub(crate) summary: &'static str,
    pub(crate) who: Who,
    pub(crate) query: Vec<Parameter>,
    pub(crate) body: Option<Shape>,
    /// Whether it can be left out.
    pub(crate) bodiless: bool,
    pub(crate) status: StatusCode,
    pub(crate) answer: Shape,
    /// Whether the answer is a line of JSON for each of many.
    pub(crate) lines: bool,
    /// Statuses of errors beside those that follow from the rest.
    pub(crate) errors: Vec<u16>,
}

impl Call {
    pub(crate) fn new(summary: &'static str, who: Who, answer: Shape) -> Self {
        Self {
            summary,
            who,
            query: Vec::new(),
            body: None,
            bodiless: false,
            status: StatusCode::OK,
            answer,
            lines: false,
            errors: Vec::new(),
        }
    }

    /// With parameters of the query.
    pub(crate) fn asks(mut self, parameters: &[Parameter]) -> Self {
        self.query.extend_from_slice(parameters);
        self
    }

    /// With a body.
    pub(crate) fn takes(mut self, body: Shape) -> Self {
        self.body = Some(body);
        self
    }

    /// With a body that can be left out.
    pub(crate) fn may_take(mut self, body: Shape) -> Self {
        self.bodiless = true;
        self.takes(body)
    }

    /// With something made.
    pub(crate) fn makes(mut self) -> Self {
        self.status = StatusCode::CREATED;
        self
    }

    /// With an answer of lines.
    pub(crate) fn in_lines(mut self) -> Self {
        self.lines = true;
        self
    }

    /// With errors of these statuses.
    pub(crate) fn fails(mut self, statuses: &[u16]) -> Self {
        self.errors.extend_from_slice(statuses);
        self
    }

    /// Every status that its errors may have, but for those that say something is wrong here.
    pub(crate) fn all_errors(&self) -> Vec<u16> {
        let mut all = vec![400];
        if self.body.is_some() {
            all.extend([408, 413, 415]);
        }
        if self.who != Who::Everybody {
            all.extend([401, 403]);
        }
        all.extend_from_slice(&self.errors);
        all.sort_unstable();
        all.dedup();
        all
    }
}
