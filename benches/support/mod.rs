//! Shared by the benches: disks, figures and their table, processes, PostgreSQL servers.
#![allow(
    dead_code,
    unused_imports,
    clippy::expect_used,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each bench uses a part; the PostgreSQL servers are those of the tests"
)]

#[path = "../../tests/support/child.rs"]
pub(crate) mod child;
pub(crate) mod disk;
pub(crate) mod figures;
pub(crate) mod page;
#[path = "../../tests/support/postgres/mod.rs"]
pub(crate) mod postgres;
pub(crate) mod processes;
#[path = "../../tests/support/reaper.rs"]
pub(crate) mod reaper;
pub(crate) mod table;

pub(crate) type Result<T, E = Box<dyn std::error::Error + Send + Sync>> = std::result::Result<T, E>;
