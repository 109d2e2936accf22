//! Everything that is tested from outside the crate, in one binary, by topic.

mod client;
mod migrate;
mod official_clients;
#[cfg(test)]
mod schema;
