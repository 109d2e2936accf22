//! Migrations that a function runs: those of another tool, which keeps its own record.

use std::{error::Error as StdError, sync::Arc};

use futures_util::{FutureExt as _, future::BoxFuture};

use crate::{
    api::branch::Branch,
    error::{Error, ErrorKind, Result},
    postgres::info::ConnectionInfo,
};

type Migrated = Result<(), Box<dyn StdError + Send + Sync>>;

/// The function of a migration.
#[derive(Clone)]
pub(super) struct Custom(Arc<dyn Fn(ConnectionInfo) -> BoxFuture<'static, Migrated> + Send + Sync>);

impl Custom {
    pub(super) fn new<F, W>(run: F) -> Self
    where
        F: Fn(ConnectionInfo) -> W + Send + Sync + 'static,
        W: Future<Output = Migrated> + Send + 'static,
    {
        Self(Arc::new(move |info| run(info).boxed()))
    }

    /// Runs the function on a branch. `label` names the migration in errors.
    pub(super) async fn run(&self, label: &str, branch: Option<&Branch>) -> Result<()> {
        let Some(branch) = branch else {
            return Err(Error::invalid(format!(
                "{label} is a function, which needs a branch to connect to; apply it with Branch::apply"
            )));
        };
        let info = branch.connection_info().await?;
        (self.0)(info).await.map_err(|error| {
            let text = format!("{label} failed; what it committed before stays");
            Error::new(ErrorKind::Database, text).with_source(error)
        })
    }
}
