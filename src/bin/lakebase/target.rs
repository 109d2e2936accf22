//! Which Lakebase a command works on.

use std::{env, path::PathBuf};

use lakebase::{Lakebase, auth::Env};

use crate::{
    failure::{Failure, Result},
    global::Global,
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
const BEFORE_PROFILES: [&str; 20] = [
    "DATABRICKS_HOST",
    "DATABRICKS_AZURE_RESOURCE_ID",
    "DATABRICKS_METADATA_SERVICE_URL",
    "DATABRICKS_WORKSPACE_ID",
    "DATABRICKS_GROUP_ID",
    "DATABRICKS_AUTH_TYPE",
    "DATABRICKS_TOKEN",
    "DATABRICKS_CLIENT_ID",
    "DATABRICKS_CLIENT_SECRET",
    "DATABRICKS_USERNAME",
    "DATABRICKS_PASSWORD",
    "DATABRICKS_OIDC_TOKEN_ENV",
    "DATABRICKS_OIDC_TOKEN_FILEPATH",
    "DATABRICKS_OIDC_TOKEN_FILE",
    "DATABRICKS_GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_CREDENTIALS",
    "ARM_USE_MSI",
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_TENANT_ID",
];

/// A client, and how its Lakebase was chosen.
#[derive(Debug, Clone)]
pub(crate) struct Target {
    pub(crate) lakebase: Lakebase,
    /// Whether it is the one of this machine.
    pub(crate) is_local: bool,
    /// Such as `workspace https://… (profile work)`.
    pub(crate) description: String,
    pub(crate) origin: Origin,
}

/// The way to a Lakebase, by which it is chosen again later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The data directory of one on this machine.
    Local(PathBuf),
    Profile(String),
    /// The variable that names the workspace.
    Environment(String),
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

/// The environment without some variables.
fn without(names: &[&str], but: Option<&str>) -> Env {
    let left_out = |name: &str| names.contains(&name) && Some(name) != but;
    let texts = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    texts.filter(|(name, _)| !left_out(name)).collect()
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
                Ok(Self::of(lakebase, &format!("profile {profile} of {from}"), Origin::Profile(profile)))
            }
            Choice::Environment(variable) => {
                let lakebase = progress::reading("logging in", Lakebase::from_env()).await?;
                Ok(Self::of(lakebase, variable, Origin::Environment(variable.to_owned())))
            }
        }
    }

    /// Chooses the Lakebase that a repository noted: variables that are set now do not lead elsewhere.
    pub(crate) async fn noted(origin: Origin, global: &Global) -> Result<Self> {
        let from = "`lakebase git install`";
        match &origin {
            #[cfg(feature = "local")]
            Origin::Local(dir) => {
                Self::local(&Global { data_dir: Some(dir.clone()), ..global.clone() }).await
            }
            #[cfg(not(feature = "local"))]
            Origin::Local(_) => Self::local(global).await,
            Origin::Profile(profile) => {
                let builder = Lakebase::builder().env(without(&BEFORE_PROFILES, None));
                let lakebase =
                    progress::reading("logging in", builder.profile(profile.as_str()).build()).await?;
                Ok(Self::of(lakebase, &format!("profile {profile} of {from}"), origin))
            }
            Origin::Environment(noted) => {
                let (variable, value) =
                    noted.split_once('=').map_or((noted.as_str(), None), |(name, value)| (name, Some(value)));
                let found = env::var(variable).ok().filter(|found| !found.is_empty());
                match (found, value) {
                    (None, _) => {
                        let message = format!("{variable} is not set, and {from} was run with it");
                        let to = value.map(|value| format!(" to {value}")).unwrap_or_default();
                        return Err(Failure::new(message).help(format!("set it{to}, with a login for it")));
                    }
                    (Some(found), Some(value)) if found != value => {
                        let message = format!("{variable} is not {value} now, for which {from} was run here");
                        return Err(Failure::new(message)
                            .help("set it so, or run `lakebase git install` again for what it names now"));
                    }
                    _ => {}
                }
                let builder = Lakebase::builder().env(without(&VARIABLES, Some(variable)));
                let lakebase = progress::reading("logging in", builder.build()).await?;
                Ok(Self::of(lakebase, variable, Origin::Environment(variable.to_owned())))
            }
        }
    }

    fn of(lakebase: Lakebase, from: &str, origin: Origin) -> Self {
        // A workspace is reached by HTTPS only.
        let is_local = lakebase.host().scheme() == "http";
        let kind = if is_local { "local Lakebase" } else { "workspace" };
        let host = lakebase.host().as_str().trim_end_matches('/');
        Self { description: format!("{kind} {host} ({from})"), is_local, lakebase, origin }
    }

    #[cfg(feature = "local")]
    async fn local(global: &Global) -> Result<Self> {
        use lakebase::local::LocalError;

        let attach = async { Ok::<_, Failure>(global.local_builder().attach().await) };
        let local = match progress::reading("attaching to the local Lakebase", attach).await? {
            Ok(local) => local,
            Err(LocalError::NotRunning { data_dir, .. }) => {
                let other = if global.local() {
                    ""
                } else {
                    ", or name a workspace: --profile NAME, DATABRICKS_HOST"
                };
                let help = format!("start it with `{}`{other}", global.start_command());
                return Err(
                    Failure::new(format!("no local Lakebase runs on {}", data_dir.display())).help(help)
                );
            }
            Err(error) => return Err(error.into()),
        };
        let description = format!("local Lakebase {}", local.data_dir().display());
        // Its default place depends on the environment.
        let dir = std::path::absolute(local.data_dir()).unwrap_or_else(|_| local.data_dir().to_owned());
        let lakebase = local.client().await?;
        Ok(Self { lakebase, is_local: true, description, origin: Origin::Local(dir) })
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
        for variable in [
            "DATABRICKS_HOST",
            "DATABRICKS_TOKEN",
            "DATABRICKS_CLIENT_SECRET",
            "ARM_CLIENT_ID",
            "GOOGLE_CREDENTIALS",
        ] {
            let refused =
                refuse_overruled("staging", "--profile", |name| name == variable).unwrap_err().text();
            assert!(refused.contains(&format!("unset {variable}, or drop --profile")), "{refused}");
        }
        refuse_overruled("staging", "--profile", |name| name == "DATABRICKS_CONFIG_PROFILE").unwrap();
    }
}
