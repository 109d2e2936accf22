//! The tests from outside the crate, in one binary.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cli;
mod client;
mod console;
mod contract;
mod data;
mod examples;
mod faults;
mod layers;
mod local;
mod migrate;
mod model;
mod schema;
mod support;
mod testing;
mod wire;
