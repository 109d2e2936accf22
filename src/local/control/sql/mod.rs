//! Statements on roles and databases, and the platform's sessions that run them.
//!
//! The sessions see names of `pg_catalog` only, and have limits for statements and locks (`compute::platform`).

mod waits;

use sqlx::{AssertSqlSafe, Executor as _, PgConnection};

use super::{
    Control,
    computes::Presence,
    rejection::{Code, Rejection},
    state::{Attributes, Branch, Role},
};
use crate::api::wire::role::AuthMethod;

pub(super) use crate::local::engine::MAINTENANCE_DATABASE;
use crate::local::{
    compute::{AwaitWithin as _, SessionLimits},
    engine::{BranchKey, Engine},
};

/// The group of roles that administer a branch without being superusers.
pub(super) const SUPERUSER_GROUP: &str = "databricks_superuser";
const LIMITS: SessionLimits = SessionLimits::CATALOG;

/// `name` as an identifier.
pub(super) fn ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Creates the group in a new cluster, before its first role.
///
/// Without `pg_read_all_data`, which also reads the passwords in `pg_authid`; and without rights in the maintenance
/// database, where only the platform creates anything.
pub(super) fn platform() -> String {
    format!(
        "CREATE ROLE {SUPERUSER_GROUP} NOLOGIN CREATEDB CREATEROLE BYPASSRLS;
         GRANT pg_write_all_data, pg_monitor, pg_signal_backend TO {SUPERUSER_GROUP} WITH ADMIN OPTION;"
    )
}

pub(super) fn create_role(role: &Role) -> String {
    let login = if role.auth == AuthMethod::NoLogin { "NOLOGIN" } else { "LOGIN" };
    // A role with a password gets it in SQL, from its owner; until then no password opens it.
    let mut sql =
        format!("CREATE ROLE {} {login} {};", ident(&role.postgres_role), attributes(role.attributes));
    if !role.memberships.is_empty() {
        sql.push_str(&membership(role));
    }
    sql
}

/// Brings a role that exists to what the row says.
pub(super) fn alter_role(role: &Role) -> String {
    format!("ALTER ROLE {} {};{}", ident(&role.postgres_role), attributes(role.attributes), membership(role))
}

fn attributes(Attributes { bypassrls, createdb, createrole }: Attributes) -> String {
    let word = |on: bool, word: &str| if on { word.to_owned() } else { format!("NO{word}") };
    [word(bypassrls, "BYPASSRLS"), word(createdb, "CREATEDB"), word(createrole, "CREATEROLE")].join(" ")
}

fn membership(role: &Role) -> String {
    let role_name = ident(&role.postgres_role);
    if role.memberships.is_empty() {
        format!("REVOKE {SUPERUSER_GROUP} FROM {role_name};")
    } else {
        format!("GRANT {SUPERUSER_GROUP} TO {role_name};")
    }
}

pub(super) fn create_database(name: &str, owner: &str) -> String {
    // Sessions cannot be in template0, so none can hold this up.
    format!("CREATE DATABASE {} OWNER {} TEMPLATE template0", ident(name), ident(owner))
}

/// What the owner of a new database may do in it, said inside that database.
pub(super) fn open_database(name: &str, owner: &str) -> String {
    let (name, owner) = (ident(name), ident(owner));
    format!(
        "GRANT ALL ON DATABASE {name} TO {SUPERUSER_GROUP};
         GRANT ALL ON SCHEMA public TO {owner} WITH GRANT OPTION;
         GRANT ALL ON SCHEMA public TO {SUPERUSER_GROUP} WITH GRANT OPTION;"
    )
}

pub(super) fn rename_database(from: &str, to: &str) -> String {
    format!("ALTER DATABASE {} RENAME TO {}", ident(from), ident(to))
}

pub(super) fn own_database(name: &str, owner: &str) -> String {
    format!("ALTER DATABASE {} OWNER TO {}", ident(name), ident(owner))
}

pub(super) fn drop_database(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", ident(name))
}

/// Hands over what a role owns in the database where it is said, and takes its grants there.
pub(super) fn reassign(from: &str, to: &str) -> String {
    let (from, to) = (ident(from), ident(to));
    format!("REASSIGN OWNED BY {from} TO {to}; DROP OWNED BY {from};")
}

pub(super) fn drop_role(name: &str) -> String {
    format!("DROP ROLE IF EXISTS {}", ident(name))
}

/// A superuser's session on a branch; the compute is woken for it and not suspended while it lasts.
pub(super) struct Session {
    connection: PgConnection,
    engine: Engine,
    branch: BranchKey,
    _presence: Presence,
}

impl Session {
    /// Runs statements, several as one transaction.
    pub(super) async fn run(&mut self, sql: String) -> Result<(), Rejection> {
        let (engine, branch) = (self.engine.clone(), self.branch.clone());
        let statement = self.connection.execute(sqlx::raw_sql(AssertSqlSafe(sql)));
        let done = statement.await_within(LIMITS.answer(), "change roles or databases");
        let (done, blockers) = waits::watch(&engine, &branch, done).await;
        match done? {
            Ok(_) => Ok(()),
            Err(error) => Err(waits::gave_up(&error, blockers.as_deref()).unwrap_or_else(|| refused(error))),
        }
    }

    /// Runs a query of one column.
    async fn column<T>(&mut self, sql: &'static str) -> Result<Vec<T>, Rejection>
    where
        T: Send + Unpin + sqlx::Type<sqlx::Postgres> + for<'r> sqlx::Decode<'r, sqlx::Postgres>,
    {
        let rows = sqlx::query_scalar(sql).fetch_all(&mut self.connection);
        rows.await_within(LIMITS.answer(), "read roles or databases").await?.map_err(refused)
    }

    /// All roles.
    pub(super) async fn roles(&mut self) -> Result<Vec<String>, Rejection> {
        self.column("SELECT rolname::pg_catalog.text FROM pg_catalog.pg_roles").await
    }

    /// The stored verifier of the password of a role that may log in now. Superusers are the platform's.
    pub(super) async fn verifier_of(&mut self, role: &str) -> Result<Option<String>, Rejection> {
        let sql = "SELECT rolpassword FROM pg_catalog.pg_authid
                   WHERE rolname OPERATOR(pg_catalog.=) $1::pg_catalog.name AND rolcanlogin AND NOT rolsuper
                   AND coalesce(rolvaliduntil OPERATOR(pg_catalog.>) pg_catalog.now(), true)";
        let found = sqlx::query_scalar(sql).bind(role).fetch_optional(&mut self.connection);
        let found: Option<Option<String>> =
            found.await_within(LIMITS.answer(), "read a password's verifier").await?.map_err(refused)?;
        Ok(found.flatten())
    }

    /// All databases.
    pub(super) async fn all_databases(&mut self) -> Result<Vec<String>, Rejection> {
        self.column("SELECT datname::pg_catalog.text FROM pg_catalog.pg_database").await
    }

    /// The databases that can be connected to and hold what roles own.
    pub(super) async fn databases(&mut self) -> Result<Vec<String>, Rejection> {
        self.column(
            "SELECT datname::pg_catalog.text FROM pg_catalog.pg_database
             WHERE datallowconn AND datname OPERATOR(pg_catalog.<>) 'template1'::pg_catalog.name",
        )
        .await
    }
}

impl Control {
    pub(super) async fn session(&self, branch: &Branch, database: &str) -> Result<Session, Rejection> {
        let endpoint = branch
            .read_write()
            .ok_or_else(|| Rejection::internal(format!("branch '{}' has no endpoint", branch.name())))?;
        let presence = self.computes.of(&endpoint.uid).enter();
        let connection = self.admin(branch, endpoint, database).await?;
        Ok(Session { connection, engine: self.engine.clone(), branch: branch.key(), _presence: presence })
    }
}

/// What PostgreSQL refuses is the caller's to know, in PostgreSQL's words.
fn refused(error: sqlx::Error) -> Rejection {
    let Some(refusal) = error.as_database_error() else {
        let text = format!("the session with PostgreSQL broke: {}", super::with_sources(&error));
        return Rejection::new(Code::Unavailable, text);
    };
    match refusal.code().as_deref() {
        Some(code) if let Some(failure) = machine_failure(code) => {
            Rejection::new(failure, format!("PostgreSQL: {}", refusal.message()))
        }
        Some("42710") => Rejection::bad_request("role with that name already exists"),
        Some("42P04") => Rejection::bad_request("database with that name already exists"),
        Some("2BP01") => Rejection::bad_request(format!(
            "{} ({}); name another role in 'reassign_owned_to' to hand over what it owns",
            refusal.message(),
            detail(refusal)
        )),
        Some(code) if ["22", "3D", "42", "55", "0A"].iter().any(|class| code.starts_with(class)) => {
            Rejection::bad_request(refusal.message())
        }
        _ => Rejection::new(Code::Internal, format!("PostgreSQL: {}", refusal.message())),
    }
}

/// The code for a failure of the machine or the server, rather than of the statement, by its SQLSTATE.
pub(super) fn machine_failure(sqlstate: &str) -> Option<Code> {
    match sqlstate {
        "53100" => Some(Code::ResourceExhausted),
        // Connections, resources, shutdown and recovery, the operating system.
        code if ["08", "53", "57P", "58"].iter().any(|class| code.starts_with(class)) => {
            Some(Code::Unavailable)
        }
        _ => None,
    }
}

/// Which objects a refusal is about, on one line.
fn detail(refusal: &dyn sqlx::error::DatabaseError) -> String {
    let refusal = refusal.try_downcast_ref::<sqlx::postgres::PgDatabaseError>();
    refusal.and_then(|refusal| refusal.detail()).unwrap_or_default().replace('\n', ", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_quotes() {
        assert_eq!(ident(r#"a"; DROP ROLE x; --"#), r#""a""; DROP ROLE x; --""#);
        assert_eq!(
            create_database("a\"b", "o'c"),
            r#"CREATE DATABASE "a""b" OWNER "o'c" TEMPLATE template0"#
        );
    }
}
