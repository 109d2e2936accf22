//! What exists: projects and their branches, with everything that hangs on a branch.
//!
//! The rows are plain data, shared by `Arc`: a change copies the maps and the one row it touches, so a reader
//! never waits for a writer and what was changed shows by comparing pointers.

use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{intents::Intent, rejection::Rejection};
use crate::{
    api::wire::{
        endpoint::EndpointType,
        project::CustomTag,
        role::{AuthMethod, IdentityType, MembershipRole},
    },
    local::engine::BranchKey,
};

/// A branch is known by the ids of its project and its own.
pub(super) type BranchIds = (String, String);

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) projects: BTreeMap<String, Arc<Project>>,
    pub(super) branches: BTreeMap<BranchIds, Arc<Branch>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Project {
    pub(super) id: String,
    pub(super) uid: String,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) deleted: Option<DateTime<Utc>>,
    pub(super) display_name: String,
    pub(super) owner: String,
    pub(super) pg_version: u32,
    pub(super) default_branch: String,
    pub(super) defaults: EndpointDefaults,
    pub(super) history_retention: Duration,
    pub(super) native_login: bool,
    pub(super) budget_policy_id: Option<String>,
    pub(super) custom_tags: Vec<CustomTag>,
    /// Being made: only in memory, so a stop in the middle leaves no trace of it.
    #[serde(skip)]
    pub(super) init: bool,
}

/// How large a compute is and when it sleeps.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Sizing {
    pub(super) min_cu: f64,
    pub(super) max_cu: f64,
    /// `None`: never suspended.
    pub(super) suspend_after: Option<Duration>,
}

/// What endpoints that are made later begin with.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct EndpointDefaults {
    pub(super) sizing: Sizing,
    pub(super) pg_settings: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Branch {
    pub(super) project: String,
    pub(super) project_uid: String,
    pub(super) id: String,
    pub(super) uid: String,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) state_changed: DateTime<Utc>,
    pub(super) protected: bool,
    pub(super) expires: Option<DateTime<Utc>>,
    /// `None`: a root branch.
    pub(super) origin: Option<Origin>,
    pub(super) logical_size: i64,
    pub(super) endpoints: BTreeMap<String, Endpoint>,
    pub(super) roles: BTreeMap<String, Role>,
    pub(super) databases: BTreeMap<String, Database>,
    /// A change of roles or databases that has begun and is not acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) intent: Option<Intent>,
    /// Being made: only in memory, so a stop in the middle leaves no trace of it.
    #[serde(skip)]
    pub(super) init: bool,
}

/// Where a branch came from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Origin {
    /// The id of the source branch, in the same project.
    pub(super) branch: String,
    /// Which branch of that id: ids can be used again.
    pub(super) branch_uid: String,
    pub(super) lsn: String,
    pub(super) time: DateTime<Utc>,
    /// `REFLINK` or `COPY`.
    pub(super) method: String,
    pub(super) bytes_added: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Endpoint {
    pub(super) id: String,
    pub(super) uid: String,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) kind: Kind,
    pub(super) sizing: Sizing,
    pub(super) disabled: bool,
    pub(super) pg_settings: BTreeMap<String, String>,
    /// Where the gateway listens for it; kept, so that a client's configuration outlives a restart.
    pub(super) address: Option<SocketAddr>,
}

/// Read-only endpoints are not made yet; the state already says which kind one is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Kind {
    ReadWrite,
}

impl From<Kind> for EndpointType {
    fn from(Kind::ReadWrite: Kind) -> Self {
        Self::ReadWrite
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) id: String,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) postgres_role: String,
    pub(super) identity: IdentityType,
    pub(super) auth: AuthMethod,
    pub(super) attributes: Attributes,
    pub(super) memberships: Vec<MembershipRole>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attributes {
    pub(super) bypassrls: bool,
    pub(super) createdb: bool,
    pub(super) createrole: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Database {
    pub(super) id: String,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) postgres_database: String,
    /// The id of the role that owns it, on the same branch.
    pub(super) role: String,
}

impl Project {
    pub(super) fn name(&self) -> String {
        format!("projects/{}", self.id)
    }
}

impl Branch {
    pub(super) fn name(&self) -> String {
        format!("projects/{}/branches/{}", self.project, self.id)
    }

    pub(super) fn key(&self) -> BranchKey {
        BranchKey { project: self.project_uid.clone(), branch: self.uid.clone() }
    }

    pub(super) fn ids(&self) -> BranchIds {
        (self.project.clone(), self.id.clone())
    }

    pub(super) fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    /// The compute that reads and writes; every branch has one from its beginning.
    pub(super) fn read_write(&self) -> Option<&Endpoint> {
        self.endpoints.values().find(|endpoint| endpoint.kind == Kind::ReadWrite)
    }

    pub(super) fn role(&self, id: &str) -> Result<&Role, Rejection> {
        self.roles.get(id).ok_or_else(|| Rejection::role_not_found(id))
    }

    pub(super) fn database(&self, id: &str) -> Result<&Database, Rejection> {
        self.databases.get(id).ok_or_else(|| Rejection::not_found("database id"))
    }

    pub(super) fn endpoint(&self, id: &str) -> Result<&Endpoint, Rejection> {
        self.endpoints.get(id).ok_or_else(|| Rejection::not_found("endpoint id"))
    }
}

impl State {
    /// A project, also one that is deleted and not yet purged.
    pub(super) fn project_or_tombstone(&self, id: &str) -> Result<&Arc<Project>, Rejection> {
        self.projects.get(id).ok_or_else(|| Rejection::not_found("project id"))
    }

    pub(super) fn project(&self, id: &str) -> Result<&Arc<Project>, Rejection> {
        let project = self.project_or_tombstone(id)?;
        if project.deleted.is_some() { Err(Rejection::not_found("project id")) } else { Ok(project) }
    }

    /// A branch of a project that is there; the project is looked for first.
    pub(super) fn branch(&self, project: &str, branch: &str) -> Result<&Arc<Branch>, Rejection> {
        self.project(project)?;
        self.branches
            .get(&(project.to_owned(), branch.to_owned()))
            .ok_or_else(|| Rejection::not_found("branch id"))
    }

    pub(super) fn branches_of<'a>(&'a self, project: &'a str) -> impl Iterator<Item = &'a Arc<Branch>> + 'a {
        let from = (project.to_owned(), String::new());
        self.branches.range(from..).take_while(move |(ids, _)| ids.0 == project).map(|(_, branch)| branch)
    }

    /// Branches that were made from this one and still exist.
    pub(super) fn has_children(&self, branch: &Branch) -> bool {
        self.branches_of(&branch.project)
            .any(|other| other.origin.as_ref().is_some_and(|origin| origin.branch_uid == branch.uid))
    }

    pub(super) fn put_project(&mut self, project: Project) {
        self.projects.insert(project.id.clone(), Arc::new(project));
    }

    pub(super) fn put_branch(&mut self, branch: Branch) {
        self.branches.insert(branch.ids(), Arc::new(branch));
    }

    /// Changes a branch in place and moves its update time.
    pub(super) fn change_branch<T>(
        &mut self,
        ids: &BranchIds,
        change: impl FnOnce(&mut Branch) -> Result<T, Rejection>,
    ) -> Result<T, Rejection> {
        self.branch(&ids.0, &ids.1)?;
        let branch = self.branches.get_mut(ids).ok_or_else(|| Rejection::not_found("branch id"))?;
        change(Arc::make_mut(branch))
    }

    /// The branch and endpoint with this endpoint uid.
    pub(super) fn by_endpoint_uid(&self, uid: &str) -> Option<(&Arc<Branch>, &Endpoint)> {
        self.branches.values().find_map(|branch| {
            branch.endpoints.values().find(|endpoint| endpoint.uid == uid).map(|endpoint| (branch, endpoint))
        })
    }
}

/// How an address is told to clients: port 5432 is what they assume anyway.
pub(super) fn host_and_port(address: SocketAddr) -> (String, Option<i64>) {
    let host = match address.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => ip.to_string(),
    };
    (host, (address.port() != 5432).then(|| i64::from(address.port())))
}
