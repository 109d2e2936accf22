//! Migrations that a function runs: those of another tool, which keeps its own record.

use std::{error::Error as StdError, sync::Arc};

use futures_util::{FutureExt as _, future::BoxFuture};

use super::migration::Migration;
use crate::{
    api::branch::Branch,
    error::{Error, ErrorKind, Result},
    postgres::info::ConnectionInfo,
};

type Outcome = Result<(), Box<dyn StdError + Send + Sync>>;

/// The function of a migration.
#[derive(Clone)]
pub(super) struct Custom(Arc<dyn Fn(ConnectionInfo) -> BoxFuture<'static, Outcome> + Send + Sync>);

impl Migration {
    /// A migration that a function runs, for a tool that applies and records its migrations itself.
    ///
    /// The function gets the connection parameters of the branch on which it works: the temporary branch of a
    /// rehearsal, or the target. It runs at every [`Branch::apply`], under the lock that excludes other callers of this
    /// crate, and has to change nothing where the tool's own record says that nothing is left to do. Its statements are
    /// not known here: reports list none, and a rehearsal observes rewrites and the difference of the schema, but no
    /// locks. What it committed before a failure stays. [`migrate::apply`](super::apply()), which has no branch,
    /// refuses it.
    ///
    /// ```no_run
    /// # async fn show(dev: lakebase::Branch) -> Result<(), Box<dyn std::error::Error>> {
    /// use lakebase::migrate::Migration;
    /// use sea_orm::{Database, DbErr};
    /// use sea_orm_migration::MigratorTrait;
    /// # struct Migrator;
    /// # impl MigratorTrait for Migrator {
    /// #     fn migrations() -> Vec<Box<dyn sea_orm_migration::MigrationTrait>> { Vec::new() }
    /// # }
    ///
    /// let migration = Migration::from_fn("sea-orm", async |info| {
    ///     let pool = info.pool(Default::default()).await?;
    ///     let database = sea_orm::SqlxPostgresConnector::from_sqlx_postgres_pool(pool.as_pg_pool().clone());
    ///     Migrator::up(&database, None).await?;
    ///     Ok(())
    /// });
    /// println!("{}", dev.promote(&migration).await?);
    /// # Ok(()) }
    /// ```
    pub fn from_fn<F, W>(id: impl AsRef<str>, run: F) -> Self
    where
        F: Fn(ConnectionInfo) -> W + Send + Sync + 'static,
        W: Future<Output = Result<(), Box<dyn StdError + Send + Sync>>> + Send + 'static,
    {
        Self::new(id, "").with_custom(Custom(Arc::new(move |info| run(info).boxed())))
    }
}

impl Custom {
    pub(super) async fn run(&self, migration: &Migration, branch: Option<&Branch>) -> Result<()> {
        let Some(branch) = branch else {
            return Err(Error::invalid(format!(
                "{} is a function, which needs a branch to connect to; apply it with Branch::apply",
                migration.label()
            )));
        };
        let info = branch.connection_info().await?;
        (self.0)(info).await.map_err(|error| {
            let text = format!("{} failed; what it committed before stays", migration.label());
            Error::new(ErrorKind::Database, text).with_source(error)
        })
    }
}
