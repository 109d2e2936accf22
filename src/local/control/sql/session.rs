//! Sessions of the platform on a branch, and their failures as error answers.

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::{LIMITS, waits};
use crate::local::{
    compute::AwaitWithin as _,
    control::{
        activity::Presence,
        computes::Computes,
        error_conversion::with_sources,
        error_response::{Code, ErrorResponse},
        state::Branch,
    },
    engine::{BranchKey, Engine},
};

/// A superuser's session on a branch; its compute is not suspended while it lasts.
pub(in crate::local::control) struct Session {
    connection: PgConnection,
    engine: Engine,
    branch: BranchKey,
    _presence: Presence,
}

impl Session {
    /// Wakes the compute of a branch and logs in as the superuser.
    pub(in crate::local::control) async fn open(
        computes: &Computes,
        branch: &Branch,
        database: &str,
    ) -> Result<Self, ErrorResponse> {
        let endpoint = branch
            .read_write()
            .ok_or_else(|| ErrorResponse::internal(format!("branch '{}' has no endpoint", branch.name())))?;
        let presence = computes.connect(&endpoint.uid);
        let connection = computes.admin(branch, endpoint, database).await?;
        Ok(Self { connection, engine: computes.engine.clone(), branch: branch.key(), _presence: presence })
    }

    /// Runs statements, several as one transaction.
    pub(in crate::local::control) async fn run(&mut self, sql: String) -> Result<(), ErrorResponse> {
        let (engine, branch) = (self.engine.clone(), self.branch.clone());
        let statement = self.connection.execute(sqlx::raw_sql(AssertSqlSafe(sql)));
        let done = statement.await_within(LIMITS.answer(), "change roles or databases");
        let (done, blockers) = waits::watch(&engine, &branch, done).await;
        match done? {
            Ok(_) => Ok(()),
            Err(error) => {
                Err(waits::timeout_error(&error, blockers.as_deref())
                    .unwrap_or_else(|| to_error_response(error)))
            }
        }
    }

    /// Runs a query of one column.
    async fn column<T>(&mut self, sql: &'static str) -> Result<Vec<T>, ErrorResponse>
    where
        T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
    {
        let rows = sqlx::query_scalar(sql).fetch_all(&mut self.connection);
        rows.await_within(LIMITS.answer(), "read roles or databases").await?.map_err(to_error_response)
    }

    /// All roles.
    pub(in crate::local::control) async fn roles(&mut self) -> Result<Vec<String>, ErrorResponse> {
        self.column("SELECT rolname::pg_catalog.text FROM pg_catalog.pg_roles").await
    }

    /// The stored verifier of the password of a role that may log in now. Superusers are the platform's.
    pub(in crate::local::control) async fn verifier_of(
        &mut self,
        role: &str,
    ) -> Result<Option<String>, ErrorResponse> {
        let sql = "SELECT rolpassword FROM pg_catalog.pg_authid
                   WHERE rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name AND rolcanlogin AND NOT rolsuper
                   AND NOT rolreplication
                   AND coalesce(rolvaliduntil OPERATOR(pg_catalog.>) pg_catalog.now(), true)";
        let found = sqlx::query_scalar(sql).bind(role).fetch_optional(&mut self.connection);
        let found: Option<Option<String>> = found
            .await_within(LIMITS.answer(), "read a password's verifier")
            .await?
            .map_err(to_error_response)?;
        Ok(found.flatten())
    }

    /// The roles with a password, other than the platform's.
    pub(in crate::local::control) async fn roles_with_passwords(
        &mut self,
    ) -> Result<Vec<String>, ErrorResponse> {
        self.column(
            "SELECT rolname::pg_catalog.text FROM pg_catalog.pg_authid
             WHERE rolpassword IS NOT NULL AND NOT rolsuper",
        )
        .await
    }

    /// All databases.
    pub(in crate::local::control) async fn all_databases(&mut self) -> Result<Vec<String>, ErrorResponse> {
        self.column("SELECT datname::pg_catalog.text FROM pg_catalog.pg_database").await
    }

    /// The databases that can be connected to and hold what roles own.
    pub(in crate::local::control) async fn databases(&mut self) -> Result<Vec<String>, ErrorResponse> {
        self.column(
            "SELECT datname::pg_catalog.text FROM pg_catalog.pg_database
             WHERE datallowconn AND datname OPERATOR(pg_catalog.<>) 'template1'::pg_catalog.name",
        )
        .await
    }
}

/// An error answer with PostgreSQL's own text, where its error concerns the caller.
fn to_error_response(error: sqlx::Error) -> ErrorResponse {
    let Some(database_error) = error.as_database_error() else {
        let text = format!("the session with PostgreSQL broke: {}", with_sources(&error));
        return ErrorResponse::new(Code::Unavailable, text);
    };
    match database_error.code().as_deref() {
        Some(code) if let Some(failure) = machine_failure(code) => {
            ErrorResponse::new(failure, format!("PostgreSQL: {}", database_error.message()))
        }
        Some("42710") => ErrorResponse::bad_request("role with that name already exists"),
        Some("42P04") => ErrorResponse::bad_request("database with that name already exists"),
        Some("2BP01") => ErrorResponse::bad_request(format!(
            "{} ({}); name another role in 'reassign_owned_to' to hand over what it owns",
            database_error.message(),
            detail(database_error)
        )),
        Some(code) if ["22", "3D", "42", "55", "0A"].iter().any(|class| code.starts_with(class)) => {
            ErrorResponse::bad_request(database_error.message())
        }
        _ => ErrorResponse::new(Code::Internal, format!("PostgreSQL: {}", database_error.message())),
    }
}

/// The code for a failure of the machine or the server, rather than of the statement, by its SQLSTATE.
fn machine_failure(sqlstate: &str) -> Option<Code> {
    match sqlstate {
        "53100" => Some(Code::ResourceExhausted),
        // Connections, resources, shutdown and recovery, the operating system.
        code if ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) => {
            Some(Code::Unavailable)
        }
        _ => None,
    }
}

/// The objects that an error is about, on one line.
fn detail(error: &dyn sqlx::error::DatabaseError) -> String {
    let error = error.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
    error.and_then(|error| error.detail()).unwrap_or_default().replace('\n', ", ")
}
