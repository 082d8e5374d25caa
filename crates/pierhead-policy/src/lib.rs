//! The access policy engine: who may do what to a project and its repositories.
