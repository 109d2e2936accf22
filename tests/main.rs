//! Everything that is tested from outside the crate, in one binary, by topic.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that fails panics")]

mod client;
mod migrate;
mod official_clients;
#[cfg(test)]
mod schema;
mod wire;
