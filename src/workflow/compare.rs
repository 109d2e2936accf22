//! Compares the schemas of branches: two, or three where the source changed since the branch point.

use crate::{
    api::{
        branch::{Branch, BranchInfo},
        expiry::hours,
        name::BranchId,
        resource::forward,
    },
    error::{Error, ErrorKind, Result},
    postgres::connect::close,
    schema::{self, Drift, Options, Schema, SchemaDiff},
    workflow::ephemeral::EphemeralBranch,
};

impl Branch {
    /// Reads the schema of the branch's database.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect); [`Database`](ErrorKind::Database) where the catalog cannot be read.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(branch: lakebase::Branch) -> lakebase::Result<()> {
    /// let schema = branch.schema(&lakebase::schema::Options::default()).await?;
    /// println!("{}", schema.fingerprint());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn schema(&self, options: &Options) -> Result<Schema> {
        let mut connection = self.connect().await?;
        let schema = Schema::read(&mut connection, options).await;
        close(connection).await;
        schema.map_err(|error| {
            Error::from(error).with_context(format!("reading the schema of {}", self.name()))
        })
    }

    /// Compares the schema of this branch with that of another one: the change that takes `other` to this branch.
    ///
    /// # Errors
    ///
    /// Those of [`schema`](Self::schema).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(feature: lakebase::Branch, production: lakebase::Branch) -> lakebase::Result<()> {
    /// let diff = feature.compare_schema(&production).await?;
    /// println!("{}\n{diff}", diff.summary());
    /// # Ok(())
    /// # }
    /// ```
    pub async fn compare_schema(&self, other: impl AsRef<Branch>) -> Result<SchemaDiff> {
        self.compare_schema_with(other, &Options::default()).await
    }

    /// As [`compare_schema`](Self::compare_schema), with options.
    ///
    /// # Errors
    ///
    /// Those of [`schema`](Self::schema).
    pub async fn compare_schema_with(
        &self,
        other: impl AsRef<Branch>,
        options: &Options,
    ) -> Result<SchemaDiff> {
        let (old, new) = tokio::try_join!(other.as_ref().schema(options), self.schema(options))?;
        Ok(schema::compare(&old, &new))
    }

    /// The changes of this branch and of its source since the branch point.
    ///
    /// The base is read from a temporary branch of the source at the branch point, which is removed again, also after a
    /// failure.
    ///
    /// # Errors
    ///
    /// [`FailedPrecondition`](ErrorKind::FailedPrecondition) for a branch without source, otherwise those of making
    /// a branch and of [`schema`](Self::schema).
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn example(feature: lakebase::Branch) -> lakebase::Result<()> {
    /// let drift = feature.drift().await?;
    /// if drift.conflicts().is_empty() {
    ///     println!("{drift}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drift(&self) -> Result<Drift> {
        let options = Options::default();
        let info = self.get().await?;
        let source = info.source()?;
        let base = async {
            let branch = base_branch(&info).await?;
            let schema = branch.schema(&options).await;
            branch.close_after(schema).await
        };
        let (base, ours, theirs) = tokio::try_join!(base, self.schema(&options), source.schema(&options))?;
        Ok(schema::drift(&base, &ours, &theirs))
    }
}

impl BranchInfo {
    forward! {
        Branch:
        async fn schema(&self, options: &Options) -> Result<Schema>;
        async fn compare_schema(&self, other: impl AsRef<Branch>) -> Result<SchemaDiff>;
        async fn drift(&self) -> Result<Drift>;
    }
}

/// Makes a temporary branch of the source at the branch point.
pub(crate) async fn base_branch(branch: &BranchInfo) -> Result<EphemeralBranch> {
    let source = branch.source()?;
    let lsn = branch.source_branch_lsn.ok_or_else(|| {
        let message =
            format!("the service does not report the branch point of {} on {}", branch.name, source.name());
        Error::new(ErrorKind::Protocol, message)
    })?;
    source.ephemeral(BranchId::unique("base")?, hours(1)).at_lsn(lsn).await
}
