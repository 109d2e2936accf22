//! The Lakebase that an example uses: a Databricks workspace where the environment names one, else a local one.

use std::{env, sync::Arc};

use lakebase::{
    Lakebase,
    local::{Durability, LocalLakebase},
};

use super::{Result, ui};

/// A client, and the local Lakebase behind it where there is one.
#[derive(Clone)]
pub struct Service {
    pub lakebase: Lakebase,
    local: Option<Arc<LocalLakebase>>,
}

impl Service {
    /// Prints which of the two it is. The `DEFAULT` profile of a configuration file is not used.
    pub async fn choose() -> Result<Self> {
        let named = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        if named("DATABRICKS_HOST") || named("DATABRICKS_CONFIG_PROFILE") {
            let lakebase = Lakebase::from_env().await?;
            let user = lakebase.current_user().await?;
            ui::field("workspace", lakebase.host());
            ui::field("user", &user.user_name);
            return Ok(Self { lakebase, local: None });
        }
        let start = LocalLakebase::builder().durability(Durability::Fast).attach_or_start();
        let (local, _) =
            ui::timed("starting; PostgreSQL is downloaded once where it is not installed", start).await;
        let local = local?;
        ui::field("local Lakebase", local.data_dir().display());
        ui::field("PostgreSQL", local.pg_version());
        ui::field("branches are", local.copies());
        ui::field("user", local.user());
        Ok(Self { lakebase: local.client().await?, local: Some(Arc::new(local)) })
    }

    /// Stops the local Lakebase, if this process started it.
    pub async fn close(self) {
        if let Some(local) = self.local.and_then(Arc::into_inner) {
            local.shutdown().await;
        }
    }
}
