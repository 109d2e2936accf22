//! Creation of a cluster with `initdb`.

use std::{fs, io, path::Path, process::Stdio};

use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use super::{Installation, Platform, SUPERUSER, Spawner, sandbox::Sandbox, spawner::command};
use crate::local::{account::FileWorkers, engine_error::EngineError};

/// Part of a template's name: counts up when the options or the first statements below change.
pub(in crate::local) const TEMPLATE_REVISION: u32 = 2;

/// Creates a cluster in the new directory `data`, whose parent belongs to the account.
pub(in crate::local) async fn initdb(
    files: &FileWorkers,
    spawner: &Spawner,
    installation: &Installation,
    data: &Path,
    platform: &Platform,
) -> Result<(), EngineError> {
    let first = run(files, spawner, installation, data, "C.UTF-8").await;
    let made = match first {
        // Old or small systems lack the locale; what PostgreSQL brings itself is the same everywhere.
        Err(EngineError::ComputeFailed { log, .. }) if log.contains("locale") => {
            tracing::warn!("the system has no locale C.UTF-8; using C");
            run(files, spawner, installation, data, "C").await
        }
        other => other,
    };
    made?;
    secure(files, spawner, installation, data, platform).await?;
    let base = data.join("base");
    files.run(move || drop_maps(&base).map_err(EngineError::io("tidy", &base))).await
}

/// Removes the free space and visibility maps of a cluster that no server runs on.
///
/// PostgreSQL works without them and recreates them when a table changes. They are a quarter of all
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
    files: &FileWorkers,
    spawner: &Spawner,
    installation: &Installation,
    data: &Path,
    locale: &str,
) -> Result<(), EngineError> {
    let program = installation.bin.join("initdb");
    let parent = data.parent().unwrap_or(data);
    let mut command = command(&program, parent, sandbox(files, installation, parent).await?);
    command
        .arg("--pgdata")
        .arg(data)
        .args(["--username", SUPERUSER, "--auth", "reject", "--encoding", "UTF8", "--locale", locale])
        // Small segments: a branch carries at least one, and a switch fills one up.
        .args(["--wal-segsize", "1", "--data-checksums", "--no-sync", "--no-instructions"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if installation.version.major >= 17 {
        command.args(["--locale-provider", "builtin", "--builtin-locale", "C.UTF-8"]);
    }
    finish(spawner, command, &program, "did not make a cluster", "").await
}

async fn sandbox(
    files: &FileWorkers,
    installation: &Installation,
    writable: &Path,
) -> Result<Sandbox, EngineError> {
    let (programs, own) = (installation.clone(), writable.to_owned());
    files.run(move || Sandbox::prepare(&programs, &[own.as_path()])).await
}

/// Runs a program with `input` as its standard input, to its end.
async fn finish(
    spawner: &Spawner,
    command: Command,
    program: &Path,
    failure: &str,
    input: &str,
) -> Result<(), EngineError> {
    let mut child = spawner.spawn(command).await.map_err(EngineError::io("start", program))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A write fails if the program ended early; it gives the reason on its standard error.
        let _ = stdin.write_all(input.as_bytes()).await;
    }
    let output = child.wait_with_output().await.map_err(EngineError::io("wait for", program))?;
    if output.status.success() {
        return Ok(());
    }
    Err(EngineError::ComputeFailed {
        what: format!("{} {failure}: {}", program.display(), output.status),
        log: String::from_utf8_lossy(&output.stderr).into_owned(),
        file: None,
    })
}

/// Sets the superuser's secret and revokes rights that no login may have, before any server runs on the cluster.
async fn secure(
    files: &FileWorkers,
    spawner: &Spawner,
    installation: &Installation,
    data: &Path,
    platform: &Platform,
) -> Result<(), EngineError> {
    let program = installation.bin.join("postgres");
    let mut command = command(&program, data, sandbox(files, installation, data).await?);
    command.args(["--single", "-F"]).arg("-D").arg(data);
    for setting in
        ["exit_on_error=true", "search_path=pg_catalog", "log_checkpoints=off", "log_statement=none"]
    {
        command.args(["-c", setting]);
    }
    command.arg("postgres").stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let statements = first_statements(installation.version.major, platform);
    finish(spawner, command, &program, "did not set up a cluster", &statements).await
}

/// One statement a line.
fn first_statements(major: u32, platform: &Platform) -> String {
    let mut statements = vec![
        format!("ALTER ROLE {SUPERUSER} PASSWORD '{}';", platform.verifier()),
        // A session in it would hold up every CREATE DATABASE.
        "REVOKE ALL ON DATABASE template1 FROM PUBLIC;".to_owned(),
    ];
    if major < 16 {
        // Until 15 a role with CREATEROLE grants every role but superusers, to itself as well. A predefined role that
        // counts as a superuser is out of its reach; it has no members and cannot log in.
        statements.push(format!(
            "UPDATE pg_catalog.pg_authid SET rolsuper = true WHERE rolname IN ({});",
            BEYOND_LOGINS.map(|role| format!("'{role}'")).join(", ")
        ));
    }
    statements.push(String::new());
    statements.join("\n")
}

/// Predefined roles that reach files, programs or passwords of other roles.
const BEYOND_LOGINS: [&str; 4] =
    ["pg_execute_server_program", "pg_read_server_files", "pg_write_server_files", "pg_read_all_data"];
