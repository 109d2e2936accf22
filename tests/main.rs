//! Everything that is tested from outside the crate, in one binary.

mod client;
mod official_clients;
mod schema;
