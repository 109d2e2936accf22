//! Official clients, unmodified, against the local Lakebase.

use std::{path::Path, process::Command};

use secrecy::ExposeSecret as _;

use crate::support::{child::output, directory::directory, fixture::local};

/// A virtual environment with the official SDK.
fn python(dir: &Path) -> std::path::PathBuf {
    let run = |command: &mut Command| {
        let output = output(command);
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    };
    let venv = dir.join("venv");
    run(Command::new("python3").arg("-m").arg("venv").arg(&venv));
    let packages = ["install", "--quiet", "--disable-pip-version-check", "databricks-sdk", "psycopg2-binary"];
    run(Command::new(venv.join("bin/pip")).args(packages));
    venv.join("bin/python")
}

#[test]
#[ignore = "needs the Python package index"]
fn routes_and_fields_are_those_of_the_newest_python_sdk() {
    let dir = directory();
    let mut compare = Command::new(python(dir.path()));
    compare.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/compare.py"));
    compare.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let output = output(&mut compare);
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
    print!("{stdout}");
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "needs the Python package index"]
async fn the_python_sdk_walks_from_project_to_delete() {
    let dir = directory();
    let place = dir.path().to_owned();
    let python = tokio::task::spawn_blocking(move || python(&place)).await.unwrap();
    let local = local(dir.path()).start().await.unwrap();
    let mut walk = Command::new(python);
    walk.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/walk.py"))
        .env("DATABRICKS_HOST", local.host().as_str())
        .env("DATABRICKS_TOKEN", local.token().expose_secret())
        .env("DATABRICKS_CONFIG_FILE", dir.path().join("none"))
        .env("NO_PROXY", "127.0.0.1");
    let output = tokio::task::spawn_blocking(move || output(&mut walk)).await.unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}\n{}", String::from_utf8_lossy(&output.stderr));
    local.shutdown().await;
}
