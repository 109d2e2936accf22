//! x

#[cfg(feature = "local")]
pub mod local;
