//! Projects: one history of data, and the branches of it.

mod create;
mod delete;
mod permissions;
mod update;

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use create::{CreateProject, CreateProjectIfMissing};
pub use delete::{DeleteProject, UndeleteProject};
pub use permissions::{AccessEntry, AccessList, Grant, Permission, Principal, ProjectPermissions};
pub use update::UpdateProject;

use crate::{
    api::{
        branch::{Branch, BranchInfo, CreateBranch},
        client::Lakebase,
        endpoint::Suspension,
        expiry::Expiry,
        name::{BranchId, BranchName, ProjectId, ProjectName},
        page::List,
        request::{ok_or_missing, read},
        resource::{InvalidField, count, forward, handle, maybe_named, model, named},
        wire,
    },
    error::{Error, ErrorKind, Result},
    http::Request,
};

handle! {
    /// A handle to one project: a name and a client. Cloning is cheap, and nothing is sent until a verb is awaited,
    /// so holding one says nothing about whether the project exists.
    ///
    /// ```no_run
    /// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
    /// let project = lakebase.project("shop")?;
    /// for branch in project.branches().await? {
    ///     println!("{} {}", branch.id(), if branch.is_default { "(default)" } else { "" });
    /// }
    /// # Ok(())
    /// # }
    /// ```
    Project, ProjectName, ProjectId
}

/// The service's answer about a project. The methods that usually follow a create or read are here; its
/// [`handle`](Self::handle) has all of them.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// let project = lakebase.project("shop")?.get().await?;
/// println!("{} runs PostgreSQL {:?}", project.display_name, project.pg_version);
/// println!("{} branches", project.branches().await?.len());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ProjectInfo {
    #[serde(skip)]
    handle: Project,
    /// The whole name.
    pub name: ProjectName,
    /// The service's own key.
    pub uid: Option<String>,
    /// The display name.
    pub display_name: String,
    /// The major version of PostgreSQL.
    pub pg_version: Option<u32>,
    /// The user name of its creator.
    pub owner: Option<String>,
    /// The default branch.
    pub default_branch: Option<BranchName>,
    /// The settings of endpoints created from now on.
    pub default_endpoint_settings: EndpointDefaults,
    /// The period in which point-in-time branches can begin.
    pub history_retention: Option<Duration>,
    /// Its page in the console of a local Lakebase.
    #[serde(skip)]
    pub(crate) local_console_url: Option<String>,
    /// Whether roles may log in with passwords.
    pub native_login: bool,
    /// The maximum data size of a branch, in bytes.
    pub branch_logical_size_limit_bytes: Option<u64>,
    /// The storage that the project is charged for, in bytes.
    pub storage_size_bytes: u64,
    /// Time of the last activity of a compute.
    pub compute_last_active_time: Option<DateTime<Utc>>,
    /// The budget policy it is charged to.
    pub budget_policy_id: Option<String>,
    /// The caller's own labels.
    pub custom_tags: Vec<CustomTag>,
    /// Creation time.
    pub create_time: Option<DateTime<Utc>>,
    /// Time of the last change.
    pub update_time: Option<DateTime<Utc>>,
    /// Time of the deletion, while it can be undone.
    pub delete_time: Option<DateTime<Utc>>,
    /// Time at which a deleted project is purged; its id stays reserved until then.
    pub purge_time: Option<DateTime<Utc>>,
}

/// The settings of endpoints created without settings of their own.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// let project = lakebase.project("shop")?.get().await?;
/// println!("at most {:?} CU", project.default_endpoint_settings.max_cu);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EndpointDefaults {
    /// The smallest size, in compute units.
    pub min_cu: Option<f64>,
    /// The largest size, in compute units.
    pub max_cu: Option<f64>,
    /// The idle time after which an endpoint is suspended.
    pub suspension: Option<Suspension>,
    /// PostgreSQL settings.
    pub pg_settings: BTreeMap<String, String>,
}

/// A label of a project.
///
/// ```
/// let tag = lakebase::model::CustomTag::new("team", "checkout");
/// assert_eq!(tag.key, "team");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct CustomTag {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

impl CustomTag {
    /// Creates a label.
    pub fn new(key: impl Into<String>, value: impl Into<String>) -> Self {
        Self { key: key.into(), value: value.into() }
    }
}

model!(ProjectInfo, Project, ProjectName, ProjectId, wire::project::Project, "projects");

impl ProjectInfo {
    fn from_wire(client: &Lakebase, wire: wire::project::Project) -> Result<Self, InvalidField> {
        let name: ProjectName = named(wire.name, "name")?;
        let status = wire.status.unwrap_or_default();
        Ok(Self {
            handle: Project::new(client, name.clone()),
            uid: wire.uid,
            display_name: status.display_name.unwrap_or_else(|| name.id().to_string()),
            name,
            pg_version: status.pg_version.and_then(|version| u32::try_from(version).ok()),
            owner: status.owner,
            default_branch: maybe_named(status.default_branch, "default_branch")?,
            default_endpoint_settings: status.default_endpoint_settings.map(Into::into).unwrap_or_default(),
            history_retention: status.history_retention_duration.map(|seconds| seconds.0),
            local_console_url: status.console_url,
            native_login: status.enable_pg_native_login.unwrap_or_default(),
            branch_logical_size_limit_bytes: count(status.branch_logical_size_limit_bytes),
            storage_size_bytes: count(status.synthetic_storage_size_bytes).unwrap_or_default(),
            compute_last_active_time: status.compute_last_active_time,
            budget_policy_id: status.budget_policy_id,
            custom_tags: status
                .custom_tags
                .unwrap_or_default()
                .into_iter()
                .map(|tag| CustomTag { key: tag.key, value: tag.value })
                .collect(),
            create_time: wire.create_time,
            update_time: wire.update_time,
            delete_time: wire.delete_time,
            purge_time: wire.purge_time,
        })
    }

    /// Whether it is deleted and kept for undeletion only.
    pub fn is_deleted(&self) -> bool {
        self.delete_time.is_some()
    }

    forward! {
        Project:
        fn branch(&self, id: impl TryInto<BranchId, Error: Into<Error>>) -> Result<Branch>;
        async fn wait_until_ready(&self) -> Result<ProjectInfo>;
        fn branches(&self) -> List<BranchInfo>;
        async fn default_branch(&self) -> Result<BranchInfo>;
        fn create_branch(&self, id: impl TryInto<BranchId, Error: Into<Error>>, expiry: Expiry) -> CreateBranch;
        fn update(&self) -> UpdateProject;
        fn delete(&self) -> DeleteProject;
    }
}

impl From<wire::project::DefaultEndpointSettings> for EndpointDefaults {
    fn from(wire: wire::project::DefaultEndpointSettings) -> Self {
        Self {
            min_cu: wire.autoscaling_limit_min_cu,
            max_cu: wire.autoscaling_limit_max_cu,
            suspension: Some(Suspension::from_wire(wire.suspend_timeout_duration)),
            pg_settings: wire.pg_settings.unwrap_or_default(),
        }
    }
}

impl List<ProjectInfo> {
    /// Includes projects that were deleted and are not yet purged.
    pub fn show_deleted(self) -> Self {
        self.with_deleted()
    }
}

impl Project {
    /// A handle to one of its branches; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) when the id breaks the id rule.
    pub fn branch(&self, id: impl TryInto<BranchId, Error: Into<Error>>) -> Result<Branch> {
        Ok(Branch::new(&self.client, self.name.branch(id.try_into().map_err(Into::into)?)))
    }

    /// Reads the project as the service has it now. A deleted project that is still kept is answered too:
    /// see [`ProjectInfo::is_deleted`].
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) if it does not exist; [`try_get`](Self::try_get) returns `None` then.
    pub async fn get(&self) -> Result<ProjectInfo> {
        let name = self.name.to_string();
        read(&self.client, Request::get(&name, format!("reading project {name}"))).await
    }

    /// Reads the project; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without `NotFound`.
    pub async fn try_get(&self) -> Result<Option<ProjectInfo>> {
        ok_or_missing(self.get().await)
    }

    /// Lists its branches.
    pub fn branches(&self) -> List<BranchInfo> {
        let path = format!("{}/branches", self.name);
        List::new(&self.client, Request::get(&path, format!("listing branches of {}", self.name)))
    }

    /// The default branch, found by its mark and not by its name: it is `production` in new projects and has
    /// other names in old ones.
    ///
    /// # Errors
    ///
    /// [`NotFound`](ErrorKind::NotFound) when the project does not exist or no branch carries the mark.
    pub async fn default_branch(&self) -> Result<BranchInfo> {
        let branches = self.branches().await?;
        branches.into_iter().find(|branch| branch.is_default).ok_or_else(|| {
            Error::new(
                ErrorKind::NotFound,
                format!("no branch of {} is marked as the default one; name a branch instead", self.name),
            )
        })
    }

    /// Changes settings of the project.
    pub fn update(&self) -> UpdateProject {
        UpdateProject::new(self)
    }

    /// Deletes the project with everything in it.
    pub fn delete(&self) -> DeleteProject {
        DeleteProject::new(self)
    }

    /// Brings a deleted project back with its branches, while the service still keeps it (7 days).
    pub fn undelete(&self) -> UndeleteProject {
        UndeleteProject::new(self)
    }
}

impl Lakebase {
    /// A handle to a project by its id or typed name; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) when the id breaks the id rule.
    ///
    /// ```no_run
    /// # fn example(lakebase: lakebase::Lakebase) -> Result<(), Box<dyn std::error::Error>> {
    /// let project = lakebase.project("shop")?;
    /// let name: lakebase::name::ProjectName = "projects/shop".parse()?;
    /// assert_eq!(lakebase.project(name)?, project);
    /// # Ok(())
    /// # }
    /// ```
    pub fn project(&self, id: impl TryInto<ProjectId, Error: Into<Error>>) -> Result<Project> {
        Ok(Project::new(self, ProjectName::new(id.try_into().map_err(Into::into)?)))
    }

    /// The projects of the workspace that the caller may see.
    pub fn projects(&self) -> List<ProjectInfo> {
        List::new(self, Request::get("projects", "listing projects"))
    }

    /// Creates a project, with a default branch, an endpoint and a database.
    pub fn create_project(&self, id: impl TryInto<ProjectId, Error: Into<Error>>) -> CreateProject {
        CreateProject::new(self, id.try_into().map_err(Into::into))
    }
}

impl From<ProjectName> for ProjectId {
    fn from(name: ProjectName) -> Self {
        name.id().clone()
    }
}

impl From<&ProjectName> for ProjectId {
    fn from(name: &ProjectName) -> Self {
        name.id().clone()
    }
}
