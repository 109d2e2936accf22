//! A real Lakebase on this machine: PostgreSQL servers and copy-on-write branches.

mod account;
#[allow(dead_code, reason = "the control plane above uses it")]
mod compute;
#[allow(dead_code, reason = "the control plane above uses it")]
mod engine;
mod fault;
#[allow(dead_code, reason = "the control plane above uses it")]
mod storage;

pub use engine::Durability;
