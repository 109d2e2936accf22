//! Replays migrations on a new branch of the present source.

use std::{
    fmt,
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{
    migrations::Migrations,
    options::{RequestOptions, request_options},
    rehearsal::Rehearsal,
    session::rehearse_on,
    text_table,
};
use crate::{
    api::{
        branch::{Branch, BranchInfo},
        expiry::Expiry,
        name::{BranchId, BranchName},
        request::sent_when_awaited,
    },
    error::{Error, ErrorKind, Result},
    schema::{self, SchemaDiff},
};

/// A request for a new branch of the source on which migrations are replayed; sent when it is awaited.
///
/// The old branch is kept unchanged, unless [`drop_old`](Self::drop_old) is set. Where the replay fails, the new branch
/// is removed again.
///
/// # Errors
///
/// [`FailedPrecondition`](ErrorKind::FailedPrecondition) for a branch without a source, those of creating a branch, and
/// those of [`apply`](super::apply()).
///
/// ```no_run
/// # async fn show(feature: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::migrate::Migration;
///
/// let priority = Migration::new("priority", "ALTER TABLE orders ADD COLUMN priority text DEFAULT 'normal'");
/// let report = feature.rebase(&priority).as_branch("feature-order-priority-v2").await?;
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
    options: RequestOptions,
}

request_options!(Rebase);

/// The result of a [`Rebase`].
///
/// ```no_run
/// # fn show(report: lakebase::migrate::RebaseReport) {
/// println!("{}", report.drift.summary());
/// # }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct RebaseReport {
    /// The old branch.
    pub old: BranchName,
    /// Whether the old branch still exists.
    pub old_kept: bool,
    /// The new branch.
    pub branch: BranchInfo,
    /// The difference from the old branch to the new one: changes of the source since, and changes on the old branch
    /// that came from no migration.
    pub drift: SchemaDiff,
    /// The replay: times, rows, locks, hazards, and its changes of the schema.
    pub replay: Rehearsal,
    /// The duration of the whole request.
    #[serde(rename = "duration_ms", serialize_with = "text_table::milliseconds")]
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
            options: RequestOptions::default(),
        }
    }

    /// The id of the new branch. Default: that of the old one with `-v2` at the end, or the next number.
    pub fn as_branch(mut self, id: impl TryInto<BranchId, Error: Into<Error>>) -> Self {
        self.id = Some(id.try_into().map_err(Into::into));
        self
    }

    /// The expiry of the new branch. Default: the lifetime of the old one.
    pub fn expiry(mut self, expiry: Expiry) -> Self {
        self.expiry = Some(expiry);
        self
    }

    /// Deletes the old branch after the replay. It is kept by default.
    pub fn drop_old(mut self) -> Self {
        self.drop_old = true;
        self
    }

    async fn run(self) -> Result<RebaseReport> {
        let context = format!("rebasing {}", self.branch.name());
        self.rebase().await.map_err(|error| error.with_context(context))
    }

    async fn rebase(self) -> Result<RebaseReport> {
        self.migrations.parse()?;
        let started = Instant::now();
        let old = self.branch.get().await?;
        let source = old.source_branch.clone().ok_or_else(|| {
            Error::new(
                ErrorKind::FailedPrecondition,
                "it has no source branch, so there is nothing to branch from again",
            )
        })?;
        let id = match self.id {
            Some(id) => id?,
            None => next_version(self.branch.id())?,
        };
        let expiry = self.expiry.unwrap_or_else(|| lifetime(&old));
        let source = self.branch.client().branch(source)?;
        // A guard until the replay completes; its time to live applies only if this process ends before.
        let guard = source.ephemeral(&id, ttl(expiry)).await?;
        let work = async {
            let replay = rehearse_on(&guard, &self.migrations, &self.options).await?;
            let before = self.branch.schema(&self.options.schema).await?;
            let drift = schema::compare(&before, &replay.after);
            if matches!(expiry, Expiry::Never) {
                guard.update().expiry(Expiry::Never).await?;
            }
            Ok::<_, Error>((replay, drift))
        };
        let (replay, drift) = match work.await {
            Ok(done) => done,
            Err(error) => {
                // The error of the replay matters more than one of the removal.
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

/// The lifetime that the old branch was given.
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
            "## {} rebased as {}\n\n",
            text_table::escape(self.old.id().as_str()),
            text_table::escape(self.branch.name.id().as_str())
        );
        text += &self.replay.markdown();
        text + "\n### Since the old branch was made\n\n" + &self.drift.markdown()
    }
}

impl fmt::Display for RebaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kept = if self.old_kept { "kept" } else { "deleted" };
        writeln!(
            f,
            "{} rebased as {} in {}; the old branch is {kept}",
            self.old.id(),
            self.branch.name.id(),
            text_table::duration(self.duration)
        )?;
        write!(f, "{}", self.replay)?;
        writeln!(f, "since the old branch was made: {}", self.drift.summary())
    }
}

sent_when_awaited!(Rebase => RebaseReport);

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
