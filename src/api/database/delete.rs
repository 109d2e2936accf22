//! Deletion of databases.

use super::Database;
use crate::{
    api::{
        operation::Operation,
        request::{gone, sent_when_awaited, start},
    },
    error::Result,
    http::Request,
};

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

    /// Counts a missing database as dropped. By default it is a [`NotFound`](crate::ErrorKind::NotFound).
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
