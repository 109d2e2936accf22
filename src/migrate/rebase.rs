//! The same work on top of what the source has become.

use std::{
    fmt,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use serde::Serialize;

use super::{migration::Migrations, options::ApplyOptions, rehearsal::Rehearsal, table, verbs::rehearse_on};
use crate::{
    api::{
        branch::{Branch, BranchInfo},
        expiry::Expiry,
        name::{BranchId, BranchName},
    },
    error::{Error, ErrorKind, Result},
    schema::{self, SchemaDiff},
};

/// A request for a fresh branch of the source on which migrations are replayed; sent when it is awaited.
///
/// The old branch is untouched, and is kept unless [`drop_old`](Self::drop_old) says otherwise. Where the replay fails,
/// the new branch is removed again.
///
/// # Errors
///
/// [`FailedPrecondition`](ErrorKind::FailedPrecondition) for a branch without a source, those of making a branch, and
/// those of [`apply`](super::apply()).
///
/// ```no_run
/// # async fn show(feature: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::migrate::Migration;
///
/// let priority = Migration::new("priority", "ALTER TABLE orders ADD COLUMN priority text DEFAULT 'normal'");
/// let report = feature.rebase(&priority).onto("feature-order-priority-v2").await?;
/// println!("{report}");
/// # Ok(()) }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct Rebase {
    branch: Branch,
    migrations: Migrations,
    id: Option<Result<BranchId>>,
    expiry: Option<Expiry>,
    drop_old: bool,
    apply: ApplyOptions,
    schema: schema::Options,
}

/// What re-branching did.
///
/// ```no_run
/// # fn show(report: lakebase::migrate::RebaseReport) {
/// println!("{}", report.drift.summary());
/// # }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RebaseReport {
    /// The branch that there was.
    pub old: BranchName,
    /// Whether it is still there.
    pub old_kept: bool,
    /// The new branch.
    pub branch: BranchInfo,
    /// What the new branch has that the old one had not, and the other way round: what the source did meanwhile, and
    /// what on the old branch came from no migration.
    pub drift: SchemaDiff,
    /// The replay: times, rows, locks, hazards, and what it changed in the schema.
    pub replay: Rehearsal,
    /// From begin to end.
    #[serde(rename = "duration_ms", serialize_with = "table::milliseconds")]
    pub duration: Duration,
}

impl Rebase {
    pub(super) fn new(branch: Branch, migrations: Migrations) -> Self {
        Self {
            branch,
            migrations,
            id: None,
            expiry: None,
            drop_old: false,
            apply: ApplyOptions::default(),
            schema: schema::Options::default(),
        }
    }

    /// What the new branch is called. By default as the old one with `-v2` at the end, or the next number.
    pub fn onto(mut self, id: impl TryInto<BranchId, Error: Into<Error>>) -> Self {
        self.id = Some(id.try_into().map_err(Into::into));
        self
    }

    /// When the new branch ends. By default as long after its making as the old one.
    pub fn expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = Some(expiry);
        self
    }

    /// Removes the old branch once the replay went through. It is kept by default.
    pub fn drop_old(mut self) -> Self {
        self.drop_old = true;
        self
    }

    /// How patient to be.
    pub fn apply_options(mut self, options: ApplyOptions) -> Self {
        self.apply = options;
        self
    }

    /// What of the schemas to compare.
    pub fn schema_options(mut self, options: schema::Options) -> Self {
        self.schema = options;
        self
    }

    async fn run(self) -> Result<RebaseReport> {
        let context = format!("rebasing {}", self.branch.name());
        self.rebase().await.map_err(|error| error.with_context(context))
    }

    async fn rebase(self) -> Result<RebaseReport> {
        self.migrations.read()?;
        let started = Instant::now();
        let old = self.branch.get().await?;
        let source = old.source_branch.clone().ok_or_else(|| {
            Error::new(
                ErrorKind::FailedPrecondition,
                "it was made from no other branch, so there is nothing to make it anew from",
            )
        })?;
        let id = match self.id {
            Some(id) => id?,
            None => next_version(self.branch.id())?,
        };
        let expiry = self.expiry.unwrap_or_else(|| lifetime(&old));
        let source = self.branch.client().branch(source)?;
        // A guard until the replay is through; its time to live only counts where this process ends before.
        let guard = source.ephemeral(&id, ttl(expiry)).await?;
        let work = async {
            let replay = rehearse_on(&guard, &self.migrations, &self.apply, &self.schema).await?;
            let before = self.branch.schema(&self.schema).await?;
            let drift = schema::compare(&before, &replay.after);
            if matches!(expiry, Expiry::Never) {
                guard.update().expiry(Expiry::Never).await?;
            }
            Ok::<_, Error>((replay, drift))
        };
        let (replay, drift) = match work.await {
            Ok(done) => done,
            Err(error) => {
                // What stopped the replay says more than what would stop the removal.
                let _ = guard.close().await;
                return Err(error);
            }
        };
        let branch = guard.keep();
        if self.drop_old {
            self.branch.delete().await?;
        }
        Ok(RebaseReport {
            old: old.name.clone(),
            old_kept: !self.drop_old,
            branch,
            drift,
            replay,
            duration: started.elapsed(),
        })
    }
}

/// The life that the old branch was given.
fn lifetime(old: &BranchInfo) -> Expiry {
    match (old.create_time, old.expire_time) {
        (Some(made), Some(ends)) => (ends - made).to_std().map_or(Expiry::Never, |life| {
            Expiry::After(Duration::from_secs(life.as_secs().max(1)).min(Expiry::MAX))
        }),
        _ => Expiry::Never,
    }
}

fn ttl(expiry: Expiry) -> Duration {
    match expiry {
        Expiry::After(ttl) => ttl,
        Expiry::At(time) => (time - chrono::Utc::now()).to_std().unwrap_or(Duration::from_secs(1)),
        Expiry::Never => Expiry::MAX,
    }
}

/// `feature` → `feature-v2` → `feature-v3`.
fn next_version(id: &BranchId) -> Result<BranchId> {
    let (stem, number) =
        match id.as_str().rsplit_once("-v").and_then(|(stem, n)| Some((stem, n.parse::<u32>().ok()?))) {
            Some((stem, number)) => (stem, number.saturating_add(1)),
            None => (id.as_str(), 2),
        };
    let suffix = format!("-v{number}");
    let kept = stem.get(..stem.len().min(63 - suffix.len())).unwrap_or(stem).trim_end_matches('-');
    BranchId::new(format!("{kept}{suffix}")).map_err(Error::from)
}

impl RebaseReport {
    /// The report in Markdown, for the comment of a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "## {} made anew as {}\n\n",
            table::escape(self.old.id().as_str()),
            table::escape(self.branch.name.id().as_str())
        );
        text += &self.replay.markdown();
        text + "\n### Since the old branch was made\n\n" + &self.drift.markdown()
    }
}

impl fmt::Display for RebaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = if self.old_kept { "kept" } else { "removed" };
        writeln!(
            f,
            "{} made anew as {} in {}; the old branch is {kept}",
            self.old.id(),
            self.branch.name.id(),
            table::duration(self.duration)
        )?;
        write!(f, "{}", self.replay)?;
        writeln!(f, "since the old branch was made: {}", self.drift.summary())
    }
}

impl IntoFuture for Rebase {
    type Output = Result<RebaseReport>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_branch_counts_on() {
        let next = |id: &str| next_version(&BranchId::new(id).unwrap()).unwrap().to_string();
        assert_eq!(next("feature"), "feature-v2");
        assert_eq!(next("feature-v2"), "feature-v3");
        assert_eq!(next("feature-vat"), "feature-vat-v2");
        assert!(next(&"x".repeat(63)).len() <= 63);
    }
}
