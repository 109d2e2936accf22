//! `lakebase psql` and `lakebase exec`: programs that take the place of this one.

use std::{
    ffi::OsString,
    io,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches, value_parser};

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
    #[command(flatten)]
    scripts: Scripts,
    /// Further arguments of psql, after `--`
    #[arg(last = true, value_name = "ARGUMENT")]
    rest: Vec<OsString>,
}

/// `-c` and `-f` in the order in which they were given, in which psql runs them.
#[derive(Debug)]
struct Scripts(Vec<Script>);

#[derive(Debug, Clone, PartialEq)]
enum Script {
    Command(String),
    File(PathBuf),
}

impl Scripts {
    fn read(matches: &ArgMatches) -> Vec<(usize, Script)> {
        let indices = |id| matches.indices_of(id).into_iter().flatten();
        let commands = matches.get_many::<String>("sql").into_iter().flatten().cloned().map(Script::Command);
        let files = matches.get_many::<PathBuf>("script").into_iter().flatten().cloned().map(Script::File);
        let mut all: Vec<_> = indices("sql").zip(commands).chain(indices("script").zip(files)).collect();
        all.sort_by_key(|(index, _)| *index);
        all
    }
}

impl FromArgMatches for Scripts {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        Ok(Self(Self::read(matches).into_iter().map(|(_, script)| script).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for Scripts {
    fn augment_args(command: clap::Command) -> clap::Command {
        let command = command.arg(
            Arg::new("sql")
                .long("command")
                .short('c')
                .value_name("SQL")
                .help("Run a command and exit; may be repeated, also with --file")
                .action(ArgAction::Append),
        );
        command.arg(
            Arg::new("script")
                .long("file")
                .short('f')
                .value_name("FILE")
                .help("Run a file and exit; may be repeated, also with --command")
                .value_parser(value_parser!(PathBuf))
                .action(ArgAction::Append),
        )
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
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
        command.env("PGSSLROOTCERT", authorities(version_of_psql(), Path::is_file)?);
    }
    for script in &psql.scripts.0 {
        match script {
            Script::Command(sql) => command.arg("-c").arg(sql),
            Script::File(file) => command.arg("-f").arg(file),
        };
    }
    command.args(&psql.rest);
    become_program(command)
}

/// The file of the system's authorities on Debian, Fedora, openSUSE, Alpine and macOS.
const BUNDLES: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/opt/homebrew/etc/ca-certificates/cert.pem",
];

/// The major version of `psql`, which has that of its libpq; `None` where it does not say.
fn version_of_psql() -> Option<u32> {
    let output = Command::new("psql").arg("--version").stdin(Stdio::null()).output().ok()?;
    // psql (PostgreSQL) 15.18 (Debian …)
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text.split_once("(PostgreSQL)")?.1.trim_start();
    number.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

/// The value of `PGSSLROOTCERT` for the authorities of the system: `system`, or their file for libpq before version 16.
fn authorities(major: Option<u32>, is_file: impl Fn(&Path) -> bool) -> Result<PathBuf> {
    if major.is_none_or(|major| major >= 16) {
        return Ok("system".into());
    }
    let given = std::env::var_os("SSL_CERT_FILE").map(PathBuf::from);
    let found = given.into_iter().chain(BUNDLES.map(PathBuf::from)).find(|file| is_file(file));
    found.ok_or_else(|| {
        Failure::new("this psql is older than 16 and needs the file with the authorities of the system, which is not found")
            .help("set SSL_CERT_FILE to that file, or install psql 16 or newer")
    })
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

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        psql: Psql,
    }

    #[test]
    fn commands_and_files_keep_their_order() {
        let line = "psql dev -f one.sql -c two --command=three --file four.sql -- -At";
        let line = Line::try_parse_from(line.split_whitespace()).unwrap();
        let wanted = [
            Script::File("one.sql".into()),
            Script::Command("two".to_owned()),
            Script::Command("three".to_owned()),
            Script::File("four.sql".into()),
        ];
        assert_eq!(line.psql.scripts.0, wanted);
        assert_eq!(line.psql.branch.as_deref(), Some("dev"));
        assert!(Line::try_parse_from(["psql"]).unwrap().psql.scripts.0.is_empty());
    }

    #[test]
    fn an_old_libpq_gets_the_file_of_the_authorities() {
        assert_eq!(authorities(Some(16), |_| false).unwrap(), Path::new("system"));
        assert_eq!(authorities(None, |_| false).unwrap(), Path::new("system"));
        let fedora = Path::new("/etc/pki/tls/certs/ca-bundle.crt");
        assert_eq!(authorities(Some(15), |file| file == fedora).unwrap(), fedora);
        assert!(authorities(Some(15), |_| false).unwrap_err().text().contains("SSL_CERT_FILE"));
    }
}
