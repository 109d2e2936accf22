//! The steps of a promotion, one after the other.

use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tokio::task::JoinHandle;

use super::{
    Promote, Step,
    report::{PromotionOutcome, PromotionReport, StepOutcome, StepReport, Stopped},
};
use crate::{
    api::{branch::Branch, name::BranchName},
    error::{Error, ErrorKind, Result},
    migrate::{
        apply::{Aids, apply_locked},
        failure::Failure,
        ledger, lock,
        rehearsal::{Rehearsal, read_schema},
        verbs::{connect, end},
    },
    schema::{self, Schema},
    workflow::ephemeral::EphemeralBranch,
};

pub(super) async fn run(mut request: Promote) -> Result<PromotionReport> {
    request.migrations.read()?;
    if request.migrations.is_empty() {
        return Err(Error::invalid("there is no migration to promote"));
    }
    if request.skipped.contains(&Step::Apply) {
        return Err(Error::invalid(
            "the step 'apply' cannot be skipped; use dry_run to leave the target as it is",
        ));
    }
    let target = target(&mut request).await?;
    let context = format!("promoting {} to {}", request.branch.name(), target.name());
    let mut conn = connect(&target).await.map_err(|error| error.with_context(context.clone()))?;
    if let Err(error) = lock::acquire(&mut conn, request.apply.wait_for_others).await {
        end(conn).await;
        return Err(error.with_context(context));
    }
    let mut promotion = Promotion::new(request, target);
    let result = promotion.steps(&mut conn).await;
    lock::release(&mut conn).await;
    end(conn).await;
    promotion.finish(result).await.map_err(|error| error.with_context(context))
}

/// Where to: as said, else the branch that this one was made from.
async fn target(request: &mut Promote) -> Result<Branch> {
    if let Some(target) = request.target.take() {
        return Ok(target);
    }
    let info = request.branch.get().await?;
    let source = info.source_branch.as_ref().ok_or_else(|| {
        Error::new(
            ErrorKind::FailedPrecondition,
            format!("{} was made from no other branch; say where to with promote_to", request.branch.name()),
        )
    })?;
    request.branch.client().branch(source.clone())
}

/// Why a step ends the promotion: a check that says no, or a failure.
pub(super) enum Stop {
    Check(String),
    Failure(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failure(error)
    }
}

pub(super) struct Promotion {
    pub(super) request: Promote,
    pub(super) target: Branch,
    pub(super) report: PromotionReport,
    started: Instant,
    /// The schema of the feature branch.
    pub(super) wanted: Option<Schema>,
    /// The target as it was when the branch left it, on a throw-away branch.
    pub(super) base: Option<EphemeralBranch>,
    /// Where it is rehearsed.
    pub(super) stage: Option<EphemeralBranch>,
    /// Throw-away branches that are being removed.
    closing: Vec<(BranchName, JoinHandle<Result<()>>)>,
    touched: bool,
    /// Why the schema at the branch point cannot be had. What the target did since is then told from what it has beyond
    /// the branch once the migrations are rehearsed on it.
    pub(super) no_base: Option<String>,
}

impl Promotion {
    fn new(request: Promote, target: Branch) -> Self {
        let steps = Step::ALL.map(|step| StepReport {
            step,
            outcome: if request.skipped.contains(&step) {
                StepOutcome::Skipped
            } else {
                StepOutcome::NotReached
            },
            note: String::new(),
            duration: Duration::ZERO,
        });
        let report = PromotionReport {
            branch: request.branch.name().clone(),
            target: target.name().clone(),
            outcome: PromotionOutcome::NothingToDo,
            steps: steps.into(),
            drift: None,
            rehearsal: None,
            applied: None,
            left_behind: Vec::new(),
            duration: Duration::ZERO,
        };
        let started = Instant::now();
        Self {
            request,
            target,
            report,
            started,
            wanted: None,
            base: None,
            stage: None,
            closing: Vec::new(),
            touched: false,
            no_base: None,
        }
    }

    async fn steps(&mut self, conn: &mut PgConnection) -> Result<PromotionOutcome, (Step, Stop)> {
        if self.is_done(conn).await.map_err(|e| (Step::Drift, e.into()))? {
            return Ok(PromotionOutcome::NothingToDo);
        }
        self.preview(conn).await?;
        if self.does(Step::Compare) && self.report.rehearsal.is_some() {
            let started = self.begin(Step::Compare);
            let found = self.compare();
            self.note(Step::Compare, started.elapsed(), found)?;
        }
        if self.request.dry_run {
            return Ok(PromotionOutcome::DryRun);
        }
        let started = self.begin(Step::Apply);
        let found = self.apply(conn).await;
        self.note(Step::Apply, started.elapsed(), found)?;
        if self.does(Step::Verify) {
            let started = self.begin(Step::Verify);
            let found = self.verify(conn).await;
            self.note(Step::Verify, started.elapsed(), found)?;
        }
        Ok(PromotionOutcome::Promoted)
    }

    pub(super) fn does(&self, step: Step) -> bool {
        !self.request.skipped.contains(&step)
    }

    pub(super) fn begin(&self, step: Step) -> Instant {
        tracing::info!(branch = %self.report.branch, target = %self.report.target, %step, "promoting");
        Instant::now()
    }

    pub(super) fn note(
        &mut self,
        step: Step,
        duration: Duration,
        found: Result<String, Stop>,
    ) -> Result<(), (Step, Stop)> {
        let Some(entry) = self.report.steps.iter_mut().find(|entry| entry.step == step) else {
            return Ok(());
        };
        entry.duration = duration;
        match found {
            Ok(note) => {
                (entry.outcome, entry.note) = (StepOutcome::Passed, note);
                Ok(())
            }
            Err(stop) => Err((step, stop)),
        }
    }

    async fn is_done(&self, conn: &mut PgConnection) -> Result<bool> {
        for migration in &self.request.migrations {
            if !ledger::is_applied(conn, migration).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn apply(&mut self, conn: &mut PgConnection) -> Result<String, Stop> {
        if let Some(rehearsal) = &self.report.rehearsal {
            let now = read_schema(conn, &self.request.schema).await?;
            if now.fingerprint() != rehearsal.before.fingerprint() {
                return Err(Stop::Check(
                    "the target's schema changed while the promotion ran, so the rehearsal says nothing about it; promote \
                     again"
                        .to_owned(),
                ));
            }
        }
        self.touched = true;
        let aids = Aids { branch: Some(&self.target), observer: None };
        match apply_locked(conn, &self.request.migrations, &self.request.apply, aids).await {
            Ok(applied) => {
                let statements: usize =
                    applied.migrations.iter().map(|migration| migration.statements.len()).sum();
                self.report.applied = Some(applied);
                Ok(format!("{statements} statements"))
            }
            Err(error) => {
                self.report.applied = Failure::of(&error).map(|failure| failure.report.clone());
                self.touched =
                    self.report.applied.iter().flat_map(|report| &report.migrations).any(|m| m.is_felt());
                Err(error.into())
            }
        }
    }

    async fn verify(&mut self, conn: &mut PgConnection) -> Result<String, Stop> {
        let now = read_schema(conn, &self.request.schema).await?;
        let unexpected = match &self.report.rehearsal {
            Some(Rehearsal { after, .. }) => {
                let diff = schema::compare(after, &now);
                diff.changes().first().map(|change| (diff.changes().len(), change.key().to_string()))
            }
            None => {
                let wanted = match self.wanted.take() {
                    Some(wanted) => wanted,
                    None => self.request.branch.schema(&self.request.schema).await?,
                };
                self.unexpected(&schema::compare(&wanted, &now))
            }
        };
        match unexpected {
            None => Ok("the target has the expected schema".to_owned()),
            Some((number, first)) => Err(Stop::Check(format!(
                "the migrations are applied, and yet the schema is not the expected one: {number} differences, the first: \
                 {first}"
            ))),
        }
    }

    /// Removes the throw-away branches while the promotion goes on.
    pub(super) fn close_branches(&mut self) {
        for branch in [self.base.take(), self.stage.take()].into_iter().flatten() {
            self.closing.push((branch.name().clone(), tokio::spawn(branch.close())));
        }
    }

    async fn finish(mut self, result: Result<PromotionOutcome, (Step, Stop)>) -> Result<PromotionReport> {
        self.close_branches();
        for (name, closing) in std::mem::take(&mut self.closing) {
            match closing.await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::warn!(branch = %name, %error, "removing a throw-away branch failed");
                    self.report.left_behind.push(name);
                }
                Err(_) => self.report.left_behind.push(name),
            }
        }
        self.report.duration = self.started.elapsed();
        let (step, stop) = match result {
            Ok(outcome) => {
                self.report.outcome = outcome;
                return Ok(self.report);
            }
            Err(stopped) => stopped,
        };
        let (kind, reason, cause) = match stop {
            Stop::Check(reason) => (ErrorKind::Refused, reason, None),
            Stop::Failure(error) if matches!(self.target.try_get().await, Ok(None)) => {
                let reason = format!("{} was deleted meanwhile: {error}", self.target.name());
                (ErrorKind::NotFound, reason, Some(error))
            }
            Stop::Failure(error) => (error.kind(), error.to_string(), Some(error)),
        };
        if let Some(entry) = self.report.steps.iter_mut().find(|entry| entry.step == step) {
            (entry.outcome, entry.note) = (StepOutcome::Stopped, reason.clone());
        }
        self.report.outcome = PromotionOutcome::Stopped { step, reason, untouched: !self.touched };
        let text = self.report.outcome.to_string();
        let code = cause.as_ref().and_then(Error::sqlstate);
        Err(Error::new(kind, text).with_sqlstate(code).with_source(Stopped { report: self.report, cause }))
    }
}
