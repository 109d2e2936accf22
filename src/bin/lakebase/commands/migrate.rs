//! `lakebase migrate …`.

use std::path::PathBuf;

use clap::{
    Args, Subcommand, ValueEnum,
    builder::{PossibleValuesParser, TypedValueParser as _},
};
use lakebase::{
    ErrorKind,
    migrate::{MigrationState, Migrations, PromotionOutcome, PromotionReport},
    model::BranchInfo,
    schema::HazardKind,
};
use serde_json::json;

use crate::{
    confirm::confirm,
    failure::{Failure, Result, Status},
    output::{self, DIM, GREEN, RED, YELLOW},
    progress,
    session::Session,
    table::{Cell, table},
};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Say which migrations are applied; exit status 1 where one is not
    Status(Which),
    /// Apply the migrations that are not applied yet
    Apply(Which),
    /// Apply them to a temporary branch and report times, locks, hazards and the change of the schema
    Rehearse {
        #[command(flatten)]
        which: Which,
        /// End with status 1 where the rehearsal finds this hazard; may be repeated
        #[arg(long, value_name = "HAZARD", value_parser = hazard())]
        stop_on: Vec<HazardKind>,
    },
    /// Bring the migrations of a branch to its source: drift, rehearsal, comparison, application, verification
    Promote {
        #[command(flatten)]
        which: Which,
        /// The branch that gets them [default: the source of the branch]
        #[arg(long, value_name = "BRANCH")]
        to: Option<String>,
        /// Do what comes before the application
        #[arg(long)]
        dry_run: bool,
        /// Stop where the rehearsal finds this hazard; may be repeated. Without --yes, data-loss is one
        #[arg(long, value_name = "HAZARD", value_parser = hazard())]
        stop_on: Vec<HazardKind>,
        /// Stop where the schema of the target changed since the branch was made
        #[arg(long)]
        stop_on_drift: bool,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Which {
    /// The branch
    branch: Option<String>,
    /// The directory of the migrations: VERSION_DESCRIPTION.sql [default: that of lakebase.toml, else migrations]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
    /// How to print the report
    #[arg(long, short, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Markdown,
    Json,
}

const HAZARDS: [(&str, HazardKind); 8] = [
    ("data-loss", HazardKind::DataLoss),
    ("table-rewrite", HazardKind::TableRewrite),
    ("scan-under-lock", HazardKind::ScanUnderLock),
    ("may-fail-on-data", HazardKind::MayFailOnData),
    ("breaks-clients", HazardKind::BreaksClients),
    ("authorization", HazardKind::Authorization),
    ("temporarily-missing", HazardKind::TemporarilyMissing),
    ("not-transactional", HazardKind::NotTransactional),
];

fn hazard() -> impl clap::builder::TypedValueParser<Value = HazardKind> {
    PossibleValuesParser::new(HAZARDS.map(|(name, _)| name)).try_map(|text| {
        let found = HAZARDS.iter().find(|(name, _)| *name == text);
        found.map(|(_, kind)| *kind).ok_or_else(|| format!("there is no hazard '{text}'"))
    })
}

pub(crate) async fn run(session: &Session, command: &Command) -> Result<Status> {
    match command {
        Command::Status(which) => status(session, which).await,
        Command::Apply(which) => apply(session, which).await,
        Command::Rehearse { which, stop_on } => rehearse(session, which, stop_on).await,
        Command::Promote { which, to, dry_run, stop_on, stop_on_drift } => {
            let options =
                Options { to: to.as_deref(), dry_run: *dry_run, stop_on, stop_on_drift: *stop_on_drift };
            promote(session, which, &options).await
        }
    }
}

impl Which {
    async fn branch(&self, session: &Session) -> Result<BranchInfo> {
        session.branch_or_default(self.branch.as_deref()).await
    }

    fn format(&self, session: &Session) -> Format {
        if session.json { Format::Json } else { self.format }
    }
}

/// Reads the files before anything is sent.
pub(crate) fn migrations(session: &Session, dir: Option<&std::path::Path>) -> Result<Migrations> {
    let dir = session.settings.migrations(dir);
    Migrations::from_directory(&dir).map_err(|error| {
        let failure = Failure::from(error);
        if dir.is_dir() {
            return failure;
        }
        failure.help(
            "put them there, such as `lakebase diff BRANCH -f migration > migrations/1_change.sql`, or name their \
             directory with --dir",
        )
    })
}

async fn status(session: &Session, which: &Which) -> Result<Status> {
    let migrations = migrations(session, which.dir.as_deref())?;
    let branch = which.branch(session).await?;
    let found =
        progress::reading("reading the record of migrations", branch.migration_status(&migrations)).await?;
    if which.format(session) == Format::Json {
        output::print_json(&json!({"branch": branch.name, "migrations": found}))?;
    } else {
        let rows = found.iter().map(|migration| {
            let style = match migration.state {
                MigrationState::Applied => GREEN,
                MigrationState::Pending => DIM,
                MigrationState::Partial { .. } => YELLOW,
                _ => RED,
            };
            [Cell::new(&migration.id), Cell::new(migration.state.to_string()).style(style)]
        });
        output::print(table(["migration", "state"], rows.collect()))?;
    }
    Ok(Status::of(found.iter().all(|migration| migration.state == MigrationState::Applied)))
}

async fn apply(session: &Session, which: &Which) -> Result<Status> {
    let migrations = migrations(session, which.dir.as_deref())?;
    let branch = which.branch(session).await?;
    if branch.is_default || branch.is_protected {
        let loss = format!(
            "the migrations are applied to {}, which others rely on, without a rehearsal",
            branch.id()
        );
        confirm(session.yes, &loss).await?;
    }
    let label = format!("applying migrations to {}", branch.id());
    let report = progress::changing(&label, branch.apply(&migrations)).await?;
    match which.format(session) {
        Format::Text => output::print(&report)?,
        Format::Markdown => output::print(report.markdown())?,
        Format::Json => output::print_json(&json!({
            "branch": branch.name, "unchanged": report.is_unchanged(), "report": report,
        }))?,
    }
    Ok(Status::Success)
}

async fn rehearse(session: &Session, which: &Which, stop_on: &[HazardKind]) -> Result<Status> {
    let migrations = migrations(session, which.dir.as_deref())?;
    let branch = which.branch(session).await?;
    let label = format!("rehearsing on a temporary branch of {}", branch.id());
    let report = progress::reading(&label, branch.rehearse(&migrations)).await?;
    let stopped = report.hazards.iter().any(|hazard| stop_on.contains(&hazard.kind));
    match which.format(session) {
        Format::Text => output::print(&report)?,
        Format::Markdown => output::print(report.markdown())?,
        Format::Json => {
            output::print_json(&json!({"branch": branch.name, "passed": !stopped, "report": report}))?;
        }
    }
    Ok(Status::of(!stopped))
}

struct Options<'a> {
    to: Option<&'a str>,
    dry_run: bool,
    stop_on: &'a [HazardKind],
    stop_on_drift: bool,
}

async fn promote(session: &Session, which: &Which, options: &Options<'_>) -> Result<Status> {
    let migrations = migrations(session, which.dir.as_deref())?;
    let branch = which.branch(session).await?;
    let mut request = match options.to {
        Some(name) => branch.promote_to(session.branch(name).await?, &migrations),
        None => branch.promote(&migrations),
    };
    let mut stop_on = options.stop_on.to_vec();
    if !session.yes && !options.dry_run {
        stop_on.push(HazardKind::DataLoss);
    }
    for hazard in stop_on {
        request = request.stop_on(hazard);
    }
    if options.stop_on_drift {
        request = request.stop_on_drift();
    }
    let label = format!("promoting {}", branch.id());
    let promoted = async { Ok::<_, Failure>(request_sent(request, options.dry_run).await) };
    let promoted = if options.dry_run {
        progress::reading(&label, promoted).await?
    } else {
        progress::changing(&label, promoted).await?
    };
    match promoted {
        Ok(report) => {
            print(session, which, &report)?;
            Ok(Status::Success)
        }
        Err(error) => {
            let refused = error.kind() == ErrorKind::Refused;
            let report = PromotionReport::of(&error).cloned();
            let Some(report) = report else { return Err(error.into()) };
            print(session, which, &report)?;
            let stopped_by_check = refused && matches!(report.outcome, PromotionOutcome::Stopped { .. });
            if stopped_by_check { Ok(Status::Negative) } else { Err(error.into()) }
        }
    }
}

async fn request_sent(
    request: lakebase::migrate::Promote,
    dry_run: bool,
) -> lakebase::Result<PromotionReport> {
    if dry_run { request.dry_run().await } else { request.await }
}

fn print(session: &Session, which: &Which, report: &PromotionReport) -> Result<()> {
    match which.format(session) {
        Format::Text => output::print(report),
        Format::Markdown => output::print(report.markdown()),
        Format::Json => output::print_json(report),
    }
}
