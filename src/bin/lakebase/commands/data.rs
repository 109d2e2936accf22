//! `lakebase data diff`, `lakebase data drift` and `lakebase data apply`.

use clap::{Args, Subcommand, ValueEnum};
use lakebase::{
    data::{ChangeKind, ConflictPolicy, DataDiff, DataDrift, Options, Triggers},
    model::BranchInfo,
};
use serde_json::json;

use super::diff::other;
use crate::{
    confirm::confirm,
    failure::{Failure, Result, Status},
    output, progress,
    session::Session,
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compare the rows of a branch with those of another one
    Diff(Diff),
    /// Show the rows that a branch and its source changed since the branch was made, and where they conflict
    Drift(Drift),
    /// Take the rows in which a branch differs to another branch, in one transaction
    Apply(Apply),
}

#[derive(Debug, Args)]
pub(crate) struct Tables {
    /// The database [default: databricks_postgres]
    #[arg(long, short, value_name = "NAME")]
    database: Option<String>,
    /// Only this table; may be repeated [default: all]
    #[arg(long = "table", short, value_name = "TABLE")]
    tables: Vec<String>,
    /// Not this table; may be repeated
    #[arg(long = "exclude-table", value_name = "TABLE")]
    exclude: Vec<String>,
    /// Not this column, of any table; may be repeated
    #[arg(long = "ignore-column", value_name = "COLUMN")]
    ignore: Vec<String>,
    /// The most changed rows of a table that are kept; all are counted
    #[arg(long, value_name = "ROWS", default_value_t = 10_000)]
    limit: u64,
}

#[derive(Debug, Args)]
pub(crate) struct Diff {
    /// The branch
    branch: Option<String>,
    /// The branch to compare with [default: the source of the branch]
    #[arg(long, short, value_name = "BRANCH")]
    against: Option<String>,
    #[command(flatten)]
    tables: Tables,
    /// How to print it; `sql` is a script that takes the rows of the other branch to those of this one
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
    Sql,
}

#[derive(Debug, Args)]
pub(crate) struct Drift {
    /// The branch
    branch: Option<String>,
    #[command(flatten)]
    tables: Tables,
}

#[derive(Debug, Args)]
pub(crate) struct Apply {
    /// The branch that has the rows
    branch: String,
    /// The branch that gets them
    #[arg(long, value_name = "BRANCH")]
    to: String,
    #[command(flatten)]
    tables: Tables,
    /// Only what the branch changed since it was made, to its source; a row that both changed is a conflict
    #[arg(long)]
    own_changes: bool,
    /// Only rows that were added, removed or changed on the branch; may be repeated
    #[arg(long, value_enum, value_name = "KIND")]
    only: Vec<Kind>,
    /// Treatment of rows that changed meanwhile: `refuse` applies nothing
    #[arg(long, value_enum, default_value_t = Conflicts::Refuse)]
    conflicts: Conflicts,
    /// Disable triggers meanwhile; needs the owner of the tables
    #[arg(long)]
    skip_triggers: bool,
    /// Do everything, check all constraints, and roll back
    #[arg(long)]
    dry_run: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    Added,
    Removed,
    Changed,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Conflicts {
    Refuse,
    Ours,
    Theirs,
}

pub(crate) async fn run(session: &Session, command: &Command) -> Result<Status> {
    match command {
        Command::Diff(diff) => self::diff(session, diff).await,
        Command::Drift(drift) => self::drift(session, drift).await,
        Command::Apply(apply) => self::apply(session, apply).await,
    }
}

impl Tables {
    fn options(&self) -> Options {
        let options = Options::default().row_limit(self.limit).tables(&self.tables);
        options.exclude_tables(&self.exclude).ignore_columns(&self.ignore)
    }
}

async fn compared(branch: &BranchInfo, other: &BranchInfo, tables: &Tables) -> Result<DataDiff> {
    let mut request = branch.compare_data(other).options(tables.options());
    if let Some(name) = &tables.database {
        request = request.database(name);
    }
    progress::reading(&format!("comparing the rows of {} and {}", branch.id(), other.id()), request).await
}

async fn drifted(branch: &BranchInfo, tables: &Tables) -> Result<DataDrift> {
    let mut request = branch.data_drift().options(tables.options());
    if let Some(name) = &tables.database {
        request = request.database(name);
    }
    let label =
        format!("comparing the rows of {}, its source and what they were when it was made", branch.id());
    progress::reading(&label, request).await
}

async fn diff(session: &Session, diff: &Diff) -> Result<Status> {
    let branch = session.branch_or_default(diff.branch.as_deref()).await?;
    let against = other(session, &branch, diff.against.as_deref()).await?;
    let found = compared(&branch, &against, &diff.tables).await?;
    let format = if session.json { Format::Json } else { diff.format };
    match format {
        Format::Text => {
            output::print(&found)?;
            output::note(format_args!("{} compared with {}: {}", branch.id(), against.id(), found.summary()));
        }
        Format::Markdown => output::print(found.markdown())?,
        Format::Sql => output::print(found.to_sql())?,
        Format::Json => output::print_json(&json!({
            "branch": branch.name, "against": against.name, "same": found.is_empty(), "summary": found.summary(),
            "diff": found,
        }))?,
    }
    Ok(Status::of(found.is_empty()))
}

async fn drift(session: &Session, drift: &Drift) -> Result<Status> {
    let branch = session.branch_or_default(drift.branch.as_deref()).await?;
    let found = drifted(&branch, &drift.tables).await?;
    if session.json {
        output::print_json(&json!({
            "branch": branch.name, "source": branch.source_branch, "conflicts": found.conflict_count, "drift": found,
        }))?;
    } else {
        output::print(&found)?;
    }
    Ok(Status::of(found.is_mergeable()))
}

/// The rows that the target lacks, before those that are not wanted are left out.
async fn missing(branch: &BranchInfo, target: &BranchInfo, apply: &Apply) -> Result<DataDiff> {
    if !apply.own_changes {
        return compared(branch, target, &apply.tables).await;
    }
    if branch.source_branch.as_ref() != Some(&target.name) {
        let message =
            format!("{} was not made from {}, so its own changes are not known", branch.id(), target.id());
        return Err(Failure::new(message).help("leave out --own-changes to take all rows that differ"));
    }
    Ok(drifted(branch, &apply.tables).await?.ours)
}

async fn apply(session: &Session, apply: &Apply) -> Result<Status> {
    let branch = session.branch(&apply.branch).await?;
    let target = session.branch(&apply.to).await?;
    let found = missing(&branch, &target, apply).await?;
    let kinds: Vec<ChangeKind> = apply
        .only
        .iter()
        .map(|kind| match kind {
            Kind::Added => ChangeKind::Added,
            Kind::Removed => ChangeKind::Removed,
            Kind::Changed => ChangeKind::Changed,
        })
        .collect();
    let picked = if kinds.is_empty() {
        found
    } else {
        let tables: Vec<String> = found.tables.iter().map(|table| table.table.clone()).collect();
        found.pick(tables, |row| kinds.contains(&row.kind()))
    };
    if !apply.dry_run {
        confirm(session.yes, &format!("{} gets: {}", target.id(), picked.summary())).await?;
    }
    let policy = match apply.conflicts {
        Conflicts::Refuse => ConflictPolicy::Refuse,
        Conflicts::Ours => ConflictPolicy::Ours,
        Conflicts::Theirs => ConflictPolicy::Theirs,
    };
    let mut request = picked.apply_to(&target).conflicts(policy);
    if let Some(name) = &apply.tables.database {
        request = request.database(name);
    }
    if apply.skip_triggers {
        request = request.triggers(Triggers::Skip);
    }
    if apply.dry_run {
        request = request.dry_run();
    }
    let applied = progress::changing(&format!("taking rows to {}", target.id()), request).await?;
    if session.json {
        output::print_json(&json!({
            "branch": branch.name, "to": target.name, "dry_run": apply.dry_run, "applied": applied,
        }))?;
    } else {
        let verb = if apply.dry_run { "would get" } else { "got" };
        output::done(format_args!("{} {verb} {}", target.id(), applied.counts));
    }
    Ok(Status::Success)
}
