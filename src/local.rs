//! A real Lakebase on this machine: PostgreSQL servers and copy-on-write branches.

mod account;
mod compute;
mod engine;
mod fault;
mod storage;

pub use engine::Durability;
