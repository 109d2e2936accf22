//! Connections of other drivers than sqlx, with a fresh password for each.

#[cfg(feature = "deadpool")]
pub(crate) mod deadpool;
#[cfg(feature = "diesel-async")]
pub(crate) mod diesel;
mod tls;
pub(crate) mod tokio_postgres;
