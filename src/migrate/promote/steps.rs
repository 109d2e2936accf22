//! The steps of a promotion, one after the other.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use sqlx::PgConnection;
use tokio::task::JoinHandle;

use super::{
    Promote, Step,
    report::{PromotionOutcome, PromotionReport, StepOutcome, StepReport, Stopped},
};
use crate::{
    Branch, BranchId, BranchName, EphemeralBranch,
    error::{Error, ErrorKind, Result},
    hours,
    migrate::{
        apply::apply_locked,
        failure::Failure,
        ledger, lock,
        rehearsal::{Rehearsal, read_schema},
        verbs::{connect, end, rehearse_on, throw_away},
    },
    schema::{self, Change, Schema, SchemaDiff},
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
    let doing = format!("promoting {} to {}", request.branch.name(), target.name());
    let mut conn = connect(&target).await.map_err(|error| error.doing(doing.clone()))?;
    if let Err(error) = lock::acquire(&mut conn, request.apply.wait_for_others).await {
        end(conn).await;
        return Err(error.doing(doing));
    }
    let mut promotion = Promotion::new(request, target);
    let result = promotion.steps(&mut conn).await;
    lock::release(&mut conn).await;
    end(conn).await;
    promotion.finish(result).await.map_err(|error| error.doing(doing))
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
enum Stop {
    Check(String),
    Failure(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failure(error)
    }
}

struct Promotion {
    request: Promote,
    target: Branch,
    report: PromotionReport,
    started: Instant,
    /// The schema of the feature branch.
    wanted: Option<Schema>,
    /// Throw-away branches that are being removed.
    closing: Vec<(BranchName, JoinHandle<Result<()>>)>,
    touched: bool,
    /// Why the schema at the branch point cannot be had. What the target did since is then told from what it has beyond
    /// the branch once the migrations are rehearsed on it.
    no_base: Option<String>,
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
            closing: Vec::new(),
            touched: false,
            no_base: None,
        }
    }

    async fn steps(&mut self, conn: &mut PgConnection) -> Result<PromotionOutcome, (Step, Stop)> {
        let at = |step: Step| move |stop: Stop| (step, stop);
        if self.is_done(conn).await.map_err(|e| (Step::Drift, e.into()))? {
            return Ok(PromotionOutcome::NothingToDo);
        }
        if self.does(Step::Drift) {
            let started = Instant::now();
            let found = self.drift(conn).await;
            self.note(Step::Drift, started, found).map_err(at(Step::Drift))?;
        }
        if self.does(Step::Rehearse) {
            let started = Instant::now();
            let found = self.rehearse().await;
            self.note(Step::Rehearse, started, found).map_err(at(Step::Rehearse))?;
        }
        if self.does(Step::Compare) && self.report.rehearsal.is_some() {
            let started = Instant::now();
            let found = self.compare().await;
            self.note(Step::Compare, started, found).map_err(at(Step::Compare))?;
        }
        if self.request.dry_run {
            return Ok(PromotionOutcome::DryRun);
        }
        let started = Instant::now();
        let found = self.apply(conn).await;
        self.note(Step::Apply, started, found).map_err(at(Step::Apply))?;
        if self.does(Step::Verify) {
            let started = Instant::now();
            let found = self.verify(conn).await;
            self.note(Step::Verify, started, found).map_err(at(Step::Verify))?;
        }
        Ok(PromotionOutcome::Promoted)
    }

    fn does(&self, step: Step) -> bool {
        !self.request.skipped.contains(&step)
    }

    fn note(&mut self, step: Step, started: Instant, found: Result<String, Stop>) -> Result<(), Stop> {
        let Some(entry) = self.report.steps.iter_mut().find(|entry| entry.step == step) else {
            return Ok(());
        };
        entry.duration = started.elapsed();
        match found {
            Ok(note) => {
                (entry.outcome, entry.note) = (StepOutcome::Passed, note);
                Ok(())
            }
            Err(stop) => {
                entry.outcome = StepOutcome::Stopped;
                entry.note = match &stop {
                    Stop::Check(reason) => reason.clone(),
                    Stop::Failure(error) => error.to_string(),
                };
                Err(stop)
            }
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

    /// The schema of the feature branch, read once.
    async fn wanted(&mut self) -> Result<Schema> {
        if let Some(schema) = &self.wanted {
            return Ok(schema.clone());
        }
        let schema = self.request.branch.schema(&self.request.schema).await?;
        self.wanted = Some(schema.clone());
        Ok(schema)
    }

    async fn drift(&mut self, conn: &mut PgConnection) -> Result<String, Stop> {
        let info = self.request.branch.get().await?;
        let lsn = info.source_branch_lsn.filter(|_| info.source_branch.as_ref() == Some(self.target.name()));
        let Some(lsn) = lsn else {
            return Err(Stop::Check(format!(
                "{} was not made from {}, so there is no common base; skip the step 'drift'",
                self.request.branch.name(),
                self.target.name()
            )));
        };
        let base = match self
            .target
            .ephemeral(BranchId::unique("base").map_err(Error::from)?, hours(1))
            .at_lsn(lsn)
            .await
        {
            Ok(base) => base,
            Err(error) if no_past(&error) && self.does(Step::Rehearse) && self.does(Step::Compare) => {
                let why = error.service_message().unwrap_or_default().to_owned();
                self.no_base = Some(error.to_string());
                return Ok(format!("no branch of the past ({why}): looked at in the step 'compare' instead"));
            }
            Err(error) => return Err(error.into()),
        };
        let schema = base.schema(&self.request.schema).await;
        self.close(base);
        let theirs = read_schema(conn, &self.request.schema).await?;
        let drift = schema::drift(&schema?, &self.wanted().await?, &theirs);
        let (conflicts, changes) = (drift.conflicts(), drift.theirs_only());
        let result = if let Some(conflict) = conflicts.first() {
            Err(Stop::Check(format!(
                "{} conflicts, the first: {}: {}",
                conflicts.len(),
                conflict.key,
                conflict.reason
            )))
        } else if let Some(change) = changes.first().filter(|_| self.request.stop_on_drift) {
            Err(Stop::Check(format!(
                "the target changed since: {} changes, the first: {}",
                changes.len(),
                change.key()
            )))
        } else if changes.is_empty() {
            Ok("none".to_owned())
        } else {
            let names: Vec<String> = changes.iter().map(|change| change.key().to_string()).collect();
            Ok(format!("the target changed since, without conflict: {}", names.join(", ")))
        };
        self.report.drift = Some(drift);
        result
    }

    async fn rehearse(&mut self) -> Result<String, Stop> {
        let started = Instant::now();
        let branch = throw_away(&self.target, "rehearsal").await?;
        let request = &self.request;
        // The branch may have to wake up; the comparison wants its schema next.
        let wanted = async {
            match self.wanted.is_none() && self.does(Step::Compare) {
                true => request.branch.schema(&request.schema).await.map(Some),
                false => Ok(None),
            }
        };
        let rehearsed = rehearse_on(&branch, &request.migrations, &request.apply, &request.schema);
        let (rehearsed, wanted) = tokio::join!(rehearsed, wanted);
        self.close(branch);
        let mut rehearsal = rehearsed?;
        if let Some(wanted) = wanted? {
            self.wanted = Some(wanted);
        }
        rehearsal.duration = started.elapsed();
        let named = rehearsal.hazards.iter().find(|hazard| self.request.stop_on.contains(&hazard.kind));
        let result = match named {
            Some(hazard) => Err(Stop::Check(format!("hazard: {hazard}"))),
            None => Ok(format!("{} hazards", rehearsal.hazards.len())),
        };
        self.report.rehearsal = Some(rehearsal);
        result
    }

    /// What the rehearsal led to is what the branch has, but for what only the target did.
    async fn compare(&mut self) -> Result<String, Stop> {
        let wanted = self.wanted().await?;
        let Some(rehearsal) = &self.report.rehearsal else { return Ok(String::new()) };
        let diff = schema::compare(&wanted, &rehearsal.after);
        if let Some((number, first)) = self.unexpected(&diff) {
            return Err(Stop::Check(format!(
                "the rehearsal did not lead to the schema of {}: {number} differences, the first: {first}; the migrations \
                 and what was done on the branch are not the same",
                self.request.branch.id()
            )));
        }
        let beyond: Vec<String> = match self.no_base {
            Some(_) => diff.changes().iter().map(|change| change.key().to_string()).collect(),
            None => Vec::new(),
        };
        match beyond.first() {
            Some(first) if self.request.stop_on_drift => Err(Stop::Check(format!(
                "the target changed since the branch was made: {} changes, the first: {first}",
                beyond.len()
            ))),
            Some(_) => Ok(format!("as the branch, and what the target has beyond it: {}", beyond.join(", "))),
            None => Ok("the rehearsal led to the schema of the branch".to_owned()),
        }
    }

    /// What differs though the target did not do it: how many, and the first.
    fn unexpected(&self, diff: &SchemaDiff) -> Option<(usize, String)> {
        let theirs = self.report.drift.iter().flat_map(|drift| drift.theirs_only());
        let theirs: BTreeSet<_> = theirs.flat_map(keys).collect();
        let others: Vec<&Change> = diff
            .changes()
            .iter()
            .filter(|change| !keys(change).iter().any(|key| theirs.contains(key)) && !self.is_beyond(change))
            .collect();
        Some((others.len(), others.first()?.key().to_string()))
    }

    /// Without a base: something new on the target that the migrations did not make.
    fn is_beyond(&self, change: &Change) -> bool {
        let ours = self.report.rehearsal.iter().flat_map(|rehearsal| rehearsal.diff.changes()).flat_map(keys);
        self.no_base.is_some()
            && matches!(change, Change::Added { key, .. } if !ours.into_iter().any(|our| our == *key))
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
        match apply_locked(conn, &self.request.migrations, &self.request.apply, None).await {
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
                let wanted = self.wanted().await?;
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

    /// Removes a throw-away branch while the promotion goes on.
    fn close(&mut self, branch: EphemeralBranch) {
        self.closing.push((branch.name().clone(), tokio::spawn(branch.close())));
    }

    async fn finish(mut self, result: Result<PromotionOutcome, (Step, Stop)>) -> Result<PromotionReport> {
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
            Stop::Failure(error) => (error.kind(), error.to_string(), Some(error)),
        };
        self.report.outcome = PromotionOutcome::Stopped { step, reason, untouched: !self.touched };
        let text = self.report.outcome.to_string();
        Err(Error::new(kind, text).with_source(Stopped { report: self.report, cause }))
    }
}

/// Whether the service does not make branches of the past, or does not reach back that far (400).
fn no_past(error: &Error) -> bool {
    error.kind() == ErrorKind::Unsupported || error.status() == Some(400)
}

/// The name that a change has now, and the one it had before.
fn keys(change: &Change) -> Vec<schema::Key> {
    let mut keys = vec![change.key().clone()];
    if let Change::Renamed { before, .. } = change {
        keys.push(before.clone());
    }
    keys
}
