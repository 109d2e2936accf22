//! Making, changing and dropping databases.

use super::{Database, DatabaseInfo};
use crate::{
    api::{
        branch::Branch,
        mask::Mask,
        name::{DatabaseId, RoleName},
        operation::Operation,
        request::{Arguments, gone, sent_when_awaited, start},
        wire::role::{Database as Wire, DatabaseSpec},
    },
    error::{Error, Result},
    http::Request,
};

/// A request to make a database.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// let database = branch.create_database("app", branch.role("ada")?).id("app-db").await?;
/// println!("{}", database.name);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for an id or owner that breaks a rule, which the builder keeps
/// until then; [`AlreadyExists`](crate::ErrorKind::AlreadyExists); [`NotFound`](crate::ErrorKind::NotFound) when the
/// branch or the owner does not exist; [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling
/// after three minutes. Also the errors of [waiting](crate::Operation#errors) and of
/// [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateDatabase {
    branch: Branch,
    id: Result<Option<DatabaseId>>,
    postgres_database: String,
    owner: Result<RoleName>,
    replace_existing: bool,
}

impl CreateDatabase {
    pub(super) fn new(branch: &Branch, postgres_database: String, owner: Result<RoleName>) -> Self {
        Self { branch: branch.clone(), id: Ok(None), postgres_database, owner, replace_existing: false }
    }

    /// The id. Default: the service makes one.
    pub fn id(mut self, id: impl TryInto<DatabaseId, Error: Into<Error>>) -> Self {
        self.id = id.try_into().map(Some).map_err(Into::into);
        self
    }

    /// Applies name and owner to a database of this id that exists already. Off by default.
    pub fn replace_existing(mut self) -> Self {
        self.replace_existing = true;
        self
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists), [`NotFound`](crate::ErrorKind::NotFound) when the branch or the
    /// owner does not exist.
    pub async fn start(self) -> Result<Operation<DatabaseInfo>> {
        let client = self.branch.client().clone();
        let spec = DatabaseSpec {
            postgres_database: Some(self.postgres_database),
            role: Some(self.owner?.to_string()),
        };
        let body = Wire { spec: Some(spec), ..Default::default() };
        let context = format!("creating a database of {}", self.branch.name());
        let mut request = Request::post(&format!("{}/databases", self.branch.name()), &body, context)?;
        if let Some(id) = self.id? {
            request = request.query("database_id", id);
        }
        start(&client, request.replacing(self.replace_existing)).await
    }

    async fn run(self) -> Result<DatabaseInfo> {
        self.start().await?.await
    }
}

sent_when_awaited!(CreateDatabase => DatabaseInfo);

/// A change of a database; what is not set stays as it is.
///
/// ```no_run
/// # async fn example(database: lakebase::Database) -> lakebase::Result<()> {
/// database.update().postgres_database("app_old").await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) when nothing is set or the owner's name breaks a rule, before
/// anything is sent; [`NotFound`](crate::ErrorKind::NotFound) for the database or its new owner;
/// [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling after three minutes. Also the errors
/// of [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct UpdateDatabase {
    database: Database,
    spec: DatabaseSpec,
    mask: Mask,
    arguments: Arguments,
}

impl UpdateDatabase {
    pub(super) fn new(database: &Database) -> Self {
        Self {
            database: database.clone(),
            spec: DatabaseSpec::default(),
            mask: Mask::default(),
            arguments: Arguments::default(),
        }
    }

    /// Renames it.
    pub fn postgres_database(mut self, name: impl Into<String>) -> Self {
        self.spec.postgres_database = Some(name.into());
        self.mask.add("spec.postgres_database");
        self
    }

    /// Gives it another owner.
    pub fn owner(mut self, role: impl TryInto<RoleName, Error: Into<Error>>) -> Self {
        self.spec.role = self.arguments.take::<RoleName>(role).map(|role| role.to_string());
        self.mask.add("spec.role");
        self
    }

    /// Sends the change and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when nothing is set, [`NotFound`](crate::ErrorKind::NotFound) for the database or
    /// its new owner.
    pub async fn start(self) -> Result<Operation<DatabaseInfo>> {
        let name = self.database.name().to_string();
        self.arguments.finish().map_err(|error| error.with_context(format!("updating database {name}")))?;
        let mask = self.mask.text(&name)?;
        let body = Wire { spec: Some(self.spec), ..Default::default() };
        let request = Request::patch(&name, &body, format!("updating database {name}"))?;
        start(self.database.client(), request.query("update_mask", mask).idempotent()).await
    }

    async fn run(self) -> Result<DatabaseInfo> {
        self.start().await?.await
    }
}

sent_when_awaited!(UpdateDatabase => DatabaseInfo);

/// A request to drop a database with its data.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// branch.database("app-db")?.delete().allow_missing().await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`NotFound`](crate::ErrorKind::NotFound), unless it is [allowed](Self::allow_missing);
/// [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling after three minutes. Also the errors
/// of [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct DeleteDatabase {
    database: Database,
    allow_missing: bool,
}

impl DeleteDatabase {
    pub(super) fn new(database: &Database) -> Self {
        Self { database: database.clone(), allow_missing: false }
    }

    /// Takes a database that is not there for dropped. By default it is a [`NotFound`](crate::ErrorKind::NotFound).
    pub fn allow_missing(mut self) -> Self {
        self.allow_missing = true;
        self
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound).
    pub async fn start(self) -> Result<Operation<()>> {
        let name = self.database.name().to_string();
        start(self.database.client(), Request::delete(&name, format!("deleting database {name}"))).await
    }

    async fn run(self) -> Result<()> {
        let allow_missing = self.allow_missing;
        gone(self.start().await, allow_missing).await
    }
}

sent_when_awaited!(DeleteDatabase => ());
