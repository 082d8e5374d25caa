//! The ports of `pierhead-projects` on the same database.
//!
//! A read gives facts and the versions of their scopes from one state of the database; every change
//! goes through one transaction that compares a fence, applies, writes the audit record and moves
//! rights.

mod account;
mod catalog;
mod change;
mod children;
mod entity;
mod external;
mod gone;
mod listing;
mod merge;
mod pending;
mod principals;
mod project;
mod rows;
mod survey;
mod unmended;

#[cfg(test)]
mod steps_tests;
#[cfg(test)]
mod tests;
