//! Creation of projects.

use std::{collections::BTreeMap, ops::RangeInclusive, time::Duration};

use super::{CustomTag, Project, ProjectInfo};
use crate::{
    api::{
        client::Lakebase,
        created::Created,
        endpoint::{Suspension, check_size, set_computes},
        name::{ProjectId, ProjectName},
        operation::Operation,
        request::{Arguments, sent_when_awaited, start},
        wait::{PollResult, until},
        wire::{
            format::Seconds,
            project::{
                DefaultEndpointSettings, InitialBranchSpec, InitialEndpointSpec, Project as Wire, ProjectSpec,
            },
        },
    },
    error::{Error, ErrorKind, Result},
    http::Request,
};

/// A request to create a project. Awaited, it is sent and waits until the default branch accepts connections;
/// [`start`](Self::start) returns the [`Operation`] instead.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// use lakebase::{days, model::Suspension};
///
/// let project = lakebase
///     .create_project("shop")
///     .display_name("Shop")
///     .pg_version(17)
///     .history_retention(days(7))
///     .default_autoscaling(0.5..=4.0)
///     .default_suspension(Suspension::After(std::time::Duration::from_secs(60)))
///     .await?;
/// println!("{:?}", project.default_branch);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for an argument that breaks a rule, which the builder keeps
/// until then; [`AlreadyExists`](crate::ErrorKind::AlreadyExists), also when the id belongs to a deleted project that
/// is still kept; [`RateLimited`](crate::ErrorKind::RateLimited) when the workspace's quota of projects is used up;
/// [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling, or the default branch or its
/// endpoint is still not ready, after three minutes each. Also the errors of [waiting](crate::Operation#errors) and
/// of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateProject {
    client: Lakebase,
    id: Result<ProjectId>,
    body: Wire,
    arguments: Arguments,
}

impl CreateProject {
    pub(super) fn new(client: &Lakebase, id: Result<ProjectId>) -> Self {
        Self { client: client.clone(), id, body: Wire::default(), arguments: Arguments::default() }
    }

    fn spec(&mut self) -> &mut ProjectSpec {
        self.body.spec.get_or_insert_default()
    }

    fn defaults(&mut self) -> &mut DefaultEndpointSettings {
        self.spec().default_endpoint_settings.get_or_insert_default()
    }

    fn endpoint(&mut self) -> &mut InitialEndpointSpec {
        self.body.initial_endpoint_spec.get_or_insert_default()
    }

    /// The display name, 1 to 256 characters. Default: the id.
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.spec().display_name = Some(name.into());
        self
    }

    /// The major version of PostgreSQL: 16 to 19, as the service offers them. Default: the service's. It cannot be changed
    /// later.
    pub fn pg_version(mut self, major: u32) -> Self {
        self.spec().pg_version = Some(i64::from(major));
        self
    }

    /// The period in which point-in-time branches can begin, 2 to 35 days. Default: 7 days.
    pub fn history_retention(mut self, time: Duration) -> Self {
        self.spec().history_retention_duration = Some(Seconds(time));
        self
    }

    /// The smallest and largest size of endpoints created without a size, in compute units: 0.5 or whole
    /// numbers. Default: 1 to 1.
    pub fn default_autoscaling(mut self, cu: RangeInclusive<f64>) -> Self {
        let defaults = self.defaults();
        defaults.autoscaling_limit_min_cu = Some(*cu.start());
        defaults.autoscaling_limit_max_cu = Some(*cu.end());
        self.arguments.check(check_size(cu.into()));
        self
    }

    /// The idle time after which endpoints without a setting of their own are suspended: 1 minute to 7 days, or never.
    /// Default: after 24 hours.
    pub fn default_suspension(mut self, suspension: Suspension) -> Self {
        let defaults = self.defaults();
        (defaults.suspend_timeout_duration, defaults.no_suspension) = suspension.members();
        self.arguments.check(suspension.check());
        self
    }

    /// PostgreSQL settings of endpoints created without settings. Default: none.
    pub fn default_pg_settings(
        mut self,
        settings: impl IntoIterator<Item = (impl Into<String>, impl Into<String>)>,
    ) -> Self {
        let settings: BTreeMap<_, _> = settings.into_iter().map(|(k, v)| (k.into(), v.into())).collect();
        self.defaults().pg_settings = Some(settings);
        self
    }

    /// Whether roles may log in with passwords. Off by default.
    pub fn native_login(mut self, allowed: bool) -> Self {
        self.spec().enable_pg_native_login = Some(allowed);
        self
    }

    /// The budget policy that the project is charged to. Default: none.
    pub fn budget_policy_id(mut self, id: impl Into<String>) -> Self {
        self.spec().budget_policy_id = Some(id.into());
        self
    }

    /// Labels. Default: none.
    pub fn custom_tags(mut self, tags: impl IntoIterator<Item = CustomTag>) -> Self {
        self.spec().custom_tags = Some(super::update::to_wire(tags));
        self
    }

    /// Protects the first branch from deletion. Off by default.
    pub fn protect_default_branch(mut self) -> Self {
        self.body.initial_branch_spec = Some(InitialBranchSpec { is_protected: Some(true) });
        self
    }

    /// The size of the first endpoint alone, in compute units. Default: as all endpoints.
    pub fn initial_autoscaling(mut self, cu: RangeInclusive<f64>) -> Self {
        let endpoint = self.endpoint();
        endpoint.autoscaling_limit_min_cu = Some(*cu.start());
        endpoint.autoscaling_limit_max_cu = Some(*cu.end());
        self.arguments.check(check_size(cu.into()));
        self
    }

    /// When the first endpoint alone is suspended. Default: as all endpoints.
    pub fn initial_suspension(mut self, suspension: Suspension) -> Self {
        let endpoint = self.endpoint();
        (endpoint.suspend_timeout_duration, endpoint.no_suspension) = suspension.members();
        self.arguments.check(suspension.check());
        self
    }

    /// The number of computes of the first endpoint that stand in for each other: 2 to 4, or 1 for no high
    /// availability. More than one needs [`Suspension::Never`]. Default: 1.
    pub fn initial_computes(mut self, number: u32) -> Self {
        set_computes(&mut self.endpoint().group, number);
        self
    }

    /// Whether the standbys of a highly available first endpoint answer reads. Default: no.
    pub fn initial_readable_secondaries(mut self, readable: bool) -> Self {
        self.endpoint().group.get_or_insert_default().enable_readable_secondaries = Some(readable);
        self
    }

    /// Accepts an existing project of this id if it has the requested PostgreSQL version.
    pub fn if_missing(self) -> CreateProjectIfMissing {
        CreateProjectIfMissing { wanted: self }
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) for an argument that breaks a rule;
    /// [`AlreadyExists`](ErrorKind::AlreadyExists), also when the id belongs to a deleted project that is still
    /// kept; [`RateLimited`](ErrorKind::RateLimited) when the workspace's quota of projects is used up.
    pub async fn start(self) -> Result<Operation<ProjectInfo>> {
        let client = self.client.clone();
        let (project, request) = self.request()?;
        Self::send(&client, &project, request).await
    }

    async fn run(self) -> Result<ProjectInfo> {
        let client = self.client.clone();
        let (project, request) = self.request()?;
        Self::send(&client, &project, request).await?.await?;
        project.wait_until_ready().await
    }

    async fn send(client: &Lakebase, project: &Project, request: Request) -> Result<Operation<ProjectInfo>> {
        match start(client, request).await {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(match project.try_get().await {
                Ok(Some(found)) if found.is_deleted() => kept(&found).with_source(error),
                _ => error,
            }),
            result => result,
        }
    }

    fn request(self) -> Result<(Project, Request)> {
        let project = Project::new(&self.client, ProjectName::new(self.id?));
        let context = format!("creating project {}", project.name());
        self.arguments.finish().map_err(|error| error.with_context(context.clone()))?;
        let request = Request::post("projects", &self.body, context)?.query("project_id", project.id());
        Ok((project, request))
    }
}

/// A deleted project keeps its id until it is purged.
fn kept(found: &ProjectInfo) -> Error {
    let until = found.purge_time.map_or_else(|| "it is purged".to_owned(), |time| time.to_rfc3339());
    let message = format!(
        "{} was deleted and keeps its id until {until}; undelete it, or delete it with purge",
        found.name
    );
    Error::new(ErrorKind::AlreadyExists, message).with_context(format!("creating project {}", found.name))
}

sent_when_awaited!(CreateProject => ProjectInfo);

/// A request to create a project if it is missing: [`CreateProject::if_missing`].
///
/// An existing project with another PostgreSQL version than requested is a
/// [`Mismatch`](ErrorKind::Mismatch) that shows both; a deleted one that is still kept is an
/// [`AlreadyExists`](ErrorKind::AlreadyExists). Settings that can be changed are not compared.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// let project = lakebase.create_project("shop").pg_version(17).if_missing().await?;
/// println!("{} runs PostgreSQL {:?}", project.name, project.pg_version);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Mismatch`](crate::ErrorKind::Mismatch) when the existing project has another PostgreSQL version;
/// otherwise those of [`CreateProject`]. [`AlreadyExists`](crate::ErrorKind::AlreadyExists) remains when the project
/// is deleted but still kept.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateProjectIfMissing {
    wanted: CreateProject,
}

sent_when_awaited!(CreateProjectIfMissing => ProjectInfo);

impl CreateProjectIfMissing {
    async fn run(self) -> Result<ProjectInfo> {
        Ok(self.outcome().await?.info)
    }

    /// Sends the request and reports whether it created the project.
    ///
    /// # Errors
    ///
    /// Those of awaiting the request: [`Mismatch`](ErrorKind::Mismatch) where the project has another PostgreSQL
    /// version, and those of [`CreateProject`].
    pub async fn outcome(self) -> Result<Created<ProjectInfo>> {
        let version = self.wanted.body.spec.as_ref().and_then(|spec| spec.pg_version);
        let client = self.wanted.client.clone();
        let (project, request) = self.wanted.request()?;
        if let Some(found) = project.try_get().await? {
            return accept(found, version).await;
        }
        match CreateProject::send(&client, &project, request).await {
            Ok(operation) => {
                operation.await?;
                Ok(Created::made(project.wait_until_ready().await?))
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match project.try_get().await? {
                Some(found) => accept(found, version).await,
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }
}

async fn accept(found: ProjectInfo, version: Option<i64>) -> Result<Created<ProjectInfo>> {
    if found.is_deleted() {
        return Err(kept(&found));
    }
    match (version, found.pg_version) {
        (Some(wanted), Some(has)) if wanted != i64::from(has) => {
            let message = format!(
                "the project exists, but with PostgreSQL {has} instead of {wanted}; choose another id or ask for {has}"
            );
            Err(Error::new(ErrorKind::Mismatch, message)
                .with_context(format!("creating project {}", found.name)))
        }
        _ => found.wait_until_ready().await.map(Created::found),
    }
}

impl Project {
    /// Waits until the default branch of a new project accepts connections, for at most three minutes each for project,
    /// branch and endpoint. Awaiting [`Lakebase::create_project`] does this already.
    ///
    /// # Errors
    ///
    /// [`Timeout`](ErrorKind::Timeout) with the last state seen.
    pub async fn wait_until_ready(&self) -> Result<ProjectInfo> {
        let context = || format!("waiting until {} is ready", self.name());
        let branch = until!(
            self.client().deadlines().ready,
            match self.default_branch().await {
                Ok(branch) => Ok(PollResult::Ready(branch)),
                Err(error) if passes(&error) => Ok(PollResult::Pending(error.to_string())),
                Err(error) => Err(error),
            }
        );
        let branch = branch.await.map_err(|error| error.with_context(context()))?;
        branch.wait_until_ready().await?;
        if let Some(endpoint) = branch.handle().read_write_endpoint().await? {
            endpoint.wait_until_ready().await?;
        }
        self.get().await
    }
}

/// Shortly after the creation of a project, its parts may be missing and the caller's permissions not yet replicated.
fn passes(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Unavailable)
}
