//! Typed async SDK for Databricks Lakebase Postgres.

#![allow(dead_code, reason = "parts are still being joined")]

mod branch_naming;
mod client;
mod error;
mod expiry;
mod http;
#[cfg(feature = "local")]
pub mod local;
pub mod migrate;
mod names;
pub mod schema;
mod wire;

pub use client::Lakebase;
pub use error::{Error, ErrorKind, Result};
pub use expiry::{Expiry, days, hours};
pub use names::{
    BranchId, BranchName, DatabaseId, DatabaseName, EndpointId, EndpointName, InvalidName, OperationName,
    ProjectId, ProjectName, RoleId, RoleName, SnapshotId, SnapshotName,
};
pub use wire::{
    branch::BranchState,
    endpoint::{EndpointState, EndpointType},
    role::{AuthMethod, IdentityType, MembershipRole},
};
