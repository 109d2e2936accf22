//! Sessions at the databases of logins, which a spare and its source both have.

use std::{collections::HashMap, path::Path};

use futures_util::future::join_all;
use sqlx::PgConnection;

use super::ANSWER;
use crate::local::{
    compute::{AwaitWithin as _, ComputeSocket, SessionLimits},
    engine::{EngineError, Inner, MAINTENANCE_DATABASE},
};

/// Sessions by the oid of their database, as names can change.
pub(super) type Sessions = HashMap<i64, PgConnection>;

/// The databases that take logins, but for the platform's own, with their oids.
pub(super) async fn list(session: &mut PgConnection) -> Result<Vec<(i64, String)>, EngineError> {
    let context = "list the databases of a spare";
    sqlx::query_as(
        "SELECT oid::pg_catalog.int8, datname::pg_catalog.text FROM pg_catalog.pg_database
         WHERE datallowconn AND NOT datistemplate
           AND datname OPERATOR(pg_catalog.<>) $1::pg_catalog.name",
    )
    .bind(MAINTENANCE_DATABASE)
    .fetch_all(session)
    .await_within(ANSWER, context)
    .await?
    .map_err(EngineError::sql(context))
}

impl Inner {
    /// Logs in to databases. Those that take no login are left out: they may have been dropped meanwhile.
    pub(super) async fn log_in_to_all(
        &self,
        socket: &ComputeSocket,
        data: &Path,
        databases: Vec<(i64, String)>,
    ) -> Sessions {
        let logins = databases.into_iter().map(|(oid, name)| async move {
            match self.log_in(socket, data, &name, SessionLimits::BACKUP).await {
                Ok(session) => Some((oid, session)),
                Err(error) => {
                    tracing::debug!(%error, database = name, "no session at a database of a spare or its source");
                    None
                }
            }
        });
        join_all(logins).await.into_iter().flatten().collect()
    }
}
