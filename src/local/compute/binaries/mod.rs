//! Selection of PostgreSQL programs: installed ones win unless only a fetch has the requested version.

use std::{
    collections::BTreeMap,
    env, fs, io,
    path::{Path, PathBuf},
    process::Command,
    sync::{Mutex, PoisonError},
};

use etcetera::BaseStrategy;

use super::{
    failed_fetch::FailedFetch,
    fetch::{self, Progress, Sources},
    installed::{Installation, OLDEST, places},
    pinned,
};
use crate::local::{
    account::{Account, FileWorkers, shared_cache_dir},
    engine_error::EngineError,
};

/// Finds PostgreSQL.
pub(in crate::local) struct Binaries {
    given: Option<PathBuf>,
    account: Option<Account>,
    /// Programs are tried as the account that is going to run them.
    files: FileWorkers,
    progress: Progress,
    cache: PathBuf,
    sources: Sources,
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
        let cache = cache_dir(account.is_some());
        let (sources, known, searching) = Default::default();
        Self { given, account, files, progress, cache, sources, known, searching }
    }

    /// The installation of a major version where it is installed or was fetched before, else the newest installed one.
    /// It is fetched only if no PostgreSQL is installed.
    pub(in crate::local) async fn prefer(&self, major: u32) -> Result<Installation, EngineError> {
        if self.given.is_some() {
            return self.resolve(None).await;
        }
        let _alone = self.searching.lock().await;
        for wanted in [Some(major), None] {
            if let Some(known) = self.recall(wanted) {
                return Ok(known);
            }
            if let Some(found) = self.search(wanted, &mut Vec::new()).await? {
                if wanted.is_none() {
                    tracing::info!(
                        "PostgreSQL {major} is preferred and not installed; {} is, and is used",
                        found.version
                    );
                }
                return Ok(self.remember(wanted, found));
            }
        }
        let fetched = self.fetch(Some(major), Vec::new()).await?;
        Ok(self.remember(Some(major), fetched))
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
        Ok(self.remember(wanted, installation))
    }

    fn remember(&self, wanted: Option<u32>, installation: Installation) -> Installation {
        tracing::info!(version = %installation.version, bin = %installation.bin.display(), "using PostgreSQL");
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(installation.version.major, installation.clone());
        if wanted.is_none() {
            known.insert(ANY, installation.clone());
        }
        installation
    }

    fn recall(&self, wanted: Option<u32>) -> Option<Installation> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&wanted.unwrap_or(ANY)).cloned()
    }

    /// Refuses a given directory without PostgreSQL: using another one would hide the mistake.
    async fn check_given(&self, wanted: Option<u32>) -> Result<(), EngineError> {
        let Some(given) = self.given.clone() else { return Ok(()) };
        let account = self.account.clone();
        let refuse = move |reason| EngineError::NoPostgres {
            wanted,
            tried: vec![reason],
            remedy:
                "choose the directory that holds `postgres` and `initdb`, or none (LAKEBASE_PG_BIN, --pg-bin)"
                    .to_owned(),
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
        let (given, account, cache) = (self.given.clone(), self.account.clone(), self.cache.clone());
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
        let bin = match self.prepare_cache(major).await {
            Ok(None) => {
                let failures = tried.len();
                let bin = fetch::fetch(major, &self.sources, &self.cache, &self.progress, &mut tried).await;
                // A version without a package would fail at once, so nothing is recorded.
                if pinned::package(major).is_some() {
                    self.record_fetch(major, bin.is_some(), tried[failures..].to_vec()).await;
                }
                bin
            }
            Ok(Some(failed_before)) => {
                tried.push(failed_before);
                None
            }
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
        let remedy = remedy(wanted);
        Err(EngineError::NoPostgres { wanted, tried, remedy })
    }

    /// Creates the cache directory, and returns why no fetch may be tried now.
    async fn prepare_cache(&self, major: u32) -> Result<Option<String>, EngineError> {
        let cache = self.cache.clone();
        let prepare = move || {
            prepare_cache(&cache).map_err(EngineError::io("write to", &cache))?;
            Ok(FailedFetch::of(&cache, major).recent())
        };
        FileWorkers::privileged().run(prepare).await
    }

    async fn record_fetch(&self, major: u32, fetched: bool, failures: Vec<String>) {
        let record = FailedFetch::of(&self.cache, major);
        let write = move || {
            if fetched {
                record.clear()
            } else {
                record.record(&failures)
            }
            Ok::<_, EngineError>(())
        };
        // It cannot fail: the record is best effort.
        let _ = FileWorkers::privileged().run(write).await;
    }
}

/// The key of "any version" among the known ones; there is no version 0.
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

/// The installation that [`Binaries::prefer`] would use, as far as it is installed or was fetched before.
pub(in crate::local) fn find_installed(given: Option<&Path>, major: u32) -> Option<Installation> {
    let cache = cache_dir(rustix::process::geteuid().is_root());
    let find = |wanted| search(given, &cache, wanted, None, &mut Vec::new());
    match given {
        Some(_) => find(None),
        None => find(Some(major)).or_else(|| find(None)),
    }
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

/// A command that works on this machine, and the setting that every program of the crate reads.
fn remedy(wanted: Option<u32>) -> String {
    if wanted.is_some_and(|major| major < OLDEST) {
        return format!("ask for PostgreSQL {OLDEST} or a later version, or for none");
    }
    let install = if cfg!(target_os = "macos") {
        format!("install it with `brew install postgresql@{}`", wanted.unwrap_or(pinned::DEFAULT_MAJOR))
    } else if Path::new("/usr/bin/apt-get").exists() {
        apt_remedy(wanted)
    } else if Path::new("/usr/bin/dnf").exists() {
        "install one with `dnf install postgresql-server`".to_owned()
    } else {
        "install it with the package manager of this system".to_owned()
    };
    format!("{install}, or set LAKEBASE_PG_BIN to the directory of its programs")
}

/// Names a package only where apt knows it: Debian 12, for one, has no `postgresql-17`.
fn apt_remedy(wanted: Option<u32>) -> String {
    let known = |package: &str| {
        let output = Command::new("apt-cache").args(["show", "--no-all-versions", package]).output();
        output.is_ok_and(|output| output.status.success() && !output.stdout.is_empty())
    };
    match wanted.map(|major| format!("postgresql-{major}")) {
        None => "install one with `apt-get install postgresql`".to_owned(),
        Some(package) if known(&package) => format!("install it with `apt-get install {package}`"),
        Some(package) => format!(
            "apt has no {package} here: ask for no version, which uses what `apt-get install postgresql` installs, \
             or connect to the network once, so that it can be fetched"
        ),
    }
}

#[cfg(test)]
mod tests;
