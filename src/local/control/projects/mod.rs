//! Projects: created with a root branch, a compute, the caller's role and a database.

mod create;
mod delete;
mod permissions;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::Utc;
use url::Url;

pub(super) use self::delete::purgeable;
use super::{
    computes::Computes,
    error_response::ErrorResponse,
    listing::{PageRequest, page},
    locks::Locks,
    operations::{Operations, ResourceKind, Work},
    rules::{
        self,
        mask::{self, ProjectField},
        sizing,
    },
    shared_state::SharedState,
    state::{Project, Sizing, State},
    to_wire::{self, json},
};
use crate::api::{
    name::{BranchName, FromService as _, ProjectName},
    wire::{self, operation::Operation, project::ProjectSpec},
};

const RETENTION: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(172_800)..=Duration::from_secs(3_024_000);

/// Calls on projects.
#[derive(Clone)]
pub(crate) struct Projects {
    pub(super) state: Arc<SharedState>,
    pub(super) operations: Arc<Operations>,
    pub(super) computes: Arc<Computes>,
    pub(super) locks: Arc<Locks>,
    /// The caller, who owns every project.
    pub(super) user: Arc<str>,
    /// The PostgreSQL of projects that do not ask for a version.
    pub(super) pg_version: u32,
    /// The first page of the console that shows them, ending in a slash.
    pub(super) console: Arc<RwLock<Option<Url>>>,
}

impl Projects {
    pub(crate) async fn create(
        &self,
        id: String,
        body: wire::project::Project,
    ) -> Result<Operation, ErrorResponse> {
        self.operations.submit(self.clone().begin_create(id, body)).await
    }

    pub(crate) fn get(&self, name: &ProjectName) -> Result<wire::project::Project, ErrorResponse> {
        let state = self.state.snapshot();
        Ok(self.to_wire(&state, state.project_or_tombstone(name)?))
    }

    pub(crate) fn list(&self, request: &PageRequest, deleted: bool) -> Result<wire::Projects, ErrorResponse> {
        let state = self.state.snapshot();
        let shown = state.projects.values().filter(|project| deleted || project.deleted.is_none());
        let items = shown.map(|p| (p.created, p.id.to_string(), self.to_wire(&state, p))).collect();
        let (items, next_page_token) = page(items, request, 0)?;
        Ok(wire::Projects { items, next_page_token })
    }

    pub(crate) async fn update(
        &self,
        name: ProjectName,
        mask: String,
        body: wire::project::Project,
    ) -> Result<Operation, ErrorResponse> {
        let this = self.clone();
        self.operations
            .submit(async move {
                let spec = body.spec.unwrap_or_default();
                this.check_settings(&name, &mask, &spec).await?;
                let change = |state: &mut State| {
                    let mut project = Project::clone(state.created_project(&name)?);
                    mask::apply(&mask::parse(&mask)?, |field| set(state, &mut project, field, &spec))?;
                    sizing::check(&project.defaults.sizing)?;
                    project.updated = Utc::now();
                    let response = json(&this.to_wire(state, &project));
                    state.put_project(project);
                    Ok(response)
                };
                Ok(Work::done(ResourceKind::Project, &name, this.state.commit(change).await?))
            })
            .await
    }

    pub(crate) async fn delete(&self, name: ProjectName, purge: bool) -> Result<Operation, ErrorResponse> {
        let this = self.clone();
        self.operations
            .submit(async move { if purge { this.purge(name).await } else { this.soft_delete(name).await } })
            .await
    }

    pub(crate) async fn undelete(&self, name: ProjectName) -> Result<Operation, ErrorResponse> {
        self.operations.submit(self.clone().begin_undelete(name)).await
    }

    /// Refuses settings of new endpoints that the project's PostgreSQL does not accept.
    async fn check_settings(
        &self,
        name: &ProjectName,
        mask: &str,
        spec: &ProjectSpec,
    ) -> Result<(), ErrorResponse> {
        let state = self.state.snapshot();
        let project = state.project(name)?;
        let mut after = Project::clone(project);
        mask::apply(&mask::parse(mask)?, |field| set(&state, &mut after, field, spec))?;
        let settings = after.defaults.pg_settings;
        if settings != project.defaults.pg_settings {
            self.computes.engine.check_settings(project.pg_version, settings).await?;
        }
        Ok(())
    }

    /// Has every project name its page in this console from now on.
    pub(crate) fn set_console(&self, url: Url) {
        *self.console.write().unwrap_or_else(PoisonError::into_inner) = Some(url);
    }

    fn to_wire(&self, state: &State, project: &Project) -> wire::project::Project {
        let endpoints = state.branches_of(&project.id).flat_map(|branch| branch.endpoints.values());
        let active = endpoints.filter_map(|endpoint| self.computes.activity.last_active(&endpoint.uid));
        let console = self.console.read().unwrap_or_else(PoisonError::into_inner);
        to_wire::project(project, active.max(), console.as_ref())
    }
}

/// Sets one field from a spec, and returns whether the spec holds it.
fn set(
    state: &State,
    project: &mut Project,
    field: ProjectField,
    spec: &ProjectSpec,
) -> Result<bool, ErrorResponse> {
    let defaults = spec.default_endpoint_settings.as_ref();
    let sizing: &mut Sizing = &mut project.defaults.sizing;
    Ok(match field {
        ProjectField::DisplayName => {
            if spec.display_name.as_ref().is_some_and(|name| !(1..=256).contains(&name.chars().count())) {
                return Err(ErrorResponse::invalid(
                    "Field 'spec.display_name' must have 1 to 256 characters",
                ));
            }
            mask::set(&mut project.display_name, spec.display_name.as_ref())
        }
        ProjectField::HistoryRetention => {
            let retention = spec.history_retention_duration.map(|seconds| seconds.0);
            if retention.is_some_and(|retention| !RETENTION.contains(&retention)) {
                return Err(ErrorResponse::invalid(
                    "Field 'spec.history_retention_duration' must be between 172800s (2 days) and 3024000s (35 days)",
                ));
            }
            mask::set(&mut project.history_retention, retention.as_ref())
        }
        ProjectField::DefaultBranch => return set_default_branch(state, project, spec),
        ProjectField::NativeLogin => {
            mask::set(&mut project.native_login, spec.enable_pg_native_login.as_ref())
        }
        ProjectField::BudgetPolicy => {
            mask::set(&mut project.budget_policy_id, Some(&spec.budget_policy_id).filter(|id| id.is_some()))
        }
        ProjectField::CustomTags => mask::set(&mut project.custom_tags, spec.custom_tags.as_ref()),
        ProjectField::MinCu => {
            mask::set(&mut sizing.min_cu, defaults.and_then(|d| d.autoscaling_limit_min_cu.as_ref()))
        }
        ProjectField::MaxCu => {
            mask::set(&mut sizing.max_cu, defaults.and_then(|d| d.autoscaling_limit_max_cu.as_ref()))
        }
        ProjectField::Suspension => {
            let chosen = defaults
                .map(|d| sizing::suspension(d.suspend_timeout_duration, d.no_suspension))
                .transpose()?;
            mask::set(&mut sizing.suspend_after, chosen.flatten().as_ref())
        }
        ProjectField::PgSettings => {
            let settings = defaults.and_then(|d| d.pg_settings.as_ref());
            settings.map_or(Ok(()), |settings| rules::pg_settings::check(field, settings))?;
            mask::set(&mut project.defaults.pg_settings, settings)
        }
    })
}

fn set_default_branch(
    state: &State,
    project: &mut Project,
    spec: &ProjectSpec,
) -> Result<bool, ErrorResponse> {
    let Some(text) = &spec.default_branch else { return Ok(false) };
    let name = BranchName::from_service(text).ok().filter(|name| *name.project() == project.name());
    let name = name.ok_or_else(|| {
        ErrorResponse::invalid(format!(
            "Field 'spec.default_branch' must be the name of a branch of '{}', got '{text}'",
            project.name()
        ))
    })?;
    if state.created_branch(&name)?.expires.is_some() {
        return Err(ErrorResponse::bad_request(
            "Branches with an expiration date cannot be the default branch",
        ));
    }
    project.default_branch = name.id().clone();
    Ok(true)
}
