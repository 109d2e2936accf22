//! Branches: copy-on-write copies of a project's data.

mod create;
mod delete;
mod if_missing;
#[cfg(feature = "data")]
mod masked;
mod reset;
mod storage;
mod update;
#[cfg(feature = "data")]
mod written_blocks;

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;

pub use create::CreateBranch;
pub use delete::{DeleteBranch, UndeleteBranch};
pub use if_missing::CreateBranchIfMissing;
pub use reset::ResetBranch;
pub use storage::BranchStorage;
pub use update::UpdateBranch;

use crate::{
    api::{
        client::Lakebase,
        database::Database,
        endpoint::{Endpoint, EndpointInfo},
        expiry::Expiry,
        lsn::Lsn,
        name::{BranchId, BranchName, DatabaseId, EndpointId, RoleId, SnapshotName},
        page::List,
        project::Project,
        request::{ok_or_missing, read},
        resource::{InvalidField, count, forward, handle, maybe_named, model, named},
        role::Role,
        wait::{PollResult, until},
        wire::{
            self,
            branch::{BranchState, CopyMethod},
            endpoint::EndpointType,
        },
    },
    error::{Error, ErrorKind, Result},
    http::Request,
};

handle! {
    /// A handle to one branch: a name and a client. Cloning is cheap, and nothing is sent until a verb is awaited,
    /// so holding one says nothing about whether the branch exists.
    ///
    /// ```no_run
    /// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
    /// use lakebase::{Expiry, hours};
    ///
    /// let production = lakebase.project("shop")?.branch("production")?;
    /// let dev = production.create_branch("dev", Expiry::after(hours(24))).await?;
    /// println!("{} expires {:?}", dev.name, dev.expire_time);
    /// dev.delete().await?;
    /// # Ok(())
    /// # }
    /// ```
    Branch, BranchName, BranchId
}

/// The service's answer about a branch. The methods that usually follow a create or read are here; its
/// [`handle`](Self::handle) has all of them.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// let branch = lakebase.project("shop")?.default_branch().await?;
/// println!("{}: {} bytes, {}", branch.id(), branch.logical_size_bytes, branch.state);
/// for endpoint in branch.endpoints().await? {
///     println!("{}", endpoint.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct BranchInfo {
    #[serde(skip)]
    handle: Branch,
    /// The whole name.
    pub name: BranchName,
    /// The service's own key: another one after the branch is deleted and made again.
    pub uid: Option<String>,
    /// The state.
    pub state: BranchState,
    /// The state that it changes to, during a transition.
    pub pending_state: Option<BranchState>,
    /// Time at which the state was reached.
    pub state_change_time: Option<DateTime<Utc>>,
    /// Whether it is the project's default branch.
    pub is_default: bool,
    /// Whether it is protected from deletion.
    pub is_protected: bool,
    /// The size of the data that a client sees, in bytes; shared pages count in full.
    pub logical_size_bytes: u64,
    /// Expiry time; `None` means never.
    pub expire_time: Option<DateTime<Utc>>,
    /// The source branch; `None` for a root branch.
    pub source_branch: Option<BranchName>,
    /// The LSN of the source at which it begins.
    pub source_branch_lsn: Option<Lsn>,
    /// The time of the source at which it begins.
    pub source_branch_time: Option<DateTime<Utc>>,
    /// The source snapshot.
    pub source_snapshot: Option<SnapshotName>,
    /// The cost of the copy, if the service reports it (the local Lakebase does).
    pub copy: Option<CopyCost>,
    /// Whether its data was masked when it was created, if the service reports it (the local Lakebase does).
    pub is_masked: bool,
    /// Creation time.
    pub create_time: Option<DateTime<Utc>>,
    /// Time of the last change.
    pub update_time: Option<DateTime<Utc>>,
    /// Time of the deletion, while it can be undone.
    pub delete_time: Option<DateTime<Utc>>,
    /// Time at which a deleted branch is purged.
    pub purge_time: Option<DateTime<Utc>>,
}

/// The cost of creating a branch.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// let branch = lakebase.project("shop")?.branch("dev")?.get().await?;
/// if let Some(copy) = &branch.copy {
///     println!("{}: {} bytes added", copy.method, copy.bytes_added);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct CopyCost {
    /// The copy method.
    pub method: CopyMethod,
    /// The bytes that the copy wrote, as opposed to shared with its source. What the compute writes once it runs (some
    /// megabytes of WAL and caches) and what the file system notes about shared pages come on top.
    pub bytes_added: u64,
}

model!(BranchInfo, Branch, BranchName, BranchId, wire::branch::Branch, "branches");

impl BranchInfo {
    fn from_wire(client: &Lakebase, wire: wire::branch::Branch) -> Result<Self, InvalidField> {
        let name: BranchName = named(wire.name, "name")?;
        let status = wire.status.unwrap_or_default();
        Ok(Self {
            handle: Branch::new(client, name.clone()),
            name,
            uid: wire.uid,
            state: status.current_state.unwrap_or(BranchState::Unknown(String::new())),
            pending_state: status.pending_state,
            state_change_time: status.state_change_time,
            is_default: status.default.unwrap_or_default(),
            is_protected: status.is_protected.unwrap_or_default(),
            logical_size_bytes: count(status.logical_size_bytes).unwrap_or_default(),
            expire_time: status.expire_time,
            source_branch: maybe_named(status.source_branch, "source_branch")?,
            source_branch_lsn: status.source_branch_lsn.and_then(|lsn| lsn.parse().ok()),
            source_branch_time: status.source_branch_time,
            source_snapshot: maybe_named(status.source_snapshot, "source_snapshot")?,
            copy: status.copy.map(|copy| CopyCost {
                method: CopyMethod::from(copy.method.as_str()),
                bytes_added: count(Some(copy.bytes_added)).unwrap_or_default(),
            }),
            is_masked: status.masked.unwrap_or_default(),
            create_time: wire.create_time,
            update_time: wire.update_time,
            delete_time: wire.delete_time.or(status.delete_time),
            purge_time: wire.purge_time.or(status.purge_time),
        })
    }

    /// Whether it is deleted and kept for undeletion only.
    pub fn is_deleted(&self) -> bool {
        self.delete_time.is_some() || self.state == BranchState::Deleted
    }

    forward! {
        Branch:
        fn create_branch(&self, id: impl TryInto<BranchId, Error: Into<Error>>, expiry: Expiry) -> CreateBranch;
        async fn wait_until_ready(&self) -> Result<BranchInfo>;
        fn endpoint(&self, id: impl TryInto<EndpointId, Error: Into<Error>>) -> Result<Endpoint>;
        fn endpoints(&self) -> List<EndpointInfo>;
        fn update(&self) -> UpdateBranch;
        fn reset(&self) -> ResetBranch;
        fn delete(&self) -> DeleteBranch;
    }
}

impl List<BranchInfo> {
    /// Includes branches that were deleted and are not yet purged.
    pub fn show_deleted(self) -> Self {
        self.with_deleted()
    }
}

impl Branch {
    /// The project that the branch belongs to.
    pub fn project(&self) -> Project {
        Project::new(&self.client, self.name.project().clone())
    }

    /// A handle to one of its endpoints; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when the id breaks the id rule.
    pub fn endpoint(&self, id: impl TryInto<EndpointId, Error: Into<Error>>) -> Result<Endpoint> {
        Ok(Endpoint::new(&self.client, self.name.endpoint(id.try_into().map_err(Into::into)?)))
    }

    /// A handle to one of its roles; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when the id breaks the id rule.
    pub fn role(&self, id: impl TryInto<RoleId, Error: Into<Error>>) -> Result<Role> {
        Ok(Role::new(&self.client, self.name.role(id.try_into().map_err(Into::into)?)))
    }

    /// A handle to one of its databases; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when the id breaks the id rule.
    pub fn database(&self, id: impl TryInto<DatabaseId, Error: Into<Error>>) -> Result<Database> {
        Ok(Database::new(&self.client, self.name.database(id.try_into().map_err(Into::into)?)))
    }

    /// Reads the branch as the service has it now.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) if it does not exist; [`try_get`](Self::try_get) returns `None` then.
    pub async fn get(&self) -> Result<BranchInfo> {
        let name = self.name.to_string();
        read(&self.client, Request::get(&name, format!("reading branch {name}"))).await
    }

    /// Reads the branch; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), without `NotFound`.
    pub async fn try_get(&self) -> Result<Option<BranchInfo>> {
        ok_or_missing(self.get().await)
    }

    /// Creates a child: a copy-on-write copy of the branch's current state.
    ///
    /// Short for [`Project::create_branch`] with [`from`](CreateBranch::from) this branch.
    pub fn create_branch(
        &self,
        id: impl TryInto<BranchId, Error: Into<Error>>,
        expiry: Expiry,
    ) -> CreateBranch {
        self.project().create_branch(id, expiry).from(&self.name)
    }

    /// Changes expiry or protection.
    pub fn update(&self) -> UpdateBranch {
        UpdateBranch::new(self)
    }

    /// Deletes the branch with its endpoints, roles and databases.
    pub fn delete(&self) -> DeleteBranch {
        DeleteBranch::new(self)
    }

    /// Restores a deleted branch that the service still keeps.
    pub fn undelete(&self) -> UndeleteBranch {
        UndeleteBranch::new(self)
    }

    /// Lists its endpoints.
    pub fn endpoints(&self) -> List<EndpointInfo> {
        let path = format!("{}/endpoints", self.name);
        List::new(&self.client, Request::get(&path, format!("listing endpoints of {}", self.name)))
            .smallest_page(10)
    }

    /// The endpoint for reading and writing, if the branch has one.
    ///
    /// # Errors
    ///
    /// Those of [`endpoints`](Self::endpoints).
    pub async fn read_write_endpoint(&self) -> Result<Option<EndpointInfo>> {
        let endpoints = self.endpoints().await?;
        Ok(endpoints.into_iter().find(|endpoint| endpoint.endpoint_type == EndpointType::ReadWrite))
    }

    /// Waits until the branch can be used, for at most three minutes: it is ready and its read-write endpoint is
    /// listed. Awaiting [`create_branch`](Self::create_branch) does this already. The endpoint is waited for five
    /// seconds at most; [`pool`](Self::pool) creates a missing one.
    ///
    /// # Errors
    ///
    /// [`Timeout`](crate::ErrorKind::Timeout) with the last state seen.
    pub async fn wait_until_ready(&self) -> Result<BranchInfo> {
        self.wait_until_ready_from(None).await
    }

    /// Saves a read if the result of the operation shows that the branch is ready.
    async fn wait_until_ready_from(&self, made: Option<BranchInfo>) -> Result<BranchInfo> {
        let waiting = || format!("waiting until {} is ready", self.name);
        let info = match made.filter(|made| made.state == BranchState::Ready) {
            Some(made) => made,
            None => {
                let info = until!(self.client.deadlines().ready, self.look_for_ready().await);
                info.await.map_err(|error| error.with_context(waiting()))?
            }
        };
        self.appearing_endpoint().await.map_err(|error| error.with_context(waiting()))?;
        Ok(info)
    }

    /// The endpoint created with a branch may appear a little later than the branch.
    pub(crate) async fn appearing_endpoint(&self) -> Result<Option<EndpointInfo>> {
        let found = until!(ENDPOINT_SHOWS_WITHIN, {
            Ok(match self.read_write_endpoint().await? {
                Some(endpoint) => PollResult::Ready(endpoint),
                None => PollResult::Pending("the branch has no read-write endpoint".to_owned()),
            })
        });
        match found.await {
            Ok(endpoint) => Ok(Some(endpoint)),
            Err(error) if error.kind() == ErrorKind::Timeout => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// A new branch may be missing for a moment; any state but `INIT` is usable or final.
    async fn look_for_ready(&self) -> Result<PollResult<BranchInfo>> {
        Ok(match self.try_get().await? {
            None => PollResult::Pending("the branch is not there yet".to_owned()),
            Some(info) if is_stable(&info.state) => PollResult::Ready(info),
            Some(info) => PollResult::Pending(format!("the branch is {}", info.state)),
        })
    }
}

/// The time limit for the endpoint that is created with a branch to appear.
const ENDPOINT_SHOWS_WITHIN: Duration = Duration::from_secs(5);

/// States that pass by themselves are waited out; the others, and those we do not know, are taken as they are.
fn is_stable(state: &BranchState) -> bool {
    !matches!(state, BranchState::Init | BranchState::Resetting | BranchState::Importing)
}

impl Lakebase {
    /// A handle to a branch by its whole name; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) when the text is no branch name.
    ///
    /// ```no_run
    /// # fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
    /// let branch = lakebase.branch("projects/shop/branches/dev")?;
    /// assert_eq!(branch.project().id().as_str(), "shop");
    /// # Ok(())
    /// # }
    /// ```
    pub fn branch(&self, name: impl TryInto<BranchName, Error: Into<Error>>) -> Result<Branch> {
        Ok(Branch::new(self, name.try_into().map_err(Into::into)?))
    }
}

impl BranchInfo {
    /// A handle to the source branch; nothing is sent.
    ///
    /// # Errors
    ///
    /// [`FailedPrecondition`](ErrorKind::FailedPrecondition) for a root branch, which has no source.
    pub fn source(&self) -> Result<Branch> {
        let name = self.source_branch.clone().ok_or_else(|| {
            let message = format!("{} is a root branch: it was made from no other", self.name);
            Error::new(ErrorKind::FailedPrecondition, message)
        })?;
        self.handle.client().branch(name)
    }
}
