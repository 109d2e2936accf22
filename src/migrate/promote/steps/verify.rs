//! Step 'verify': compares the schema of the target with the rehearsed one, or with that of the branch if there was no
//! rehearsal.

use super::{
    super::context::{Context, StopCause},
    compare::{differences, unexpected},
};
use crate::{error::Result, migrate::rehearsal::read_schema, schema};

pub(super) async fn run(context: &mut Context) -> Result<String, StopCause> {
    let now = read_schema(&mut context.conn, &context.request.options.schema).await?;
    let unexpected = match &context.report.rehearsal {
        Some(rehearsal) => {
            let diff = schema::compare(&rehearsal.after, &now);
            diff.changes().first().map(|first| differences(diff.changes().len(), first))
        }
        None => {
            let wanted = match context.wanted.take() {
                Some(wanted) => wanted,
                None => context.request.branch.schema(&context.request.options.schema).await?,
            };
            unexpected(context, &schema::compare(&wanted, &now))
        }
    };
    match unexpected {
        None => Ok("the target has the expected schema".to_owned()),
        Some(unexpected) => Err(StopCause::Check(format!(
            "the migrations are applied, and yet the schema is not the expected one: {unexpected}"
        ))),
    }
}
