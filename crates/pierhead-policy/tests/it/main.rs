//! The policy engine from outside: its cases, its rules, and a naive reference beside it.

#![allow(clippy::struct_excessive_bools)] // facts are independent yes-or-no answers
#![allow(clippy::unwrap_used)] // helpers of tests; a world that cannot be made is a broken test

mod cases;
mod enumerate;
mod reference;
mod share;
mod world;
