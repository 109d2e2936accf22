//! Compares the rows of branches, and takes rows from one to another.

pub(crate) mod apply;
pub(crate) mod drift;
pub(crate) mod mask;

use std::sync::Arc;

use futures_util::{FutureExt as _, StreamExt as _, stream::BoxStream};
use sqlx::PgConnection;

use crate::{
    api::{
        branch::{Branch, BranchInfo},
        request::sent_when_awaited,
        resource::forward,
    },
    data::{self, AskWritten, DataDiff, DataEvent, Options},
    error::{Error, Result},
    postgres::connect::close,
};

/// A request for a comparison of rows: [`Branch::compare_data`]. Awaited, it gives a [`DataDiff`];
/// [`stream`](Self::stream) gives the rows one after the other.
///
/// ```no_run
/// # async fn example(feature: lakebase::Branch, production: lakebase::Branch) -> lakebase::Result<()> {
/// let diff = feature.compare_data(&production).tables(["orders", "customers"]).row_limit(100).await?;
/// println!("{}\n{diff}", diff.summary());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it, those of [`Branch::connect`]; [`Invalid`](crate::ErrorKind::Invalid) for a table or column that
/// neither branch has; [`Database`](crate::ErrorKind::Database) where rows cannot be read.
#[derive(Debug, Clone)]
#[must_use = "nothing is compared until the request is awaited"]
pub struct CompareData {
    branch: Branch,
    other: Branch,
    database: Option<String>,
    options: Options,
}

impl CompareData {
    /// The database. Default: `databricks_postgres`.
    pub fn database(mut self, name: impl Into<String>) -> Self {
        self.database = Some(name.into());
        self
    }

    /// All options at once, as [`data::compare`](fn@data::compare) takes them.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Compares only these tables, see [`Options::tables`].
    pub fn tables<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.options = self.options.tables(names);
        self
    }

    /// Leaves these tables out, see [`Options::exclude_tables`].
    pub fn exclude_tables<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.options = self.options.exclude_tables(names);
        self
    }

    /// Leaves these columns out, see [`Options::ignore_columns`].
    pub fn ignore_columns<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.options = self.options.ignore_columns(names);
        self
    }

    /// The number of changed rows of each table that are kept, see [`Options::row_limit`].
    pub fn row_limit(mut self, rows: u64) -> Self {
        self.options = self.options.row_limit(rows);
        self
    }

    /// Compares, and gives all rows that differ one after the other. Memory does not grow with their number.
    ///
    /// ```no_run
    /// # async fn example(feature: lakebase::Branch, production: lakebase::Branch) -> lakebase::Result<()> {
    /// use futures_util::TryStreamExt as _;
    /// use lakebase::data::DataEvent;
    ///
    /// let mut events = feature.compare_data(&production).stream();
    /// while let Some(event) = events.try_next().await? {
    ///     if let DataEvent::Row(change) = event {
    ///         println!("{}", change.to_sql());
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// The first item, or one after it, is an error of those that awaiting the request gives.
    pub fn stream(self) -> BoxStream<'static, Result<DataEvent>> {
        let events = async_stream::try_stream! {
            let (old, new) = self.connections().await?;
            let written = written_between(&self.branch, &self.other);
            let mut events = data::stream_branches(old, new, self.options.clone(), Some(written));
            while let Some(event) = events.next().await {
                yield event.map_err(|error| self.failed(error))?;
            }
        };
        events.boxed()
    }

    async fn connections(&self) -> Result<(PgConnection, PgConnection)> {
        let open = |branch| connection(branch, self.database.as_ref());
        tokio::try_join!(open(&self.other), open(&self.branch))
    }

    fn failed(&self, error: data::DataError) -> Error {
        let names = format!("comparing the data of {} and {}", self.other.name(), self.branch.name());
        Error::from(error).with_context(names)
    }

    async fn run(self) -> Result<DataDiff> {
        let (mut old, mut new) = self.connections().await?;
        let written = written_between(&self.branch, &self.other);
        let compared = data::compare_branches(&mut old, &mut new, &self.options, Some(written)).await;
        tokio::join!(close(old), close(new));
        compared.map_err(|error| self.failed(error))
    }
}

sent_when_awaited!(CompareData => DataDiff);

/// Asks the server of two branches for the blocks that were written since they parted. Without an answer, checksums find
/// the differences.
fn written_between(one: &Branch, other: &Branch) -> AskWritten {
    let (one, other) = (one.clone(), other.clone());
    Arc::new(move |files| {
        let (one, other) = (one.clone(), other.clone());
        let ask = async move {
            let asked = one.written_blocks(&other, files).await;
            asked.unwrap_or_else(|error| {
                tracing::debug!(%error, "comparing by checksums, as the server does not tell written blocks");
                None
            })
        };
        ask.boxed()
    })
}

async fn connection(branch: &Branch, database: Option<&String>) -> Result<PgConnection> {
    match database {
        Some(name) => branch.connect().database(name).await,
        None => branch.connect().await,
    }
}

impl Branch {
    /// Compares the rows of this branch with those of another one: the change that takes `other` to this branch.
    ///
    /// # Errors
    ///
    /// Awaiting it, those of [`CompareData`](crate::builder::CompareData).
    pub fn compare_data(&self, other: impl AsRef<Branch>) -> CompareData {
        CompareData {
            branch: self.clone(),
            other: other.as_ref().clone(),
            database: None,
            options: Options::default(),
        }
    }
}

impl BranchInfo {
    forward! {
        Branch:
        fn compare_data(&self, other: impl AsRef<Branch>) -> CompareData;
    }
}
