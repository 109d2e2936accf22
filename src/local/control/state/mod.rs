//! Rows of the control plane: projects and branches, with the endpoints, roles and databases of a branch.
//!
//! The rows are plain data, shared by `Arc`: a change copies the maps and the one row it touches, so a reader
//! never waits for a writer, and comparing pointers finds the changed rows.

mod endpoint;
mod intent;
mod snapshot;

use std::{collections::BTreeMap, net::SocketAddr, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

pub(super) use self::{
    endpoint::{Endpoint, EndpointDefaults, Kind, Sizing, host_and_port},
    intent::Intent,
    snapshot::{Cadence, Schedule, ScheduleRule, Snapshot},
};
use super::error_response::{Code, ErrorResponse};
use crate::{
    api::{
        name::{
            BranchId, BranchName, DatabaseId, DatabaseName, EndpointId, EndpointName, ProjectId, ProjectName,
            RoleId, RoleName, SnapshotId, SnapshotName,
        },
        wire::{
            permission::AccessControl,
            project::CustomTag,
            role::{AuthMethod, IdentityType, MembershipRole},
        },
    },
    local::engine::BranchKey,
};

#[derive(Clone, Debug, Default)]
pub(super) struct State {
    pub(super) projects: BTreeMap<ProjectName, Arc<Project>>,
    pub(super) branches: BTreeMap<BranchName, Arc<Branch>>,
    /// Deleted branches that can be restored, by uid: a name can be used again at once.
    pub(super) tombstones: BTreeMap<String, Arc<Branch>>,
    pub(super) snapshots: BTreeMap<SnapshotName, Arc<Snapshot>>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Project {
    pub(super) id: ProjectId,
    pub(super) uid: String,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) deleted: Option<DateTime<Utc>>,
    pub(super) display_name: String,
    pub(super) owner: String,
    pub(super) pg_version: u32,
    pub(super) default_branch: BranchId,
    pub(super) defaults: EndpointDefaults,
    pub(super) history_retention: Duration,
    pub(super) native_login: bool,
    pub(super) budget_policy_id: Option<String>,
    pub(super) custom_tags: Vec<CustomTag>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) permissions: Vec<AccessControl>,
    /// Being created: only in memory, so a stop in the middle leaves no trace of it.
    #[serde(skip)]
    pub(super) init: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Branch {
    pub(super) project: ProjectId,
    pub(super) project_uid: String,
    pub(super) id: BranchId,
    pub(super) uid: String,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) state_changed: DateTime<Utc>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deleted: Option<DateTime<Utc>>,
    pub(super) protected: bool,
    pub(super) expires: Option<DateTime<Utc>>,
    /// `None`: a root branch.
    pub(super) origin: Option<Origin>,
    pub(super) logical_size: i64,
    pub(super) endpoints: BTreeMap<EndpointId, Endpoint>,
    pub(super) roles: BTreeMap<RoleId, Role>,
    pub(super) databases: BTreeMap<DatabaseId, Database>,
    /// A change of roles or databases that has begun and is not acknowledged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) intent: Option<Intent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) schedule: Option<Schedule>,
    /// Whether its data was masked when it was created.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) masked: bool,
    /// Being created: only in memory, so a stop in the middle leaves no trace of it.
    #[serde(skip)]
    pub(super) init: bool,
}

/// The source of a branch.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Origin {
    /// The id of the source branch, in the same project; that of the snapshot's source where there is a snapshot.
    pub(super) branch: BranchId,
    /// The uid of the source, as ids can be used again. Empty where there is a snapshot: the branch is no child then.
    pub(super) branch_uid: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) snapshot: Option<SnapshotId>,
    pub(super) lsn: String,
    pub(super) time: DateTime<Utc>,
    /// `REFLINK` or `COPY`.
    pub(super) method: String,
    pub(super) bytes_added: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Role {
    pub(super) id: RoleId,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) postgres_role: String,
    pub(super) identity: IdentityType,
    pub(super) auth: AuthMethod,
    pub(super) attributes: Attributes,
    pub(super) memberships: Vec<MembershipRole>,
    /// In clear, because the API shows it again. `None` for roles that have none, and for those of older versions until
    /// it is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub(super) password: Option<SecretString>,
}

fn in_creation(kind: &str, name: &impl std::fmt::Display) -> ErrorResponse {
    let text = format!("'{name}' is busy: the creation of the {kind} is under way. Try again.");
    ErrorResponse::new(Code::Aborted, text)
}

/// Writes a secret to the state file, which its owner alone can read.
fn exposed<S: Serializer>(secret: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(ExposeSecret::expose_secret).serialize(serializer)
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Attributes {
    pub(super) bypassrls: bool,
    pub(super) createdb: bool,
    pub(super) createrole: bool,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Database {
    pub(super) id: DatabaseId,
    pub(super) created: DateTime<Utc>,
    pub(super) updated: DateTime<Utc>,
    pub(super) postgres_database: String,
    /// The role that owns it, on the same branch; `None` where SQL gave it to a role without a row.
    #[serde(with = "optional_id")]
    pub(super) role: Option<RoleId>,
}

/// An absent id is stored as an empty text.
mod optional_id {
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    use crate::api::name::RoleId;

    pub(super) fn serialize<S: Serializer>(id: &Option<RoleId>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(id.as_ref().map_or("", RoleId::as_str))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<RoleId>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Some(text.as_str()).filter(|id| !id.is_empty()).map(str::parse).transpose().map_err(D::Error::custom)
    }
}

impl Project {
    pub(super) fn name(&self) -> ProjectName {
        ProjectName::new(self.id.clone())
    }
}

impl Branch {
    pub(super) fn name(&self) -> BranchName {
        self.project_name().branch(self.id.clone())
    }

    pub(super) fn project_name(&self) -> ProjectName {
        ProjectName::new(self.project.clone())
    }

    pub(super) fn key(&self) -> BranchKey {
        BranchKey { project: self.project_uid.clone(), branch: self.uid.clone() }
    }

    pub(super) fn has_expired(&self, now: DateTime<Utc>) -> bool {
        self.expires.is_some_and(|at| at <= now)
    }

    /// The compute that reads and writes; every branch has one from its beginning.
    pub(super) fn read_write(&self) -> Option<&Endpoint> {
        self.endpoints.values().find(|endpoint| endpoint.kind == Kind::ReadWrite)
    }

    /// The computes that only read.
    pub(super) fn read_only(&self) -> impl Iterator<Item = &Endpoint> {
        self.endpoints.values().filter(|endpoint| endpoint.kind == Kind::ReadOnly)
    }

    /// The directory in which the compute of an endpoint works: the branch's own, or that of a standby.
    pub(super) fn compute_key(&self, endpoint: &Endpoint) -> BranchKey {
        match endpoint.kind {
            Kind::ReadWrite => self.key(),
            Kind::ReadOnly => BranchKey { branch: endpoint.uid.clone(), ..self.key() },
        }
    }

    pub(super) fn role(&self, id: &RoleId) -> Result<&Role, ErrorResponse> {
        self.roles.get(id).ok_or_else(|| ErrorResponse::role_not_found(id))
    }

    pub(super) fn database(&self, id: &DatabaseId) -> Result<&Database, ErrorResponse> {
        self.databases.get(id).ok_or_else(|| ErrorResponse::not_found("database id"))
    }

    pub(super) fn endpoint(&self, id: &EndpointId) -> Result<&Endpoint, ErrorResponse> {
        self.endpoints.get(id).ok_or_else(|| ErrorResponse::not_found("endpoint id"))
    }

    pub(super) fn set_address(&mut self, endpoint: &EndpointId, address: SocketAddr) {
        if let Some(endpoint) = self.endpoints.get_mut(endpoint) {
            endpoint.address = Some(address);
        }
    }
}

impl State {
    /// A project, also one that is deleted and not yet purged.
    pub(super) fn project_or_tombstone(&self, name: &ProjectName) -> Result<&Arc<Project>, ErrorResponse> {
        self.projects.get(name).ok_or_else(|| ErrorResponse::not_found("project id"))
    }

    pub(super) fn project(&self, name: &ProjectName) -> Result<&Arc<Project>, ErrorResponse> {
        let project = self.project_or_tombstone(name)?;
        if project.deleted.is_some() { Err(ErrorResponse::not_found("project id")) } else { Ok(project) }
    }

    /// A branch of an existing project; the project is looked up first.
    pub(super) fn branch(&self, name: &BranchName) -> Result<&Arc<Branch>, ErrorResponse> {
        self.project(name.project())?;
        self.branches.get(name).ok_or_else(|| ErrorResponse::not_found("branch id"))
    }

    /// A snapshot of an existing project; the project is looked up first.
    pub(super) fn snapshot(&self, name: &SnapshotName) -> Result<&Arc<Snapshot>, ErrorResponse> {
        self.project(name.project())?;
        self.snapshots.get(name).ok_or_else(|| ErrorResponse::not_found("snapshot id"))
    }

    /// The branch of this name, or the one of this name that was deleted last, while it can be restored.
    pub(super) fn branch_or_deleted(&self, name: &BranchName) -> Result<&Arc<Branch>, ErrorResponse> {
        self.branch(name).or_else(|error| {
            self.project(name.project())?;
            self.tombstones_of(name).pop().ok_or(error)
        })
    }

    pub(super) fn endpoint(&self, name: &EndpointName) -> Result<(&Arc<Branch>, &Endpoint), ErrorResponse> {
        let branch = self.branch(name.branch())?;
        Ok((branch, branch.endpoint(name.id())?))
    }

    pub(super) fn role(&self, name: &RoleName) -> Result<(&Arc<Branch>, &Role), ErrorResponse> {
        let branch = self.branch(name.branch())?;
        Ok((branch, branch.role(name.id())?))
    }

    pub(super) fn database(&self, name: &DatabaseName) -> Result<(&Arc<Branch>, &Database), ErrorResponse> {
        let branch = self.branch(name.branch())?;
        Ok((branch, branch.database(name.id())?))
    }

    pub(super) fn branches_of<'a>(
        &'a self,
        project: &'a ProjectId,
    ) -> impl Iterator<Item = &'a Arc<Branch>> + 'a {
        self.branches.values().filter(move |branch| branch.project == *project)
    }

    pub(super) fn snapshots_of<'a>(
        &'a self,
        project: &'a ProjectId,
    ) -> impl Iterator<Item = &'a Arc<Snapshot>> + 'a {
        self.snapshots.values().filter(move |snapshot| snapshot.project == *project)
    }

    /// The deleted branches of this name, the last deleted one last.
    pub(super) fn tombstones_of(&self, name: &BranchName) -> Vec<&Arc<Branch>> {
        let mut found: Vec<_> = self.tombstones.values().filter(|branch| branch.name() == *name).collect();
        found.sort_by_key(|branch| branch.deleted);
        found
    }

    /// The address that an endpoint of this name had on the branch that was deleted last, so that a branch which is
    /// deleted and created again is found where it was.
    pub(super) fn former_address(&self, endpoint: &EndpointName) -> Option<SocketAddr> {
        self.tombstones_of(endpoint.branch()).pop()?.endpoints.get(endpoint.id())?.address
    }

    /// Branches that were made from this one and still exist.
    pub(super) fn has_children(&self, branch: &Branch) -> bool {
        self.branches_of(&branch.project)
            .any(|other| other.origin.as_ref().is_some_and(|origin| origin.branch_uid == branch.uid))
    }

    pub(super) fn put_project(&mut self, project: Project) {
        self.projects.insert(project.name(), Arc::new(project));
    }

    pub(super) fn put_branch(&mut self, branch: Branch) {
        if branch.deleted.is_some() {
            self.tombstones.insert(branch.uid.clone(), Arc::new(branch));
        } else {
            self.branches.insert(branch.name(), Arc::new(branch));
        }
    }

    pub(super) fn put_snapshot(&mut self, snapshot: Snapshot) {
        self.snapshots.insert(snapshot.name(), Arc::new(snapshot));
    }

    /// Removes a project with its branches, deleted ones too, and its snapshots, and returns them.
    pub(super) fn remove_project(&mut self, name: &ProjectName) -> (Vec<Arc<Branch>>, Vec<Arc<Snapshot>>) {
        self.projects.remove(name);
        let snapshots = self.snapshots_of(name.id()).cloned().collect();
        self.snapshots.retain(|snapshot, _| snapshot.project() != name);
        let deleted = self.tombstones.values().filter(|branch| branch.project == *name.id());
        let removed: Vec<_> = self.branches_of(name.id()).chain(deleted).cloned().collect();
        self.branches.retain(|branch, _| branch.project() != name);
        self.tombstones.retain(|_, branch| branch.project != *name.id());
        (removed, snapshots)
    }

    /// A project whose creation is over. What is changed before, the end of the creation would undo.
    pub(super) fn created_project(&self, name: &ProjectName) -> Result<&Arc<Project>, ErrorResponse> {
        let project = self.project(name)?;
        if project.init { Err(in_creation("project", name)) } else { Ok(project) }
    }

    /// A branch whose creation is over, as for [`created_project`](Self::created_project).
    pub(super) fn created_branch(&self, name: &BranchName) -> Result<&Arc<Branch>, ErrorResponse> {
        let branch = self.branch(name)?;
        if branch.init { Err(in_creation("branch", name)) } else { Ok(branch) }
    }

    /// Changes a branch in place.
    pub(super) fn change_branch<T>(
        &mut self,
        name: &BranchName,
        change: impl FnOnce(&mut Branch) -> Result<T, ErrorResponse>,
    ) -> Result<T, ErrorResponse> {
        self.branch(name)?;
        let branch = self.branches.get_mut(name).ok_or_else(|| ErrorResponse::not_found("branch id"))?;
        change(Arc::make_mut(branch))
    }

    /// The branch and endpoint with this endpoint uid.
    pub(super) fn by_endpoint_uid(&self, uid: &str) -> Option<(&Arc<Branch>, &Endpoint)> {
        self.branches.values().find_map(|branch| {
            branch.endpoints.values().find(|endpoint| endpoint.uid == uid).map(|endpoint| (branch, endpoint))
        })
    }
}

#[cfg(test)]
pub(super) mod tests;
