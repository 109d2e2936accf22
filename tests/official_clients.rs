//! Official clients, unmodified, against the local Lakebase.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Command};

use lakebase::local::{Durability, LocalLakebase};
use secrecy::ExposeSecret as _;

use crate::contract::place::{skipped, wanted_version};

/// An environment with the official SDK, or why there is none.
fn python(dir: &Path) -> Result<std::path::PathBuf, String> {
    let run = |command: &mut Command| match command.output() {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim())),
        Err(error) => Err(format!("{command:?}: {error}")),
    };
    let venv = dir.join("venv");
    run(Command::new("python3").arg("-m").arg("venv").arg(&venv))?;
    let packages = ["install", "--quiet", "--disable-pip-version-check", "databricks-sdk", "psycopg2-binary"];
    run(Command::new(venv.join("bin/pip")).args(packages))?;
    Ok(venv.join("bin/python"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_sdk_walks_from_project_to_delete() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::set_permissions(dir.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
    let place = dir.path().to_owned();
    let python = match tokio::task::spawn_blocking(move || python(&place)).await.unwrap() {
        Ok(python) => python,
        Err(why) => {
            skipped(format!("Python or the official SDK cannot be had: {why}"));
            return;
        }
    };
    let builder = LocalLakebase::builder().data_dir(dir.path().join("data")).durability(Durability::Fast);
    let builder = match wanted_version() {
        Some(major) => builder.pg_version(major),
        None => builder,
    };
    let local = builder.start().await.unwrap();
    let mut walk = Command::new(python);
    walk.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/python/walk.py"))
        .env("DATABRICKS_HOST", local.host().as_str())
        .env("DATABRICKS_TOKEN", local.token().expose_secret())
        .env("DATABRICKS_CONFIG_FILE", dir.path().join("none"))
        .env("NO_PROXY", "127.0.0.1");
    let output = tokio::task::spawn_blocking(move || walk.output()).await.unwrap().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{told}\n{}", String::from_utf8_lossy(&output.stderr));
    eprintln!("{told}");
    local.shutdown().await;
}
