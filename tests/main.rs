//! The integration tests, one binary, by topic.

mod migrate;
#[cfg(test)]
mod schema;
