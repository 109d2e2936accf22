//! `lakebase psql` and `lakebase exec`: programs that take the place of this one.

use std::{ffi::OsString, io, path::PathBuf, process::Command};

use clap::Args;

use super::branch::not_by_accident;
use crate::{
    connection::{Choice, Connection},
    failure::{Failure, Result, Status},
    session::Session,
};

#[derive(Debug, Args)]
pub(crate) struct Psql {
    /// The branch
    branch: Option<String>,
    #[command(flatten)]
    choice: Choice,
    /// Run a command and exit; may be repeated
    #[arg(long = "command", short, value_name = "SQL")]
    commands: Vec<String>,
    /// Run a file and exit; may be repeated
    #[arg(long = "file", short, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Further arguments of psql, after `--`
    #[arg(last = true, value_name = "ARGUMENT")]
    rest: Vec<OsString>,
}

#[derive(Debug, Args)]
pub(crate) struct Exec {
    /// The branch
    branch: Option<String>,
    #[command(flatten)]
    choice: Choice,
    /// Also on the default branch of the project, or on a protected one
    #[arg(long)]
    allow_default: bool,
    /// The program and its arguments, after `--`
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) async fn psql(session: &Session, psql: &Psql) -> Result<Status> {
    let branch = session.branch_or_default(psql.branch.as_deref()).await?;
    let connection = Connection::open(branch, &psql.choice).await?;
    let mut command = Command::new("psql");
    connection.give_to(&mut command);
    // It is of no use to it.
    command.env_remove("DATABASE_URL");
    if connection.info.ca_cert.is_none() {
        // libpq knows the authorities of the system by this name only.
        command.env("PGSSLROOTCERT", "system");
    }
    command.args(psql.commands.iter().flat_map(|sql| ["-c", sql.as_str()]));
    for file in &psql.files {
        command.arg("-f").arg(file);
    }
    command.args(&psql.rest);
    become_program(command)
}

pub(crate) async fn exec(session: &Session, exec: &Exec) -> Result<Status> {
    let [program, arguments @ ..] = exec.command.as_slice() else {
        return Err(
            Failure::new("no program is named").help("write it after `--`: lakebase exec dev -- cargo test")
        );
    };
    let branch = session.branch_or_default(exec.branch.as_deref()).await?;
    not_by_accident(&branch, exec.allow_default, "running a program")?;
    let connection = Connection::open(branch, &exec.choice).await?;
    let mut command = Command::new(program);
    command.args(arguments);
    connection.give_to(&mut command);
    become_program(command)
}

/// Runs the program in place of this one, so that signals, terminal and exit status are its own. The password is in its
/// environment, which other users cannot read, and never among its arguments.
#[cfg(unix)]
fn become_program(mut command: Command) -> Result<Status> {
    use std::os::unix::process::CommandExt as _;

    let error = command.exec();
    Err(not_started(&command, &error))
}

#[cfg(not(unix))]
fn become_program(mut command: Command) -> Result<Status> {
    let status = command.status().map_err(|error| not_started(&command, &error))?;
    std::process::exit(status.code().unwrap_or(2))
}

fn not_started(command: &Command, error: &io::Error) -> Failure {
    let program = command.get_program().to_string_lossy();
    let failure = Failure::new(format!("cannot run {program}: {error}"));
    match (program.as_ref(), error.kind()) {
        ("psql", io::ErrorKind::NotFound) => {
            failure.help("install the PostgreSQL client, such as the package postgresql-client")
        }
        (_, io::ErrorKind::NotFound) => failure.help("give its path, or see that PATH has its directory"),
        _ => failure,
    }
}
