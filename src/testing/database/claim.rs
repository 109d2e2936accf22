//! Databases that one process copies for the next, where a runner has a process for each test.
//!
//! A process takes a copy by renaming it, which PostgreSQL lets only one of them do, and makes another one for the next
//! process while its test runs. A copy is one statement, which the server completes although the process that sent it
//! may have ended.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::template::{Template, drop_database, failed};
use crate::{
    error::Result,
    postgres::connect::close,
    sql::quote_ident,
    testing::{random_letters, server::Server},
};

/// The beginning of the names of databases for the next processes.
const READY: &str = "ready_";

/// Takes a copy, or makes one where none is ready.
pub(super) async fn take(server: &Server, template: &Template) -> Result<String> {
    let mut admin = template.admin().await?;
    let name = format!("test_{}", random_letters());
    if !claim(&mut admin, &name).await? {
        template.copy(&mut admin, &name).await?;
    }
    template.configure(&mut admin, &name).await?;
    close(admin).await;
    let template = template.clone();
    server.spawn(async move {
        if let Err(error) = prepare(&template).await {
            tracing::debug!(%error, "no database is ready for the next test");
        }
    });
    Ok(name)
}

async fn prepare(template: &Template) -> Result<()> {
    let mut admin = template.admin().await?;
    template.copy(&mut admin, &format!("{READY}{}", random_letters())).await?;
    close(admin).await;
    Ok(())
}

/// Drops the database of a test. The statement is completed although the process may end meanwhile.
pub(super) async fn discard(template: &Template, name: &str) -> Result<()> {
    let mut admin = template.admin().await?;
    drop_database(&mut admin, name).await?;
    close(admin).await;
    Ok(())
}

/// Renames a database that is ready. Returns whether there was one.
async fn claim(admin: &mut PgConnection, name: &str) -> Result<bool> {
    let ready = sqlx::query_scalar::<_, String>(
        "SELECT datname::text FROM pg_catalog.pg_database WHERE pg_catalog.starts_with(datname::text, $1) ORDER BY oid",
    );
    let ready = ready.bind(READY).fetch_all(&mut *admin).await;
    for ready in ready.map_err(|error| failed("looking for a database that is ready", error))? {
        let rename = format!("ALTER DATABASE {} RENAME TO {}", quote_ident(&ready), quote_ident(name));
        match admin.execute(AssertSqlSafe(rename)).await {
            Ok(_) => return Ok(true),
            // Another process was faster.
            Err(sqlx::Error::Database(error)) => tracing::debug!(%error, database = ready, "is not renamed"),
            Err(error) => return Err(failed("taking a database that is ready", error)),
        }
    }
    Ok(false)
}
