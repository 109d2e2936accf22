//! Creation of snapshots.

use chrono::{DateTime, Utc};

use super::SnapshotInfo;
use crate::{
    api::{
        expiry::Expiry,
        lsn::Lsn,
        mask::Expiration,
        name::{BranchName, SnapshotId},
        operation::Operation,
        project::Project,
        request::{Arguments, sent_when_awaited, start},
        wire::snapshot::{Snapshot as Wire, SnapshotSpec},
    },
    error::{Error, Result},
    http::Request,
};

/// A request to take a snapshot. Awaited, it waits until the snapshot is taken.
///
/// ```no_run
/// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
/// use lakebase::{Expiry, days};
///
/// let production = project.default_branch().await?;
/// let snapshot = project.create_snapshot("before-release", &production, Expiry::after(days(14))).await?;
/// println!("{:?} bytes", snapshot.full_size_bytes);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for an argument that breaks a rule, which the builder keeps
/// until then; [`AlreadyExists`](crate::ErrorKind::AlreadyExists); [`NotFound`](crate::ErrorKind::NotFound) for a
/// missing branch; [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling after three minutes.
/// Also the errors of [waiting](crate::Operation#errors) and of [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateSnapshot {
    project: Project,
    id: Result<SnapshotId>,
    source: Result<BranchName>,
    expiry: Expiry,
    lsn: Option<Lsn>,
    arguments: Arguments,
    time: Option<DateTime<Utc>>,
}

impl CreateSnapshot {
    pub(super) fn new(
        project: &Project,
        id: Result<SnapshotId>,
        source: Result<BranchName>,
        expiry: Expiry,
    ) -> Self {
        Self {
            project: project.clone(),
            id,
            source,
            expiry,
            lsn: None,
            arguments: Arguments::default(),
            time: None,
        }
    }

    /// Takes the branch as it was at this moment, within the project's history. Default: now.
    pub fn at_time(mut self, time: DateTime<Utc>) -> Self {
        self.time = Some(time);
        self
    }

    /// Takes the branch as it was at this log position, within the project's history. Default: the present end.
    pub fn at_lsn(mut self, lsn: impl TryInto<Lsn, Error: Into<Error>>) -> Self {
        self.lsn = self.arguments.take(lsn);
        self
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for an argument that breaks a rule,
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists), [`NotFound`](crate::ErrorKind::NotFound) for a missing
    /// branch.
    pub async fn start(self) -> Result<Operation<SnapshotInfo>> {
        let client = self.project.client().clone();
        start(&client, self.request(Utc::now())?).await
    }

    async fn run(self) -> Result<SnapshotInfo> {
        self.start().await?.await
    }

    fn request(self, now: DateTime<Utc>) -> Result<Request> {
        let id = self.id?;
        let context = format!("creating snapshot {}", self.project.name().snapshot(id.clone()));
        self.arguments.finish().map_err(|error| error.with_context(context.clone()))?;
        let lsn = self.lsn;
        if lsn.is_some() && self.time.is_some() {
            return Err(Error::invalid("a snapshot is of a time or of a log position, not of both")
                .with_context(context));
        }
        if matches!(self.expiry, Expiry::At(time) if time <= now)
            || self.expiry == Expiry::After(std::time::Duration::ZERO)
        {
            return Err(Error::invalid("the snapshot would expire at once").with_context(context));
        }
        let Expiration { ttl, expire_time, no_expiry } = self.expiry.into();
        let spec = SnapshotSpec {
            source_branch: Some(self.source?.to_string()),
            source_branch_lsn: lsn.map(|lsn| lsn.to_string()),
            source_branch_time: self.time,
            ttl,
            expire_time,
            no_expiry,
        };
        let body = Wire { spec: Some(spec), ..Default::default() };
        let path = format!("{}/snapshots", self.project.name());
        Ok(Request::post(&path, &body, context)?.query("snapshot_id", id))
    }
}

sent_when_awaited!(CreateSnapshot => SnapshotInfo);
