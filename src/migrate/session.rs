//! Sessions on branches and the temporary branches on which migrations are rehearsed.

use futures_util::future::BoxFuture;
use sqlx::PgConnection;

use super::{
    apply::Reconnect,
    migrations::Migrations,
    options::RequestOptions,
    rehearsal::{self, Rehearsal},
};
use crate::{
    api::{branch::Branch, expiry::hours, name::BranchId},
    error::Result,
    postgres::connect::close,
    workflow::ephemeral::EphemeralBranch,
};

impl Reconnect for Branch {
    fn reconnect(&self) -> BoxFuture<'_, Result<PgConnection>> {
        self.connect().into_future()
    }
}

/// Creates a branch of the target that expires after an hour. The prefix of its id names its purpose.
pub(super) async fn temporary_branch(target: &Branch, prefix: &str) -> Result<EphemeralBranch> {
    target.ephemeral(BranchId::unique(prefix)?, hours(1)).await
}

/// Rehearses migrations on a branch over two sessions: one applies, the other observes.
pub(super) async fn rehearse_on(
    branch: &Branch,
    migrations: &Migrations,
    options: &RequestOptions,
) -> Result<Rehearsal> {
    let (mut conn, observer) =
        tokio::try_join!(branch.connect().into_future(), branch.connect().into_future())?;
    let rehearsed = rehearsal::rehearse(&mut conn, observer, branch, migrations, options).await;
    close(conn).await;
    rehearsed
}
