//! Sources of new branches: another branch, or a snapshot.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};

use crate::{
    api::{
        name::{BranchName, DatabaseId, ProjectName, RoleId, SnapshotName},
        wire::branch::BranchSpec,
    },
    local::{
        control::{
            error_response::ErrorResponse,
            state::{Branch, Database, Origin, Role, Snapshot, State},
        },
        engine::{BranchKey, ForkPoint},
    },
};

/// The name of a source.
#[derive(Clone, Debug)]
pub(super) enum SourceName {
    Branch(BranchName),
    Snapshot(SnapshotName),
}

impl SourceName {
    /// The source that a request names; the project's default branch where it names none.
    pub(super) fn of(state: &State, project: &ProjectName, spec: &BranchSpec) -> Result<Self, ErrorResponse> {
        let row = state.project(project)?;
        let named = |text: &Option<String>| text.clone().filter(|name| !name.is_empty());
        let branch = named(&spec.source_branch);
        if let Some(name) = named(&spec.source_snapshot) {
            let point = named(&spec.source_branch_lsn).is_some() || spec.source_branch_time.is_some();
            if branch.is_some() || point {
                return Err(ErrorResponse::invalid(
                    "'source_snapshot' excludes 'source_branch', 'source_branch_lsn' and 'source_branch_time'",
                ));
            }
            return snapshot_named(project, &name).map(Self::Snapshot);
        }
        match branch {
            None => Ok(Self::Branch(project.branch(row.default_branch.clone()))),
            Some(name) => branch_named(project, &name).map(Self::Branch),
        }
    }
}

/// A branch of `project` by its whole name.
pub(in crate::local::control) fn branch_named(
    project: &ProjectName,
    name: &str,
) -> Result<BranchName, ErrorResponse> {
    let name: BranchName = name.parse().map_err(|_| ErrorResponse::not_found("branch id"))?;
    if name.project() == project {
        return Ok(name);
    }
    Err(ErrorResponse::bad_request("source_branch field must point to the branch from the same Project"))
}

fn snapshot_named(project: &ProjectName, name: &str) -> Result<SnapshotName, ErrorResponse> {
    let name: SnapshotName = name.parse().map_err(|_| ErrorResponse::not_found("snapshot id"))?;
    if name.project() == project {
        return Ok(name);
    }
    Err(ErrorResponse::bad_request("source_snapshot field must point to a snapshot from the same Project"))
}

/// The row of a source.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Branch(Arc<Branch>),
    Snapshot(Arc<Snapshot>),
}

impl Source {
    /// The row of this name. A deleted branch has a past, and no present.
    pub(super) fn find(
        state: &State,
        name: &SourceName,
        at: Option<ForkPoint>,
    ) -> Result<Self, ErrorResponse> {
        match name {
            SourceName::Branch(name) if at.is_some() => {
                state.branch_or_deleted(name).cloned().map(Self::Branch)
            }
            SourceName::Branch(name) => state.branch(name).cloned().map(Self::Branch),
            SourceName::Snapshot(name) => state.snapshot(name).cloned().map(Self::Snapshot),
        }
    }

    pub(super) fn key(&self) -> BranchKey {
        match self {
            Self::Branch(branch) => branch.key(),
            Self::Snapshot(snapshot) => snapshot.key(),
        }
    }

    /// The source's own uid, under which its size is cached.
    pub(super) fn uid(&self) -> &str {
        match self {
            Self::Branch(branch) => &branch.uid,
            Self::Snapshot(snapshot) => &snapshot.uid,
        }
    }

    pub(super) fn logical_size(&self) -> i64 {
        match self {
            Self::Branch(branch) => branch.logical_size,
            Self::Snapshot(snapshot) => snapshot.logical_size,
        }
    }

    pub(super) fn roles(&self) -> &BTreeMap<RoleId, Role> {
        match self {
            Self::Branch(branch) => &branch.roles,
            Self::Snapshot(snapshot) => &snapshot.roles,
        }
    }

    pub(super) fn databases(&self) -> &BTreeMap<DatabaseId, Database> {
        match self {
            Self::Branch(branch) => &branch.databases,
            Self::Snapshot(snapshot) => &snapshot.databases,
        }
    }

    /// Whether branches of it get passwords of their own.
    pub(super) fn is_protected(&self) -> bool {
        match self {
            Self::Branch(branch) => branch.protected,
            Self::Snapshot(snapshot) => snapshot.source_protected,
        }
    }

    /// Whether its roles and databases may be younger than its data.
    pub(super) fn is_of_the_past(&self) -> bool {
        matches!(self, Self::Snapshot(snapshot) if snapshot.of_the_past)
    }

    /// The origin of a branch of it; position, time and cost are known when the files are there.
    pub(super) fn origin(&self, now: DateTime<Utc>) -> Origin {
        let (branch, branch_uid, snapshot) = match self {
            Self::Branch(branch) => (branch.id.clone(), branch.uid.clone(), None),
            Self::Snapshot(snapshot) => (snapshot.source.clone(), String::new(), Some(snapshot.id.clone())),
        };
        let (lsn, method) = (String::new(), String::new());
        Origin { branch, branch_uid, snapshot, lsn, time: now, method, bytes_added: 0 }
    }
}
