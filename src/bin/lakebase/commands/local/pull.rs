//! `lakebase local pull`: fills a project from any PostgreSQL, by a dump that is restored in one transaction.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use lakebase::{
    model::BranchInfo,
    sqlx::{self, Connection as _, PgConnection},
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, ChildStdin, ChildStdout, Command},
};
use url::Url;

use crate::{
    connection::{Choice, Connection},
    failure::{Failure, Result, Status, cannot},
    global::Global,
    output, progress,
    session::Session,
    time::size,
};

#[derive(Debug, Args)]
pub(crate) struct Pull {
    /// The database to pull from: postgres://USER@HOST:PORT/DATABASE; its password better by LAKEBASE_PULL_URL or
    /// PGPASSWORD, which other users of this machine cannot read
    #[arg(env = "LAKEBASE_PULL_URL", hide_env_values = true)]
    url: String,
    /// The branch that is filled [default: the default branch]
    #[arg(long, value_name = "BRANCH")]
    into: Option<String>,
    /// The database that is filled [default: databricks_postgres]
    #[arg(long, short, value_name = "NAME")]
    database: Option<String>,
    /// Leave this schema out, by its exact name; may be repeated
    #[arg(long = "exclude-schema", value_name = "SCHEMA")]
    exclude: Vec<String>,
    /// Only the schema, without rows
    #[arg(long)]
    schema_only: bool,
}

/// In the head of a dump; older versions of PostgreSQL do not know it.
const NEW_SETTING: &[u8] = b"\nSET transaction_timeout = 0;\n";
const BEGIN: &[u8] = b"BEGIN;\n";
const COMMIT: &[u8] = b"\nCOMMIT;\n";
/// The head of a dump, in bytes.
const HEAD: usize = 4096;

pub(super) async fn run(global: &Global, pull: &Pull) -> Result<Status> {
    let source = Source::open(&parsed(&pull.url)?, &pull.exclude).await?;
    let programs = Programs::find(source.major)?;
    let session = Session::open(&Global { local: true, ..global.clone() }).await?;
    let project = session.project().await?;
    if progress::reading("reading the project", project.try_get()).await?.is_none() {
        let create = session.lakebase().create_project(project.id()).if_missing();
        progress::changing(&format!("creating project {}", project.id()), create).await?;
        output::done(format_args!("created project {}", project.id()));
    }
    let branch: BranchInfo = match &pull.into {
        Some(name) => session.branch(name).await?,
        None => progress::reading("reading the default branch", project.default_branch()).await?,
    };
    let choice = Choice { database: pull.database.clone(), ..Choice::default() };
    let connection = Connection::open(branch, &choice).await?;
    let mut target = progress::reading("connecting", connection.info.connect()).await?;
    refuse_tables(&mut target, &connection).await?;
    let bytes = progress::interruptible(copy(pull, &source, &programs, &connection)).await?;
    progress::changing("collecting statistics", sqlx::query("analyze").execute(&mut target)).await?;
    let tables = tables(&mut target).await?;
    if session.json {
        output::print_json(&json!({
            "project": project.id(), "branch": connection.branch.id(), "database": connection.info.database,
            "tables": tables, "bytes": bytes,
        }))?;
    } else {
        output::done(format_args!(
            "{} has {tables} tables ({} of text)",
            connection.branch.id(),
            size(bytes)
        ));
    }
    Ok(Status::Success)
}

/// Parsed here and not with the arguments, whose errors show the value, and the password with it.
fn parsed(text: &str) -> Result<Url> {
    let form = "write postgres://USER@HOST:PORT/DATABASE";
    let url = Url::parse(text)
        .map_err(|error| Failure::new(format!("this is not the URL of a database: {error}")).help(form))?;
    // Programs take it in their arguments only, which all users of this machine can read.
    if url.query_pairs().any(|(name, _)| name == "sslpassword") {
        return Err(Failure::new("the URL has an sslpassword, which would be seen by other users")
            .help("leave it out, and use a key without a password"));
    }
    Ok(url)
}

/// The database that is dumped.
struct Source {
    /// Without a password, for the arguments of a program.
    url: Url,
    password: Option<String>,
    major: u32,
}

impl Source {
    /// Logs in, asks for the version, and sees that there are the schemas that are to be left out.
    async fn open(url: &Url, schemas: &[String]) -> Result<Self> {
        let mut bare = url.clone();
        let refused = || {
            Failure::new("this is not the URL of a database").help("write postgres://USER@HOST:PORT/DATABASE")
        };
        if !matches!(url.scheme(), "postgres" | "postgresql") {
            return Err(refused());
        }
        bare.set_password(None).map_err(|()| refused())?;
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| name != "password")
            .map(|(a, b)| (a.into(), b.into()))
            .collect();
        let in_query =
            url.query_pairs().find(|(name, _)| name == "password").map(|(_, text)| text.into_owned());
        bare.set_query(None);
        if !kept.is_empty() {
            bare.query_pairs_mut().extend_pairs(kept);
        }
        let decoded =
            |text: &str| percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = url.password().map(decoded).or(in_query);
        let mut session = progress::reading("connecting to the source", PgConnection::connect(url.as_str()))
            .await
            .map_err(|failure| failure.help(format!("see that {bare} runs and that the user may log in")))?;
        let ask = sqlx::query_scalar("select current_setting('server_version_num')::int / 10000");
        let major: i32 = progress::reading("asking for its version", ask.fetch_one(&mut session)).await?;
        let ask = sqlx::query_scalar(
            "select s from unnest($1::text[]) s where not exists (select from pg_namespace where nspname = s)",
        );
        let ask = ask.bind(schemas).fetch_optional(&mut session);
        let missing: Option<String> = progress::reading("looking for its schemas", ask).await?;
        if let Some(name) = missing {
            return Err(Failure::new(format!(
                "the source has no schema '{name}', so nothing would be left out"
            ))
            .help("write the name as it is, with capital letters and without quotes"));
        }
        Ok(Self { url: bare, password, major: u32::try_from(major).unwrap_or_default() })
    }
}

/// `pg_dump` and `psql` of one version.
#[derive(Debug, PartialEq)]
struct Programs {
    dump: PathBuf,
    psql: PathBuf,
}

impl Programs {
    /// `pg_dump` reads servers of its own version and older ones.
    fn find(major: u32) -> Result<Self> {
        let given = std::env::var_os("LAKEBASE_PG_BIN").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let installed = installed.map(|entry| entry.path().join("bin"));
        let places = given.into_iter().chain(std::env::split_paths(&path)).chain(installed);
        let found = places.filter_map(|dir| {
            let (dump, psql) = (dir.join("pg_dump"), dir.join("psql"));
            let version = version(&dump).filter(|version| *version >= major && psql.is_file())?;
            Some((version, Self { dump, psql }))
        });
        let newest = found.max_by_key(|(version, _)| *version).map(|(_, programs)| programs);
        newest.ok_or_else(|| {
            Failure::new(format!(
                "no pg_dump of version {major} or newer is installed, and the source is of version {major}"
            ))
            .help(format!(
                "install postgresql-client-{major}, or set LAKEBASE_PG_BIN to a directory that has it"
            ))
        })
    }
}

/// Reads `pg_dump (PostgreSQL) 17.10 (…)`.
fn version(program: &Path) -> Option<u32> {
    let output = std::process::Command::new(program).arg("--version").output().ok()?;
    major(&String::from_utf8_lossy(&output.stdout))
}

fn major(text: &str) -> Option<u32> {
    let number = text.split_once("(PostgreSQL)")?.1.trim_start();
    number.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok()
}

async fn tables(target: &mut PgConnection) -> Result<i64> {
    let sql = "select count(*) from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where c.relkind in ('r', 'p') and n.nspname not like 'pg\\_%'
                 and n.nspname not in ('information_schema', '_lakebase')";
    progress::reading("counting tables", sqlx::query_scalar(sql).fetch_one(target)).await
}

async fn refuse_tables(target: &mut PgConnection, connection: &Connection) -> Result<()> {
    match tables(target).await? {
        0 => Ok(()),
        there => Err(Failure::new(format!("{} has {there} tables already", connection.branch.id()))
            .help("pull into another project (--project ID), or into another database (--database NAME)")),
    }
}

/// Streams the dump into `psql`. Where either fails or this program ends, the transaction is not committed.
async fn copy(pull: &Pull, source: &Source, programs: &Programs, connection: &Connection) -> Result<u64> {
    let mut dump = Command::new(&programs.dump);
    dump.args([
        "--no-owner",
        "--no-privileges",
        "--no-tablespaces",
        "--no-publications",
        "--no-subscriptions",
    ]);
    dump.args(["--no-security-labels", "--no-password"]).arg("--dbname").arg(source.url.as_str());
    // Has psql refuse the commands that begin with a backslash, which run programs on this machine: a hostile source
    // can have them in its names. The key must be one that the source does not know.
    dump.arg(format!("--restrict-key={}", restrict_key()));
    dump.args(pull.exclude.iter().map(|schema| exclusion(schema)));
    if pull.schema_only {
        dump.arg("--schema-only");
    }
    if let Some(password) = &source.password {
        dump.env("PGPASSWORD", password);
    }
    let mut psql = Command::new(&programs.psql);
    psql.args(["--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--file=-"]);
    connection.give_to(psql.as_std_mut());
    dump.stdout(Stdio::piped());
    // Discards the results of its statements: psql would wait for a full pipe that is not read.
    psql.stdout(Stdio::null());
    let (mut dump, mut psql) = (spawned(dump, &programs.dump)?, spawned(psql, &programs.psql)?);
    let (Some(from), Some(to)) = (dump.stdout.take(), psql.stdin.take()) else {
        return Err(Failure::new("a program has no standard input or output"));
    };
    let (said_by_dump, said_by_psql) = (said(&mut dump), said(&mut psql));
    let (copied, said_by_dump, said_by_psql) =
        tokio::join!(stream(from, to, &mut dump, &mut psql), said_by_dump, said_by_psql);
    let (dumped, restored) = (dump.wait().await?, psql.wait().await?);
    // What psql says comes first: where it ends early, the dump only sees a closed pipe.
    if !restored.success() && !said_by_psql.is_empty() {
        return Err(failed("restoring", &said_by_psql));
    }
    if !dumped.success() {
        return Err(failed("dumping", &said_by_dump));
    }
    if !restored.success() {
        return Err(failed("restoring", &said_by_psql));
    }
    Ok(copied?)
}

/// In quotes, as a name would else be a pattern in lower case.
fn exclusion(schema: &str) -> String {
    format!("--exclude-schema=\"{}\"", schema.replace('"', "\"\""))
}

/// Letters and digits that cannot be guessed.
fn restrict_key() -> String {
    std::iter::repeat_with(fastrand::alphanumeric).take(40).collect()
}

fn failed(action: &str, said: &str) -> Failure {
    if said.contains("--restrict-key") || said.contains(r"\restrict") {
        let message = "the installed pg_dump or psql cannot keep a hostile source from running programs on this machine";
        return Failure::new(message)
            .help("update the PostgreSQL client to 15.14, 16.10, 17.6, 18 or newer; nothing was changed");
    }
    let line =
        said.lines().find(|line| line.contains("ERROR") || line.contains("error:")).or(said.lines().next());
    Failure::new(format!(
        "{action} failed, and nothing was changed: {}",
        line.unwrap_or("it says nothing").trim()
    ))
    .help("leave a schema out with --exclude-schema, or make what is missing on the branch first")
}

fn spawned(mut command: Command, program: &Path) -> Result<Child> {
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    // A Ctrl-C at the terminal is for this program, which ends the others.
    command.kill_on_drop(true).process_group(0);
    command.spawn().map_err(|error| cannot(format_args!("run {}", program.display()), &error))
}

/// Reads the standard error of a program to its end.
fn said(child: &mut Child) -> impl Future<Output = String> + use<> {
    let stderr = child.stderr.take();
    async move {
        let mut text = Vec::new();
        if let Some(mut stderr) = stderr {
            let _ = stderr.read_to_end(&mut text).await;
        }
        String::from_utf8_lossy(&text).into_owned()
    }
}

/// Copies the dump into a transaction, without a setting that only new servers know. What commits is sent only where
/// the dump is whole: the end of the input alone, as where this program is killed, rolls back.
async fn stream(
    mut from: ChildStdout,
    mut to: ChildStdin,
    dump: &mut Child,
    psql: &mut Child,
) -> std::io::Result<u64> {
    let bar = ProgressBar::new_spinner().with_message("pulling …");
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {bytes} {elapsed}") {
        bar.set_style(style);
    }
    let mut total = 0;
    let mut head = Vec::new();
    while head.len() < HEAD && from.read_buf(&mut head).await? > 0 {}
    if let Some(at) = head.windows(NEW_SETTING.len()).position(|window| window == NEW_SETTING) {
        head.drain(at + 1..at + NEW_SETTING.len());
    }
    let mut buffer = head;
    to.write_all(BEGIN).await?;
    while !buffer.is_empty() {
        to.write_all(&buffer).await?;
        total += buffer.len() as u64;
        bar.set_position(total);
        buffer.clear();
        buffer.reserve(1 << 16);
        from.read_buf(&mut buffer).await?;
    }
    bar.finish_and_clear();
    if dump.wait().await?.success() {
        to.write_all(COMMIT).await?;
        drop(to);
    } else {
        psql.start_kill()?;
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_refused_without_its_password() {
        for (url, told) in [
            ("postgres://u:s3cret@host:port/shop", "invalid port"),
            ("postgres://u@host/shop?sslpassword=s3cret", "sslpassword"),
        ] {
            let refused = parsed(url).unwrap_err().text();
            assert!(refused.contains(told) && !refused.contains("s3cret"), "{refused}");
        }
    }

    #[test]
    fn a_schema_is_left_out_by_its_very_name() {
        assert_eq!(exclusion("Secret"), r#"--exclude-schema="Secret""#);
        assert_eq!(exclusion(r#"a"b"#), r#"--exclude-schema="a""b""#);
    }

    #[test]
    fn the_version_of_a_program_is_read() {
        assert_eq!(major("pg_dump (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n"), Some(15));
        assert_eq!(major("pg_dump (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(major("pg_dump"), None);
    }
}
