//! Typed async SDK for Databricks Lakebase Postgres.

#![allow(dead_code, reason = "parts are still being joined")]

pub mod auth;
mod branch;
mod client;
mod connect;
mod credential;
mod database;
mod endpoint;
mod error;
mod expiry;
mod http;
#[cfg(feature = "local")]
pub mod local;
mod lsn;
mod mask;
mod model;
mod names;
mod operation;
mod page;
mod project;
mod role;
mod snapshot;
mod tree;
mod wait;
mod wire;

pub use branch::{
    Branch, BranchInfo, CopyCost, CreateBranch, CreateBranchIfMissing, Created, DeleteBranch, ResetBranch,
    UndeleteBranch, UpdateBranch,
};
pub use client::{Builder, CurrentUser, Lakebase};
pub use connect::{ConnectionInfo, DescribeConnection, LakebasePool, OpenConnection, OpenPool, TlsMode};
pub use credential::{CredentialCache, DatabaseCredential, MintCredential};
pub use database::{CreateDatabase, Database, DatabaseInfo, DeleteDatabase, UpdateDatabase};
pub use endpoint::{
    ComputeInstanceInfo, CreateEndpoint, DeleteEndpoint, Endpoint, EndpointGroup, EndpointHosts,
    EndpointInfo, Suspension, UpdateEndpoint,
};
pub use error::{Error, ErrorKind, Result};
pub use expiry::{Expiry, days, hours};
pub use http::RawRequest;
pub use lsn::{InvalidLsn, Lsn};
pub use model::Model;
pub use names::{
    BranchId, BranchName, DatabaseId, DatabaseName, EndpointId, EndpointName, InvalidName, OperationName,
    ProjectId, ProjectName, RoleId, RoleName, SnapshotId, SnapshotName,
};
pub use operation::{Operation, Progress};
pub use page::List;
pub use project::{
    CreateProject, CreateProjectIfMissing, CustomTag, DeleteProject, EndpointDefaults, Project, ProjectInfo,
    UndeleteProject, UpdateProject,
};
pub use role::{CreateRole, DeleteRole, Role, RoleAttributes, RoleDefinition, RoleInfo, UpdateRole};
pub use snapshot::{
    Cadence, CreateSnapshot, DeleteSnapshot, ScheduleRule, Snapshot, SnapshotInfo, SnapshotSchedule, Weekday,
};
pub use tree::{Tree, TreeBranch};
pub use wire::{
    branch::BranchState,
    endpoint::{EndpointState, EndpointType},
    role::{AuthMethod, IdentityType, MembershipRole},
};
pub mod schema;
