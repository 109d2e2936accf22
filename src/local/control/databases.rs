//! Databases: rows of a branch and databases of its PostgreSQL, changed together.

use std::sync::Arc;

use chrono::Utc;

use super::{
    Control,
    branches::json,
    identity,
    listing::{PageRequest, page},
    operations::{Subject, Work, empty},
    rejection::Rejection,
    roles::role_id_in,
    rules::{self, mask},
    sql,
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
            let _held = control.hold_branch(&ids).await;
            let state = control.snapshot();
            let branch = state.branch(&ids.0, &ids.1)?;
            let before = branch.database(&id)?.clone();
            let leaves = mask::DATABASE.resolve(&mask)?;
            control.change_database(&ids, branch, before, &leaves, &spec).await
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
            let _held = control.hold_branch(&ids).await;
            let state = control.snapshot();
            let branch = state.branch(&ids.0, &ids.1)?;
            let database = branch.database(&id)?;
            let mut session = control.session(branch, sql::MAINTENANCE_DATABASE).await?;
            session.run(sql::drop_database(&database.postgres_database)).await?;
            control
                .commit(|state| state.change_branch(&ids, |branch| Ok(branch.databases.remove(&id))))
                .await?;
            let name = format!("{}/databases/{id}", branch.name());
            Ok(Work::done(Subject::Database, name, empty()))
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
        let _held = self.hold_branch(&ids).await;
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        if let Some(old) = id.as_ref().and_then(|id| branch.databases.get(id)).filter(|_| replace) {
            let leaves = mask::DATABASE.resolve("spec")?;
            return self.change_database(&ids, branch, old.clone(), &leaves, &spec).await;
        }
        let owner = spec.role.as_deref().filter(|role| !role.is_empty());
        let owner = owner.ok_or_else(|| Rejection::required("database.spec.role"))?;
        let role = branch.role(&role_id_in(branch, "database.spec.role", owner)?)?;
        let postgres_database = spec.postgres_database.clone().unwrap_or_default();
        check_name(branch, id.as_deref(), &postgres_database)?;
        let now = Utc::now();
        let database = Database {
            id: id.unwrap_or_else(|| identity::generated_id("db")),
            created: now,
            updated: now,
            postgres_database,
            role: role.id.clone(),
        };
        let name = &database.postgres_database;
        let mut session = self.session(branch, sql::MAINTENANCE_DATABASE).await?;
        session.run(sql::create_database(name, &role.postgres_role)).await?;
        let mut inside = self.session(branch, name).await?;
        inside.run(sql::open_database(name, &role.postgres_role)).await?;
        self.keep_database(&ids, database).await
    }

    async fn change_database(
        &self,
        ids: &BranchIds,
        branch: &Branch,
        before: Database,
        leaves: &[mask::Leaf],
        spec: &DatabaseSpec,
    ) -> Result<Work, Rejection> {
        let mut after = before.clone();
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
        let mut session = self.session(branch, sql::MAINTENANCE_DATABASE).await?;
        if after.role != before.role {
            let owner = branch.role(&after.role)?;
            session.run(sql::own_database(&before.postgres_database, &owner.postgres_role)).await?;
        }
        if after.postgres_database != before.postgres_database {
            check_name(branch, None, &after.postgres_database)?;
            session.run(sql::rename_database(&before.postgres_database, &after.postgres_database)).await?;
        }
        self.keep_database(ids, after).await
    }

    async fn keep_database(&self, ids: &BranchIds, mut database: Database) -> Result<Work, Rejection> {
        database.updated = Utc::now();
        let kept = self.commit(|state| {
            state.change_branch(ids, |branch| {
                let told = view::database(branch, &database);
                branch.databases.insert(database.id.clone(), database);
                Ok(told)
            })
        });
        let told = kept.await?;
        Ok(Work::done(Subject::Database, told.name.clone().unwrap_or_default(), json(&told)))
    }
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
