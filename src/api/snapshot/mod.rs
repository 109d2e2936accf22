//! Snapshots: a branch as it was at one moment, kept by name.

mod create;
mod delete;
mod schedule;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use create::CreateSnapshot;
pub use delete::DeleteSnapshot;
pub use schedule::{Cadence, ScheduleRule, SetSnapshotSchedule, SnapshotSchedule, Weekday};

use crate::{
    api::{
        branch::BranchInfo,
        client::Lakebase,
        expiry::Expiry,
        name::{BranchName, SnapshotId, SnapshotName},
        page::List,
        project::{Project, ProjectInfo},
        request::{ok_or_missing, read},
        resource::{InvalidField, count, forward, handle, maybe_named, model, named},
        wire,
    },
    error::{Error, Result},
    http::Request,
};

handle! {
    /// A handle to one snapshot: a name and a client. Cloning is cheap, and nothing is sent until a verb is awaited.
    ///
    /// A snapshot outlives the branch that it was taken of; a branch made
    /// [from it](crate::builder::CreateBranch::from_snapshot) brings the data back.
    ///
    /// ```no_run
    /// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
    /// use lakebase::Expiry;
    ///
    /// let snapshot = project.snapshot("before-release")?;
    /// project.create_branch("restored", Expiry::Never).from_snapshot(snapshot).await?;
    /// # Ok(())
    /// # }
    /// ```
    Snapshot, SnapshotName, SnapshotId
}

/// The service's answer about a snapshot. Its [`handle`](Self::handle) has all methods of a snapshot.
///
/// ```no_run
/// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
/// for snapshot in project.snapshots().await? {
///     println!("{} of {:?}", snapshot.id(), snapshot.source_branch);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SnapshotInfo {
    #[serde(skip)]
    handle: Snapshot,
    /// The whole name.
    pub name: SnapshotName,
    /// The service's own key.
    pub uid: Option<String>,
    /// The source branch.
    pub source_branch: Option<BranchName>,
    /// Expiry time; `None` means never.
    pub expire_time: Option<DateTime<Utc>>,
    /// The size of its data, in bytes.
    pub full_size_bytes: Option<u64>,
    /// The size that it adds to the one before, in bytes; `None` where the whole is charged.
    pub diff_size_bytes: Option<u64>,
    /// Time at which it was taken.
    pub create_time: Option<DateTime<Utc>>,
}

model!(SnapshotInfo, Snapshot, SnapshotName, SnapshotId, wire::snapshot::Snapshot, "snapshots");

impl SnapshotInfo {
    fn from_wire(client: &Lakebase, wire: wire::snapshot::Snapshot) -> Result<Self, InvalidField> {
        let name: SnapshotName = named(wire.name, "name")?;
        let status = wire.status.unwrap_or_default();
        Ok(Self {
            handle: Snapshot::new(client, name.clone()),
            name,
            uid: wire.uid,
            source_branch: maybe_named(status.source_branch, "source_branch")?,
            expire_time: status.expire_time,
            full_size_bytes: count(status.full_size_bytes),
            diff_size_bytes: count(status.diff_size_bytes),
            create_time: wire.create_time,
        })
    }

    forward! {
        Snapshot:
        fn delete(&self) -> DeleteSnapshot;
    }
}

impl Snapshot {
    /// The project that the snapshot belongs to.
    pub fn project(&self) -> Project {
        Project::new(&self.client, self.name.project().clone())
    }

    /// Reads the snapshot as the service has it now.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if it does not exist; [`try_get`](Self::try_get) returns `None` then.
    pub async fn get(&self) -> Result<SnapshotInfo> {
        let name = self.name.to_string();
        read(&self.client, Request::get(&name, format!("reading snapshot {name}"))).await
    }

    /// Reads the snapshot; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without `NotFound`.
    pub async fn try_get(&self) -> Result<Option<SnapshotInfo>> {
        ok_or_missing(self.get().await)
    }

    /// Deletes the snapshot; branches made from it stay.
    pub fn delete(&self) -> DeleteSnapshot {
        DeleteSnapshot::new(self)
    }
}

impl Project {
    /// A handle to one of its snapshots; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when the id breaks the id rule.
    pub fn snapshot(&self, id: impl TryInto<SnapshotId, Error: Into<Error>>) -> Result<Snapshot> {
        Ok(Snapshot::new(self.client(), self.name().snapshot(id.try_into().map_err(Into::into)?)))
    }

    /// Lists its snapshots.
    pub fn snapshots(&self) -> List<SnapshotInfo> {
        let path = format!("{}/snapshots", self.name());
        List::new(self.client(), Request::get(&path, format!("listing snapshots of {}", self.name())))
    }

    /// Takes a snapshot of a branch as it is now, or [at a time](CreateSnapshot::at_time).
    /// The service takes ten of a project, of root branches only.
    pub fn create_snapshot(
        &self,
        id: impl TryInto<SnapshotId, Error: Into<Error>>,
        source: impl TryInto<BranchName, Error: Into<Error>>,
        expiry: Expiry,
    ) -> CreateSnapshot {
        CreateSnapshot::new(
            self,
            id.try_into().map_err(Into::into),
            source.try_into().map_err(Into::into),
            expiry,
        )
    }
}

impl ProjectInfo {
    forward! {
        Project:
        fn snapshot(&self, id: impl TryInto<SnapshotId, Error: Into<Error>>) -> Result<Snapshot>;
        fn snapshots(&self) -> List<SnapshotInfo>;
        fn create_snapshot(
            &self,
            id: impl TryInto<SnapshotId, Error: Into<Error>>,
            source: impl TryInto<BranchName, Error: Into<Error>>,
            expiry: Expiry
        ) -> CreateSnapshot;
    }
}

impl BranchInfo {
    forward! {
        Branch:
        async fn snapshot_schedule(&self) -> Result<SnapshotSchedule>;
        fn set_snapshot_schedule(&self, rules: impl IntoIterator<Item = ScheduleRule>) -> SetSnapshotSchedule;
    }
}

impl Lakebase {
    /// A handle to a snapshot by its whole name; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when the text is no snapshot name.
    pub fn snapshot(&self, name: impl TryInto<SnapshotName, Error: Into<Error>>) -> Result<Snapshot> {
        Ok(Snapshot::new(self, name.try_into().map_err(Into::into)?))
    }
}
