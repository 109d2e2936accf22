//! Everything that is tested from outside the crate, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod client;
mod contract;
mod examples;
mod layers;
mod migrate;
mod official_clients;
mod schema;
mod wire;
