//! x

pub mod schema;
