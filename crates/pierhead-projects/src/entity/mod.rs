//! Projects and repositories: what is seen of them, what is changed, and why that was refused.

pub(crate) mod access;
pub(crate) mod audit;
pub(crate) mod children;
pub(crate) mod content;
pub(crate) mod delete_tag;
pub(crate) mod describe;
pub(crate) mod etag;
pub(crate) mod explain;
pub(crate) mod external;
pub(crate) mod external_name;
pub(crate) mod project;
pub(crate) mod retention;
pub(crate) mod share;
pub(crate) mod trash;
pub(crate) mod unmended;
pub(crate) mod view;
