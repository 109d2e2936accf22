//! Step 'apply': applies the migrations to the target.

use super::super::context::{Context, StopCause};
use crate::{
    error::Result,
    migrate::{
        apply::{Hooks, apply_under_lock},
        failure::Failure,
        rehearsal::read_schema,
        text_table::count,
    },
};

pub(super) async fn run(context: &mut Context) -> Result<String, StopCause> {
    if let Some(rehearsal) = &context.report.rehearsal {
        let now = read_schema(&mut context.conn, &context.request.options.schema).await?;
        if now.fingerprint() != rehearsal.before.fingerprint() {
            return Err(StopCause::Check(
                "the target's schema changed while the promotion ran, so the rehearsal no longer applies; promote again"
                    .to_owned(),
            ));
        }
    }
    context.touched = true;
    let hooks = Hooks { reconnect: Some(&context.target), observer: None, branch: Some(&context.target) };
    let request = &context.request;
    match apply_under_lock(&mut context.conn, &request.migrations, &request.options.apply, hooks).await {
        Ok(applied) => {
            let statements = applied.migrations.iter().map(|migration| migration.statements.len()).sum();
            context.report.applied = Some(applied);
            Ok(count(statements, "statement"))
        }
        Err(error) => {
            let applied = Failure::of(&error).map(|failure| failure.report.clone());
            context.touched = match &applied {
                Some(report) => report.migrations.iter().any(|migration| migration.may_have_changed()),
                // What a function did before it failed is not known.
                None => request.migrations.iter().any(|migration| migration.custom().is_some()),
            };
            context.report.applied = applied;
            Err(error.into())
        }
    }
}
