//! Databases of a branch.

mod create;
mod delete;
mod update;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use create::CreateDatabase;
pub use delete::DeleteDatabase;
pub use update::UpdateDatabase;

use crate::{
    api::{
        branch::{Branch, BranchInfo},
        client::Lakebase,
        name::{DatabaseName, RoleName},
        page::List,
        request::{ok_or_missing, read},
        resource::{InvalidField, forward, handle, maybe_named, model, named},
        wire,
    },
    error::{Error, Result},
    http::Request,
};

handle! {
    /// A handle to one database: a name and a client. Cloning is cheap, and nothing is sent until a verb is awaited.
    ///
    /// The id is the service's; what PostgreSQL calls the database is [`DatabaseInfo::postgres_database`].
    ///
    /// ```no_run
    /// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
    /// let database = branch.database("app-db")?.get().await?;
    /// println!("{}", database.postgres_database);
    /// # Ok(())
    /// # }
    /// ```
    Database, DatabaseName, DatabaseId
}

/// The service's answer about a database. Its [`handle`](Self::handle) has all methods of a database.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// for database in branch.databases().await? {
///     println!("{} belongs to {:?}", database.postgres_database, database.role);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct DatabaseInfo {
    #[serde(skip)]
    handle: Database,
    /// The whole name.
    pub name: DatabaseName,
    /// The name in PostgreSQL.
    pub postgres_database: String,
    /// The role that owns it.
    pub role: Option<RoleName>,
    /// Creation time.
    pub create_time: Option<DateTime<Utc>>,
    /// Time of the last change.
    pub update_time: Option<DateTime<Utc>>,
}

model!(DatabaseInfo, Database, DatabaseName, DatabaseId, wire::role::Database, "databases");

impl DatabaseInfo {
    fn from_wire(client: &Lakebase, wire: wire::role::Database) -> Result<Self, InvalidField> {
        let name: DatabaseName = named(wire.name, "name")?;
        let status = wire.status.unwrap_or_default();
        Ok(Self {
            handle: Database::new(client, name.clone()),
            postgres_database: status.postgres_database.unwrap_or_else(|| name.id().to_string()),
            name,
            role: maybe_named(status.role, "role")?,
            create_time: wire.create_time,
            update_time: wire.update_time,
        })
    }

    forward! {
        Database:
        fn update(&self) -> UpdateDatabase;
        fn delete(&self) -> DeleteDatabase;
    }
}

impl Database {
    /// The branch that the database belongs to.
    pub fn branch(&self) -> Branch {
        Branch::new(&self.client, self.name.branch().clone())
    }

    /// Reads the database as the service has it now.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if it does not exist; [`try_get`](Self::try_get) returns `None` then.
    pub async fn get(&self) -> Result<DatabaseInfo> {
        let name = self.name.to_string();
        read(&self.client, Request::get(&name, format!("reading database {name}"))).await
    }

    /// Reads the database; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without `NotFound`.
    pub async fn try_get(&self) -> Result<Option<DatabaseInfo>> {
        ok_or_missing(self.get().await)
    }

    /// Changes name or owner of the database.
    pub fn update(&self) -> UpdateDatabase {
        UpdateDatabase::new(self)
    }

    /// Drops the database with its data.
    pub fn delete(&self) -> DeleteDatabase {
        DeleteDatabase::new(self)
    }
}

impl Branch {
    /// Lists its databases.
    pub fn databases(&self) -> List<DatabaseInfo> {
        let path = format!("{}/databases", self.name());
        List::new(self.client(), Request::get(&path, format!("listing databases of {}", self.name())))
    }

    /// Creates a database with this PostgreSQL name, owned by `owner`.
    /// The service chooses the id unless [`id`](CreateDatabase::id) sets one.
    pub fn create_database(
        &self,
        postgres_database: impl Into<String>,
        owner: impl TryInto<RoleName, Error: Into<Error>>,
    ) -> CreateDatabase {
        CreateDatabase::new(self, postgres_database.into(), owner.try_into().map_err(Into::into))
    }
}

impl BranchInfo {
    forward! {
        Branch:
        fn databases(&self) -> List<DatabaseInfo>;
        fn create_database(
            &self,
            name: impl Into<String>,
            owner: impl TryInto<RoleName, Error: Into<Error>>
        ) -> CreateDatabase;
    }
}

impl Lakebase {
    /// A handle to a database by its whole name; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when the text is no database name.
    pub fn database(&self, name: impl TryInto<DatabaseName, Error: Into<Error>>) -> Result<Database> {
        Ok(Database::new(self, name.try_into().map_err(Into::into)?))
    }
}
