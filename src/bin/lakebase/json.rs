//! The shapes of `--json`: stable, fields may be added.

use chrono::{DateTime, Utc};
use lakebase::model::{BranchInfo, BranchState, EndpointInfo, EndpointState, EndpointType, TreeBranch};
use serde::Serialize;

/// A branch.
#[derive(Debug, Serialize)]
pub(crate) struct BranchJson {
    name: String,
    id: String,
    uid: Option<String>,
    state: BranchState,
    default: bool,
    protected: bool,
    size_bytes: u64,
    source: Option<String>,
    source_time: Option<DateTime<Utc>>,
    source_lsn: Option<String>,
    created: Option<DateTime<Utc>>,
    /// `null` means never.
    expires: Option<DateTime<Utc>>,
}

impl From<&BranchInfo> for BranchJson {
    fn from(info: &BranchInfo) -> Self {
        Self {
            name: info.name.to_string(),
            id: info.id().to_string(),
            uid: info.uid.clone(),
            state: info.state.clone(),
            default: info.is_default,
            protected: info.is_protected,
            size_bytes: info.logical_size_bytes,
            source: info.source_branch.as_ref().map(|source| source.id().to_string()),
            source_time: info.source_branch_time,
            source_lsn: info.source_branch_lsn.map(|lsn| lsn.to_string()),
            created: info.create_time,
            expires: info.expire_time,
        }
    }
}

/// An endpoint of a branch.
#[derive(Debug, Serialize)]
pub(crate) struct EndpointJson {
    id: String,
    r#type: EndpointType,
    state: EndpointState,
    disabled: bool,
    host: Option<String>,
    port: u16,
}

impl From<&EndpointInfo> for EndpointJson {
    fn from(info: &EndpointInfo) -> Self {
        Self {
            id: info.id().to_string(),
            r#type: info.endpoint_type.clone(),
            state: info.state.clone(),
            disabled: info.disabled,
            host: info.hosts.host.clone(),
            port: info.hosts.port,
        }
    }
}

/// A branch with its endpoints and children.
#[derive(Debug, Serialize)]
pub(crate) struct TreeJson {
    #[serde(flatten)]
    branch: BranchJson,
    endpoints: Vec<EndpointJson>,
    children: Vec<TreeJson>,
}

impl From<&TreeBranch> for TreeJson {
    fn from(branch: &TreeBranch) -> Self {
        Self {
            branch: (&branch.branch).into(),
            endpoints: branch.endpoints.iter().map(Into::into).collect(),
            children: branch.children.iter().map(Into::into).collect(),
        }
    }
}
