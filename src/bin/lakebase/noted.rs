//! The Lakebase that `lakebase git install` noted for the hook, in the configuration of the repository.

use std::env;

use crate::{
    failure::Result,
    git::{self, ask, run},
    target::Origin,
};

/// The Lakebase in which branches are made: one of these.
const DATA_DIR: &str = "lakebase.dataDir";
const PROFILE: &str = "lakebase.profile";
const ENVIRONMENT: &str = "lakebase.environment";
const METADATA_SERVICE: &str = "DATABRICKS_METADATA_SERVICE_URL";

/// All keys that `lakebase git install` sets.
pub(crate) const KEYS: [&str; 6] = [git::PROJECT, git::MAIN, git::TTL, DATA_DIR, PROFILE, ENVIRONMENT];

/// Notes the Lakebase for the hook.
pub(crate) fn note(origin: &Origin) -> Result<()> {
    for key in [DATA_DIR, PROFILE, ENVIRONMENT] {
        ask(&["config", "--unset-all", key]);
    }
    match origin {
        Origin::Local(dir) => run(&["config", DATA_DIR, &dir.display().to_string()]),
        Origin::Profile(profile) => run(&["config", PROFILE, profile]),
        // The address of a metadata service has a secret.
        Origin::Environment(variable) if variable == METADATA_SERVICE => {
            run(&["config", ENVIRONMENT, variable])
        }
        Origin::Environment(variable) => {
            let value = env::var(variable).unwrap_or_default();
            run(&["config", ENVIRONMENT, &format!("{variable}={value}")])
        }
    }
    .map(drop)
}

/// The Lakebase that was noted.
pub(crate) fn origin() -> Option<Origin> {
    let get = |key| ask(&["config", "--get", key]);
    let local = || Some(Origin::Local(get(DATA_DIR)?.into()));
    let profile = || Some(Origin::Profile(get(PROFILE)?));
    local().or_else(profile).or_else(|| Some(Origin::Environment(get(ENVIRONMENT)?)))
}
