//! Which Lakebase a command works on.

use std::env;

use lakebase::Lakebase;

use crate::{
    arguments::Global,
    failure::{Failure, Result},
    progress,
    settings::Settings,
};

/// Variables that name a workspace. A login without one of them names none.
const VARIABLES: [&str; 4] = [
    "DATABRICKS_HOST",
    "DATABRICKS_CONFIG_PROFILE",
    "DATABRICKS_AZURE_RESOURCE_ID",
    "DATABRICKS_METADATA_SERVICE_URL",
];

/// Variables that count before what a profile says: of the workspace, or of the login in it.
const BEFORE_PROFILES: [&str; 12] = [
    "DATABRICKS_HOST",
    "DATABRICKS_AZURE_RESOURCE_ID",
    "DATABRICKS_METADATA_SERVICE_URL",
    "DATABRICKS_WORKSPACE_ID",
    "DATABRICKS_TOKEN",
    "DATABRICKS_CLIENT_ID",
    "DATABRICKS_CLIENT_SECRET",
    "DATABRICKS_USERNAME",
    "DATABRICKS_PASSWORD",
    "DATABRICKS_OIDC_TOKEN_ENV",
    "DATABRICKS_OIDC_TOKEN_FILEPATH",
    "DATABRICKS_OIDC_TOKEN_FILE",
];

/// A client, and how its Lakebase was chosen.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) lakebase: Lakebase,
    /// Whether it is the one of this machine.
    pub(crate) is_local: bool,
    /// Such as `workspace https://… (profile work)`.
    pub(crate) description: String,
    /// The arguments that choose it again, whatever the environment is.
    pub(crate) arguments: Vec<String>,
}

/// The source of the choice, in the order in which they count.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Choice {
    Local,
    Profile(String, &'static str),
    Environment(&'static str),
    RunningLocal,
}

fn choice(global: &Global, settings: &Settings, is_set: impl Fn(&str) -> bool) -> Choice {
    if global.local() {
        return Choice::Local;
    }
    if let Some(profile) = &global.profile {
        return Choice::Profile(profile.clone(), "--profile");
    }
    if let Some(variable) = VARIABLES.into_iter().find(|name| is_set(name)) {
        return Choice::Environment(variable);
    }
    match &settings.profile {
        Some(profile) => Choice::Profile(profile.clone(), "lakebase.toml"),
        None => Choice::RunningLocal,
    }
}

/// Refuses a profile that the environment would overrule in part, as all Databricks tools have it: the command would
/// work on another workspace than it says.
fn refuse_overruled(profile: &str, from: &str, is_set: impl Fn(&str) -> bool) -> Result<()> {
    let Some(variable) = BEFORE_PROFILES.into_iter().find(|name| is_set(name)) else { return Ok(()) };
    let other =
        if from == "--profile" { "drop --profile".to_owned() } else { format!("name no profile in {from}") };
    Err(Failure::new(format!("{variable} is set, and would count before profile {profile} of {from}"))
        .help(format!("unset {variable}, or {other}")))
}

impl Target {
    /// Chooses by `--local`, `--profile`, the environment, `lakebase.toml`, else the local Lakebase that runs. The
    /// default profile of `.databrickscfg` is never used: a workspace is always named.
    pub(crate) async fn choose(global: &Global, settings: &Settings) -> Result<Self> {
        let is_set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        match choice(global, settings, is_set) {
            Choice::Local | Choice::RunningLocal => Self::local(global).await,
            Choice::Profile(profile, from) => {
                refuse_overruled(&profile, from, is_set)?;
                let lakebase =
                    progress::reading("logging in", Lakebase::from_profile(profile.as_str())).await?;
                let arguments = vec!["--profile".to_owned(), profile.clone()];
                Ok(Self { arguments, ..Self::of(lakebase, &format!("profile {profile} of {from}")) })
            }
            Choice::Environment(variable) => {
                let lakebase = progress::reading("logging in", Lakebase::from_env()).await?;
                Ok(Self::of(lakebase, variable))
            }
        }
    }

    fn of(lakebase: Lakebase, from: &str) -> Self {
        // A workspace is reached by HTTPS only.
        let is_local = lakebase.host().scheme() == "http";
        let kind = if is_local { "local Lakebase" } else { "workspace" };
        let host = lakebase.host().as_str().trim_end_matches('/');
        Self { description: format!("{kind} {host} ({from})"), is_local, lakebase, arguments: Vec::new() }
    }

    #[cfg(feature = "local")]
    async fn local(global: &Global) -> Result<Self> {
        use lakebase::local::LocalError;

        let attach = async { Ok::<_, Failure>(global.local_builder().attach().await) };
        let local = match progress::reading("attaching to the local Lakebase", attach).await? {
            Ok(local) => local,
            Err(LocalError::NotRunning { data_dir, .. }) => {
                let help = if global.local() {
                    "start it with `lakebase local start`"
                } else {
                    "start it with `lakebase local start`, or name a workspace: --profile NAME, DATABRICKS_HOST"
                };
                return Err(
                    Failure::new(format!("no local Lakebase runs on {}", data_dir.display())).help(help)
                );
            }
            Err(error) => return Err(error.into()),
        };
        let description = format!("local Lakebase {}", local.data_dir().display());
        let mut arguments = vec!["--local".to_owned()];
        if let Some(dir) = &global.data_dir {
            let dir = std::path::absolute(dir).unwrap_or_else(|_| dir.clone());
            arguments.extend(["--data-dir".to_owned(), dir.display().to_string()]);
        }
        Ok(Self { lakebase: local.client().await?, is_local: true, description, arguments })
    }

    #[cfg(not(feature = "local"))]
    #[expect(clippy::unused_async, reason = "with the feature `local` it waits")]
    async fn local(_: &Global) -> Result<Self> {
        Err(Failure::new("no Lakebase is named").help("name a workspace: --profile NAME, or DATABRICKS_HOST"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_counts_before_the_environment_and_that_before_the_file() {
        let settings = Settings { profile: Some("file".to_owned()), ..Settings::default() };
        let given = Global { profile: Some("given".to_owned()), ..Global::default() };
        let none = Global::default();
        let host = |name: &str| name == "DATABRICKS_HOST";
        let nothing = |_: &str| false;
        assert_eq!(choice(&given, &settings, host), Choice::Profile("given".to_owned(), "--profile"));
        assert_eq!(choice(&none, &settings, host), Choice::Environment("DATABRICKS_HOST"));
        assert_eq!(choice(&none, &settings, nothing), Choice::Profile("file".to_owned(), "lakebase.toml"));
        assert_eq!(choice(&none, &Settings::default(), nothing), Choice::RunningLocal);
    }

    #[test]
    fn a_profile_that_the_environment_overrules_is_refused() {
        for variable in ["DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CLIENT_SECRET"] {
            let refused =
                refuse_overruled("staging", "--profile", |name| name == variable).unwrap_err().text();
            assert!(refused.contains(&format!("unset {variable}, or drop --profile")), "{refused}");
        }
        refuse_overruled("staging", "--profile", |name| name == "DATABRICKS_CONFIG_PROFILE").unwrap();
    }
}
