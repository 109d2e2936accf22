//! Restore of a branch to a moment of its past, in place.

mod database;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::{
    api::{
        branch::{Branch, BranchInfo},
        expiry::{Expiry, hours},
        name::BranchId,
        request::{Arguments, sent_when_awaited},
        resource::forward,
    },
    error::{Error, Result},
    postgres::connect::close,
};

/// The result of a restore.
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::hours;
///
/// let restored = branch.restore_to(chrono::Utc::now() - hours(1)).await?;
/// println!("{} rows; what was there is in {}", restored.rows, restored.kept.name);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct RestoredBranch {
    /// A branch with what was there before the restore.
    pub kept: BranchInfo,
    /// The names of the databases that were restored.
    pub databases: Vec<String>,
    /// Rows that were copied back.
    pub rows: u64,
}

/// A request to restore a branch: [`Branch::restore_to`].
///
/// ```no_run
/// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::{Expiry, days, hours};
///
/// let yesterday = chrono::Utc::now() - hours(24);
/// let restored = branch.restore_to(yesterday).keep_as("before-restore").keep_until(Expiry::after(days(7))).await?;
/// # let _ = restored;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for an id or expiry that breaks a rule, and for a time outside
/// of the history; [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) for a branch that expires, or a
/// database with large objects; [`Database`](crate::ErrorKind::Database) where PostgreSQL refuses a
/// statement, such as of a table that the caller does not own; those of planning a schema change. The branch is what it
/// was then.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct RestoreBranch {
    branch: Branch,
    time: DateTime<Utc>,
    keep_as: Option<BranchId>,
    keep_until: Expiry,
    arguments: Arguments,
}

impl RestoreBranch {
    /// The id of the branch that keeps what was there. Default: `restored-` with the present time.
    pub fn keep_as(mut self, id: impl TryInto<BranchId, Error: Into<Error>>) -> Self {
        self.keep_as = self.arguments.take(id);
        self
    }

    /// How long that branch lives. Default: until it is deleted.
    pub fn keep_until(mut self, expiry: Expiry) -> Self {
        self.keep_until = expiry;
        self
    }

    async fn run(self) -> Result<RestoredBranch> {
        let context = format!("restoring branch {} to {}", self.branch.name(), self.time.to_rfc3339());
        self.restore().await.map_err(|error| error.with_context(context))
    }

    async fn restore(self) -> Result<RestoredBranch> {
        let Self { branch, time, keep_as, keep_until, arguments } = self;
        arguments.finish()?;
        let keep_as = match keep_as {
            Some(id) => id,
            None => BranchId::new(format!("restored-{}", Utc::now().format("%Y%m%d-%H%M%S")))?,
        };
        let past = branch.ephemeral(BranchId::unique("past")?, hours(1)).at_time(time).await?;
        let restored = in_place(&branch, &past, &keep_as, keep_until).await;
        past.close_after(restored).await
    }
}

sent_when_awaited!(RestoreBranch => RestoredBranch);

/// One database: sessions at its present and its past.
struct Pair {
    name: String,
    now: PgConnection,
    past: PgConnection,
}

/// Locks the databases of the branch, keeps what is there, and makes each what it is in `past`: in one transaction each,
/// which are committed when all have succeeded.
async fn in_place(
    branch: &Branch,
    past: &Branch,
    keep_as: &BranchId,
    until: Expiry,
) -> Result<RestoredBranch> {
    let mut pairs = Vec::new();
    let there: Vec<String> =
        past.databases().await?.into_iter().map(|database| database.postgres_database).collect();
    for database in branch.databases().await?.into_iter().filter(|d| there.contains(&d.postgres_database)) {
        let name = database.postgres_database;
        let now = branch.connect().database(&name).await?;
        let past = past.connect().database(&name).await?;
        pairs.push(Pair { name, now, past });
    }
    let mut plans = Vec::new();
    for pair in &mut pairs {
        plans.push(database::plan(&mut pair.now, &mut pair.past).await?);
        database::lock(&mut pair.now).await?;
    }
    // Nothing is written any more: the branch that is made now has all that was committed.
    let kept = branch.create_branch(keep_as.clone(), until).await?;
    let mut rows = 0;
    for (pair, plan) in pairs.iter_mut().zip(&plans) {
        let copied = database::restore(&mut pair.now, &mut pair.past, plan).await;
        rows += copied.map_err(|error| {
            error.with_context(format!("restoring database {} of {}", pair.name, branch.name()))
        })?;
    }
    let mut databases = Vec::new();
    for Pair { name, mut now, past } in pairs {
        database::commit(&mut now).await?;
        tokio::join!(close(now), close(past));
        databases.push(name);
    }
    Ok(RestoredBranch { kept, databases, rows })
}

impl Branch {
    /// Brings schema and rows of the branch's databases back to what they were at a moment of its history. The branch
    /// stays the same, with its id, uid, endpoints and connection strings; it may be the default, a protected one or one
    /// with children. What was there is kept in a new branch, which the answer names.
    ///
    /// The API has no call for it. What is sent: a temporary branch of the moment; locks on the tables; a branch that
    /// keeps the present; then, in one transaction for each database, the planned schema change and the rows of all
    /// tables, sequences' values and materialized views.
    ///
    /// * Sessions go on. They wait for the locks, and see the restored state at once when it is committed.
    /// * Children are not touched: each has its data since it was made.
    /// * Sequences may skip some numbers (PostgreSQL writes them to its log 32 at a time).
    /// * It takes time and WAL for all rows of the databases, other than [`reset`](Branch::reset).
    /// * Nothing is lost half-way: until the commit the branch is what it was, and the kept branch is there before it.
    ///   Where there are several databases, a program that ends between two commits leaves some restored; another
    ///   restore to the same moment finishes.
    /// * Roles, their passwords, databases that were created or dropped since, settings of roles and databases, and
    ///   objects that a schema comparison does not see are left as they are. Databases with large objects are refused.
    ///
    /// # Errors
    ///
    /// Awaiting it: those of [`RestoreBranch`].
    pub fn restore_to(&self, time: DateTime<Utc>) -> RestoreBranch {
        RestoreBranch {
            branch: self.clone(),
            time,
            keep_as: None,
            keep_until: Expiry::Never,
            arguments: Arguments::default(),
        }
    }
}

impl BranchInfo {
    forward! {
        Branch:
        fn restore_to(&self, time: DateTime<Utc>) -> RestoreBranch;
    }
}
