//! The state that the steps of a promotion share.

use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tokio::task::JoinHandle;

use super::{
    Promote, Step,
    report::{PromotionOutcome, PromotionReport, StepOutcome, StepReport, StoppedPromotion},
};
use crate::{
    api::{branch::Branch, name::BranchName},
    error::{Error, ErrorKind, Result},
    migrate::lock,
    postgres::connect::close,
    schema::Schema,
    workflow::ephemeral::EphemeralBranch,
};

/// The reason why a step ends the promotion: a check that failed, or a failure of the step itself.
pub(super) enum StopCause {
    Check(String),
    Failure(Error),
}

impl From<Error> for StopCause {
    fn from(error: Error) -> Self {
        Self::Failure(error)
    }
}

/// The end of a promotion before its last step.
pub(super) struct Stop {
    pub(super) step: Step,
    pub(super) cause: StopCause,
}

impl Stop {
    pub(super) fn at(step: Step) -> impl FnOnce(Error) -> Self {
        move |error| Self { step, cause: error.into() }
    }
}

/// A running promotion. It is passed from step to step; each reads the results of those before it.
pub(super) struct Context {
    pub(super) request: Promote,
    pub(super) target: Branch,
    /// A session on the target that holds its migration lock.
    pub(super) conn: PgConnection,
    pub(super) report: PromotionReport,
    started: Instant,
    /// The schema of the branch that is promoted.
    pub(super) wanted: Option<Schema>,
    /// The schema of the target before anything is applied.
    pub(super) present: Option<Schema>,
    /// A temporary branch of the target at the branch point.
    pub(super) base: Option<EphemeralBranch>,
    /// The reason why there is no such branch. The comparison then derives the drift of the target from the objects
    /// that only the target has.
    pub(super) no_base: Option<String>,
    /// A temporary branch of the target for the rehearsal.
    pub(super) staging: Option<EphemeralBranch>,
    /// Temporary branches that are being removed.
    removals: Vec<(BranchName, JoinHandle<Result<()>>)>,
    /// Whether the target may have been changed.
    pub(super) touched: bool,
}

impl Context {
    /// Connects to the target and takes its migration lock.
    pub(super) async fn open(request: Promote, target: Branch) -> Result<Self> {
        let mut conn = target.connect().await?;
        if let Err(error) = lock::acquire(&mut conn, request.options.apply.wait_for_others).await {
            close(conn).await;
            return Err(error);
        }
        let report = PromotionReport {
            branch: request.branch.name().clone(),
            target: target.name().clone(),
            outcome: PromotionOutcome::NothingToDo,
            steps: Step::ALL.map(|step| planned(step, &request)).into(),
            drift: None,
            rehearsal: None,
            applied: None,
            left_behind: Vec::new(),
            duration: Duration::ZERO,
        };
        Ok(Self {
            request,
            target,
            conn,
            report,
            started: Instant::now(),
            wanted: None,
            present: None,
            base: None,
            no_base: None,
            staging: None,
            removals: Vec::new(),
            touched: false,
        })
    }

    /// Whether the step runs, if no earlier step stops the promotion.
    pub(super) fn runs(&self, step: Step) -> bool {
        reason_to_skip(step, &self.request).is_none()
    }

    /// Logs the start of a step.
    pub(super) fn begin(&self, step: Step) -> Instant {
        tracing::info!(branch = %self.report.branch, target = %self.report.target, %step, "promoting");
        Instant::now()
    }

    /// Records the finding of a step, or stops the promotion with its cause.
    pub(super) fn record(
        &mut self,
        step: Step,
        duration: Duration,
        found: Result<String, StopCause>,
    ) -> Result<(), Stop> {
        let entry = self.report.steps.iter_mut().find(|entry| entry.step == step);
        if let Some(entry) = entry {
            entry.duration = duration;
            if let Ok(note) = &found {
                (entry.outcome, entry.note) = (StepOutcome::Passed, note.clone());
            }
        }
        found.map(drop).map_err(|cause| Stop { step, cause })
    }

    /// Records that the target has the migrations already.
    pub(super) fn record_not_needed(&mut self) {
        for entry in self.report.steps.iter_mut().filter(|entry| entry.outcome == StepOutcome::NotReached) {
            entry.outcome = StepOutcome::NotNeeded;
        }
    }

    /// Starts to remove the temporary branches, concurrently with the further steps.
    pub(super) fn remove_branches(&mut self) {
        for branch in [self.base.take(), self.staging.take()].into_iter().flatten() {
            self.removals.push((branch.name().clone(), tokio::spawn(branch.close())));
        }
    }

    /// Releases the lock, waits for the removals and completes the report.
    pub(super) async fn close(mut self, result: Result<PromotionOutcome, Stop>) -> Result<PromotionReport> {
        lock::release(&mut self.conn).await;
        self.remove_branches();
        close(self.conn).await;
        let mut report = self.report;
        for (name, removal) in self.removals {
            if let Ok(Err(error)) | Err(error) = removal.await.map_err(join_error) {
                tracing::warn!(branch = %name, %error, "removing a temporary branch failed");
                report.left_behind.push(name);
            }
        }
        report.duration = self.started.elapsed();
        match result {
            Ok(outcome) => {
                report.outcome = outcome;
                Ok(report)
            }
            Err(stop) => Err(stopped(report, stop, &self.target, self.touched).await),
        }
    }
}

fn join_error(error: tokio::task::JoinError) -> Error {
    Error::new(ErrorKind::OperationFailed, "the task of the removal ended").with_source(error)
}

/// The entry of a step before the promotion starts.
fn planned(step: Step, request: &Promote) -> StepReport {
    let skipped = reason_to_skip(step, request);
    StepReport {
        step,
        outcome: if skipped.is_some() { StepOutcome::Skipped } else { StepOutcome::NotReached },
        note: skipped.unwrap_or_default().to_owned(),
        duration: Duration::ZERO,
    }
}

fn reason_to_skip(step: Step, request: &Promote) -> Option<&'static str> {
    match step {
        step if request.skipped.contains(&step) => Some(""),
        Step::Compare if request.skipped.contains(&Step::Rehearse) => Some("nothing is rehearsed"),
        Step::Apply | Step::Verify if request.dry_run => Some("dry run"),
        _ => None,
    }
}

/// The error of a stopped promotion, with the report as its source.
async fn stopped(mut report: PromotionReport, stop: Stop, target: &Branch, touched: bool) -> Error {
    let step = stop.step;
    let (kind, reason, cause) = match stop.cause {
        StopCause::Check(reason) => (ErrorKind::Refused, reason, None),
        StopCause::Failure(error) if matches!(target.try_get().await, Ok(None)) => {
            let reason = format!("{} was deleted meanwhile: {error}", target.name());
            (ErrorKind::NotFound, reason, Some(error))
        }
        StopCause::Failure(error) => (error.kind(), error.to_string(), Some(error)),
    };
    if let Some(entry) = report.steps.iter_mut().find(|entry| entry.step == step) {
        (entry.outcome, entry.note) = (StepOutcome::Stopped, reason.clone());
    }
    report.outcome = PromotionOutcome::Stopped { step, reason, untouched: !touched };
    let text = report.outcome.to_string();
    let error = Error::new(kind, text);
    let error = cause.iter().fold(error, Error::with_details_of);
    error.with_source(StoppedPromotion { report, cause })
}
