//! `lakebase branch …`.

use std::path::PathBuf;

use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use lakebase::{Expiry, model::BranchInfo, name::BranchId};
use serde_json::json;

use super::{
    mask,
    tree::{marks, state},
};
use crate::{
    confirm::confirm,
    failure::{Failure, Result, Status},
    json::{BranchJson, EndpointJson},
    output::{self, BOLD, DIM},
    progress,
    session::Session,
    time::{self, Point, expiry, size},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Create a branch
    Create(Create),
    /// Show a branch
    Get {
        /// The branch
        branch: Option<String>,
    },
    /// Bring a branch to the present state of its source; its own changes are lost
    Reset {
        /// The branch
        branch: String,
    },
    /// Bring a branch back to a moment of its past, in place; a new branch keeps what was there
    Restore {
        /// The branch
        branch: String,
        /// The moment: '10m ago', '2026-11-30 15:00' or 2026-11-30T15:00:00Z
        #[arg(long, value_name = "TIME", value_parser = time::time)]
        at: DateTime<Utc>,
        /// The id of the branch that keeps what was there [default: restored- and the present time]
        #[arg(long, value_name = "ID")]
        keep_as: Option<BranchId>,
    },
    /// Change when a branch expires, counted from now
    Extend {
        /// The branch
        branch: String,
        #[command(flatten)]
        lifetime: Lifetime,
    },
    /// Protect a branch from deletion and reset
    Protect {
        /// The branch
        branch: String,
        /// Take the protection away
        #[arg(long)]
        off: bool,
    },
    /// Delete a branch with its endpoints, roles and databases
    Delete {
        /// The branch
        branch: String,
        /// For good: it cannot be undeleted
        #[arg(long)]
        purge: bool,
    },
    /// Bring back a branch that was deleted, as long as the service keeps it
    Undelete {
        /// The branch
        branch: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Create {
    /// The id of the new branch
    name: BranchId,
    /// The branch that it is made from [default: the default branch]
    #[arg(long, value_name = "BRANCH")]
    from: Option<String>,
    /// A point of its past: '10m ago', '2026-11-30 15:00', or a log position such as 0/1DE2850
    #[arg(long, value_name = "TIME|LSN")]
    at: Option<Point>,
    /// Hide personal data by the rules of this file before anybody can log in; LAKEBASE_MASK_KEY is their key
    #[arg(long, value_name = "FILE")]
    mask: Option<PathBuf>,
    #[command(flatten)]
    lifetime: Lifetime,
}

/// There is no default, as it would decide when data is deleted.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Lifetime {
    /// How long it lives: 45m, 24h, 7d; 30 days at most
    #[arg(long, value_name = "TIME", value_parser = time::lifetime)]
    ttl: Option<std::time::Duration>,
    /// It lives until it is deleted
    #[arg(long)]
    never: bool,
}

impl Lifetime {
    fn expiry(&self) -> Expiry {
        self.ttl.map_or(Expiry::Never, Expiry::after)
    }

    /// Counted from now, whenever the branch was created.
    fn expiry_from_now(&self) -> Expiry {
        self.ttl.map_or(Expiry::Never, |ttl| Expiry::at(Utc::now() + ttl))
    }
}

pub(crate) async fn run(session: &Session, command: &Command) -> Result<Status> {
    match command {
        Command::Create(create) => self::create(session, create).await?,
        Command::Get { branch } => {
            let info = session.branch_or_default(branch.as_deref()).await?;
            show(session, &info).await?;
        }
        Command::Reset { branch } => reset(session, branch).await?,
        Command::Restore { branch, at, keep_as } => restore(session, branch, *at, keep_as.as_ref()).await?,
        Command::Extend { branch, lifetime } => {
            let info = session.branch(branch).await?;
            let change = info.update().expiry(lifetime.expiry_from_now());
            let info = progress::changing("changing the expiry", change).await?;
            changed(session, &info, &format!("{} expires {}", info.id(), expiry(info.expire_time)))?;
        }
        Command::Protect { branch, off } => {
            let info = session.branch(branch).await?;
            let info = progress::changing("changing the protection", info.update().protected(!off)).await?;
            let now = if info.is_protected { "is protected" } else { "is not protected" };
            changed(session, &info, &format!("{} {now}", info.id()))?;
        }
        Command::Delete { branch, purge } => delete(session, branch, *purge).await?,
        Command::Undelete { branch } => {
            let handle = session.handle(branch).await?;
            progress::changing(&format!("bringing back {}", handle.id()), handle.undelete()).await?;
            let info = session.read(&handle).await?;
            changed(session, &info, &format!("{} is back", info.id()))?;
        }
    }
    Ok(Status::Success)
}

async fn create(session: &Session, create: &Create) -> Result<()> {
    let source = match &create.from {
        Some(name) => session.branch(name).await?,
        None => {
            let project = session.project().await?;
            progress::reading("reading the default branch", project.default_branch()).await?
        }
    };
    let request = source.create_branch(create.name.clone(), create.lifetime.expiry());
    let request = match create.at {
        None => request,
        Some(Point::Time(time)) => request.at_time(time),
        Some(Point::Lsn(lsn)) => request.at_lsn(lsn),
    };
    let label = format!("creating {}", create.name);
    let made = match &create.mask {
        None => progress::changing(&label, request).await,
        Some(file) => progress::changing(&label, request.masked(&mask::read(file)?)).await,
    };
    let info = made.map_err(|failure| match source.expire_time {
        // The service has no code for it.
        Some(_) if failure.mentions("expiration date") => {
            failure.help(format!("`lakebase branch extend {} --never` takes its expiry away", source.id()))
        }
        _ => failure,
    })?;
    let masked = if create.mask.is_some() { ", masked" } else { "" };
    let text =
        format!("created {} from {}{masked}; expires {}", info.id(), source.id(), expiry(info.expire_time));
    changed(session, &info, &text)
}

async fn reset(session: &Session, name: &str) -> Result<()> {
    let info = session.branch(name).await?;
    let source = info.source()?;
    confirm(
        session.yes,
        &format!("{} loses all that was changed on it since it left {}", info.id(), source.id()),
    )
    .await?;
    let info = progress::changing(&format!("resetting {}", info.id()), info.reset()).await?;
    changed(session, &info, &format!("{} is what {} is now", info.id(), source.id()))
}

async fn restore(session: &Session, name: &str, at: DateTime<Utc>, keep_as: Option<&BranchId>) -> Result<()> {
    let info = session.branch(name).await?;
    let loss = format!("{} gets the schema and the rows of {at}; a new branch keeps those of now", info.id());
    confirm(session.yes, &loss).await?;
    let request = info.restore_to(at);
    let request = match keep_as {
        Some(id) => request.keep_as(id),
        None => request,
    };
    let restored = progress::changing(&format!("restoring {}", info.id()), request).await?;
    if session.json {
        return output::print_json(&json!({
            "branch": info.id(), "time": at, "rows": restored.rows, "databases": restored.databases,
            "kept": BranchJson::from(&restored.kept),
        }));
    }
    output::done(format_args!(
        "{} is as it was at {at} ({} rows); what was there before is in {}",
        info.id(),
        restored.rows,
        restored.kept.id()
    ));
    Ok(())
}

async fn delete(session: &Session, name: &str, purge: bool) -> Result<()> {
    let info = session.branch(name).await?;
    let (id, data) = (info.id(), size(info.logical_size_bytes));
    confirm(
        session.yes,
        &if purge {
            format!("{id} and its data ({data}) are deleted for good")
        } else {
            format!(
                "{id} and its data ({data}) are deleted; for some days, `lakebase branch undelete` brings them back"
            )
        },
    ).await?;
    let request = if purge { info.delete().purge() } else { info.delete() };
    progress::changing(&format!("deleting {}", info.id()), request).await?;
    if session.json {
        return output::print_json(&json!({"deleted": info.name, "purged": purge}));
    }
    output::done(format_args!("deleted {}", info.id()));
    Ok(())
}

/// The new state of a branch: JSON, or one line for people.
fn changed(session: &Session, info: &BranchInfo, text: &str) -> Result<()> {
    if session.json {
        return output::print_json(&BranchJson::from(info));
    }
    output::done(text);
    Ok(())
}

async fn show(session: &Session, info: &BranchInfo) -> Result<()> {
    let endpoints = progress::reading("listing endpoints", info.endpoints()).await?;
    let storage = progress::reading("measuring the branch", info.storage()).await?;
    if session.json {
        let mut json = serde_json::to_value(BranchJson::from(info))?;
        json["storage"] = serde_json::to_value(&storage)?;
        json["endpoints"] =
            serde_json::to_value(endpoints.iter().map(EndpointJson::from).collect::<Vec<_>>())?;
        return output::print_json(&json);
    }
    let marks = marks(info);
    let marks = if marks.is_empty() { marks } else { format!(" {DIM}({marks}){DIM:#}") };
    let style = state(&info.state);
    let mut lines = vec![format!("{BOLD}{}{BOLD:#}{marks}", info.id())];
    let mut field = |label: &str, value: String| lines.push(format!("  {DIM}{label:<9}{DIM:#} {value}"));
    field("state", format!("{style}{}{style:#}", info.state));
    field("size", size(info.logical_size_bytes));
    if let Some(storage) = &storage {
        if let Some((own, shared)) = storage.own_size_bytes.zip(storage.shared_size_bytes) {
            field("on disk", format!("{} of its own, {} shared", size(own), size(shared)));
        }
        if let Some(start) = storage.history_start_time {
            let kept =
                storage.history_size_bytes.map(|kept| format!(" ({})", size(kept))).unwrap_or_default();
            field("history", format!("since {}{kept}", start.format("%F %T %Z")));
        }
    }
    if let Some(source) = &info.source_branch {
        let at = info
            .source_branch_time
            .map(|time| format!(" at {}", time.format("%F %T %Z")))
            .unwrap_or_default();
        field("source", format!("{}{at}", source.id()));
    }
    field("expires", expiry(info.expire_time));
    for endpoint in &endpoints {
        let host = endpoint.hosts.host.as_deref().unwrap_or("no host yet");
        field("endpoint", format!("{} {} {host}:{}", endpoint.id(), endpoint.state, endpoint.hosts.port));
    }
    output::print(lines.join("\n"))
}

/// Refuses what must not happen by accident on a branch that others rely on.
pub(crate) fn not_by_accident(info: &BranchInfo, allowed: bool, action: &str) -> Result<()> {
    let why = match (info.is_default, info.is_protected) {
        (false, false) => return Ok(()),
        (true, _) => "the default branch of the project",
        (false, true) => "protected",
    };
    if allowed {
        return Ok(());
    }
    Err(Failure::new(format!("{action} on {} is refused, as it is {why}", info.id()))
        .help("name another branch, or add --allow-default"))
}
