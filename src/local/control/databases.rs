//! Databases: rows of a branch and databases in its PostgreSQL.

use std::sync::Arc;

use chrono::Utc;

use super::{
    Control,
    branches::json,
    identity,
    intents::Intent,
    listing::{PageRequest, page},
    locks::Held,
    operations::{Subject, Work, empty},
    rejection::Rejection,
    roles::role_id_in,
    rules::{self, mask},
    state::{Branch, BranchIds, Database},
    view,
};
use crate::api::wire::{self, operation::Operation, role::DatabaseSpec};

const MOST_DATABASES: usize = 500;

impl Control {
    pub(crate) async fn create_database(
        self: &Arc<Self>,
        ids: BranchIds,
        id: Option<String>,
        replace: bool,
        body: wire::role::Database,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        let spec = body.spec.unwrap_or_default();
        self.submit(async move { control.begin_database(ids, id, replace, spec).await }).await
    }

    pub(crate) fn get_database(&self, ids: &BranchIds, id: &str) -> Result<wire::role::Database, Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        Ok(view::database(branch, branch.database(id)?))
    }

    pub(crate) fn list_databases(
        &self,
        ids: &BranchIds,
        request: &PageRequest,
    ) -> Result<wire::Databases, Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        let items =
            branch.databases.values().map(|d| (d.created, d.id.clone(), view::database(branch, d))).collect();
        let (items, next_page_token) = page(items, request, 0)?;
        Ok(wire::Databases { items, next_page_token })
    }

    pub(crate) async fn update_database(
        self: &Arc<Self>,
        ids: BranchIds,
        id: String,
        mask: String,
        body: wire::role::Database,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        let spec = body.spec.unwrap_or_default();
        self.submit(async move {
            let held = control.hold_branch(&ids, "the change of a database").await?;
            let state = control.snapshot();
            let branch = state.branch(&ids.0, &ids.1)?;
            let leaves = mask::DATABASE.resolve(&mask)?;
            let intent = alteration(branch, branch.database(&id)?, &leaves, &spec)?;
            Ok(control.database_work(held, ids, id, intent))
        })
        .await
    }

    pub(crate) async fn delete_database(
        self: &Arc<Self>,
        ids: BranchIds,
        id: String,
    ) -> Result<Operation, Rejection> {
        let control = Arc::clone(self);
        self.submit(async move {
            let held = control.hold_branch(&ids, "the deletion of a database").await?;
            let state = control.snapshot();
            let branch = state.branch(&ids.0, &ids.1)?;
            let database = branch.database(&id)?.clone();
            let name = format!("{}/databases/{id}", branch.name());
            let work = async move {
                control.change(&held, &ids, Intent::DropDatabase { database }).await?;
                Ok(empty())
            };
            Ok(Work::new(Subject::Database, name, work).failing_the_call())
        })
        .await
    }

    async fn begin_database(
        self: Arc<Self>,
        ids: BranchIds,
        id: Option<String>,
        replace: bool,
        spec: DatabaseSpec,
    ) -> Result<Work, Rejection> {
        let id = id.filter(|id| !id.is_empty());
        if let Some(id) = &id {
            rules::ids::check_id("database_id", id)?;
        }
        let held = self.hold_branch(&ids, "the creation of a database").await?;
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        if let Some(old) = id.as_ref().and_then(|id| branch.databases.get(id)).filter(|_| replace) {
            let leaves = mask::DATABASE.resolve("spec")?;
            let intent = alteration(branch, old, &leaves, &spec)?;
            return Ok(self.database_work(held, ids, old.id.clone(), intent));
        }
        let owner = spec.role.as_deref().filter(|role| !role.is_empty());
        let owner = owner.ok_or_else(|| Rejection::required("database.spec.role"))?;
        let role = branch.role(&role_id_in(branch, "database.spec.role", owner)?)?;
        let postgres_database = spec.postgres_database.clone().unwrap_or_default();
        check_name(branch, id.as_deref(), &postgres_database)?;
        let now = Utc::now();
        let id = id.unwrap_or_else(|| identity::generated_id("db"));
        let role = role.id.clone();
        let database = Database { id: id.clone(), created: now, updated: now, postgres_database, role };
        Ok(self.database_work(held, ids, id, Intent::CreateDatabase { database }))
    }

    /// The work of a change that leaves the database in place.
    fn database_work(self: Arc<Self>, held: Held, ids: BranchIds, id: String, intent: Intent) -> Work {
        let name = format!("projects/{}/branches/{}/databases/{id}", ids.0, ids.1);
        let work = async move {
            self.change(&held, &ids, intent).await?;
            Ok(json(&self.get_database(&ids, &id)?))
        };
        Work::new(Subject::Database, name, work).failing_the_call()
    }
}

fn alteration(
    branch: &Branch,
    before: &Database,
    leaves: &[mask::Leaf],
    spec: &DatabaseSpec,
) -> Result<Intent, Rejection> {
    let mut after = Database { updated: Utc::now(), ..before.clone() };
    mask::apply(leaves, |path| match path {
        "spec.postgres_database" => {
            Ok(mask::set(&mut after.postgres_database, spec.postgres_database.as_ref()))
        }
        "spec.role" => {
            let Some(name) = &spec.role else { return Ok(false) };
            after.role = branch.role(&role_id_in(branch, "database.spec.role", name)?)?.id.clone();
            Ok(true)
        }
        _ => Ok(false),
    })?;
    if after.postgres_database != before.postgres_database {
        check_name(branch, None, &after.postgres_database)?;
    }
    Ok(Intent::AlterDatabase { before: before.clone(), after })
}

fn check_name(branch: &Branch, id: Option<&str>, name: &str) -> Result<(), Rejection> {
    rules::ids::check_identifier("database.spec.postgres_database", name)?;
    rules::ids::check_database_is_not_reserved(name)?;
    if branch.databases.values().any(|other| Some(other.id.as_str()) == id || other.postgres_database == name)
    {
        return Err(Rejection::bad_request("database with that name already exists"));
    }
    if branch.databases.len() >= MOST_DATABASES {
        return Err(Rejection::bad_request(format!("A branch can have at most {MOST_DATABASES} databases")));
    }
    Ok(())
}
