//! The report of a promotion.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::Step;
use crate::{
    api::name::BranchName,
    error::Error,
    migrate::{
        rehearsal::Rehearsal,
        report::ApplyReport,
        text_table::{self, Table},
    },
    schema::Drift,
};

/// The result of a promotion, step by step. Prints as a table, serializes, and renders [Markdown](Self::markdown).
///
/// ```no_run
/// # async fn show(feature: lakebase::Branch) -> lakebase::Result<()> {
/// # let tier = lakebase::migrate::Migration::new("add-tier", "SELECT 1");
/// let report = feature.promote(&tier).dry_run().await?;
/// std::fs::write("promotion.md", report.markdown()).unwrap();
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct PromotionReport {
    /// The branch that is promoted.
    pub branch: BranchName,
    /// The branch to which the migrations are applied.
    pub target: BranchName,
    /// How it ended.
    pub outcome: PromotionOutcome,
    /// Every step, including those that did not run.
    pub steps: Vec<StepReport>,
    /// The changes of both sides since the branch point, where the step 'drift' ran.
    pub drift: Option<Drift>,
    /// The rehearsal, where it succeeded.
    pub rehearsal: Option<Rehearsal>,
    /// The migrations on the target.
    pub applied: Option<ApplyReport>,
    /// Temporary branches that could not be removed; each expires at the end of its time to live.
    pub left_behind: Vec<BranchName>,
    /// The duration of the whole promotion.
    #[serde(rename = "duration_ms", serialize_with = "text_table::milliseconds")]
    pub duration: Duration,
}

/// How a promotion ended.
///
/// ```
/// use lakebase::migrate::PromotionOutcome;
/// assert_eq!(PromotionOutcome::NothingToDo.to_string(), "nothing to do: the target has the migrations already");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "is")]
#[non_exhaustive]
pub enum PromotionOutcome {
    /// The migrations were applied to the target.
    Promoted,
    /// The target had the migrations already.
    NothingToDo,
    /// The steps before 'apply' passed; the target is unchanged.
    DryRun,
    /// A step stopped it.
    Stopped {
        /// The step.
        step: Step,
        /// The reason.
        reason: String,
        /// Whether nothing was changed on the target.
        untouched: bool,
    },
}

impl fmt::Display for PromotionOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Promoted => f.write_str("promoted"),
            Self::NothingToDo => f.write_str("nothing to do: the target has the migrations already"),
            Self::DryRun => f.write_str("dry run: the target is as it was"),
            Self::Stopped { step, reason, untouched } => {
                write!(f, "stopped at step '{step}': {reason}")?;
                if *untouched { f.write_str("; the target is untouched") } else { Ok(()) }
            }
        }
    }
}

/// One step of a promotion.
///
/// ```
/// # fn show(report: lakebase::migrate::PromotionReport) {
/// for step in &report.steps {
///     println!("{} {:?}: {}", step.step, step.outcome, step.note);
/// }
/// # }
/// ```
#[derive(Debug, Clone, Serialize)]
#[non_exhaustive]
pub struct StepReport {
    /// The step.
    pub step: Step,
    /// How it ended.
    pub outcome: StepOutcome,
    /// The finding, or the reason why the step did not run.
    pub note: String,
    /// The duration.
    #[serde(rename = "duration_ms", serialize_with = "text_table::milliseconds")]
    pub duration: Duration,
}

/// How a step of a promotion ended.
///
/// ```
/// assert_eq!(lakebase::migrate::StepOutcome::Skipped.to_string(), "skipped");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum StepOutcome {
    /// It succeeded.
    Passed,
    /// It was skipped at the caller's request, or because a step that it builds on was.
    Skipped,
    /// It stopped the promotion.
    Stopped,
    /// An earlier step stopped the promotion.
    NotReached,
    /// The target had the migrations already.
    NotNeeded,
}

impl fmt::Display for StepOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Stopped => "stopped",
            Self::NotReached => "not reached",
            Self::NotNeeded => "not needed",
        })
    }
}

impl PromotionReport {
    /// The report behind the error of a promotion that was stopped.
    pub fn of(error: &Error) -> Option<&Self> {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = next {
            if let Some(stopped) = error.downcast_ref::<StoppedPromotion>() {
                return Some(&stopped.report);
            }
            next = error.source();
        }
        None
    }

    fn steps_table(&self) -> Table {
        let mut table = Table::new(&["step", "result", "#time", "note"]);
        for step in &self.steps {
            let time =
                if step.duration.is_zero() { String::new() } else { text_table::duration(step.duration) };
            table.row([
                step.step.to_string(),
                step.outcome.to_string(),
                time,
                text_table::shortened(&step.note, 120),
            ]);
        }
        table
    }

    /// The report in Markdown, for the comment of a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "## Promotion of {} to {}\n\n{}\n\n{}\n",
            text_table::escape(self.branch.id().as_str()),
            text_table::escape(self.target.id().as_str()),
            text_table::escape(&self.outcome.to_string()),
            self.steps_table().markdown()
        );
        if let Some(drift) = self
            .drift
            .as_ref()
            .filter(|drift| !drift.theirs_only().is_empty() || !drift.conflicts().is_empty())
        {
            text += &format!("### Drift\n\n```text\n{}\n```\n\n", drift.to_string().replace("```", "'''"));
        }
        if let Some(rehearsal) = &self.rehearsal {
            text += &rehearsal.markdown();
            text.push('\n');
        }
        if let Some(applied) = &self.applied {
            text += &format!("### Applied\n\n{}", applied.markdown());
        }
        text
    }
}

impl fmt::Display for PromotionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "promotion of {} to {}: {}", self.branch.id(), self.target.id(), self.outcome)?;
        if self.outcome != PromotionOutcome::NothingToDo {
            write!(f, "{}", self.steps_table())?;
        }
        if let Some(drift) = self.drift.as_ref().filter(|drift| !drift.conflicts().is_empty()) {
            write!(f, "{drift}")?;
        }
        for hazard in self.rehearsal.iter().flat_map(|rehearsal| &rehearsal.hazards) {
            writeln!(f, "  hazard: {hazard}")?;
        }
        if let Some(applied) = &self.applied {
            write!(f, "{applied}")?;
        }
        for branch in &self.left_behind {
            writeln!(f, "  not removed, expires within the hour: {branch}")?;
        }
        Ok(())
    }
}

/// The source of the error of a promotion: its report, and the failure that stopped it.
#[derive(Debug)]
pub(super) struct StoppedPromotion {
    pub(super) report: PromotionReport,
    pub(super) cause: Option<Error>,
}

impl fmt::Display for StoppedPromotion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the promotion took {}", text_table::duration(self.report.duration))
    }
}

impl std::error::Error for StoppedPromotion {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // The outcome has the message of the cause already.
        self.cause.as_ref()?.source()
    }
}
