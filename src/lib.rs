//! Typed async SDK for Databricks Lakebase Postgres.

#![allow(dead_code, reason = "parts are still being joined")]

mod client;
mod error;
mod expiry;
mod http;
pub mod migrate;
mod names;
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
pub mod schema;
