//! The options that every command has.

#[cfg(feature = "local")]
use std::path::PathBuf;

use clap::Args;
use lakebase::name::ProjectId;

#[cfg(feature = "local")]
use crate::shell;

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Use the Lakebase that runs on this machine
    #[cfg(feature = "local")]
    #[arg(long, global = true, conflicts_with = "profile")]
    pub(crate) local: bool,
    /// The data directory of the Lakebase on this machine [default: $LAKEBASE_LOCAL_DIR, else the user's data folder]
    #[cfg(feature = "local")]
    #[arg(long, global = true, value_name = "DIR")]
    pub(crate) data_dir: Option<PathBuf>,
    /// Use the workspace of this profile of ~/.databrickscfg
    #[arg(long, global = true, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The project [default: that of lakebase.toml, else the only one on this machine]
    #[arg(long, short, global = true, value_name = "ID", env = "LAKEBASE_PROJECT", hide_env_values = true)]
    pub(crate) project: Option<ProjectId>,
    /// Print JSON on standard output, and nothing else there
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Delete data without asking
    #[arg(long, short, global = true)]
    pub(crate) yes: bool,
}

impl Global {
    /// Whether the Lakebase of this machine was asked for.
    pub(crate) fn local(&self) -> bool {
        #[cfg(feature = "local")]
        return self.local || self.data_dir.is_some();
        #[cfg(not(feature = "local"))]
        return false;
    }

    /// The command that starts the Lakebase of this machine, with the data directory that was named.
    #[cfg(feature = "local")]
    pub(crate) fn start_command(&self) -> String {
        let dir = self
            .data_dir
            .as_ref()
            .map(|dir| format!(" --data-dir {}", shell::word(&dir.display().to_string())));
        format!("lakebase local start{}", dir.unwrap_or_default())
    }

    #[cfg(feature = "local")]
    pub(crate) fn local_builder(&self) -> lakebase::local::LocalLakebaseBuilder {
        let builder = lakebase::local::LocalLakebase::builder();
        match &self.data_dir {
            Some(dir) => builder.data_dir(dir),
            None => builder,
        }
    }
}
