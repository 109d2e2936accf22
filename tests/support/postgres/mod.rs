//! Installed PostgreSQL for tests: programs, servers and databases.

mod cluster;
mod database;
pub(crate) mod programs;

pub(crate) use cluster::{Cluster, of_another_version, private, shared};
pub(crate) use database::Database;
