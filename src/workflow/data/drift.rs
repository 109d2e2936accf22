//! The rows that a branch and its source changed since the branch point.

use crate::{
    api::{
        branch::{Branch, BranchInfo},
        request::sent_when_awaited,
        resource::forward,
    },
    data::{self, DataDrift, FromBase, Options},
    error::{Error, Result},
    postgres::connect::close,
    workflow::compare::base_branch,
};

/// A request for the rows that a branch and its source changed: [`Branch::data_drift`].
///
/// ```no_run
/// # async fn example(feature: lakebase::Branch) -> lakebase::Result<()> {
/// let drift = feature.data_drift().options(lakebase::data::Options::default().tables(["orders"])).await?;
/// println!("{drift}");
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it, [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) for a branch without source, otherwise
/// those of making a branch and of [`Branch::compare_data`].
#[derive(Debug, Clone)]
#[must_use = "nothing is compared until the request is awaited"]
pub struct CompareDataDrift {
    branch: Branch,
    database: Option<String>,
    options: Options,
}

impl CompareDataDrift {
    /// The database. Default: `databricks_postgres`.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// The tables and columns to compare and the number of rows to keep.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    async fn run(self) -> Result<DataDrift> {
        let info = self.branch.get().await?;
        let base = base_branch(&info).await?;
        let compared = self.compare(&base, info.source()?).await;
        base.close_after(compared).await
    }

    async fn compare(&self, base: &Branch, source: Branch) -> Result<DataDrift> {
        let written = [&self.branch, &source].map(|side| Some(super::written_between(base, side)));
        let open = |branch| super::connection(branch, self.database.as_ref());
        let (mut base, mut other_base, mut ours, mut theirs) =
            tokio::try_join!(open(base), open(base), open(&self.branch), open(&source))?;
        let our = FromBase { base: &mut base, side: &mut ours };
        let their = FromBase { base: &mut other_base, side: &mut theirs };
        let drift = data::drift_of_branches(our, their, &self.options, written).await;
        tokio::join!(close(base), close(other_base), close(ours), close(theirs));
        let context =
            format!("comparing the data of {} and {} with their base", self.branch.name(), source.name());
        drift.map_err(|error| Error::from(error).with_context(context))
    }
}

sent_when_awaited!(CompareDataDrift => DataDrift);

impl Branch {
    /// Compares the rows of this branch and of its source with those at the branch point: the changes of both sides,
    /// and the rows that both changed in ways that exclude each other.
    ///
    /// The base is a temporary branch of the source at the branch point, which is removed again, also after a failure.
    ///
    /// # Errors
    ///
    /// Awaiting it, those of [`CompareDataDrift`](crate::builder::CompareDataDrift).
    pub fn data_drift(&self) -> CompareDataDrift {
        CompareDataDrift { branch: self.clone(), database: None, options: Options::default() }
    }
}

impl BranchInfo {
    forward! {
        Branch:
        fn data_drift(&self) -> CompareDataDrift;
    }
}
