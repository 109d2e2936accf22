//! `lakebase diff` and `lakebase drift`.

use clap::{Args, ValueEnum};
use lakebase::{model::BranchInfo, schema::SchemaDiff};
use serde_json::json;

use crate::{
    failure::{Failure, Result, Status},
    output, progress,
    session::Session,
};

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The branch
    branch: Option<String>,
    /// The branch to compare with [default: the source of the branch]
    #[arg(long, short, value_name = "BRANCH")]
    against: Option<String>,
    /// How to print it; `sql` is a script for psql that takes the other branch to this one, `migration` a file for
    /// `lakebase migrate`
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Side,
    Markdown,
    Html,
    Json,
    Sql,
    Migration,
}

#[derive(Debug, Args)]
pub(crate) struct Drift {
    /// The branch
    branch: Option<String>,
}

/// Columns where standard output is no terminal.
const WIDTH: u16 = 160;

pub(crate) async fn diff(session: &Session, diff: &Diff) -> Result<Status> {
    let branch = session.branch_or_default(diff.branch.as_deref()).await?;
    let against = other(session, &branch, diff.against.as_deref()).await?;
    let label = format!("comparing {} with {}", branch.id(), against.id());
    let found = progress::reading(&label, branch.compare_schema(&against)).await?;
    let format = if session.json { Format::Json } else { diff.format };
    if format == Format::Json {
        output::print_json(&json!({
            "branch": branch.name, "against": against.name, "same": found.is_empty(), "summary": found.summary(),
            "diff": found,
        }))?;
    } else {
        output::print(rendered(&found, format)?)?;
    }
    if matches!(format, Format::Text | Format::Side) {
        let of =
            format_args!("{} compared with {}: {}", branch.id(), against.id(), found.summary()).to_string();
        output::note(of);
    }
    Ok(Status::of(found.is_empty()))
}

/// The named branch, else the source of this one.
pub(crate) async fn other(session: &Session, branch: &BranchInfo, named: Option<&str>) -> Result<BranchInfo> {
    if let Some(name) = named {
        return session.branch(name).await;
    }
    if branch.source_branch.is_none() {
        let message = format!(
            "{} was made from no other branch, so the one to compare it with must be named",
            branch.id()
        );
        return Err(Failure::new(message).help("add --against BRANCH"));
    }
    session.read(&branch.source()?).await
}

fn rendered(diff: &SchemaDiff, format: Format) -> Result<String> {
    Ok(match format {
        Format::Text => diff.colored().to_string(),
        Format::Side => {
            let width = terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0);
            diff.side_by_side(width.into()).to_string()
        }
        Format::Markdown => diff.markdown(),
        Format::Html => diff.html(),
        Format::Json => serde_json::to_string_pretty(diff)?,
        Format::Sql => diff.migration()?.to_sql(),
        Format::Migration => diff.migration()?.to_migration(),
    })
}

pub(crate) async fn drift(session: &Session, drift: &Drift) -> Result<Status> {
    let branch = session.branch_or_default(drift.branch.as_deref()).await?;
    let label = format!("reading {}, its source and what they were when it was made", branch.id());
    let found = progress::reading(&label, branch.drift()).await?;
    let conflicts = found.conflicts().len();
    if session.json {
        output::print_json(&json!({
            "branch": branch.name, "source": branch.source_branch, "conflicts": conflicts, "drift": found,
        }))?;
    } else {
        output::print(&found)?;
    }
    Ok(Status::of(conflicts == 0))
}
