//! From a branch to production, so that nothing there is a surprise.

mod preview;
mod report;
mod steps;

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::BoxFuture;

pub use report::{PromotionOutcome, PromotionReport, StepOutcome, StepReport};

use super::{migration::Migrations, options::ApplyOptions};
use crate::{
    api::branch::Branch,
    error::Result,
    schema::{self, HazardKind},
};

/// A step of a promotion, in their order.
///
/// ```
/// use lakebase::migrate::Step;
/// assert_eq!(Step::Rehearse.to_string(), "rehearse");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// What the target's schema became since the branch was made from it, and whether that fits.
    Drift,
    /// The migrations on a fresh branch of the target as it is now.
    Rehearse,
    /// Whether that gave the schema that the branch has.
    Compare,
    /// The migrations on the target.
    Apply,
    /// Whether the target has the schema that was rehearsed.
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

/// A promotion: drift → rehearse → compare → apply → verify; begun when it is awaited. The drift check and the
/// rehearsal run side by side.
///
/// The target stays untouched where anything before the apply stops it. A conflict always does; drift and hazards do
/// where that is asked for. From begin to end it holds the target's migration lock, so a second promotion waits, and
/// just before the apply it checks that the target is still what was rehearsed on. A promotion of migrations that the
/// target has already changes nothing and says so.
///
/// # Errors
///
/// [`Refused`](crate::ErrorKind::Refused) where a check stopped it, else what went wrong;
/// [`PromotionReport::of`] has what was done until then.
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
    apply: ApplyOptions,
    schema: schema::Options,
}

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
            apply: ApplyOptions::default(),
            schema: schema::Options::default(),
        }
    }

    /// Leaves a step out; the report says so. [`Step::Apply`] cannot be: that is a [`dry_run`](Self::dry_run).
    pub fn skip(mut self, step: Step) -> Self {
        self.skipped.insert(step);
        self
    }

    /// Stops where the rehearsal shows this hazard. By default hazards are only reported.
    pub fn stop_on(mut self, hazard: HazardKind) -> Self {
        self.stop_on.insert(hazard);
        self
    }

    /// Stops where the target's schema changed since the branch was made, even without a conflict. Off by default.
    pub fn stop_on_drift(mut self) -> Self {
        self.stop_on_drift = true;
        self
    }

    /// Does everything up to the apply, and leaves the target as it is.
    pub fn dry_run(mut self) -> Self {
        self.dry_run = true;
        self
    }

    /// How patient to be with locks and with other promotions.
    pub fn apply_options(mut self, options: ApplyOptions) -> Self {
        self.apply = options;
        self
    }

    /// What of the schemas to compare.
    pub fn schema_options(mut self, options: schema::Options) -> Self {
        self.schema = options;
        self
    }

    /// How long to wait while another promotion to the same target runs; a minute by default, zero refuses at once.
    pub fn wait_for_others(mut self, patience: Duration) -> Self {
        self.apply = self.apply.wait_for_others(patience);
        self
    }
}

impl IntoFuture for Promote {
    type Output = Result<PromotionReport>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(steps::run(self))
    }
}
