//! The registry's seams, and the facts behind them.

pub(crate) mod authenticate;
pub(crate) mod authorize;
pub(crate) mod cache;
pub(crate) mod facts;
pub(crate) mod issue;
