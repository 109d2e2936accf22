//! What the Lakebase REST API promises, asked of a server through the public client.
//!
//! The server is a local Lakebase unless `LAKEBASE_CONTRACT=workspace`: then it is the workspace that the
//! environment names (`DATABRICKS_HOST` and so on), and what only the local one promises is skipped, loudly.
//! The local one runs the PostgreSQL that `LAKEBASE_CONTRACT_PG_VERSION` names, else the newest installed.

mod branches;
mod connections;
mod databases;
mod endpoints;
mod faults;
mod logins;
mod masks;
mod network;
mod operations;
pub(crate) mod place;
mod process;
mod projects;
mod roles;
mod security;
mod shapes;
