//! Changes of databases.

use super::{Database, DatabaseInfo};
use crate::{
    api::{
        mask::Mask,
        name::RoleName,
        operation::Operation,
        request::{Arguments, sent_when_awaited, start},
        wire::role::{Database as Wire, DatabaseSpec},
    },
    error::{Error, Result},
    http::Request,
};

/// A change of a database; unset fields keep their values.
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

    /// Sets the PostgreSQL name.
    pub fn postgres_database(mut self, name: impl Into<String>) -> Self {
        self.spec.postgres_database = Some(name.into());
        self.mask.add("spec.postgres_database");
        self
    }

    /// Sets the owner.
    pub fn owner(mut self, role: impl TryInto<RoleName, Error: Into<Error>>) -> Self {
        self.spec.role = self.arguments.take::<RoleName>(role).map(|role| role.to_string());
        self.mask.add("spec.role");
        self
    }

    /// Sends the change and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when nothing is set, [`NotFound`](crate::ErrorKind::NotFound) for the
    /// database or its new owner.
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
