//! Creates the temporary branches and reads the existing schemas, all concurrently.

use sqlx::PgConnection;

use super::super::{
    Promote, Step,
    context::{Context, Stop, StopCause},
};
use crate::{
    api::branch::Branch,
    error::{Error, ErrorKind, Result},
    migrate::{rehearsal::read_schema, session::temporary_branch},
    workflow::{compare::base_branch, ephemeral::EphemeralBranch},
};

pub(super) async fn run(context: &mut Context) -> Result<(), Stop> {
    let (drifts, rehearses) = (context.runs(Step::Drift), context.runs(Step::Rehearse));
    let compares = context.runs(Step::Compare);
    let (request, target, conn): (&Promote, &Branch, &mut PgConnection) =
        (&context.request, &context.target, &mut context.conn);
    let base = when(drifts, branch_at_the_branch_point(request, target));
    let staging = when(rehearses, temporary_branch(target, "rehearsal"));
    let wanted = when(drifts || compares, request.branch.schema(&request.options.schema));
    let present = when(drifts, read_schema(conn, &request.options.schema));
    let (base, staging, wanted, present) = tokio::join!(base, staging, wanted, present);
    // Both branches are kept before an error is returned, so that they are removed.
    let mut failed = None;
    match staging {
        Ok(staging) => context.staging = staging,
        Err(error) => failed = Some(Stop { step: Step::Rehearse, cause: error.into() }),
    }
    match base {
        Ok(base) => context.base = base,
        Err(StopCause::Failure(error)) if compares && is_outside_history(&error) => {
            let why = error.service_message().unwrap_or_default();
            context.no_base = Some(format!("no branch of the past ({why}): left to the step 'compare'"));
        }
        Err(cause) => failed = Some(Stop { step: Step::Drift, cause }),
    }
    if let Some(stop) = failed {
        return Err(stop);
    }
    let step = if drifts { Step::Drift } else { Step::Compare };
    context.wanted = wanted.map_err(Stop::at(step))?;
    context.present = present.map_err(Stop::at(step))?;
    Ok(())
}

async fn branch_at_the_branch_point(
    request: &Promote,
    target: &Branch,
) -> Result<EphemeralBranch, StopCause> {
    let info = request.branch.get().await?;
    if info.source_branch.as_ref() != Some(target.name()) {
        return Err(StopCause::Check(format!(
            "{} was not made from {}, so there is no common base; skip the step 'drift'",
            request.branch.name(),
            target.name()
        )));
    }
    Ok(base_branch(&info).await?)
}

/// Runs the work if `wanted`.
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
