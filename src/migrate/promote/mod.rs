//! Promotes migrations from a branch to its source: checks, rehearsal, application, verification.

mod context;
mod report;
mod steps;

use std::{collections::BTreeSet, time::Duration};

pub use report::{PromotionOutcome, PromotionReport, StepOutcome, StepReport};

use self::context::Context;
use super::{
    migrations::Migrations,
    options::{RequestOptions, request_options},
};
use crate::{
    api::{branch::Branch, request::sent_when_awaited},
    error::{Error, ErrorKind, Result},
    schema::HazardKind,
};

/// The steps of a promotion, in order.
///
/// ```
/// use lakebase::migrate::Step;
/// assert_eq!(Step::Rehearse.to_string(), "rehearse");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// Compares the changes of the target's schema since the branch point with those of the branch.
    Drift,
    /// Applies the migrations to a temporary branch of the target as it is now.
    Rehearse,
    /// Compares the schema after the rehearsal with that of the branch.
    Compare,
    /// Applies the migrations to the target.
    Apply,
    /// Compares the schema of the target with the rehearsed one.
    Verify,
}

impl Step {
    const ALL: [Self; 5] = [Self::Drift, Self::Rehearse, Self::Compare, Self::Apply, Self::Verify];
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Drift => "drift",
            Self::Rehearse => "rehearse",
            Self::Compare => "compare",
            Self::Apply => "apply",
            Self::Verify => "verify",
        })
    }
}

/// A promotion: drift → rehearse → compare → apply → verify; started when it is awaited. The drift check and the
/// rehearsal run concurrently.
///
/// The target is unchanged where a step before 'apply' stops the promotion. A conflict always stops it; drift and
/// hazards do so on request. It holds the target's migration lock throughout, so that a second promotion waits, and
/// checks just before it applies that the target still has the schema that was rehearsed on. A promotion of migrations
/// that the target already has changes nothing and ends with
/// [`NothingToDo`](PromotionOutcome::NothingToDo).
///
/// # Errors
///
/// [`Refused`](ErrorKind::Refused) where a check stopped it, else the kind of the failure; [`PromotionReport::of`]
/// returns the results until then.
///
/// ```no_run
/// # async fn show(feature: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::{migrate::{Migration, PromotionReport}, schema::HazardKind};
///
/// let tier = Migration::new("add-tier", "ALTER TABLE customers ADD COLUMN tier text DEFAULT 'bronze'");
/// match feature.promote(&tier).stop_on(HazardKind::DataLoss).await {
///     Ok(report) => println!("{report}"),
///     Err(error) => match PromotionReport::of(&error) {
///         Some(report) => println!("{report}"),
///         None => return Err(error),
///     },
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is done until the promotion is awaited"]
pub struct Promote {
    branch: Branch,
    target: Option<Branch>,
    migrations: Migrations,
    skipped: BTreeSet<Step>,
    stop_on: BTreeSet<HazardKind>,
    stop_on_drift: bool,
    dry_run: bool,
    options: RequestOptions,
}

request_options!(Promote);

impl Promote {
    pub(super) fn new(branch: Branch, target: Option<Branch>, migrations: Migrations) -> Self {
        Self {
            branch,
            target,
            migrations,
            skipped: BTreeSet::new(),
            stop_on: BTreeSet::new(),
            stop_on_drift: false,
            dry_run: false,
            options: RequestOptions::default(),
        }
    }

    /// Skips a step, which the report lists as skipped. [`Step::Apply`] cannot be skipped: use
    /// [`dry_run`](Self::dry_run).
    pub fn skip(mut self, step: Step) -> Self {
        self.skipped.insert(step);
        self
    }

    /// Stops where the rehearsal finds this hazard. By default hazards are only reported.
    pub fn stop_on(mut self, hazard: HazardKind) -> Self {
        self.stop_on.insert(hazard);
        self
    }

    /// Stops where the target's schema changed since the branch was made, even without a conflict. Off by default.
    pub fn stop_on_drift(mut self) -> Self {
        self.stop_on_drift = true;
        self
    }

    /// Runs the steps before 'apply' and leaves the target as it is.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// The time to wait while another promotion to the same target runs; one minute by default, zero refuses at once.
    pub fn wait_for_others(mut self, limit: Duration) -> Self {
        self.options.apply = self.options.apply.wait_for_others(limit);
        self
    }

    fn check(&self) -> Result<()> {
        self.migrations.parse()?;
        if self.migrations.is_empty() {
            return Err(Error::invalid("there is no migration to promote"));
        }
        if self.skipped.contains(&Step::Apply) {
            return Err(Error::invalid(
                "the step 'apply' cannot be skipped; use dry_run to leave the target as it is",
            ));
        }
        Ok(())
    }

    /// The given target, else the source of the branch.
    async fn target(&mut self) -> Result<Branch> {
        if let Some(target) = self.target.take() {
            return Ok(target);
        }
        let info = self.branch.get().await?;
        let source = info.source_branch.as_ref().ok_or_else(|| {
            let message =
                format!("{} has no source branch; name the target with promote_to", self.branch.name());
            Error::new(ErrorKind::FailedPrecondition, message)
        })?;
        self.branch.client().branch(source.clone())
    }

    async fn run(mut self) -> Result<PromotionReport> {
        self.check()?;
        let target = self.target().await?;
        let promoting = format!("promoting {} to {}", self.branch.name(), target.name());
        let promoted = async {
            let mut context = Context::open(self, target).await?;
            let result = steps::run(&mut context).await;
            context.close(result).await
        };
        promoted.await.map_err(|error: Error| error.with_context(promoting))
    }
}

sent_when_awaited!(Promote => PromotionReport);
