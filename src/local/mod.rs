//! A real Lakebase on this machine: PostgreSQL servers and copy-on-write branches.

mod acceptor;
mod account;
mod admission;
mod api;
mod compute;
mod control;
mod engine;
mod fault;
mod gateway;
mod proof;
mod server;
mod storage;
mod token;

pub use engine::Durability;
pub use server::{BranchCopies, LocalError, LocalLakebase, LocalLakebaseBuilder, default_data_dir};
