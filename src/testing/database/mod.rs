//! A database for each test, on one server that the tests share.

mod claim;
mod supply;
mod template;

use std::{fmt, sync::Arc};

use sqlx::{PgConnection, postgres::PgPoolOptions};

use super::{
    SetUpError, kept, once_per_project::OncePerProject, server, shared_server, started_server,
    template::prepared,
};
use crate::{
    api::{branch::Branch, name::ProjectId},
    error::Result,
    postgres::{info::ConnectionInfo, pool::LakebasePool},
};
use supply::Supply;
use template::Template;

static DATABASES: OncePerProject<Databases> = OncePerProject::new();

/// Where the databases of a project's tests come from.
#[derive(Clone)]
struct Databases {
    server: &'static server::Server,
    template: Template,
    /// `None` where each process has one test.
    supply: Option<Arc<Supply>>,
}

/// The database of one test; removed when it is closed or dropped.
///
/// ```no_run
/// # async fn show() -> lakebase::Result<()> {
/// let database = lakebase::testing::database("shop", async |_| Ok(())).await?;
/// let pool = database.pool().await?;
/// # drop(pool);
/// database.close().await
/// # }
/// ```
#[must_use = "the database is removed when this is dropped"]
pub struct TestDatabase {
    info: ConnectionInfo,
    databases: Databases,
    /// The commands to connect to it, where databases of failed tests are kept.
    login: Option<kept::ConnectCommands>,
    open: bool,
}

/// Gives the calling test a new database with everything that `set_up` did in the database `databricks_postgres` of
/// the project `project` (an id that stands for this set-up). `set_up` runs once, on the first call, whether that is one
/// of this function or of [`branch`](super::branch).
///
/// The databases are copies of one template, made ahead in the background on one server, so that a test usually waits
/// for its login only. The settings of the database are copied with it; its own privileges and its comment, other
/// databases, roles and settings of the server are those of all tests. A test that needs these for itself takes a
/// [`branch`](super::branch).
///
/// # Errors
///
/// [`Config`](crate::ErrorKind::Config) where no local Lakebase can be started or attached to, the error of the set-up,
/// [`Database`](crate::ErrorKind::Database) where PostgreSQL cannot copy the database.
///
/// ```no_run
/// # async fn show() -> Result<(), Box<dyn std::error::Error>> {
/// use sqlx::Executor as _;
///
/// let database = lakebase::testing::database("notes", async |branch| {
///     branch.connect().await?.execute("CREATE TABLE notes (text text)").await?;
///     Ok(())
/// })
/// .await?;
/// database.connect().await?.execute("INSERT INTO notes VALUES ('seen by this test only')").await?;
/// database.close().await?;
/// # Ok(())
/// # }
/// ```
pub async fn database<S>(project: &str, set_up: S) -> Result<TestDatabase>
where
    S: AsyncFnOnce(Branch) -> Result<(), SetUpError>,
{
    let project = ProjectId::new(project)?;
    let server = started_server().await?;
    let databases =
        DATABASES.get_or_try_init(&project, async || open(server, &project, set_up).await).await?;
    let name = match &databases.supply {
        Some(supply) => supply.take().await?,
        None => claim::take(server, &databases.template).await?,
    };
    let info = databases.template.login(&name);
    let login = match kept::is_asked_for() {
        true => Some(server.login(&info, &name).await?),
        false => None,
    };
    Ok(TestDatabase { info, databases, login, open: true })
}

async fn open<S>(server: &'static server::Server, project: &ProjectId, set_up: S) -> Result<Databases>
where
    S: AsyncFnOnce(Branch) -> Result<(), SetUpError>,
{
    let source = prepared(server, &server.client().await?, project, set_up).await?;
    let name = source.name().clone();
    // On a runtime that outlives the test, for all tests of this process.
    let opened = server.spawn(async move {
        let template = Template::open(&server.client().await?.branch(name)?).await?;
        let supply = (!shared_server::is_wanted()).then(|| Arc::new(Supply::start(&template)));
        Ok(Databases { server, template, supply })
    });
    opened.await.map_err(|error| super::unavailable("no databases for the tests").with_source(error))?
}

impl TestDatabase {
    /// Opens a connection.
    ///
    /// # Errors
    ///
    /// Those of [`ConnectionInfo::connect`].
    pub async fn connect(&self) -> Result<PgConnection> {
        self.info.connect().await
    }

    /// Opens a pool of up to ten connections. For other options, [`connection_info`](Self::connection_info) has a
    /// [`pool`](ConnectionInfo::pool), too.
    ///
    /// # Errors
    ///
    /// Those of [`ConnectionInfo::connect`].
    pub async fn pool(&self) -> Result<LakebasePool> {
        self.info.pool(PgPoolOptions::new()).await
    }

    /// The parameters of a connection, for any driver.
    pub fn connection_info(&self) -> &ConnectionInfo {
        &self.info
    }

    /// The name of the database.
    pub fn name(&self) -> &str {
        &self.info.database
    }

    /// Removes the database, and ends the sessions in it. A test that succeeded keeps no database.
    ///
    /// # Errors
    ///
    /// [`Database`](crate::ErrorKind::Database) where it cannot be dropped, under a runner with a process for each test;
    /// elsewhere it is dropped in the background.
    pub async fn close(mut self) -> Result<()> {
        self.open = false;
        match &self.databases.supply {
            Some(supply) => supply.discard(self.name().to_owned()),
            None => claim::discard(&self.databases.template, self.name()).await?,
        }
        Ok(())
    }
}

impl fmt::Debug for TestDatabase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestDatabase").field(&self.name()).finish()
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        let name = self.name().to_owned();
        if let Some(login) = &self.login {
            return login.keep(&format!("the database {name}"));
        }
        match &self.databases.supply {
            Some(supply) => supply.discard(name),
            None => {
                let template = self.databases.template.clone();
                self.databases.server.spawn(async move {
                    if let Err(error) = claim::discard(&template, &name).await {
                        tracing::warn!(database = name, %error, "cannot drop the database of a test");
                    }
                });
            }
        }
    }
}
