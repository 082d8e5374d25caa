//! The policy engine from outside: its cases, its rules, and a naive reference beside it.

#![allow(clippy::struct_excessive_bools)] // facts are independent yes-or-no answers

mod cases;
mod enumerate;
mod reference;
mod share;
mod world;
