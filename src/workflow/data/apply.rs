//! Brings the rows of a difference to a branch.

use crate::{
    api::{branch::Branch, request::sent_when_awaited},
    data::{Applied, ApplyOptions, ConflictPolicy, DataDiff, Triggers},
    error::{Error, Result},
    postgres::connect::close,
};

/// A request to make the rows of a difference in a branch: [`DataDiff::apply_to`].
///
/// ```no_run
/// # async fn example(before: lakebase::Branch, production: lakebase::Branch) -> lakebase::Result<()> {
/// // `before` is a branch of production as it was an hour ago.
/// let diff = before.compare_data(&production).tables(["orders"]).await?;
/// let lost = diff.pick(["orders"], |row| row.kind() == lakebase::data::ChangeKind::Added);
/// println!("{}", lost.apply_to(&production).dry_run().await?.counts);
/// lost.apply_to(&production).await?;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it, those of [`Branch::connect`] and of [`DataDiff::apply`], after which nothing is changed:
/// [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) where rows of the branch changed since the comparison.
#[derive(Debug, Clone)]
#[must_use = "nothing is applied until the request is awaited"]
pub struct ApplyData {
    diff: DataDiff,
    target: Branch,
    database: Option<String>,
    options: ApplyOptions,
}

impl ApplyData {
    /// The database. Default: `databricks_postgres`.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// The treatment of rows that changed since. Default: [`ConflictPolicy::Refuse`].
    pub fn conflicts(mut self, policy: ConflictPolicy) -> Self {
        self.options = self.options.conflicts(policy);
        self
    }

    /// Whether triggers fire. Default: [`Triggers::Fire`].
    pub fn triggers(mut self, triggers: Triggers) -> Self {
        self.options = self.options.triggers(triggers);
        self
    }

    /// Tries everything, constraints included, and rolls it back.
    pub fn dry_run(mut self) -> Self {
        self.options = self.options.dry_run(true);
        self
    }

    async fn run(self) -> Result<Applied> {
        let mut target = super::connection(&self.target, self.database.as_ref()).await?;
        let applied = self.diff.apply(&mut target, &self.options).await;
        close(target).await;
        applied.map_err(|error| {
            Error::from(error).with_context(format!("applying rows to {}", self.target.name()))
        })
    }
}

sent_when_awaited!(ApplyData => Applied);

impl DataDiff {
    /// Makes the rows of this difference in a branch, as [`apply`](Self::apply) does over a connection.
    ///
    /// # Errors
    ///
    /// Awaiting it, those of [`ApplyData`](crate::builder::ApplyData).
    pub fn apply_to(&self, target: impl AsRef<Branch>) -> ApplyData {
        ApplyData {
            diff: self.clone(),
            target: target.as_ref().clone(),
            database: None,
            options: ApplyOptions::default(),
        }
    }
}
