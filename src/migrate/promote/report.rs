//! What a promotion did.

use std::{fmt, time::Duration};

use serde::Serialize;

use super::Step;
use crate::{
    api::name::BranchName,
    error::Error,
    migrate::{
        rehearsal::Rehearsal,
        report::ApplyReport,
        table::{self, Table},
    },
    schema::Drift,
};

/// What a promotion did, step by step. Prints as a table, serialises, and renders [Markdown](Self::markdown).
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
    /// Where the migrations come from.
    pub branch: BranchName,
    /// Where they go to.
    pub target: BranchName,
    /// How it ended.
    pub outcome: PromotionOutcome,
    /// Every step, also those that were skipped or not reached.
    pub steps: Vec<StepReport>,
    /// What both sides did since the branch was made, where that was looked at.
    pub drift: Option<Drift>,
    /// The rehearsal, as far as it went through.
    pub rehearsal: Option<Rehearsal>,
    /// What was done on the target.
    pub applied: Option<ApplyReport>,
    /// Throw-away branches that could not be removed; each goes when its time to live is over.
    pub left_behind: Vec<BranchName>,
    /// From begin to end.
    #[serde(rename = "duration_ms", serialize_with = "table::milliseconds")]
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
    /// The target has the migrations now.
    Promoted,
    /// The target had them before.
    NothingToDo,
    /// Everything up to the apply went through; the target is as it was.
    DryRun,
    /// It stopped.
    Stopped {
        /// In this step.
        step: Step,
        /// For this reason.
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
    /// Which one.
    pub step: Step,
    /// How it ended.
    pub outcome: StepOutcome,
    /// What it found, in a few words.
    pub note: String,
    /// How long it took.
    #[serde(rename = "duration_ms", serialize_with = "table::milliseconds")]
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
    /// It went through.
    Passed,
    /// It was left out because the caller said so.
    Skipped,
    /// It stopped the promotion.
    Stopped,
    /// The promotion ended before it.
    NotReached,
}

impl fmt::Display for StepOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Passed => "passed",
            Self::Skipped => "skipped",
            Self::Stopped => "stopped",
            Self::NotReached => "not reached",
        })
    }
}

impl PromotionReport {
    /// The report behind the error of a promotion that did not go through.
    pub fn of(error: &Error) -> Option<&Self> {
        let mut next: Option<&(dyn std::error::Error + 'static)> = Some(error);
        while let Some(error) = next {
            if let Some(stopped) = error.downcast_ref::<Stopped>() {
                return Some(&stopped.report);
            }
            next = error.source();
        }
        None
    }

    fn steps_table(&self) -> Table {
        let mut table = Table::new(&["step", "result", "#time", "note"]);
        for step in &self.steps {
            let time = if step.duration.is_zero() { String::new() } else { table::duration(step.duration) };
            table.row([
                step.step.to_string(),
                step.outcome.to_string(),
                time,
                table::shortened(&step.note, 120),
            ]);
        }
        table
    }

    /// The report in Markdown, for the comment of a pull request.
    pub fn markdown(&self) -> String {
        let mut text = format!(
            "## Promotion of {} to {}\n\n{}\n\n{}\n",
            table::escape(self.branch.id().as_str()),
            table::escape(self.target.id().as_str()),
            table::escape(&self.outcome.to_string()),
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
        write!(f, "{}", self.steps_table())?;
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
            writeln!(f, "  left behind until its time to live is over: {branch}")?;
        }
        Ok(())
    }
}

/// The source of the error of a promotion: its report, and what stopped it.
#[derive(Debug)]
pub(super) struct Stopped {
    pub(super) report: PromotionReport,
    pub(super) cause: Option<Error>,
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the promotion took {}", table::duration(self.report.duration))
    }
}

impl std::error::Error for Stopped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        // What the cause says of itself is part of the outcome already.
        self.cause.as_ref()?.source()
    }
}
