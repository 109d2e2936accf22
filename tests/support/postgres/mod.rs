//! PostgreSQL as it is installed: its programs, a server of its own, databases for tests.

mod cluster;
mod database;
pub(crate) mod programs;

pub(crate) use cluster::{Cluster, of_another_version, private, shared};
pub(crate) use database::Database;
