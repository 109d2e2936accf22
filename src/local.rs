//! A real Lakebase on this machine: PostgreSQL servers and copy-on-write branches.

mod account;
mod api;
#[allow(dead_code, reason = "the control plane above uses it")]
mod compute;
mod control;
#[allow(dead_code, reason = "the control plane above uses it")]
mod engine;
mod fault;
#[allow(dead_code, reason = "the control plane calls it")]
mod gateway;
mod server;
#[allow(dead_code, reason = "the control plane above uses it")]
mod storage;
#[allow(dead_code, reason = "the control plane calls it")]
mod token;

pub use engine::Durability;
pub use server::{BranchCopies, LocalError, LocalLakebase, LocalLakebaseBuilder, default_data_dir};
