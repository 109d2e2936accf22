//! What is found out before the target is touched: its drift, and what the migrations do on a branch of it.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use sqlx::PgConnection;

use super::{
    Step,
    steps::{Promotion, Stop},
};
use crate::{
    error::{Error, ErrorKind, Result},
    migrate::{
        rehearsal::{Rehearsal, read_schema},
        verbs::{rehearse_on, throw_away},
    },
    schema::{self, Change, Drift, Schema, SchemaDiff},
    workflow::{compare::base_branch, ephemeral::EphemeralBranch},
};

/// What the step 'drift' came to.
struct Drifted {
    drift: Option<Drift>,
    found: Result<String, Stop>,
    took: Duration,
}

impl Promotion {
    /// Drift check and rehearsal side by side, each on a branch of its own. A drift that stops the promotion ends the
    /// rehearsal too; a rehearsal that fails waits for what the drift check says, which may be the reason.
    pub(super) async fn preview(&mut self, conn: &mut PgConnection) -> Result<(), (Step, Stop)> {
        let started = match self.does(Step::Drift) {
            true => self.begin(Step::Drift),
            false => Instant::now(),
        };
        let theirs = self.prepare(conn).await?;
        let drifting = async {
            let found = self.drift(theirs.as_ref()).await;
            let (drift, found) = match found {
                Ok(Some(drift)) => {
                    let found = self.judge(&drift);
                    (Some(drift), found)
                }
                Ok(None) => (None, Ok(self.no_base.clone().unwrap_or_default())),
                Err(error) => (None, Err(error.into())),
            };
            let drifted = Drifted { drift, found, took: started.elapsed() };
            if drifted.found.is_err() { Err(drifted) } else { Ok(drifted) }
        };
        let rehearsing = async {
            let Some(stage) = &self.stage else { return Ok(None) };
            self.begin(Step::Rehearse);
            let request = &self.request;
            let rehearsed = rehearse_on(stage, &request.migrations, &request.apply, &request.schema).await;
            Ok(Some((rehearsed, started.elapsed())))
        };
        let (drifted, rehearsed) = match tokio::try_join!(drifting, rehearsing) {
            Ok(both) => both,
            Err(drifted) => (drifted, None),
        };
        self.close_branches();
        self.report.drift = drifted.drift;
        if self.does(Step::Drift) {
            self.note(Step::Drift, drifted.took, drifted.found)?;
        }
        if let Some((rehearsed, took)) = rehearsed {
            let found = self.keep(rehearsed, took);
            self.note(Step::Rehearse, took, found)?;
        }
        Ok(())
    }

    /// Makes the branches and reads the schemas that there are already, all at once. Returns the target's schema.
    async fn prepare(&mut self, conn: &mut PgConnection) -> Result<Option<Schema>, (Step, Stop)> {
        let (drifts, rehearses) = (self.does(Step::Drift), self.does(Step::Rehearse));
        let compares = rehearses && self.does(Step::Compare);
        let request = &self.request;
        let base = when(drifts, self.past());
        let stage = when(rehearses, throw_away(&self.target, "rehearsal"));
        let wanted = when(drifts || compares, request.branch.schema(&request.schema));
        let theirs = when(drifts, read_schema(conn, &request.schema));
        let (base, stage, wanted, theirs) = tokio::join!(base, stage, wanted, theirs);
        // What was made is kept first, so that it is removed whatever else went wrong.
        let mut failed = None;
        match stage {
            Ok(stage) => self.stage = stage,
            Err(error) => failed = Some((Step::Rehearse, error.into())),
        }
        match base {
            Ok(base) => self.base = base,
            Err(Stop::Failure(error)) if compares && is_outside_history(&error) => {
                let why = error.service_message().unwrap_or_default();
                self.no_base =
                    Some(format!("no branch of the past ({why}): looked at in the step 'compare' instead"));
            }
            Err(stop) => failed = Some((Step::Drift, stop)),
        }
        if let Some(stopped) = failed {
            return Err(stopped);
        }
        let step = if drifts { Step::Drift } else { Step::Compare };
        self.wanted = wanted.map_err(|error| (step, error.into()))?;
        theirs.map_err(|error| (step, error.into()))
    }

    /// A branch of the target at the point where the feature branch left it.
    async fn past(&self) -> Result<EphemeralBranch, Stop> {
        let info = self.request.branch.get().await?;
        if info.source_branch.as_ref() != Some(self.target.name()) {
            return Err(Stop::Check(format!(
                "{} was not made from {}, so there is no common base; skip the step 'drift'",
                self.request.branch.name(),
                self.target.name()
            )));
        }
        Ok(base_branch(&info).await?)
    }

    async fn drift(&self, theirs: Option<&Schema>) -> Result<Option<Drift>> {
        let (Some(base), Some(ours), Some(theirs)) = (&self.base, &self.wanted, theirs) else {
            return Ok(None);
        };
        let base = base.schema(&self.request.schema).await?;
        Ok(Some(schema::drift(&base, ours, theirs)))
    }

    fn judge(&self, drift: &Drift) -> Result<String, Stop> {
        let (conflicts, changes) = (drift.conflicts(), drift.theirs_only());
        if let Some(conflict) = conflicts.first() {
            return Err(Stop::Check(format!(
                "{} conflicts, the first: {}: {}",
                conflicts.len(),
                conflict.key,
                conflict.reason
            )));
        }
        match changes.first() {
            None => Ok("none".to_owned()),
            Some(change) if self.request.stop_on_drift => Err(Stop::Check(format!(
                "the target changed since: {} changes, the first: {}",
                changes.len(),
                change.key()
            ))),
            Some(_) => {
                let names: Vec<String> = changes.iter().map(|change| change.key().to_string()).collect();
                Ok(format!("the target changed since, without conflict: {}", names.join(", ")))
            }
        }
    }

    fn keep(&mut self, rehearsed: Result<Rehearsal>, took: Duration) -> Result<String, Stop> {
        let mut rehearsal = rehearsed?;
        rehearsal.duration = took;
        let named = rehearsal.hazards.iter().find(|hazard| self.request.stop_on.contains(&hazard.kind));
        let result = match named {
            Some(hazard) => Err(Stop::Check(format!("hazard: {hazard}"))),
            None => Ok(format!("{} hazards", rehearsal.hazards.len())),
        };
        self.report.rehearsal = Some(rehearsal);
        result
    }

    /// What the rehearsal led to is what the branch has, but for what only the target did.
    pub(super) fn compare(&self) -> Result<String, Stop> {
        let (Some(wanted), Some(rehearsal)) = (&self.wanted, &self.report.rehearsal) else {
            return Ok(String::new());
        };
        let diff = schema::compare(wanted, &rehearsal.after);
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
    pub(super) fn unexpected(&self, diff: &SchemaDiff) -> Option<(usize, String)> {
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
}

/// Does it where it is wanted.
async fn when<T, E>(wanted: bool, work: impl Future<Output = Result<T, E>>) -> Result<Option<T>, E> {
    match wanted {
        true => work.await.map(Some),
        false => Ok(None),
    }
}

/// Whether the service has no branch at that point of the history: it offers none at all, or refuses a point that it no
/// longer keeps. The text of that refusal is not documented; any other refusal is a failure of the step.
fn is_outside_history(error: &Error) -> bool {
    const NAMES: [&str; 4] = ["history", "retention", "source_branch_lsn", "source_branch_time"];
    let said = [error.code(), error.service_message()].map(|text| text.unwrap_or_default().to_lowercase());
    let names_history = NAMES.iter().any(|name| said.iter().any(|text| text.contains(name)));
    error.kind() == ErrorKind::Unsupported || (error.status() == Some(400) && names_history)
}

/// The name that a change has now, and the one it had before.
fn keys(change: &Change) -> Vec<schema::Key> {
    let mut keys = vec![change.key().clone()];
    if let Change::Renamed { before, .. } = change {
        keys.push(before.clone());
    }
    keys
}
