//! The real server, as its users and its attackers meet it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test fails by panicking"
)]

mod administer;
mod architecture;
mod backup;
mod behaviours;
mod cases;
mod commands;
mod configuration;
mod conformance;
mod containerd;
mod content;
mod crane;
mod docker;
mod durability;
mod files;
mod links;
mod oras;
mod pages;
mod podman;
mod proxy;
mod python;
mod race;
mod refresh;
mod regctl;
mod requests;
mod resume;
mod revocation;
mod scale;
mod session;
mod skopeo;
mod slow;
mod startup;
mod table;
mod tags;
mod tls;
mod units;
mod watch;
mod zombie;
