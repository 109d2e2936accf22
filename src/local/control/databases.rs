//! Databases: rows of a branch and databases in its PostgreSQL.

use std::sync::Arc;

use chrono::Utc;

use super::{
    error_response::ErrorResponse,
    generated_ids,
    intents::CatalogChanges,
    listing::{PageRequest, page},
    locks::Held,
    operations::{Operations, ResourceKind, Work, empty},
    roles::role_id_in,
    rules::{
        self,
        mask::{self, DatabaseField, Selected},
    },
    shared_state::SharedState,
    state::{Branch, Database, Intent},
    to_wire::{self, json},
};
use crate::api::{
    name::{BranchName, DatabaseId, DatabaseName},
    wire::{self, operation::Operation, role::DatabaseSpec},
};

const MAX_DATABASES: usize = 500;

/// Calls on databases.
#[derive(Clone)]
pub(crate) struct Databases {
    pub(super) state: Arc<SharedState>,
    pub(super) operations: Arc<Operations>,
    pub(super) changes: Arc<CatalogChanges>,
}

impl Databases {
    pub(crate) async fn create(
        &self,
        branch: BranchName,
        id: Option<String>,
        replace: bool,
        body: wire::role::Database,
    ) -> Result<Operation, ErrorResponse> {
        let spec = body.spec.unwrap_or_default();
        self.operations.submit(self.clone().begin_create(branch, id, replace, spec)).await
    }

    pub(crate) fn get(&self, name: &DatabaseName) -> Result<wire::role::Database, ErrorResponse> {
        let state = self.state.snapshot();
        let (branch, database) = state.database(name)?;
        Ok(to_wire::database(branch, database))
    }

    pub(crate) fn list(
        &self,
        branch: &BranchName,
        request: &PageRequest,
    ) -> Result<wire::Databases, ErrorResponse> {
        let state = self.state.snapshot();
        let branch = state.branch(branch)?;
        let databases = branch.databases.values();
        let items = databases.map(|d| (d.created, d.id.to_string(), to_wire::database(branch, d))).collect();
        let (items, next_page_token) = page(items, request, 0)?;
        Ok(wire::Databases { items, next_page_token })
    }

    pub(crate) async fn update(
        &self,
        name: DatabaseName,
        mask: String,
        body: wire::role::Database,
    ) -> Result<Operation, ErrorResponse> {
        let this = self.clone();
        let spec = body.spec.unwrap_or_default();
        self.operations
            .submit(async move {
                let held = this.changes.hold_branch(name.branch(), "the change of a database").await?;
                let state = this.state.snapshot();
                let (branch, database) = state.database(&name)?;
                let intent = alteration(branch, database, &mask::parse(&mask)?, &spec)?;
                Ok(this.work(held, name, intent))
            })
            .await
    }

    pub(crate) async fn delete(&self, name: DatabaseName) -> Result<Operation, ErrorResponse> {
        let this = self.clone();
        self.operations
            .submit(async move {
                let held = this.changes.hold_branch(name.branch(), "the deletion of a database").await?;
                let database = this.state.snapshot().database(&name)?.1.clone();
                let (branch, intent) = (name.branch().clone(), Intent::DropDatabase { database });
                Ok(this.changes.work(held, branch, (ResourceKind::Database, name), intent, || Ok(empty())))
            })
            .await
    }

    async fn begin_create(
        self,
        on: BranchName,
        id: Option<String>,
        replace: bool,
        spec: DatabaseSpec,
    ) -> Result<Work, ErrorResponse> {
        let id = rules::ids::parse_optional("database_id", id.as_deref())?;
        let held = self.changes.hold_branch(&on, "the creation of a database").await?;
        let state = self.state.snapshot();
        let branch = state.branch(&on)?;
        if let Some(old) = id.as_ref().and_then(|id| branch.databases.get(id)).filter(|_| replace) {
            let intent = alteration(branch, old, &mask::all(), &spec)?;
            return Ok(self.work(held, on.database(old.id.clone()), intent));
        }
        let owner = spec.role.as_deref().filter(|role| !role.is_empty());
        let owner = owner.ok_or_else(|| ErrorResponse::required("database.spec.role"))?;
        let role = branch.role(&role_id_in(branch, "database.spec.role", owner)?)?;
        let postgres_database = spec.postgres_database.clone().unwrap_or_default();
        check_name(branch, id.as_ref(), &postgres_database)?;
        let now = Utc::now();
        let id =
            id.map_or_else(|| rules::ids::parse("database_id", &generated_ids::generated_id("db")), Ok)?;
        let role = Some(role.id.clone());
        let database = Database { id: id.clone(), created: now, updated: now, postgres_database, role };
        Ok(self.work(held, on.database(id), Intent::CreateDatabase { database }))
    }

    /// The work of a change that leaves the database in place.
    fn work(self, held: Held, name: DatabaseName, intent: Intent) -> Work {
        let (changes, branch) = (Arc::clone(&self.changes), name.branch().clone());
        let resource = (ResourceKind::Database, name.clone());
        changes.work(held, branch, resource, intent, move || Ok(json(&self.get(&name)?)))
    }
}

fn alteration(
    branch: &Branch,
    before: &Database,
    fields: &[Selected<DatabaseField>],
    spec: &DatabaseSpec,
) -> Result<Intent, ErrorResponse> {
    let mut after = Database { updated: Utc::now(), ..before.clone() };
    mask::apply(fields, |field| match field {
        DatabaseField::PostgresDatabase => {
            Ok(mask::set(&mut after.postgres_database, spec.postgres_database.as_ref()))
        }
        DatabaseField::Role => {
            let Some(name) = &spec.role else { return Ok(false) };
            let role = branch.role(&role_id_in(branch, "database.spec.role", name)?)?;
            after.role = Some(role.id.clone());
            Ok(true)
        }
    })?;
    if after.postgres_database != before.postgres_database {
        check_name(branch, None, &after.postgres_database)?;
    }
    Ok(Intent::AlterDatabase { before: before.clone(), after })
}

fn check_name(branch: &Branch, id: Option<&DatabaseId>, name: &str) -> Result<(), ErrorResponse> {
    rules::ids::check_identifier("database.spec.postgres_database", name)?;
    rules::ids::check_database_is_not_reserved(name)?;
    if branch.databases.values().any(|other| Some(&other.id) == id || other.postgres_database == name) {
        return Err(ErrorResponse::bad_request("database with that name already exists"));
    }
    if branch.databases.len() >= MAX_DATABASES {
        return Err(ErrorResponse::bad_request(format!(
            "A branch can have at most {MAX_DATABASES} databases"
        )));
    }
    Ok(())
}
