//! The integration tests, one binary.

mod migrate;
