//! Compares the schemas of two PostgreSQL databases, plans the SQL from one to the other, or compares three.
//!
//! ```text
//! cargo run --example schema_diff -- [--plan] [--format text|markdown|html|json] OLD_URL NEW_URL
//! cargo run --example schema_diff -- --drift [--format text|json] BASE_URL OURS_URL THEIRS_URL
//! ```
//!
//! Exit status, as of `diff(1)`: 0 no difference; 1 the schemas differ, or `--drift` found conflicts; 2 an error, or a
//! plan that is refused, with the reason on standard error. `--plan` ends with 0 where it prints a plan.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use clap::{Parser, ValueEnum};
use lakebase::schema::{Options, Schema, compare, drift};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

const DIFFERENT: u8 = 1;
const TROUBLE: u8 = 2;

/// Compare the schemas of PostgreSQL databases.
#[derive(Parser)]
#[command(
    override_usage = "schema_diff [--plan] [--format text|markdown|html|json] OLD_URL NEW_URL\n       \
                            schema_diff --drift [--format text|json] BASE_URL OURS_URL THEIRS_URL"
)]
struct Arguments {
    /// Print the SQL that takes OLD to NEW, and nothing else: hazards are comments in it.
    #[arg(long, conflicts_with = "drift")]
    plan: bool,

    /// Compare three: what only OURS changed since BASE, what only THEIRS, what both, and where they conflict.
    #[arg(long)]
    drift: bool,

    /// How to print what differs.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    /// `postgres://…`: OLD and NEW, or with --drift BASE, OURS and THEIRS.
    #[arg(required = true, num_args = 2..=3, value_name = "URL")]
    urls: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Html,
    Json,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(status) => status,
        Err(error) => {
            eprintln!("error: {}", chain(&*error));
            ExitCode::from(TROUBLE)
        }
    }
}

type Outcome = Result<ExitCode, Box<dyn std::error::Error>>;

async fn run(arguments: Arguments) -> Outcome {
    match (arguments.drift, arguments.plan, arguments.urls.as_slice()) {
        (true, _, [base, ours, theirs]) => three_way(arguments.format, base, ours, theirs).await,
        (false, true, [old, new]) => plan(arguments.format, old, new).await,
        (false, false, [old, new]) => difference(arguments.format, old, new).await,
        (true, ..) => refuse("--drift takes three URLs: BASE_URL OURS_URL THEIRS_URL"),
        (false, ..) => refuse("two URLs are compared: OLD_URL NEW_URL (three with --drift)"),
    }
}

async fn difference(format: Format, old: &str, new: &str) -> Outcome {
    let (old, new) = tokio::try_join!(read(old), read(new))?;
    let diff = compare(&old, &new);
    match format {
        Format::Text if wants_color() => print(&diff.colored())?,
        Format::Text => print(&diff)?,
        Format::Markdown => print(&diff.markdown())?,
        Format::Html => print(&diff.html())?,
        Format::Json => print(&serde_json::to_string_pretty(&diff)?)?,
    }
    Ok(status(!diff.is_empty()))
}

async fn plan(format: Format, old: &str, new: &str) -> Outcome {
    if format != Format::Text {
        return refuse("--plan prints SQL: leave --format away");
    }
    let (old, new) = tokio::try_join!(read(old), read(new))?;
    match compare(&old, &new).migration() {
        Ok(plan) => {
            print(&plan.to_sql())?;
            Ok(ExitCode::SUCCESS)
        }
        Err(reason) => refuse(&chain(&reason)),
    }
}

async fn three_way(format: Format, base: &str, ours: &str, theirs: &str) -> Outcome {
    let (base, ours, theirs) = tokio::try_join!(read(base), read(ours), read(theirs))?;
    let drift = drift(&base, &ours, &theirs);
    match format {
        Format::Text => print(&drift)?,
        Format::Json => print(&serde_json::to_string_pretty(&drift)?)?,
        Format::Markdown | Format::Html => return refuse("--drift prints text or json"),
    };
    Ok(status(!drift.conflicts().is_empty()))
}

fn status(different: bool) -> ExitCode {
    if different { ExitCode::from(DIFFERENT) } else { ExitCode::SUCCESS }
}

async fn read(url: &str) -> Result<Schema, Box<dyn std::error::Error>> {
    // Without the user's name and a password.
    let address = url.rsplit('@').next().and_then(|rest| rest.split('?').next()).unwrap_or_default();
    let options: PgConnectOptions = url.parse().map_err(|error| {
        format!(
            "'{address}' is not the URL of a database ({error}): write postgres://USER@HOST:PORT/DATABASE"
        )
    })?;
    let mut connection = PgConnection::connect_with(&options).await.map_err(|error| {
        format!("cannot connect to '{address}' ({error}): see that it runs and that the user may log in")
    })?;
    let schema = Schema::read(&mut connection, &Options::default()).await?;
    connection.close().await?;
    Ok(schema)
}

fn print(text: &dyn std::fmt::Display) -> std::io::Result<()> {
    let text = text.to_string();
    let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    match write!(std::io::stdout(), "{text}{end}") {
        // `schema_diff … | head` closes the pipe early.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

fn refuse(reason: &str) -> Outcome {
    eprintln!("refused: {reason}");
    Ok(ExitCode::from(TROUBLE))
}

fn wants_color() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.map(ToString::to_string).fold(error.to_string(), |line, cause| {
        // Some errors contain the text of their cause.
        if line.contains(&cause) { line } else { format!("{line}: {cause}") }
    })
}
