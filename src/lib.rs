//! Typed async SDK for Databricks Lakebase Postgres.

#[allow(dead_code, reason = "the builders that check it come next")]
mod expiry;
mod names;
#[allow(dead_code, reason = "the resources that use them come next")]
mod wire;

#[cfg(feature = "local")]
pub mod local;

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
