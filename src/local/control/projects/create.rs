//! Creation of projects.

use std::{collections::BTreeMap, time::Duration};

use chrono::Utc;
use serde_json::Value;

use super::{Projects, set};
use crate::{
    api::{
        name::{BranchId, DatabaseId, ProjectId, ProjectName},
        wire,
    },
    local::control::{
        endpoints,
        error_conversion::caught,
        error_response::{Code, ErrorResponse},
        failpoint, generated_ids,
        locks::Wanted,
        operations::{ResourceKind, Work},
        roles,
        rules::{
            self,
            mask::{MaskField as _, ProjectField},
            sizing,
        },
        sql::{self, Session},
        state::{Branch, Database, EndpointDefaults, Project, State},
        to_wire::json,
    },
};

const ROOT_BRANCH: &str = "production";
const FIRST_DATABASE: &str = "databricks_postgres";
const DEFAULT_RETENTION: Duration = Duration::from_secs(604_800);
/// The versions that the service offers.
const VERSIONS: std::ops::RangeInclusive<i64> = 16..=19;

impl Projects {
    pub(super) async fn begin_create(
        self,
        id: String,
        body: wire::project::Project,
    ) -> Result<Work, ErrorResponse> {
        let id: ProjectId = rules::ids::parse("project_id", &id)?;
        let wanted = wanted_version(&body, self.pg_version)?;
        let mut project = draft(&self.state.snapshot(), id, &self.user, wanted, &body)?;
        let branch = draft_root(&project, &self.user, &body)?;
        let name = project.name();
        let locks = Wanted::by("the creation of the project").shared(&name).exclusive(&branch.name());
        let held = self.locks.hold(locks).await?;
        let (reserved, root) = (project.clone(), branch.clone());
        let reserve = |state: &mut State| {
            if state.projects.contains_key(&name) {
                let text = "project with such id already exists in the workspace";
                return Err(ErrorResponse::new(Code::AlreadyExists, text));
            }
            state.put_project(reserved);
            state.put_branch(root);
            Ok(())
        };
        self.state.commit(reserve).await?;
        Ok(Work::new(ResourceKind::Project, project.name(), async move {
            let _held = held;
            let made = caught(self.make(&mut project, branch.clone(), wanted)).await;
            if made.is_err() {
                self.discard(&project.name(), &branch).await;
            }
            made
        }))
    }

    async fn make(
        &self,
        project: &mut Project,
        mut root: Branch,
        wanted: u32,
    ) -> Result<Value, ErrorResponse> {
        let version = self.computes.engine.resolve_version(Some(wanted)).await?;
        project.pg_version = version.major;
        let settings = project.defaults.pg_settings.clone();
        self.computes.engine.check_settings(version.major, settings).await?;
        self.computes.engine.create_root(&root.key(), version).await?;
        failpoint::reached("create-project.files");
        self.open_root(&root).await?;
        for (endpoint, address) in self.computes.publish(&root).await? {
            root.set_address(endpoint.id(), address);
        }
        root.logical_size = self.computes.logical_size(&root).await;
        failpoint::reached("create-project.opened");
        (project.init, root.init) = (false, false);
        root.state_changed = Utc::now();
        let acknowledge = |state: &mut State| {
            state.put_project(project.clone());
            state.put_branch(root);
            Ok(json(&self.to_wire(state, project)))
        };
        self.state.commit(acknowledge).await
    }

    /// Creates the platform's role, the first role and the first database in PostgreSQL.
    async fn open_root(&self, root: &Branch) -> Result<(), ErrorResponse> {
        let (Some(role), Some(database)) = (root.roles.values().next(), root.databases.values().next())
        else {
            return Err(ErrorResponse::internal("a project begins with a role and a database"));
        };
        let mut session = Session::open(&self.computes, root, sql::MAINTENANCE_DATABASE).await?;
        session.run(sql::platform()).await?;
        session.run(sql::create_role(role, None)).await?;
        session.run(sql::create_database(&database.postgres_database, &role.postgres_role)).await?;
        let mut inside = Session::open(&self.computes, root, &database.postgres_database).await?;
        inside.run(sql::open_database(&database.postgres_database, &role.postgres_role)).await
    }

    /// Removes a project whose creation failed.
    async fn discard(&self, name: &ProjectName, root: &Branch) {
        if let Err(error) = self.state.commit(|state| Ok(state.remove_project(name))).await {
            tracing::error!(%error, project = %name, "failed to remove the record of a project whose creation failed");
        }
        if let Err(error) = self.computes.remove(root).await {
            tracing::error!(
                %error,
                project = %name,
                "failed to remove the files of a project whose creation failed; the next start removes them"
            );
        }
    }
}

fn wanted_version(body: &wire::project::Project, default: u32) -> Result<u32, ErrorResponse> {
    let Some(wanted) = body.spec.as_ref().and_then(|spec| spec.pg_version) else { return Ok(default) };
    match u32::try_from(wanted) {
        Ok(version) if VERSIONS.contains(&wanted) || version == default => Ok(version),
        _ => Err(ErrorResponse::invalid(format!(
            "Field 'spec.pg_version' must be from 16 to 19, got {wanted}"
        ))),
    }
}

fn draft(
    state: &State,
    id: ProjectId,
    user: &str,
    pg_version: u32,
    body: &wire::project::Project,
) -> Result<Project, ErrorResponse> {
    let now = Utc::now();
    let mut project = Project {
        display_name: id.to_string(),
        id,
        uid: generated_ids::uuid(),
        created: now,
        updated: now,
        deleted: None,
        owner: user.to_owned(),
        pg_version,
        default_branch: root_branch()?,
        defaults: EndpointDefaults { sizing: sizing::DEFAULT, pg_settings: BTreeMap::new() },
        history_retention: DEFAULT_RETENTION,
        native_login: false,
        budget_policy_id: None,
        custom_tags: Vec::new(),
        permissions: Vec::new(),
        init: true,
    };
    if let Some(spec) = &body.spec {
        // The default branch of a new project is its root.
        for field in ProjectField::ALL.iter().filter(|field| **field != ProjectField::DefaultBranch) {
            set(state, &mut project, *field, spec)?;
        }
        sizing::check(&project.defaults.sizing)?;
    }
    Ok(project)
}

fn root_branch() -> Result<BranchId, ErrorResponse> {
    rules::ids::parse("branch_id", ROOT_BRANCH)
}

/// The root branch with its endpoint, the first role and the first database, before their creation.
fn draft_root(project: &Project, user: &str, body: &wire::project::Project) -> Result<Branch, ErrorResponse> {
    let now = Utc::now();
    let mut endpoint = endpoints::draft_primary(&project.defaults, now)?;
    if let Some(spec) = &body.initial_endpoint_spec {
        let suspension = sizing::suspension(spec.suspend_timeout_duration, spec.no_suspension)?;
        let (min, max) = (spec.autoscaling_limit_min_cu, spec.autoscaling_limit_max_cu);
        sizing::resize(&mut endpoint.sizing, min, max, suspension)?;
        spec.group.as_ref().map_or(Ok(()), |group| sizing::check_group(group, endpoint.kind))?;
    }
    let role = roles::draft_owner(user, now)?;
    let postgres_database = FIRST_DATABASE.to_owned();
    let id: DatabaseId = rules::ids::parse("database_id", &postgres_database.replace('_', "-"))?;
    let database =
        Database { id, created: now, updated: now, postgres_database, role: Some(role.id.clone()) };
    Ok(Branch {
        project: project.id.clone(),
        project_uid: project.uid.clone(),
        id: project.default_branch.clone(),
        uid: generated_ids::uid("br"),
        created: now,
        updated: now,
        state_changed: now,
        deleted: None,
        protected: body.initial_branch_spec.as_ref().and_then(|spec| spec.is_protected).unwrap_or(false),
        expires: None,
        origin: None,
        logical_size: 0,
        endpoints: BTreeMap::from([(endpoint.id.clone(), endpoint)]),
        roles: BTreeMap::from([(role.id.clone(), role)]),
        databases: BTreeMap::from([(database.id.clone(), database)]),
        intent: None,
        schedule: None,
        masked: false,
        init: true,
    })
}
