#![doc = include_str!("../README.md")]
//!
//! # The map
//! - [`Registry`], [`RegistryBuilder`], [`Limits`]: what a registry is made of.
//! - [`Authenticator`], [`Authorizer`], [`TokenIssuer`], [`Observer`], [`Clock`]: the seams.
//! - [`Reader`], [`Checker`], [`Writer`], [`Remover`]: handles that exist only once the authorizer
//!   has allowed them, with everything that can be done under each.
//! - [`RetentionRule`]: which former versions of tags may go.
//! - [`Registry::catalog`], [`Registry::collect`], [`Registry::close`]: the rest.
//! - [`Error`]: everything that can be answered instead.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod access;
mod body;
mod cache;
mod catalog;
mod checker;
mod collect;
mod error;
mod limits;
mod manifest;
mod open;
mod page;
mod reader;
mod registry;
mod remover;
mod retention;
mod seam;
mod upload;
mod writer;

pub use body::BodyError;
pub use checker::Checker;
pub use collect::{CollectSchedule, Collected};
pub use error::{Error, Wanted};
pub use limits::{Limits, MissingReferences};
pub use manifest::{ManifestReceipt, PutManifest};
pub use open::AllowAll;
pub use page::Page;
pub use reader::{Blob, Reader};
pub use registry::{Registry, RegistryBuilder};
pub use remover::Remover;
pub use retention::{RetentionRule, Retirable};
pub use seam::*;
pub use upload::Mounted;
pub use writer::{StartUpload, UploadStatus, Writer};

// What the handles of this crate take and give.
pub use pierhead_storage::{
    BlobRead, BlobRecord, CallerId, ParentId, ReadOptions, Redirect, Referrer, ReferrerQuery,
    Repository, RepositoryId, StoredManifest, UploadId,
};

pub(crate) use open::DenyAll;
