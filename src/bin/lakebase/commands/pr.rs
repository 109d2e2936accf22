//! `lakebase pr …`: a branch of the database for a pull request.

use std::{path::PathBuf, time::Duration};

use clap::{Args, Subcommand, ValueEnum};
use lakebase::{Branch, Expiry, migrate::Migrations, name::BranchId};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::migrate::migrations;
use crate::{
    confirm::confirm,
    connection::{Choice, Connection},
    failure::{Result, Status},
    json::BranchJson,
    output, progress,
    session::Session,
    time,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create the branch, in place of that of an earlier push, and apply migrations; prints its name
    Up(Up),
    /// Print the schema difference from the source; exit status 1 where there is one
    Diff {
        /// The number of the pull request
        number: u64,
        /// How to print it
        #[arg(long, short, value_enum, default_value_t = Format::Markdown)]
        format: Format,
    },
    /// Print a connection URL with a password that is valid for an hour
    Url {
        /// The number of the pull request
        number: u64,
        #[command(flatten)]
        choice: Choice,
        /// Have the log of GitHub Actions or Azure Pipelines hide the password
        #[arg(long)]
        mask: bool,
    },
    /// Delete the branch, if it exists
    Down {
        /// The number of the pull request
        number: u64,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Up {
    /// The number of the pull request
    number: u64,
    /// The branch that it is made from [default: the default branch]
    #[arg(long, value_name = "BRANCH")]
    from: Option<String>,
    /// The directory of the migrations to apply [default: that of lakebase.toml, else none]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How long it lives, unless `pr down` deletes it
    #[arg(long, value_name = "TIME", default_value = "3d", value_parser = time::lifetime)]
    ttl: Duration,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Markdown,
    Text,
    Json,
}

pub(crate) async fn run(session: &Session, command: &Command) -> Result<Status> {
    match command {
        Command::Up(up) => self::up(session, up).await,
        Command::Diff { number, format } => diff(session, *number, *format).await,
        Command::Url { number, choice, mask } => url(session, *number, choice, *mask).await,
        Command::Down { number } => down(session, *number).await,
    }
}

/// A handle to the branch of the pull request, whether it exists or not.
async fn handle(session: &Session, number: u64) -> Result<Branch> {
    Ok(session.project().await?.branch(BranchId::from_pull_request(number)?)?)
}

/// The branch of an earlier push is deleted first: its data is old, and the text of a migration may have changed since.
async fn up(session: &Session, up: &Up) -> Result<Status> {
    // Read before anything is created, so that a mistake in a file has no effect.
    let migrations: Option<Migrations> = match (&up.dir, &session.settings.migrations) {
        (None, None) => None,
        (given, _) => Some(migrations(session, given.as_deref())?),
    };
    let branch = handle(session, up.number).await?;
    let source = match &up.from {
        Some(name) => session.branch(name).await?,
        None => {
            let project = session.project().await?;
            progress::reading("reading the default branch", project.default_branch()).await?
        }
    };
    if progress::reading("looking for an earlier branch", branch.try_get()).await?.is_some() {
        confirm(session.yes, &format!("{} of an earlier push is deleted and made again", branch.id()))
            .await?;
        let delete = branch.delete().purge().allow_missing();
        progress::changing(&format!("deleting the earlier {}", branch.id()), delete).await?;
    }
    let create = source.create_branch(branch.id(), Expiry::after(up.ttl));
    let created = progress::changing(&format!("creating {}", branch.id()), create).await?;
    let report = match &migrations {
        Some(migrations) => Some(progress::changing("applying migrations", created.apply(migrations)).await?),
        None => None,
    };
    if session.json {
        output::print_json(&json!({"branch": BranchJson::from(&created), "migrations": report}))?;
    } else {
        if let Some(report) = report {
            output::error(report.to_string().trim_end());
        }
        output::done(format_args!("created {} from {}", created.id(), source.id()));
        output::print(&created.name)?;
    }
    Ok(Status::Success)
}

async fn diff(session: &Session, number: u64, format: Format) -> Result<Status> {
    let branch = session.read(&handle(session, number).await?).await?;
    let source = branch.source()?;
    let found = progress::reading("comparing", branch.compare_schema(&source)).await?;
    match if session.json { Format::Json } else { format } {
        Format::Text => output::print(found.colored())?,
        Format::Json => output::print_json(&json!({
            "branch": branch.name, "against": source.name(), "same": found.is_empty(), "summary": found.summary(),
            "diff": found,
        }))?,
        Format::Markdown => {
            let heading = format!("### Schema of pull request #{number}, compared with `{}`", source.id());
            let text = if found.is_empty() { "No difference.".to_owned() } else { found.markdown() };
            output::print(format_args!("{heading}\n\n{text}"))?;
        }
    }
    Ok(Status::of(found.is_empty()))
}

async fn url(session: &Session, number: u64, choice: &Choice, mask: bool) -> Result<Status> {
    let branch = session.read(&handle(session, number).await?).await?;
    let connection = Connection::open(branch, choice).await?;
    if mask {
        connection.mask()?;
    }
    let url = connection.url.expose_secret();
    if session.json {
        let expires = connection.expires;
        output::print_json(&json!({"branch": connection.branch.name, "url": url, "expires": expires}))?;
    } else {
        output::print(url)?;
    }
    Ok(Status::Success)
}

async fn down(session: &Session, number: u64) -> Result<Status> {
    let branch = handle(session, number).await?;
    let there = progress::reading("looking for the branch", branch.try_get()).await?.is_some();
    if there {
        confirm(session.yes, &format!("{} and its data are deleted for good", branch.id())).await?;
        let delete = branch.delete().purge().allow_missing();
        progress::changing(&format!("deleting {}", branch.id()), delete).await?;
    }
    if session.json {
        output::print_json(&json!({"branch": branch.name(), "deleted": there}))?;
    } else if there {
        output::done(format_args!("deleted {}", branch.id()));
    } else {
        output::done(format_args!("there is no {}", branch.id()));
    }
    Ok(Status::Success)
}
