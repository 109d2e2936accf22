//! Step 'rehearse': applies the migrations to a temporary branch of the target.

use std::time::Duration;

use super::super::{
    Step,
    context::{Context, StopCause},
};
use crate::{
    error::Result,
    migrate::{rehearsal::Rehearsal, session::rehearse_on, text_table::count},
};

/// Returns `None` if the rehearsal is skipped.
pub(super) async fn run(context: &Context) -> Option<Result<Rehearsal>> {
    let staging = context.staging.as_ref()?;
    context.begin(Step::Rehearse);
    Some(rehearse_on(staging, &context.request.migrations, &context.request.options).await)
}

/// Puts the rehearsal into the report and checks its hazards.
pub(super) fn keep(
    context: &mut Context,
    rehearsed: Result<Rehearsal>,
    took: Duration,
) -> Result<String, StopCause> {
    let mut rehearsal = rehearsed?;
    rehearsal.duration = took;
    let stop_on = &context.request.stop_on;
    let result = match rehearsal.hazards.iter().find(|hazard| stop_on.contains(&hazard.kind)) {
        Some(hazard) => Err(StopCause::Check(format!("hazard: {hazard}"))),
        None => Ok(count(rehearsal.hazards.len(), "hazard")),
    };
    context.report.rehearsal = Some(rehearsal);
    result
}
