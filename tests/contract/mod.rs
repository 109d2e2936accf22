//! Guarantees of the Lakebase REST API, tested through the public client.
//!
//! The server is a local Lakebase, or a workspace with `LAKEBASE_CONTRACT=workspace`: see `support::fixture`. What only
//! the local one guarantees is tested in `tests/local`.

mod branches;
mod databases;
mod endpoints;
mod logins;
mod masks;
mod operations;
mod projects;
mod reset;
mod restore;
mod roles;
mod shapes;
mod snapshots;
