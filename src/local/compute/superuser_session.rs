//! Logins of the platform itself: the superuser's secret, and sessions that nothing in a database can mislead.
//!
//! Databases belong to SQL logins, which may put functions, operators and settings into them. A platform session
//! therefore fixes at connection start every setting that `ALTER DATABASE … SET` could change: what comes with the
//! start-up packet wins over settings of roles and databases.

use std::{fs, io, io::Write as _, os::unix::fs::OpenOptionsExt as _, path::Path, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::hmac;
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    ConnectOptions as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

use super::{SUPERUSER, socket::ComputeSocket, socket_links::SocketLinks};
use crate::local::{
    engine_error::EngineError,
    scram::{Verifier, generate_password},
};

/// Time limit of a login. A postmaster stopped by a signal never answers.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Added to PostgreSQL's own statement timeout, for its answer to arrive.
const ANSWER_MARGIN: Duration = Duration::from_secs(5);

/// How long the statements of a session may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local) struct SessionLimits {
    /// A statement, or several sent together.
    pub(in crate::local) statement: Duration,
    /// The wait for one lock.
    pub(in crate::local) lock: Duration,
    /// Between statements, outside of a transaction; none for no limit.
    pub(in crate::local) idle: Option<Duration>,
}

impl SessionLimits {
    /// For statements that change or read catalogs.
    pub(in crate::local) const CATALOG: Self = Self {
        statement: Duration::from_secs(60),
        lock: Duration::from_secs(5),
        idle: Some(Duration::from_secs(60)),
    };
    /// For an online backup: its checkpoint writes out all that is dirty, and the session idles while files are cloned.
    pub(in crate::local) const BACKUP: Self =
        Self { statement: Duration::from_secs(600), lock: Duration::from_secs(5), idle: None };

    /// For statements that rewrite tables.
    pub(in crate::local) const REWRITE: Self =
        Self { statement: Duration::from_secs(24 * 3600), lock: Duration::from_secs(60), idle: None };

    /// When a statement is given up although PostgreSQL has not answered.
    pub(in crate::local) fn answer(self) -> Duration {
        self.statement + ANSWER_MARGIN
    }
}

/// Where a platform session logs in.
#[derive(Clone, Copy, Debug)]
pub(in crate::local) struct Target<'a> {
    pub(in crate::local) socket: &'a ComputeSocket,
    /// PostgreSQL's major version, which decides what settings there are.
    pub(in crate::local) major: u32,
    pub(in crate::local) database: &'a str,
    pub(in crate::local) limits: SessionLimits,
}

/// The secret of the superuser of every cluster under one root.
pub(in crate::local) struct Platform {
    password: SecretString,
    verifier: Verifier,
    links: SocketLinks,
}

impl Platform {
    /// Reads the secret from its file, or generates it; creates the directory of links to sockets. Only our own account
    /// can reach either.
    pub(in crate::local) fn open(file: &Path, links: &Path) -> Result<Self, EngineError> {
        let password = match fs::read_to_string(file) {
            Ok(text) => SecretString::from(text),
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(file)?,
            Err(error) => return Err(EngineError::io("read", file)(error)),
        };
        let verifier = Verifier::of_generated(&password).map_err(EngineError::io("derive from", file))?;
        let links = SocketLinks::open(links)?;
        Ok(Self { password, verifier, links })
    }

    /// The verifier that PostgreSQL stores; the secret itself never reaches it.
    pub(in crate::local) fn verifier(&self) -> String {
        self.verifier.to_string()
    }

    /// The password with which standbys of one branch stream from it. It tells nothing of those of other branches nor of
    /// the superuser's secret.
    pub(in crate::local) fn replication_password(&self, branch: &str) -> SecretString {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.password.expose_secret().as_bytes());
        let tag = hmac::sign(&key, format!("replication of {branch}").as_bytes());
        SecretString::from(URL_SAFE_NO_PAD.encode(tag))
    }

    /// Logs in as the superuser.
    ///
    /// # Errors
    ///
    /// [`EngineError::Unresponsive`] if PostgreSQL does not answer in time.
    pub(in crate::local) async fn connect(&self, target: Target<'_>) -> Result<PgConnection, EngineError> {
        let password = self.password.expose_secret();
        self.log_in(SUPERUSER, target, |login| login.password(password).options(fixed(&target))).await
    }

    /// Logs in as another role, which the rules of login let in from this process.
    pub(in crate::local) async fn connect_as(
        &self,
        role: &str,
        target: Target<'_>,
    ) -> Result<PgConnection, EngineError> {
        self.log_in(role, target, |login| login.options(OF_ANY_ROLE).options(LIMITS_OF_REWRITES)).await
    }

    async fn log_in(
        &self,
        role: &str,
        target: Target<'_>,
        complete: impl FnOnce(PgConnectOptions) -> PgConnectOptions,
    ) -> Result<PgConnection, EngineError> {
        let context = format!("log in to database {:?} as {role}", target.database);
        let link = self.links.link(target.socket).await?;
        let (directory, port) = link.target();
        let login = PgConnectOptions::new_without_pgpass()
            .socket(directory)
            .port(port)
            .ssl_mode(PgSslMode::Disable)
            .username(role)
            .database(target.database)
            .application_name("lakebase");
        let login = complete(login);
        login.connect().await_within(CONNECT_LIMIT, &context).await?.map_err(EngineError::sql(context))
    }
}

/// Adds a time limit to a future; its error names the action.
pub(in crate::local) trait AwaitWithin: Future + Sized {
    async fn await_within(self, limit: Duration, context: &str) -> Result<Self::Output, EngineError> {
        tokio::time::timeout(limit, self)
            .await
            .map_err(|_| EngineError::Unresponsive { context: context.to_owned(), limit })
    }
}

impl<F: Future> AwaitWithin for F {}

/// The settings of a platform session, all of them given at its start.
fn fixed(target: &Target<'_>) -> Vec<(&'static str, String)> {
    let SessionLimits { statement, lock, idle } = target.limits;
    let millis = |limit: Duration| limit.as_millis().to_string();
    let settings = OF_ANY_ROLE.iter().chain(&OF_SUPERUSER);
    let mut fixed: Vec<_> = settings.map(|(name, value)| (*name, (*value).to_owned())).collect();
    fixed.extend([
        ("statement_timeout", millis(statement)),
        ("lock_timeout", millis(lock)),
        ("idle_in_transaction_session_timeout", millis(statement)),
        ("idle_session_timeout", idle.map_or_else(|| "0".to_owned(), millis)),
    ]);
    if target.major >= 17 {
        fixed.extend([("event_triggers", "off".to_owned()), ("transaction_timeout", "0".to_owned())]);
    }
    fixed
}

/// Settings that every role may fix, so that those of a database do not change the meaning of a statement.
const OF_ANY_ROLE: [(&str, &str); 13] = [
    // Names mean what PostgreSQL defines. Temporary objects come last, where they hide nothing.
    ("search_path", "pg_catalog,pg_temp"),
    ("role", "none"),
    ("row_security", "off"),
    ("local_preload_libraries", ""),
    ("standard_conforming_strings", "on"),
    ("backslash_quote", "safe_encoding"),
    ("transform_null_equals", "off"),
    ("array_nulls", "on"),
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_read_only", "off"),
    ("default_transaction_deferrable", "off"),
    ("exit_on_error", "off"),
    ("jit", "off"),
];

/// The time limits of a role whose statements rewrite tables of any size.
const LIMITS_OF_REWRITES: [(&str, &str); 4] = [
    ("statement_timeout", "0"),
    ("lock_timeout", "60000"),
    ("idle_in_transaction_session_timeout", "0"),
    ("idle_session_timeout", "0"),
];

const OF_SUPERUSER: [(&str, &str); 24] = [
    ("session_authorization", SUPERUSER),
    ("session_replication_role", "origin"),
    ("lo_compat_privileges", "off"),
    ("allow_system_table_mods", "off"),
    ("session_preload_libraries", ""),
    ("dynamic_library_path", "$libdir"),
    ("default_table_access_method", "heap"),
    ("default_tablespace", ""),
    ("temp_tablespaces", ""),
    ("password_encryption", "scram-sha-256"),
    // Format of answers.
    ("bytea_output", "hex"),
    ("IntervalStyle", "postgres"),
    ("client_min_messages", "warning"),
    ("max_parallel_workers_per_gather", "0"),
    // A commit waits for this machine only.
    ("synchronous_commit", "local"),
    // Statements hold verifiers of passwords, which belong in no log.
    ("log_statement", "none"),
    ("log_min_error_statement", "panic"),
    ("log_min_duration_statement", "-1"),
    ("log_min_duration_sample", "-1"),
    ("log_duration", "off"),
    ("log_transaction_sample_rate", "0"),
    ("log_parameter_max_length", "0"),
    ("log_parameter_max_length_on_error", "0"),
    ("debug_print_parse", "off"),
];

/// Generates the secret. Written aside and moved into place, so that a half-written file is never read.
fn create(file: &Path) -> Result<SecretString, EngineError> {
    let password = generate_password().map_err(EngineError::io("generate", file))?;
    let part = file.with_extension("part");
    let write = || {
        let mut part_file =
            fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&part)?;
        part_file.write_all(password.expose_secret().as_bytes())?;
        part_file.sync_all()?;
        fs::rename(&part, file)
    };
    write().map_err(EngineError::io("write", file))?;
    Ok(password)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_secret_stays_the_same_and_is_closed_to_others() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("secret");
        let links = dir.path().join("links");
        let (one, two) = (Platform::open(&file, &links).unwrap(), Platform::open(&file, &links).unwrap());
        assert_eq!(one.password.expose_secret(), two.password.expose_secret());
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2, "the secret and the links");
        assert!(!one.verifier().contains(one.password.expose_secret()));
    }
}
