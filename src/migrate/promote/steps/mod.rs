//! The steps of a promotion, in order.

mod apply;
mod compare;
mod drift;
mod prepare;
mod rehearse;
mod verify;

use std::time::Instant;

use futures_util::future::BoxFuture;

use super::{
    Step,
    context::{Context, Stop, StopCause},
    report::PromotionOutcome,
};
use crate::{error::Result, migrate::ledger};

/// One step: reads and changes the context, and returns its finding.
type Work = for<'a> fn(&'a mut Context) -> BoxFuture<'a, Result<String, StopCause>>;

/// The steps after drift check and rehearsal.
const AFTER_PREVIEW: [(Step, Work); 3] = [
    (Step::Compare, |context| Box::pin(async { compare::run(context) })),
    (Step::Apply, |context| Box::pin(apply::run(context))),
    (Step::Verify, |context| Box::pin(verify::run(context))),
];

pub(super) async fn run(context: &mut Context) -> Result<PromotionOutcome, Stop> {
    if all_applied(context).await.map_err(Stop::at(Step::Drift))? {
        context.record_not_needed();
        return Ok(PromotionOutcome::NothingToDo);
    }
    preview(context).await?;
    for (step, work) in AFTER_PREVIEW {
        if context.runs(step) {
            let started = context.begin(step);
            let found = work(context).await;
            context.record(step, started.elapsed(), found)?;
        }
    }
    Ok(if context.request.dry_run { PromotionOutcome::DryRun } else { PromotionOutcome::Promoted })
}

async fn all_applied(context: &mut Context) -> Result<bool> {
    for migration in &context.request.migrations {
        if !ledger::is_applied(&mut context.conn, migration).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Drift check and rehearsal, concurrently, each on a branch of its own. A drift that stops the promotion ends the
/// rehearsal too; a rehearsal that fails waits for the drift check, which may have found the reason.
async fn preview(context: &mut Context) -> Result<(), Stop> {
    let started = match context.runs(Step::Drift) {
        true => context.begin(Step::Drift),
        false => Instant::now(),
    };
    prepare::run(context).await?;
    let shared = &*context;
    let drifting = async {
        let (drift, found) = drift::run(shared).await;
        let checked = (drift, found, started.elapsed());
        if checked.1.is_err() { Err(checked) } else { Ok(checked) }
    };
    let rehearsing = async { Ok(rehearse::run(shared).await.map(|result| (result, started.elapsed()))) };
    let ((drift, found, took), rehearsed) = match tokio::try_join!(drifting, rehearsing) {
        Ok(both) => both,
        Err(stopped) => (stopped, None),
    };
    context.remove_branches();
    context.report.drift = drift;
    if context.runs(Step::Drift) {
        context.record(Step::Drift, took, found)?;
    }
    if let Some((rehearsed, took)) = rehearsed {
        let found = rehearse::keep(context, rehearsed, took);
        context.record(Step::Rehearse, took, found)?;
    }
    Ok(())
}
