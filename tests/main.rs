//! Everything that is tested from outside the crate, in one binary, by topic.

mod client;
mod migrate;
#[cfg(test)]
mod schema;
