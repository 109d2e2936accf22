//! Where an example runs: a Databricks workspace when the environment names one, else the local Lakebase.

use std::{env, sync::Arc};

use lakebase::{
    Lakebase,
    local::{Durability, LocalLakebase},
};

use super::{Result, ui};

/// A client, and the local Lakebase behind it where there is one.
#[derive(Clone)]
pub struct Place {
    pub lakebase: Lakebase,
    local: Option<Arc<LocalLakebase>>,
}

impl Place {
    /// Says in the first line which of the two it is. Nobody's `DEFAULT` profile is used by surprise.
    pub async fn choose() -> Result<Self> {
        let named = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        if named("DATABRICKS_HOST") || named("DATABRICKS_CONFIG_PROFILE") {
            let lakebase = Lakebase::from_env().await?;
            let user = lakebase.current_user().await?;
            ui::fact("workspace", lakebase.host());
            ui::fact("user", &user.user_name);
            return Ok(Self { lakebase, local: None });
        }
        let start =
            LocalLakebase::builder().prefer_pg_version(17).durability(Durability::Fast).attach_or_start();
        let (local, _) =
            ui::timed("starting; PostgreSQL is fetched once where it is not installed", start).await;
        let local = local?;
        ui::fact("local Lakebase", local.data_dir().display());
        ui::fact("PostgreSQL", local.pg_version());
        ui::fact("branches are", local.copies());
        ui::fact("user", local.user());
        Ok(Self { lakebase: local.client().await?, local: Some(Arc::new(local)) })
    }

    /// Stops the local Lakebase, if this process started it.
    pub async fn close(self) {
        if let Some(local) = self.local.and_then(Arc::into_inner) {
            local.shutdown().await;
        }
    }
}
