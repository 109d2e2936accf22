//! SDK clients of a local Lakebase.

use super::LocalLakebase;
use crate::{api::client::Lakebase, auth::Env, error::Result};

impl LocalLakebase {
    /// A client of this Lakebase, with its address and token. It reads nothing from the environment.
    ///
    /// # Errors
    ///
    /// None in practice: the address and the token are this server's own.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(local: lakebase::local::LocalLakebase) -> lakebase::Result<()> {
    /// let lakebase = local.client().await?;
    /// for project in lakebase.projects().all().await? {
    ///     println!("{}", project.name);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn client(&self) -> Result<Lakebase> {
        Lakebase::builder()
            .env(Env::empty())
            .host(self.host().as_str())
            .token(self.token().clone())
            .build()
            .await
    }
}
