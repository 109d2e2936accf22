//! Step 'drift': compares the changes of branch and target since the branch point.

use super::super::context::{Context, StopCause};
use crate::{
    error::Result,
    schema::{self, Drift},
};

pub(super) async fn run(context: &Context) -> (Option<Drift>, Result<String, StopCause>) {
    match read(context).await {
        Ok(Some(drift)) => {
            let found = check(&drift, context.request.stop_on_drift);
            (Some(drift), found)
        }
        Ok(None) => (None, Ok(context.no_base.clone().unwrap_or_default())),
        Err(error) => (None, Err(error.into())),
    }
}

async fn read(context: &Context) -> Result<Option<Drift>> {
    let (Some(base), Some(ours), Some(theirs)) = (&context.base, &context.wanted, &context.present) else {
        return Ok(None);
    };
    let base = base.schema(&context.request.options.schema).await?;
    Ok(Some(schema::drift(&base, ours, theirs)))
}

fn check(drift: &Drift, stop_on_drift: bool) -> Result<String, StopCause> {
    let (conflicts, changes) = (drift.conflicts(), drift.theirs_only());
    if let Some(conflict) = conflicts.first() {
        return Err(StopCause::Check(match conflicts.len() {
            1 => format!("conflict: {}: {}", conflict.key, conflict.reason),
            number => format!("{number} conflicts, the first: {}: {}", conflict.key, conflict.reason),
        }));
    }
    match changes.first() {
        None => Ok("none".to_owned()),
        Some(change) if stop_on_drift => Err(StopCause::Check(match changes.len() {
            1 => format!("the target changed since the branch was made: {}", change.key()),
            number => format!(
                "the target changed since the branch was made: {number} changes, the first: {}",
                change.key()
            ),
        })),
        Some(_) => {
            let names: Vec<String> = changes.iter().map(|change| change.key().to_string()).collect();
            Ok(format!("the target changed since, without conflict: {}", names.join(", ")))
        }
    }
}
