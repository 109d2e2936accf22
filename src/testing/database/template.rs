//! The database that the databases of tests are copied from, and the server where it lies.

use std::borrow::Cow;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};

use crate::{
    api::{branch::Branch, expiry::Expiry, wire::branch::CopyMethod},
    error::{DatabaseError, Error, Result},
    postgres::{connect::close, info::ConnectionInfo},
    sql::quote_ident,
};

/// The branch that holds the databases of tests. It is a branch of the set-up's, so that no session of the set-up is in
/// the template, which PostgreSQL would refuse to copy.
const BRANCH: &str = "test-databases";
/// The database from which the others are copied and dropped.
const ADMIN: &str = "lakebase_testing";

/// SQLSTATE of a database that does not exist, and of one that does.
const UNKNOWN_DATABASE: &str = "3D000";
/// The latter also as a row of the catalog that two sessions insert at once.
const DUPLICATE_DATABASE: [&str; 2] = ["42P04", "23505"];

/// A set-up may make its role read only, also where no setting of a database does.
const WRITABLE: &str = "SET default_transaction_read_only = off";

const CLONE: &str = "SET file_copy_method = clone";

/// The template, as its copies need it.
#[derive(Clone)]
pub(super) struct Template {
    /// Logs in to the template.
    login: ConnectionInfo,
    strategy: Strategy,
    /// Settings of the database, which PostgreSQL does not copy.
    settings: Vec<(String, String)>,
}

/// How PostgreSQL copies a database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Strategy {
    /// Page by page through the WAL: no flush of files, the better one where commits survive a power cut.
    WalLog,
    /// File by file.
    FileCopy,
    /// Files that share their blocks, since version 18 and where the file system can.
    FileClone,
}

impl Template {
    /// Makes the branch of the databases where it is missing.
    pub(super) async fn open(source: &Branch) -> Result<Self> {
        let branch = source.create_branch(BRANCH, Expiry::Never).if_missing().await?;
        let has_reflinks = branch.copy.as_ref().is_some_and(|copy| copy.method == CopyMethod::Reflink);
        let login = branch.connection_info().await?;
        let mut template = Self { login, strategy: Strategy::WalLog, settings: Vec::new() };
        let mut session = template.admin_made_if_missing().await?;
        let database = &template.login.database;
        let read = |error| failed("reading how the database of the set-up can be copied", error);
        template.settings = settings(&mut session, database).await.map_err(read)?;
        template.strategy = Strategy::of(&mut session, has_reflinks).await.map_err(read)?;
        close(session).await;
        // With its first login to a database, PostgreSQL writes the file from which later ones fill their caches, and the
        // copies have it.
        close(template.login.connect().await?).await;
        Ok(template)
    }

    /// The login to one of the databases.
    pub(super) fn login(&self, database: &str) -> ConnectionInfo {
        let mut login = self.login.clone();
        database.clone_into(&mut login.database);
        login
    }

    /// A session that can copy and drop databases.
    pub(super) async fn admin(&self) -> Result<PgConnection> {
        let mut admin = self.login(ADMIN).connect().await?;
        writable(&mut admin).await?;
        if self.strategy == Strategy::FileClone {
            let set = admin.execute(CLONE).await;
            set.map_err(|error| failed("choosing the way in which databases are copied", error))?;
        }
        Ok(admin)
    }

    async fn admin_made_if_missing(&self) -> Result<PgConnection> {
        match self.admin().await {
            Err(error) if error.sqlstate().as_deref() == Some(UNKNOWN_DATABASE) => {}
            opened => return opened,
        }
        let mut template = self.login.connect().await?;
        writable(&mut template).await?;
        let made = template.execute(AssertSqlSafe(format!("CREATE DATABASE {ADMIN}"))).await;
        close(template).await;
        match made {
            // Another process was faster.
            Err(error) if is_duplicate(&error) => {}
            Err(error) => return Err(failed("making the database of the administration", error)),
            Ok(_) => {}
        }
        self.admin().await
    }

    /// Copies the template to a new database: one statement, which the server completes once it has begun.
    pub(super) async fn copy(&self, admin: &mut PgConnection, name: &str) -> Result<()> {
        let sql = self.strategy.copy(name, &self.login.database);
        let copied = admin.execute(AssertSqlSafe(sql)).await;
        copied
            .map(drop)
            .map_err(|error| failed(format!("copying the database of the set-up to {name}"), error))
    }

    /// Gives a copy the settings of the template.
    pub(super) async fn configure(&self, admin: &mut PgConnection, name: &str) -> Result<()> {
        for (setting, value) in &self.settings {
            let context = |error| failed(format!("setting {setting} of the database {name}"), error);
            Self::set(admin, name, setting, value).await.map_err(context)?;
        }
        Ok(())
    }

    /// Sets it in a transaction first, because the text of a list is not its syntax. The session and later transactions
    /// are left as they are.
    async fn set(
        admin: &mut PgConnection,
        database: &str,
        setting: &str,
        value: &str,
    ) -> Result<(), sqlx::Error> {
        let mut transaction = admin.begin().await?;
        let set = sqlx::query("SELECT set_config($1, $2, true)").bind(setting).bind(value);
        set.execute(&mut *transaction).await?;
        let setting: Vec<_> = setting.split('.').map(quote_ident).collect();
        let alter =
            format!("ALTER DATABASE {} SET {} FROM CURRENT", quote_ident(database), setting.join("."));
        transaction.execute(AssertSqlSafe(alter)).await?;
        transaction.commit().await
    }
}

async fn writable(session: &mut PgConnection) -> Result<()> {
    let set = session.execute(WRITABLE).await;
    set.map(drop).map_err(|error| failed("making the session of the administration writable", error))
}

impl Strategy {
    /// The fastest one that the server has. The databases of a branch lie where the branch was cloned to.
    async fn of(admin: &mut PgConnection, has_reflinks: bool) -> Result<Self, sqlx::Error> {
        let row =
            admin.fetch_one("SELECT current_setting('fsync'), current_setting('server_version_num')::int4");
        let row = row.await?;
        let (fsync, version): (String, i32) = (row.try_get(0)?, row.try_get(1)?);
        Ok(match fsync.as_str() {
            _ if version >= 180_000 && has_reflinks => Self::FileClone,
            "off" => Self::FileCopy,
            // Each file would be flushed, which takes longer than the WAL of all pages.
            _ => Self::WalLog,
        })
    }

    fn copy(self, name: &str, template: &str) -> String {
        let strategy = match self {
            Self::WalLog => "wal_log",
            Self::FileCopy | Self::FileClone => "file_copy",
        };
        let (name, template) = (quote_ident(name), quote_ident(template));
        format!("CREATE DATABASE {name} TEMPLATE {template} STRATEGY {strategy}")
    }
}

/// The settings of a database for all roles.
async fn settings(admin: &mut PgConnection, database: &str) -> Result<Vec<(String, String)>, sqlx::Error> {
    let lines = sqlx::query_scalar::<_, String>(
        "SELECT unnest(s.setconfig) FROM pg_catalog.pg_db_role_setting s
         JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase WHERE d.datname = $1 AND s.setrole = 0",
    );
    let lines = lines.bind(database).fetch_all(admin).await?;
    let pairs = lines.iter().filter_map(|line| line.split_once('='));
    Ok(pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
}

/// Drops a database with the sessions in it.
pub(super) async fn drop_database(admin: &mut PgConnection, name: &str) -> Result<()> {
    let dropped = admin.execute(AssertSqlSafe(drop_statement(name))).await;
    dropped.map_err(|error| failed(format!("dropping the database {name}"), error)).map(drop)
}

fn drop_statement(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_ident(name))
}

fn is_duplicate(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.is_some_and(|code| DUPLICATE_DATABASE.contains(&code.as_ref()))
}

pub(super) fn failed(context: impl Into<Cow<'static, str>>, error: sqlx::Error) -> Error {
    Error::from(DatabaseError::from(error)).with_context(context)
}
