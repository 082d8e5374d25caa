//! The registry itself, without HTTP: pull, push, mount, tag, list, refer, delete, collect.

mod seam;

pub use seam::*;
