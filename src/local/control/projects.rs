//! Projects: made with a root branch, a compute, the caller's role and a database.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{
    Control,
    branches::json,
    failpoint, identity,
    listing::{PageRequest, page},
    locks::{Held, Wanted},
    operations::{Subject, Work, empty},
    rejection::{Code, Rejection},
    roles,
    rules::{self, mask, sizing},
    sql,
    state::{Branch, Database, EndpointDefaults, Project, Role, Sizing, State},
    view::{self, PURGE_AFTER},
};
use crate::api::wire::{self, operation::Operation, project::ProjectSpec};

const ROOT_BRANCH: &str = "production";
const FIRST_DATABASE: &str = "databricks_postgres";
const RETENTION: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(172_800)..=Duration::from_secs(3_024_000);
const DEFAULT_RETENTION: Duration = Duration::from_secs(604_800);
/// What the service offers.
const VERSIONS: std::ops::RangeInclusive<i64> = 16..=18;

impl Control {
    pub(crate) async fn create_project(
        self: &Arc<Self>,
        id: String,
        body: wire::project::Project,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        self.submit(async move { control.begin_project(id, body).await }).await
    }

    pub(crate) fn get_project(&self, id: &str) -> Result<wire::project::Project, Rejection> {
        let state = self.snapshot();
        Ok(self.tell_project(&state, state.project_or_tombstone(id)?))
    }

    pub(crate) fn list_projects(
        &self,
        request: &PageRequest,
        deleted: bool,
    ) -> Result<wire::Projects, Rejection> {
        let state = self.snapshot();
        let shown = state.projects.values().filter(|project| deleted || project.deleted.is_none());
        let items = shown.map(|p| (p.created, p.id.clone(), self.tell_project(&state, p))).collect();
        let (items, next_page_token) = page(items, request, 0)?;
        Ok(wire::Projects { items, next_page_token })
    }

    pub(crate) async fn update_project(
        self: &Arc<Self>,
        id: String,
        mask: String,
        body: wire::project::Project,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        self.submit(async move {
            let response = control
                .commit(|state| {
                    let mut project = Project::clone(state.project(&id)?);
                    patch(state, &mut project, &mask, &body.spec.unwrap_or_default())?;
                    project.updated = Utc::now();
                    state.put_project(project);
                    Ok(json(&control.tell_project(state, state.project(&id)?)))
                })
                .await?;
            Ok(Work::done(Subject::Project, format!("projects/{id}"), response))
        })
        .await
    }

    pub(crate) async fn delete_project(
        self: &Arc<Self>,
        id: String,
        purge: bool,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        self.submit(async move {
            if purge { control.purge_project(id).await } else { control.soft_delete_project(id).await }
        })
        .await
    }

    pub(crate) async fn undelete_project(self: &Arc<Self>, id: String) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        self.submit(async move {
            let wanted = Wanted::by("the undeletion of the project").exclusive(format!("projects/{id}"));
            let held = control.locks.hold(wanted).await?;
            control
                .commit(|state| {
                    let mut project = Project::clone(state.project_or_tombstone(&id)?);
                    if project.deleted.take().is_none() {
                        return Err(Rejection::bad_request(format!(
                            "project '{}' is not deleted",
                            project.name()
                        )));
                    }
                    project.updated = Utc::now();
                    state.put_project(project);
                    Ok(())
                })
                .await?;
            Ok(Work::new(Subject::Project, format!("projects/{id}"), async move {
                let _held = held;
                failpoint::reached("undelete-project.row");
                control
                    .publish_all()
                    .await
                    .map_err(|error| Rejection::internal(super::with_sources(&error)))?;
                Ok(empty())
            }))
        })
        .await
    }

    fn tell_project(&self, state: &State, project: &Project) -> wire::project::Project {
        let endpoints = state.branches_of(&project.id).flat_map(|branch| branch.endpoints.values());
        view::project(
            project,
            endpoints.filter_map(|endpoint| self.computes.last_active(&endpoint.uid)).max(),
        )
    }

    async fn begin_project(
        self: Arc<Self>,
        id: String,
        body: wire::project::Project,
    ) -> Result<Work, Rejection> {
        rules::ids::check_id("project_id", &id)?;
        let wanted = wanted_version(&body, self.pg_version)?;
        let mut project = draft(&id, &self.user, wanted, &body)?;
        let branch = draft_root(&project, &self.user, &body)?;
        let locks = Wanted::by("the creation of the project").shared(project.name());
        let held = self.locks.hold(locks.exclusive(branch.name())).await?;
        let (reserved, root) = (project.clone(), branch.clone());
        self.commit(|state| {
            if state.projects.contains_key(&reserved.id) {
                let text = "project with such id already exists in the workspace";
                return Err(Rejection::new(Code::AlreadyExists, text));
            }
            state.put_project(reserved);
            state.put_branch(root);
            Ok(())
        })
        .await?;
        Ok(Work::new(Subject::Project, project.name(), async move {
            let _held = held;
            let made = super::caught(self.make_project(&mut project, branch.clone(), wanted)).await;
            if made.is_err() {
                self.forget_project(&project.id).await;
                let _ = self.tear_down(&branch).await;
            }
            made
        }))
    }

    async fn make_project(
        &self,
        project: &mut Project,
        mut root: Branch,
        wanted: u32,
    ) -> Result<Value, Rejection> {
        let version = self.engine.resolve_version(Some(wanted)).await?;
        project.pg_version = version.major;
        self.engine.create_root(&root.key(), version).await?;
        failpoint::reached("create-project.files");
        self.open_root(&root).await?;
        for (_, endpoint, address) in self.publish_branch(&root).await? {
            super::set_address(&mut root, &endpoint, address);
        }
        root.logical_size = self.logical_size(&root).await;
        failpoint::reached("create-project.opened");
        (project.init, root.init) = (false, false);
        root.state_changed = Utc::now();
        self.commit(|state| {
            state.put_project(project.clone());
            state.put_branch(root);
            Ok(json(&self.tell_project(state, project)))
        })
        .await
    }

    /// The platform's role, the first role and the first database, in PostgreSQL.
    async fn open_root(&self, root: &Branch) -> Result<(), Rejection> {
        let (Some(role), Some(database)) = (root.roles.values().next(), root.databases.values().next())
        else {
            return Err(Rejection::internal("a project begins with a role and a database"));
        };
        let mut session = self.session(root, sql::MAINTENANCE_DATABASE).await?;
        session.run(sql::platform()).await?;
        session.run(sql::create_role(role)).await?;
        session.run(sql::create_database(&database.postgres_database, &role.postgres_role)).await?;
        let mut inside = self.session(root, &database.postgres_database).await?;
        inside.run(sql::open_database(&database.postgres_database, &role.postgres_role)).await
    }

    async fn forget_project(&self, id: &str) -> Vec<Arc<Branch>> {
        let gone = self
            .commit(|state| {
                let branches: Vec<_> = state.branches_of(id).cloned().collect();
                for branch in &branches {
                    state.branches.remove(&branch.ids());
                }
                state.projects.remove(id);
                Ok(branches)
            })
            .await;
        gone.unwrap_or_default()
    }

    /// Locks a project; changes of roles and databases that are under way in it are given up.
    async fn hold_for_deletion(&self, id: &str) -> Result<Held, Rejection> {
        let state = self.snapshot();
        rules::deletion::check_project(&state, state.project_or_tombstone(id)?)?;
        let branches = state.branches_of(id);
        let _deleting: Vec<_> = branches.map(|branch| self.locks.announce_delete(&branch.name())).collect();
        let wanted = Wanted::by("the deletion of the project").exclusive(format!("projects/{id}"));
        self.locks.hold(wanted).await
    }

    /// Deletes a project for good.
    pub(super) async fn purge_project(self: Arc<Self>, id: String) -> Result<Work, Rejection> {
        let held = self.hold_for_deletion(&id).await?;
        let branches = self
            .commit(|state| {
                let project = Arc::clone(state.project_or_tombstone(&id)?);
                rules::deletion::check_project(state, &project)?;
                let branches: Vec<_> = state.branches_of(&id).cloned().collect();
                for branch in &branches {
                    state.branches.remove(&branch.ids());
                }
                state.projects.remove(&id);
                Ok(branches)
            })
            .await?;
        Ok(Work::new(Subject::Project, format!("projects/{id}"), async move {
            let _held = held;
            failpoint::reached("purge-project.rows");
            for branch in branches {
                self.tear_down(&branch).await?;
            }
            Ok(empty())
        }))
    }

    /// Deletes a project so that it can be brought back: its computes stop and nobody gets in.
    async fn soft_delete_project(self: Arc<Self>, id: String) -> Result<Work, Rejection> {
        let held = self.hold_for_deletion(&id).await?;
        let branches = self
            .commit(|state| {
                let mut project = Project::clone(state.project_or_tombstone(&id)?);
                if project.deleted.is_some() {
                    let text = "is deleted already; purge=true removes it for good";
                    return Err(Rejection::bad_request(format!("project '{}' {text}", project.name())));
                }
                rules::deletion::check_project(state, &project)?;
                project.deleted = Some(Utc::now());
                state.put_project(project);
                Ok(state.branches_of(&id).cloned().collect::<Vec<_>>())
            })
            .await?;
        Ok(Work::new(Subject::Project, format!("projects/{id}"), async move {
            let _held = held;
            failpoint::reached("delete-project.row");
            for branch in branches {
                for endpoint in branch.endpoints.values() {
                    self.gateway.withdraw(&endpoint.uid).await;
                    self.halt(&branch, endpoint).await?;
                }
            }
            Ok(empty())
        }))
    }
}

/// Deleted projects whose time to be brought back is over.
pub(super) fn to_purge(state: &State, now: DateTime<Utc>) -> Vec<String> {
    let over = |project: &&Arc<Project>| project.deleted.is_some_and(|at| at + PURGE_AFTER <= now);
    state.projects.values().filter(over).map(|project| project.id.clone()).collect()
}

fn wanted_version(body: &wire::project::Project, default: u32) -> Result<u32, Rejection> {
    let Some(wanted) = body.spec.as_ref().and_then(|spec| spec.pg_version) else { return Ok(default) };
    match u32::try_from(wanted) {
        Ok(version) if VERSIONS.contains(&wanted) || version == default => Ok(version),
        _ => Err(Rejection::invalid(format!("Field 'spec.pg_version' must be 16, 17 or 18, got {wanted}"))),
    }
}

fn draft(id: &str, user: &str, pg_version: u32, body: &wire::project::Project) -> Result<Project, Rejection> {
    let now = Utc::now();
    let mut project = Project {
        id: id.to_owned(),
        uid: identity::uuid(),
        created: now,
        updated: now,
        deleted: None,
        display_name: id.to_owned(),
        owner: user.to_owned(),
        pg_version,
        default_branch: ROOT_BRANCH.to_owned(),
        defaults: EndpointDefaults { sizing: sizing::DEFAULT, pg_settings: BTreeMap::new() },
        history_retention: DEFAULT_RETENTION,
        native_login: false,
        budget_policy_id: None,
        custom_tags: Vec::new(),
        init: true,
    };
    if let Some(spec) = &body.spec {
        for leaf in mask::PROJECT.leaves.iter().filter(|leaf| **leaf != "spec.default_branch") {
            set(&mut project, leaf, spec)?;
        }
        sizing::check(&project.defaults.sizing)?;
    }
    Ok(project)
}

/// The root branch with its endpoint, the first role and the first database, as they will be.
fn draft_root(project: &Project, user: &str, body: &wire::project::Project) -> Result<Branch, Rejection> {
    let now = Utc::now();
    let mut endpoint = super::endpoints::draft_primary(&project.defaults, now);
    if let Some(spec) = &body.initial_endpoint_spec {
        let suspension = sizing::suspension(spec.suspend_timeout_duration, spec.no_suspension)?;
        let (min, max) = (spec.autoscaling_limit_min_cu, spec.autoscaling_limit_max_cu);
        sizing::resize(&mut endpoint.sizing, min, max, suspension)?;
        spec.group.as_ref().map_or(Ok(()), sizing::check_group)?;
    }
    let role: Role = match &body.initial_role_spec {
        Some(spec) => roles::draft(None, spec, now)?,
        None => roles::draft_owner(user, now),
    };
    let named = body.initial_database_spec.as_ref().and_then(|spec| spec.postgres_database.clone());
    let postgres_database = named.unwrap_or_else(|| FIRST_DATABASE.to_owned());
    rules::ids::check_identifier("initial_database_spec.postgres_database", &postgres_database)?;
    rules::ids::check_database_is_not_reserved(&postgres_database)?;
    let id =
        Some(postgres_database.replace('_', "-")).filter(|id| crate::api::name::DatabaseId::new(id).is_ok());
    let database = Database {
        id: id.unwrap_or_else(|| identity::generated_id("db")),
        created: now,
        updated: now,
        postgres_database,
        role: role.id.clone(),
    };
    Ok(Branch {
        project: project.id.clone(),
        project_uid: project.uid.clone(),
        id: ROOT_BRANCH.to_owned(),
        uid: identity::words("br"),
        created: now,
        updated: now,
        state_changed: now,
        protected: body.initial_branch_spec.as_ref().and_then(|spec| spec.is_protected).unwrap_or(false),
        expires: None,
        origin: None,
        logical_size: 0,
        endpoints: BTreeMap::from([(endpoint.id.clone(), endpoint)]),
        roles: BTreeMap::from([(role.id.clone(), role)]),
        databases: BTreeMap::from([(database.id.clone(), database)]),
        intent: None,
        init: true,
    })
}

fn patch(state: &State, project: &mut Project, mask: &str, spec: &ProjectSpec) -> Result<(), Rejection> {
    let leaves = mask::PROJECT.resolve(mask)?;
    mask::apply(&leaves, |path| match path {
        "spec.default_branch" => set_default_branch(state, project, spec),
        path => set(project, path, spec),
    })?;
    sizing::check(&project.defaults.sizing)
}

fn set_default_branch(state: &State, project: &mut Project, spec: &ProjectSpec) -> Result<bool, Rejection> {
    let Some(name) = &spec.default_branch else { return Ok(false) };
    let wrong = || {
        Rejection::invalid(format!(
            "Field 'spec.default_branch' must be the name of a branch of '{}', got '{name}'",
            project.name()
        ))
    };
    let id = name.strip_prefix(&format!("{}/branches/", project.name())).ok_or_else(wrong)?;
    let branch = state.branch(&project.id, id)?;
    if branch.expires.is_some() {
        return Err(Rejection::bad_request("Branches with an expiration date cannot be the default branch"));
    }
    project.default_branch = id.to_owned();
    Ok(true)
}

/// Sets one field from a spec, and says whether the spec holds it.
fn set(project: &mut Project, path: &str, spec: &ProjectSpec) -> Result<bool, Rejection> {
    let defaults = spec.default_endpoint_settings.as_ref();
    let sizing: &mut Sizing = &mut project.defaults.sizing;
    Ok(match path {
        "spec.display_name" => {
            if spec.display_name.as_ref().is_some_and(|name| !(1..=256).contains(&name.chars().count())) {
                return Err(Rejection::invalid("Field 'spec.display_name' must have 1 to 256 characters"));
            }
            mask::set(&mut project.display_name, spec.display_name.as_ref())
        }
        "spec.history_retention_duration" => {
            let retention = spec.history_retention_duration.map(|seconds| seconds.0);
            if retention.is_some_and(|retention| !RETENTION.contains(&retention)) {
                return Err(Rejection::invalid(
                    "Field 'spec.history_retention_duration' must be between 172800s (2 days) and 3024000s (35 days)",
                ));
            }
            mask::set(&mut project.history_retention, retention.as_ref())
        }
        "spec.enable_pg_native_login" => {
            mask::set(&mut project.native_login, spec.enable_pg_native_login.as_ref())
        }
        "spec.budget_policy_id" => {
            mask::set(&mut project.budget_policy_id, Some(&spec.budget_policy_id).filter(|id| id.is_some()))
        }
        "spec.custom_tags" => mask::set(&mut project.custom_tags, spec.custom_tags.as_ref()),
        "spec.default_endpoint_settings.autoscaling_limit_min_cu" => {
            mask::set(&mut sizing.min_cu, defaults.and_then(|d| d.autoscaling_limit_min_cu.as_ref()))
        }
        "spec.default_endpoint_settings.autoscaling_limit_max_cu" => {
            mask::set(&mut sizing.max_cu, defaults.and_then(|d| d.autoscaling_limit_max_cu.as_ref()))
        }
        "spec.default_endpoint_settings.suspension" => {
            let chosen = defaults
                .map(|d| sizing::suspension(d.suspend_timeout_duration, d.no_suspension))
                .transpose()?;
            mask::set(&mut sizing.suspend_after, chosen.flatten().as_ref())
        }
        "spec.default_endpoint_settings.pg_settings" => {
            let settings = defaults.and_then(|d| d.pg_settings.as_ref());
            settings.map_or(Ok(()), |settings| rules::pg_settings::check(path, settings))?;
            mask::set(&mut project.defaults.pg_settings, settings)
        }
        _ => false,
    })
}
