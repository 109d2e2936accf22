//! The environment variables that configuration is read from.

use std::{collections::BTreeMap, fmt, path::PathBuf, sync::Arc};

use tokio::process::Command;

/// Environment variables: those of the process, or a set of their own, so that code that depends on the
/// environment can be tested without changing it.
///
/// ```
/// use lakebase::auth::Env;
///
/// let env: Env = [("DATABRICKS_HOST", "https://x"), ("DATABRICKS_TOKEN", "")].into_iter().collect();
/// assert_eq!(env.get("DATABRICKS_HOST").as_deref(), Some("https://x"));
/// assert_eq!(env.get("DATABRICKS_TOKEN"), None); // empty counts as unset
/// ```
#[derive(Clone, Default)]
pub struct Env {
    /// `None` is the process.
    fixed: Option<Arc<BTreeMap<String, String>>>,
}

impl Env {
    /// The environment of this process, read anew each time.
    pub fn process() -> Self {
        Self { fixed: None }
    }

    /// No variables at all.
    pub fn empty() -> Self {
        Self { fixed: Some(Arc::default()) }
    }

    /// The value of a variable; one that is empty or no UTF-8 counts as unset.
    pub fn get(&self, name: &str) -> Option<String> {
        let value = match &self.fixed {
            Some(fixed) => fixed.get(name).cloned(),
            None => std::env::var(name).ok(),
        };
        value.filter(|value| !value.is_empty())
    }

    pub(super) fn home(&self) -> Option<PathBuf> {
        self.get("HOME").or_else(|| self.get("USERPROFILE")).map(PathBuf::from)
    }

    /// A path whose leading `~` is the home directory.
    pub(super) fn expand(&self, path: &str) -> PathBuf {
        let rest = path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with(['/', '\\']));
        match (rest, self.home()) {
            (Some(rest), Some(home)) => home.join(rest.trim_start_matches(['/', '\\'])),
            _ => PathBuf::from(path),
        }
    }

    /// The directories in which programs are looked for.
    pub(super) fn search_path(&self) -> Vec<PathBuf> {
        self.get("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
    }

    /// Gives a child process these variables.
    pub(super) fn apply(&self, command: &mut Command) {
        if let Some(fixed) = &self.fixed {
            command.env_clear().envs(fixed.iter());
        }
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(variables: I) -> Self {
        let map = variables.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { fixed: Some(Arc::new(map)) }
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Names only: values are tokens.
        match &self.fixed {
            None => f.write_str("Env(process)"),
            Some(fixed) => f.debug_tuple("Env").field(&fixed.keys().collect::<Vec<_>>()).finish(),
        }
    }
}
