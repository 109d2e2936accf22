//! `lakebase doctor`: what works, and what to do about the rest.

use std::process::{Command, Stdio};

use serde::Serialize;

use crate::{
    failure::{Failure, Result, Status},
    git,
    global::Global,
    output::{self, DIM, GREEN, RED, YELLOW},
    progress,
    session::Session,
    settings::Settings,
    target::Target,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    Ok,
    /// It works, with a limit.
    Note,
    Failed,
}

/// One line of the report.
#[derive(Debug, Serialize)]
pub(crate) struct Check {
    check: &'static str,
    outcome: Outcome,
    text: String,
    /// The way to mend it.
    remedy: Option<String>,
}

impl Check {
    fn ok(check: &'static str, text: impl Into<String>) -> Self {
        Self { check, outcome: Outcome::Ok, text: text.into(), remedy: None }
    }

    fn note(check: &'static str, text: impl Into<String>, remedy: &str) -> Self {
        Self { check, outcome: Outcome::Note, text: text.into(), remedy: Some(remedy.to_owned()) }
    }

    /// A check that failed. Ctrl-C is no fault, and ends the command.
    fn failed(check: &'static str, failure: Failure) -> Result<Self> {
        if failure.is_interruption() {
            return Err(failure);
        }
        let (text, remedy) = failure.into_parts();
        Ok(Self { check, outcome: Outcome::Failed, text, remedy })
    }
}

pub(crate) async fn run(global: &Global) -> Result<Status> {
    let mut checks = vec![settings()?];
    checks.extend(service(global).await?);
    checks.push(psql());
    checks.extend(hook()?);
    #[cfg(feature = "local")]
    checks.extend(machine::checks(global).await?);
    let healthy = checks.iter().all(|check| check.outcome != Outcome::Failed);
    if global.json {
        output::print_json(&serde_json::json!({"ok": healthy, "checks": checks}))?;
        return Ok(Status::of(healthy));
    }
    for Check { check, outcome, text, remedy } in &checks {
        let (style, mark) = match outcome {
            Outcome::Ok => (GREEN, "✓"),
            Outcome::Note => (YELLOW, "!"),
            Outcome::Failed => (RED, "✗"),
        };
        output::print(format_args!("{style}{mark}{style:#} {check:<11} {text}"))?;
        if let Some(remedy) = remedy {
            output::print(format_args!("  {DIM}{:<11} → {remedy}{DIM:#}", ""))?;
        }
    }
    Ok(Status::of(healthy))
}

fn settings() -> Result<Check> {
    Ok(match Settings::find() {
        Ok(Settings { file: Some(file), .. }) => Check::ok("settings", file.display().to_string()),
        Ok(_) => Check::note("settings", "no lakebase.toml here or above", "`lakebase init` writes one"),
        Err(failure) => Check::failed("settings", failure)?,
    })
}

/// Each check needs what the one before found.
async fn service(global: &Global) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    let settings = Settings::find().unwrap_or_default();
    let target = match Target::choose(global, &settings).await {
        Ok(target) => target,
        Err(failure) => return Ok(vec![Check::failed("lakebase", failure)?]),
    };
    checks.push(Check::ok("lakebase", target.description.clone()));
    match progress::reading("asking who you are", target.lakebase.current_user()).await {
        Ok(user) => {
            checks.push(Check::ok("login", format!("{} ({})", user.user_name, target.lakebase.auth_type())));
        }
        Err(failure) => {
            checks.push(Check::failed("login", failure)?);
            return Ok(checks);
        }
    }
    match Session::with(global, target, settings).await {
        Ok(session) => checks.extend(database(&session).await?),
        Err(failure) => checks.push(Check::failed("project", failure)?),
    }
    Ok(checks)
}

/// The project, and a login to its default branch.
async fn database(session: &Session) -> Result<Vec<Check>> {
    let found = async {
        let project = session.project().await?;
        progress::reading("reading the project", project.get()).await
    };
    let project = match found.await {
        Ok(project) => project,
        Err(failure) => return Ok(vec![Check::failed("project", failure)?]),
    };
    let mut checks = vec![Check::ok("project", project.name.id().to_string())];
    let login = async {
        let branch = progress::reading("reading the default branch", project.default_branch()).await?;
        let mut session = progress::reading("connecting", branch.connect()).await?;
        let ask = lakebase::sqlx::query_scalar("show server_version").fetch_one(&mut session);
        let version: String = progress::reading("connecting", ask).await?;
        Ok::<_, Failure>((branch, version))
    };
    checks.push(match login.await {
        Ok((branch, version)) => Check::ok("database", format!("PostgreSQL {version} on {}", branch.id())),
        Err(failure) => Check::failed("database", failure)?,
    });
    Ok(checks)
}

fn psql() -> Check {
    let output = Command::new("psql").arg("--version").stdin(Stdio::null()).output();
    match output {
        Ok(output) if output.status.success() => {
            Check::ok("psql", String::from_utf8_lossy(&output.stdout).trim().to_owned())
        }
        _ => {
            Check::note("psql", "not found in PATH", "install the PostgreSQL client: `lakebase psql` runs it")
        }
    }
}

/// Nothing outside of a repository.
fn hook() -> Result<Option<Check>> {
    let project = match git::project() {
        Ok(project) => project,
        Err(failure) => return Check::failed("git", failure).map(Some),
    };
    if git::ask(&["rev-parse", "--git-dir"]).is_none() {
        return Ok(None);
    }
    Ok(Some(match project {
        Some(project) => Check::ok("git", format!("branches of {project} for git branches")),
        None => Check::note("git", "no hook", "`lakebase git install` makes a branch for each git branch"),
    }))
}

#[cfg(feature = "local")]
mod machine {
    use std::net::{SocketAddr, TcpListener};

    use lakebase::local::BranchCopies;

    use super::{Check, Global, Result};

    /// Checks the needs of a Lakebase on this machine.
    pub(super) async fn checks(global: &Global) -> Result<Vec<Check>> {
        let found = match global.local_builder().inspect().await {
            Ok(found) => found,
            Err(error) => return Ok(vec![Check::failed("local", error.into())?]),
        };
        let mut checks = vec![match (&found.pg_version, &found.pg_bin) {
            (Some(version), Some(bin)) => Check::ok("postgres", format!("{version} in {}", bin.display())),
            _ => Check::note(
                "postgres",
                "none is installed",
                "the first start downloads one, or set LAKEBASE_PG_BIN",
            ),
        }];
        let dir = found.data_dir.display();
        checks.push(match found.copies {
            BranchCopies::Reflink => Check::ok("reflinks", format!("{dir} shares files between branches")),
            BranchCopies::Copy => Check::note(
                "reflinks",
                format!("{dir} cannot share files: each branch is a full copy"),
                "put the data directory on XFS or Btrfs (LAKEBASE_LOCAL_DIR)",
            ),
            _ => Check::note("reflinks", format!("{dir} cannot be written to"), "set LAKEBASE_LOCAL_DIR"),
        });
        checks.push(addresses());
        Ok(checks)
    }

    /// Endpoints listen on an address of their own each, at PostgreSQL's port.
    fn addresses() -> Check {
        // Not one that an endpoint has: those have hashes for numbers, and this one is rarely theirs.
        let address = SocketAddr::from(([127, 254, 254, 253], 5432));
        match TcpListener::bind(address) {
            Ok(_) => Check::ok("addresses", "port 5432 is free on 127.x.y.z"),
            Err(error) => Check::note(
                "addresses",
                format!("{address} cannot be bound ({error}): endpoints get other ports of 127.0.0.1"),
                "stop what listens on port 5432 of all addresses, or use the port that `lakebase url` prints",
            ),
        }
    }
}
