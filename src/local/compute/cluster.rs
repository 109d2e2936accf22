//! A fresh cluster: `initdb`.

use std::{fs, io, path::Path, process::Stdio};

use super::{Installation, SUPERUSER, Spawner, spawner::command};
use crate::local::{account::Account, fault::EngineError};

/// Part of a template's name: counts up when the options below change.
pub(in crate::local) const TEMPLATE_REVISION: u32 = 1;

/// Makes a cluster in the new directory `data`, whose parent belongs to the account.
pub(in crate::local) async fn initdb(
    spawner: &Spawner,
    installation: &Installation,
    account: Option<&Account>,
    data: &Path,
) -> Result<(), EngineError> {
    let first = run(spawner, installation, account, data, "C.UTF-8").await;
    let made = match first {
        // Old or small systems lack the locale; what PostgreSQL brings itself is the same everywhere.
        Err(EngineError::ComputeFailed { log, .. }) if log.contains("locale") => {
            tracing::warn!("the system has no locale C.UTF-8; using C");
            run(spawner, installation, account, data, "C").await
        }
        other => other,
    };
    made?;
    let base = data.join("base");
    tokio::task::spawn_blocking(move || drop_maps(&base).map_err(EngineError::io("tidy", &base)))
        .await
        .map_err(|_| EngineError::failed("the work broke off"))?
}

/// Removes the free space and visibility maps of a cluster that no server runs on.
///
/// PostgreSQL does without them and makes them again where a table changes. They are a quarter of all
/// files in a fresh cluster, and the number of files is what a branch costs.
fn drop_maps(base: &Path) -> io::Result<()> {
    for database in fs::read_dir(base)? {
        for file in fs::read_dir(database?.path())? {
            let file = file?;
            let name = file.file_name();
            if [&b"_fsm"[..], b"_vm"].iter().any(|map| name.as_encoded_bytes().ends_with(map)) {
                fs::remove_file(file.path())?;
            }
        }
    }
    Ok(())
}

async fn run(
    spawner: &Spawner,
    installation: &Installation,
    account: Option<&Account>,
    data: &Path,
    locale: &str,
) -> Result<(), EngineError> {
    let program = installation.bin.join("initdb");
    let parent = data.parent().unwrap_or(data);
    let mut command = command(&program, account, parent);
    command
        .arg("--pgdata")
        .arg(data)
        .args(["--username", SUPERUSER, "--auth", "trust", "--encoding", "UTF8", "--locale", locale])
        // Small segments: a branch carries at least one, and a switch fills one up.
        .args(["--wal-segsize", "1", "--data-checksums", "--no-sync", "--no-instructions"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if installation.version.major >= 17 {
        command.args(["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]);
    }
    let child = spawner.spawn(command).await.map_err(EngineError::io("start", &program))?;
    let output = child.wait_with_output().await.map_err(EngineError::io("wait for", &program))?;
    if output.status.success() {
        return Ok(());
    }
    Err(EngineError::ComputeFailed {
        what: format!("{} did not make a cluster: {}", program.display(), output.status),
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}
