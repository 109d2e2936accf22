//! A branch or a database for each test: real PostgreSQL with the data that all tests share, and changes that no other
//! test sees.
//!
//! The first test starts a local Lakebase for this process and runs the user's set-up once. Each test then gets a
//! copy of the result: [`branch`] gives it a server of its own, [`database`] a database of its own on a server that the
//! tests share.
//!
//! A database is the better choice for many tests on little data. A branch is the better one where the data takes long
//! to copy, and where tests need settings of a server, more than one database, or the roles and logins of Lakebase.
//!
//! ```no_run
//! use lakebase::testing::{self, TestBranch};
//! use sqlx::Executor;
//!
//! async fn shop() -> lakebase::Result<TestBranch> {
//!     testing::branch("shop", async |branch| {
//!         let mut conn = branch.connect().await?;
//!         conn.execute("CREATE TABLE customers (id int); INSERT INTO customers VALUES (1), (2)").await?;
//!         Ok(())
//!     })
//!     .await
//! }
//!
//! #[tokio::test]
//! async fn a_customer_can_be_removed() -> Result<(), Box<dyn std::error::Error>> {
//!     let branch = shop().await?;
//!     branch.connect().await?.execute("DELETE FROM customers WHERE id = 1").await?;
//!     branch.close().await?;
//!     Ok(())
//! }
//! ```
//!
//! # Settings
//!
//! * `LAKEBASE_TEST_KEEP=1` keeps the branch or database of a test that panics or ends without [`close`](TestBranch::close), and
//!   prints how to connect to it.
//! * `LAKEBASE_TEST_DIR=DIR` uses the server that runs on that data directory (`lakebase-local serve --data-dir DIR`)
//!   rather than starting one. The project of the set-up is removed two seconds after the end of its last test.
//!
//! `cargo nextest` has a process for each test. These share one server: the first of them starts it, as a process that
//! runs the same test up to its call of [`branch`] or [`database`]; two seconds after the last one it stops and removes everything. The
//! set-up runs once for each run of the tests.

mod database;
mod kept;
mod lock_file;
mod once_per_project;
mod project_removal;
mod server;
mod shared_server;
mod template;

use std::{error::Error as StdError, fmt, ops::Deref, time::Duration};

use crate::{
    api::{
        branch::Branch,
        expiry::{Expiry, hours},
        name::{BranchId, ProjectId},
    },
    error::{Error, ErrorKind, Result},
};

pub use database::{TestDatabase, database};

/// The error of a set-up.
pub type SetUpError = Box<dyn StdError + Send + Sync>;

/// Warm spares of the server: tests branch one source again and again, several at once.
const SPARES: usize = 3;

/// The expiry of a branch that is not removed.
const BRANCH_TTL: Duration = hours(1);

/// The branch of one test; removed when it is closed or dropped. It derefs to its [`Branch`].
///
/// ```no_run
/// # async fn show() -> lakebase::Result<()> {
/// let branch = lakebase::testing::branch("shop", async |_| Ok(())).await?;
/// let pool = branch.pool().await?;
/// # drop(pool);
/// branch.close().await
/// # }
/// ```
#[must_use = "the branch is removed when this is dropped"]
pub struct TestBranch {
    branch: Branch,
    /// The commands to connect to it, where branches of failed tests are kept.
    login: Option<kept::ConnectCommands>,
    open: bool,
}

/// Gives the calling test a new branch of the project `project` (an id that stands for this set-up), with everything
/// that `set_up` did. `set_up` runs once, on the first call.
///
/// # Errors
///
/// [`Config`](ErrorKind::Config) where no local Lakebase can be started or attached to, the error of the set-up, and
/// those of making a branch.
///
/// ```no_run
/// # async fn show() -> lakebase::Result<()> {
/// let branch = lakebase::testing::branch("empty", async |_| Ok(())).await?;
/// println!("{}", branch.name());
/// branch.close().await
/// # }
/// ```
pub async fn branch<S>(project: &str, set_up: S) -> Result<TestBranch>
where
    S: AsyncFnOnce(Branch) -> Result<(), SetUpError>,
{
    let server = started_server().await?;
    let client = server.client().await?;
    let source = template::prepared(server, &client, &ProjectId::new(project)?, set_up).await?;
    let id = BranchId::new(format!("test-{}", random_letters())).map_err(Error::from)?;
    let info = source.create_branch(&id, Expiry::After(BRANCH_TTL)).await?;
    let branch = info.handle().clone();
    let login = match kept::is_asked_for() {
        true => Some(server.login(&branch.connection_info().await?, branch.id().as_str()).await?),
        false => None,
    };
    Ok(TestBranch { branch, login, open: true })
}

impl TestBranch {
    /// Removes the branch and waits until it is gone. A test that succeeded keeps no branch.
    ///
    /// # Errors
    ///
    /// Those of [`Branch::delete`].
    pub async fn close(mut self) -> Result<()> {
        self.open = false;
        self.branch.delete().purge().allow_missing().await
    }
}

impl Deref for TestBranch {
    type Target = Branch;

    fn deref(&self) -> &Branch {
        &self.branch
    }
}

impl AsRef<Branch> for TestBranch {
    fn as_ref(&self) -> &Branch {
        self
    }
}

impl fmt::Debug for TestBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TestBranch").field(&self.branch).finish()
    }
}

impl Drop for TestBranch {
    fn drop(&mut self) {
        if !self.open {
            return;
        }
        match &self.login {
            Some(login) => login.keep(&self.branch.name().to_string()),
            None => server::remove_later(self.branch.name().clone()),
        }
    }
}

/// The server of the tests. A process that was started for another purpose ends here, once it has fulfilled it.
async fn started_server() -> Result<&'static server::Server> {
    shared_server::serve_if_requested();
    project_removal::remove_if_requested();
    server::server().await
}

/// Letters for a name that no other test has.
fn random_letters() -> String {
    std::iter::repeat_with(fastrand::lowercase).take(12).collect()
}

fn unavailable(what: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(ErrorKind::Config, what)
}
