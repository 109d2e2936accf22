//! Execution of an intent in PostgreSQL.

use crate::local::control::{
    computes::Computes,
    error_response::{Code, ErrorResponse},
    failpoint, passwords,
    sql::{self, MAINTENANCE_DATABASE, Session},
    state::{Branch, Database, Intent, Role},
};

/// Whether an intent is executed for the first time or again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// The object that it creates must not exist yet.
    First,
    /// The object that it creates may exist.
    Again,
}

/// A change that was not made in PostgreSQL.
pub(super) enum Failure {
    /// PostgreSQL refused it and has no part of it.
    Refused(ErrorResponse),
    /// The change may or may not have been applied, for example because the session broke.
    Unknown(ErrorResponse),
}

impl From<ErrorResponse> for Failure {
    fn from(error: ErrorResponse) -> Self {
        if error.code == Code::Unavailable { Self::Unknown(error) } else { Self::Refused(error) }
    }
}

/// The PostgreSQL of one branch, in which intents are executed.
pub(super) struct Executor<'a> {
    pub(super) computes: &'a Computes,
    pub(super) branch: &'a Branch,
}

impl Executor<'_> {
    async fn session(&self, database: &str) -> Result<Session, ErrorResponse> {
        Session::open(self.computes, self.branch, database).await
    }

    /// Refuses to create an object that SQL created, and to begin anything while PostgreSQL cannot be reached.
    pub(super) async fn check_possible(&self, intent: &Intent) -> Result<(), ErrorResponse> {
        let mut session = self.session(MAINTENANCE_DATABASE).await?;
        match intent {
            Intent::CreateRole { role } if session.roles().await?.contains(&role.postgres_role) => {
                Err(ErrorResponse::bad_request("role with that name already exists"))
            }
            Intent::CreateDatabase { database }
                if session.all_databases().await?.contains(&database.postgres_database) =>
            {
                Err(ErrorResponse::bad_request("database with that name already exists"))
            }
            _ => Ok(()),
        }
    }

    /// Applies the change to PostgreSQL.
    pub(super) async fn execute(&self, intent: &Intent, attempt: Attempt) -> Result<(), Failure> {
        let mut session = self.session(MAINTENANCE_DATABASE).await.map_err(Failure::Unknown)?;
        match intent {
            Intent::CreateRole { role } => {
                let exists =
                    attempt == Attempt::Again && session.roles().await?.contains(&role.postgres_role);
                if exists {
                    return Ok(session.run(sql::alter_role(role)).await?);
                }
                let verifier = match &role.password {
                    Some(password) => Some(passwords::verifier(password).await?),
                    None => None,
                };
                Ok(session.run(sql::create_role(role, verifier.as_ref())).await?)
            }
            Intent::AlterRole { role } => Ok(session.run(sql::alter_role(role)).await?),
            Intent::DropRole { role, successor } => self.drop_role(session, role, successor.as_ref()).await,
            Intent::CreateDatabase { database } => self.create_database(session, database, attempt).await,
            Intent::AlterDatabase { before, after } => {
                let names = session.all_databases().await?;
                let exists = |database: &Database| names.contains(&database.postgres_database);
                let renamed = attempt == Attempt::Again && !exists(before) && exists(after);
                let name = if renamed { &after.postgres_database } else { &before.postgres_database };
                Ok(self.alter_database(session, name, before, after).await?)
            }
            Intent::DropDatabase { database } => {
                Ok(session.run(sql::drop_database(&database.postgres_database)).await?)
            }
        }
    }

    async fn drop_role(
        &self,
        mut session: Session,
        role: &Role,
        successor: Option<&Role>,
    ) -> Result<(), Failure> {
        if !session.roles().await?.contains(&role.postgres_role) {
            return Ok(());
        }
        let dropped = async {
            if let Some(successor) = successor {
                for database in session.databases().await? {
                    let mut inside = self.session(&database).await.map_err(Failure::Unknown)?;
                    inside.run(sql::reassign(&role.postgres_role, &successor.postgres_role)).await?;
                    failpoint::reached("drop-role.reassigned-in-one");
                }
            }
            Ok(session.run(sql::drop_role(&role.postgres_role)).await?)
        };
        let dropped: Result<(), Failure> = dropped.await;
        if dropped.is_err() && successor.is_some() {
            // REASSIGN OWNED in the first database gave away all databases of the role.
            let owned = |database: &&Database| database.role.as_ref() == Some(&role.id);
            for database in self.branch.databases.values().filter(owned) {
                let own = sql::own_database(&database.postgres_database, &role.postgres_role);
                session.run(own).await.map_err(Failure::Unknown)?;
            }
        }
        dropped
    }

    async fn create_database(
        &self,
        mut session: Session,
        database: &Database,
        attempt: Attempt,
    ) -> Result<(), Failure> {
        let name = &database.postgres_database;
        let owner = self.owner(database)?;
        let exists = attempt == Attempt::Again && session.all_databases().await?.contains(name);
        let create = if exists { sql::own_database(name, owner) } else { sql::create_database(name, owner) };
        session.run(create).await?;
        failpoint::reached("create-database.without-grants");
        let mut inside = self.session(name).await.map_err(Failure::Unknown)?;
        let opened = inside.run(sql::open_database(name, owner)).await.map_err(Failure::from);
        drop(inside);
        if matches!(opened, Err(Failure::Refused(_))) {
            session.run(sql::drop_database(name)).await.map_err(Failure::Unknown)?;
        }
        opened
    }

    /// Changes the owner and the name of the database that is called `name` now, in one transaction.
    async fn alter_database(
        &self,
        mut session: Session,
        name: &str,
        before: &Database,
        after: &Database,
    ) -> Result<(), ErrorResponse> {
        let mut statements = Vec::new();
        if before.role != after.role {
            statements.push(sql::own_database(name, self.owner(after)?));
        }
        if name != after.postgres_database {
            statements.push(sql::rename_database(name, &after.postgres_database));
        }
        if statements.is_empty() { Ok(()) } else { session.run(statements.join("; ")).await }
    }

    fn owner(&self, database: &Database) -> Result<&str, ErrorResponse> {
        let role = database.role.as_ref().ok_or_else(|| ErrorResponse::role_not_found(""))?;
        Ok(&self.branch.role(role)?.postgres_role)
    }
}
