//! The integration tests, one binary, by topic.

#[cfg(test)]
mod schema;
