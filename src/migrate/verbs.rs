//! Migrations as verbs of a branch.

use futures_util::future::BoxFuture;
use sqlx::{Connection, PgConnection};

use super::{
    Migrations,
    apply::{Aids, apply_locked},
    lock,
    options::ApplyOptions,
    promote::Promote,
    rebase::Rebase,
    rehearsal::{self, Rehearsal},
    report::ApplyReport,
};
use crate::{
    api::{branch::Branch, expiry::hours, name::BranchId},
    error::Result,
    schema,
    workflow::ephemeral::EphemeralBranch,
};

impl Branch {
    /// Applies migrations to this branch, each at most once: see [`migrate::apply`](super::apply()). Where the
    /// connection is lost while PostgreSQL commits, it connects again and looks whether that happened.
    ///
    /// ```no_run
    /// # async fn show(dev: lakebase::Branch) -> lakebase::Result<()> {
    /// use lakebase::migrate::Migration;
    ///
    /// let tier = Migration::new("add-tier", "ALTER TABLE customers ADD COLUMN tier text DEFAULT 'bronze'");
    /// println!("{}", dev.apply(&tier).await?);
    /// # Ok(()) }
    /// ```
    pub fn apply(&self, migrations: impl Into<Migrations>) -> Apply {
        Apply { branch: self.clone(), migrations: migrations.into(), options: ApplyOptions::default() }
    }

    /// Tries migrations on a fresh branch of this one and says what they did there. The branch is removed afterwards,
    /// also where they fail.
    pub fn rehearse(&self, migrations: impl Into<Migrations>) -> Rehearse {
        Rehearse {
            target: self.clone(),
            migrations: migrations.into(),
            options: ApplyOptions::default(),
            schema: schema::Options::default(),
        }
    }

    /// Brings migrations from this branch to the branch that it was made from, step by step: see [`Promote`].
    pub fn promote(&self, migrations: impl Into<Migrations>) -> Promote {
        Promote::new(self.clone(), None, migrations.into())
    }

    /// Brings migrations from this branch to another one: see [`Promote`].
    pub fn promote_to(&self, target: &Branch, migrations: impl Into<Migrations>) -> Promote {
        Promote::new(self.clone(), Some(target.clone()), migrations.into())
    }

    /// Makes a fresh branch of this one's source and applies the migrations there: see [`Rebase`].
    pub fn rebase(&self, migrations: impl Into<Migrations>) -> Rebase {
        Rebase::new(self.clone(), migrations.into())
    }
}

/// A request to apply migrations to a branch; sent when it is awaited.
///
/// ```no_run
/// # async fn show(dev: lakebase::Branch) -> lakebase::Result<()> {
/// use std::time::Duration;
/// use lakebase::migrate::{ApplyOptions, Migrations};
///
/// let all = Migrations::from_directory("migrations")?;
/// dev.apply(all).options(ApplyOptions::default().lock_timeout(Duration::from_secs(1))).await?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct Apply {
    branch: Branch,
    migrations: Migrations,
    options: ApplyOptions,
}

impl Apply {
    /// How patient to be.
    pub fn options(mut self, options: ApplyOptions) -> Self {
        self.options = options;
        self
    }

    async fn run(self) -> Result<ApplyReport> {
        self.migrations.read()?;
        let mut conn = connect(&self.branch).await?;
        let applied = self.locked(&mut conn).await;
        end(conn).await;
        applied.map_err(|error| error.with_context(format!("applying migrations to {}", self.branch.name())))
    }

    async fn locked(&self, conn: &mut PgConnection) -> Result<ApplyReport> {
        lock::acquire(conn, self.options.wait_for_others).await?;
        let aids = Aids { branch: Some(&self.branch), observer: None };
        let applied = apply_locked(conn, &self.migrations, &self.options, aids).await;
        lock::release(conn).await;
        applied
    }
}

/// A request to rehearse migrations; sent when it is awaited.
///
/// ```no_run
/// # async fn show(production: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::{migrate::Migration, schema};
///
/// let drop = Migration::new("drop-note", "ALTER TABLE orders DROP COLUMN note");
/// let rehearsal = production.rehearse(&drop).schema_options(schema::Options::default().owners(false)).await?;
/// for hazard in &rehearsal.hazards {
///     println!("{hazard}");
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct Rehearse {
    target: Branch,
    migrations: Migrations,
    options: ApplyOptions,
    schema: schema::Options,
}

impl Rehearse {
    /// How patient to be.
    pub fn options(mut self, options: ApplyOptions) -> Self {
        self.options = options;
        self
    }

    /// What of the schema to compare.
    pub fn schema_options(mut self, options: schema::Options) -> Self {
        self.schema = options;
        self
    }

    async fn run(self) -> Result<Rehearsal> {
        self.migrations.read()?;
        let started = std::time::Instant::now();
        let branch = throw_away(&self.target, "rehearsal").await?;
        let rehearsed = rehearse_on(&branch, &self.migrations, &self.options, &self.schema).await;
        let closed = branch.close().await;
        let mut rehearsal = rehearsed.map_err(|error| {
            error.with_context(format!("rehearsing on a branch of {}", self.target.name()))
        })?;
        closed?;
        rehearsal.duration = started.elapsed();
        Ok(rehearsal)
    }
}

/// A fresh branch of the target that lives for an hour at most.
pub(super) async fn throw_away(target: &Branch, what: &str) -> Result<EphemeralBranch> {
    target.ephemeral(BranchId::unique(what)?, hours(1)).await
}

pub(super) async fn rehearse_on(
    branch: &Branch,
    migrations: &Migrations,
    options: &ApplyOptions,
    schema: &schema::Options,
) -> Result<Rehearsal> {
    let (mut conn, watcher) = tokio::try_join!(connect(branch), connect(branch))?;
    let rehearsed = rehearsal::rehearse(&mut conn, watcher, migrations, options, schema).await;
    end(conn).await;
    rehearsed
}

pub(super) async fn connect(branch: &Branch) -> Result<PgConnection> {
    branch.connect().await
}

/// Says goodbye; whoever does not hear it notices the closed socket.
pub(super) async fn end(conn: PgConnection) {
    if let Err(error) = conn.close().await {
        tracing::debug!(%error, "closing a connection");
    }
}

impl IntoFuture for Apply {
    type Output = Result<ApplyReport>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl IntoFuture for Rehearse {
    type Output = Result<Rehearsal>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}
