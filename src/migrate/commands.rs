//! The commands of a branch that run migrations.

use sqlx::PgConnection;

use super::{
    apply::{Hooks, apply_under_lock},
    lock,
    migrations::Migrations,
    options::{ApplyOptions, RequestOptions, request_options},
    promote::Promote,
    rebase::Rebase,
    rehearsal::Rehearsal,
    report::ApplyReport,
    session::{rehearse_on, temporary_branch},
};
use crate::{
    api::{
        branch::{Branch, BranchInfo},
        request::sent_when_awaited,
        resource::forward,
    },
    error::Result,
    postgres::connect::close,
};

impl Branch {
    /// Applies migrations to this branch, each at most once: see [`migrate::apply`](super::apply()). Where the
    /// connection is lost while PostgreSQL commits, it connects again and resolves the outcome.
    ///
    /// # Errors
    ///
    /// Awaiting it: those of [`Apply`](Apply#errors).
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

    /// Rehearses migrations on a temporary branch of this one and reports what they did there. The branch is removed
    /// afterwards, also after a failure.
    ///
    /// # Errors
    ///
    /// Awaiting it: those of [`Rehearse`](Rehearse#errors).
    pub fn rehearse(&self, migrations: impl Into<Migrations>) -> Rehearse {
        Rehearse { target: self.clone(), migrations: migrations.into(), options: RequestOptions::default() }
    }

    /// Promotes migrations from this branch to its source, step by step: see [`Promote`].
    pub fn promote(&self, migrations: impl Into<Migrations>) -> Promote {
        Promote::new(self.clone(), None, migrations.into())
    }

    /// Promotes migrations from this branch to another one: see [`Promote`].
    pub fn promote_to(&self, target: impl AsRef<Branch>, migrations: impl Into<Migrations>) -> Promote {
        Promote::new(self.clone(), Some(target.as_ref().clone()), migrations.into())
    }

    /// Makes a new branch of this one's source and applies the migrations there: see [`Rebase`].
    pub fn rebase(&self, migrations: impl Into<Migrations>) -> Rebase {
        Rebase::new(self.clone(), migrations.into())
    }
}

impl BranchInfo {
    forward! {
        Branch:
        fn apply(&self, migrations: impl Into<Migrations>) -> Apply;
        fn rehearse(&self, migrations: impl Into<Migrations>) -> Rehearse;
        fn promote(&self, migrations: impl Into<Migrations>) -> Promote;
        fn promote_to(&self, target: impl AsRef<Branch>, migrations: impl Into<Migrations>) -> Promote;
        fn rebase(&self, migrations: impl Into<Migrations>) -> Rebase;
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
///
/// # Errors
///
/// Awaiting it: those of [`migrate::apply`](super::apply()), and before them those of
/// [connecting](Branch::connect).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct Apply {
    branch: Branch,
    migrations: Migrations,
    options: ApplyOptions,
}

impl Apply {
    /// Time limits and attempts.
    pub fn options(mut self, options: ApplyOptions) -> Self {
        self.options = options;
        self
    }

    async fn run(self) -> Result<ApplyReport> {
        self.migrations.parse()?;
        let mut conn = self.branch.connect().await?;
        let applied = self.locked(&mut conn).await;
        close(conn).await;
        applied.map_err(|error| error.with_context(format!("applying migrations to {}", self.branch.name())))
    }

    async fn locked(&self, conn: &mut PgConnection) -> Result<ApplyReport> {
        lock::acquire(conn, self.options.wait_for_others).await?;
        let hooks = Hooks { reconnect: Some(&self.branch), observer: None, branch: Some(&self.branch) };
        let applied = apply_under_lock(conn, &self.migrations, &self.options, hooks).await;
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
///
/// # Errors
///
/// Awaiting it: those of [creating](crate::builder::CreateBranch#errors) and [deleting](Branch::delete) the temporary
/// branch, of [connecting](Branch::connect) to it, of [`Schema::read`](crate::schema::Schema::read) and of
/// [`migrate::apply`](super::apply()).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct Rehearse {
    target: Branch,
    migrations: Migrations,
    options: RequestOptions,
}

request_options!(Rehearse);

impl Rehearse {
    async fn run(self) -> Result<Rehearsal> {
        self.migrations.parse()?;
        let started = std::time::Instant::now();
        let branch = temporary_branch(&self.target, "rehearsal").await?;
        let rehearsed = rehearse_on(&branch, &self.migrations, &self.options).await;
        let rehearsed = rehearsed
            .map_err(|error| error.with_context(format!("rehearsing on a branch of {}", self.target.name())));
        let mut rehearsal = branch.close_after(rehearsed).await?;
        rehearsal.duration = started.elapsed();
        Ok(rehearsal)
    }
}

sent_when_awaited!(Apply => ApplyReport);
sent_when_awaited!(Rehearse => Rehearsal);
