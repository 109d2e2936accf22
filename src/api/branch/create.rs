//! Creation of branches.

use chrono::{DateTime, Utc};

use super::{Branch, BranchInfo, CreateBranchIfMissing};
use crate::{
    api::{
        expiry::Expiry,
        lsn::Lsn,
        mask::Expiration,
        name::{BranchId, BranchName, SnapshotName},
        operation::Operation,
        project::Project,
        request::{Arguments, sent_when_awaited, start},
        wire,
    },
    error::{Error, Result},
    http::Request,
};

/// A request to create a branch. Awaited, it is sent and waits until the branch is ready and its endpoint is listed;
/// [`start`](Self::start) returns the [`Operation`] instead.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// use lakebase::{Expiry, hours};
///
/// let project = lakebase.project("shop")?;
/// let production = project.default_branch().await?;
/// let yesterday = chrono::Utc::now() - hours(24);
///
/// let dev = project
///     .create_branch("before-the-accident", Expiry::Never)
///     .from(&production)
///     .at_time(yesterday)
///     .await?;
/// assert_eq!(dev.source_branch.as_ref(), Some(&production.name));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for an argument that breaks a rule, which the builder keeps
/// until then; [`AlreadyExists`](crate::ErrorKind::AlreadyExists); [`NotFound`](crate::ErrorKind::NotFound) for a
/// missing project, source or snapshot; [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) when the source
/// is going to expire; [`Timeout`](crate::ErrorKind::Timeout) when the service is still reconciling, or the branch is
/// still not ready, after three minutes. Also the errors of [waiting](crate::Operation#errors) and of
/// [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateBranch {
    pub(super) project: Project,
    pub(super) id: Result<BranchId>,
    arguments: Arguments,
    pub(super) source: Option<BranchName>,
    pub(super) snapshot: Option<SnapshotName>,
    pub(super) lsn: Option<Lsn>,
    pub(super) time: Option<DateTime<Utc>>,
    pub(super) expiry: Expiry,
    pub(super) protected: Option<bool>,
    pub(super) replace_existing: bool,
}

impl CreateBranch {
    fn new(project: &Project, id: Result<BranchId>, expiry: Expiry) -> Self {
        Self {
            project: project.clone(),
            id,
            arguments: Arguments::default(),
            source: None,
            snapshot: None,
            lsn: None,
            time: None,
            expiry,
            protected: None,
            replace_existing: false,
        }
    }

    /// The branch to copy; it must belong to the same project. Default: the project's default branch.
    pub fn from(mut self, source: impl TryInto<BranchName, Error: Into<Error>>) -> Self {
        self.source = self.arguments.take(source);
        self
    }

    /// Copies the source as it was at this moment, which must lie within the project's history. Default: now.
    pub fn at_time(mut self, time: DateTime<Utc>) -> Self {
        self.time = Some(time);
        self
    }

    /// Copies the source as it was at this log position, which must lie within the project's history.
    /// Default: the present end of the log.
    pub fn at_lsn(mut self, lsn: impl TryInto<Lsn, Error: Into<Error>>) -> Self {
        self.lsn = self.arguments.take(lsn);
        self
    }

    /// Restores a snapshot of the same project instead of copying a branch.
    pub fn from_snapshot(mut self, snapshot: impl TryInto<SnapshotName, Error: Into<Error>>) -> Self {
        self.source = None;
        self.snapshot = self.arguments.take(snapshot);
        self
    }

    /// Protects the branch from deletion. Off by default; a protected branch cannot expire.
    pub fn protected(mut self, protected: bool) -> Self {
        self.protected = Some(protected);
        self
    }

    /// Applies these settings to a branch that exists already, in place: it keeps its uid, its data and its source.
    /// Off by default: a branch of this id is then an [`AlreadyExists`](crate::ErrorKind::AlreadyExists).
    pub fn replace_existing(mut self) -> Self {
        self.replace_existing = true;
        self
    }

    /// Accepts an existing branch of this id if it has the requested source, expiry and protection.
    pub fn if_missing(self) -> CreateBranchIfMissing {
        CreateBranchIfMissing::new(self)
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](crate::ErrorKind::Invalid) for an argument that breaks a rule,
    /// [`AlreadyExists`](crate::ErrorKind::AlreadyExists), [`NotFound`](crate::ErrorKind::NotFound) for a missing
    /// source, [`FailedPrecondition`](crate::ErrorKind::FailedPrecondition) when the source is going to expire.
    pub async fn start(self) -> Result<Operation<BranchInfo>> {
        let client = self.project.client().clone();
        let (_, request) = self.request(Utc::now())?;
        start(&client, request).await
    }

    pub(super) async fn run(self) -> Result<BranchInfo> {
        let client = self.project.client().clone();
        let (branch, request) = self.request(Utc::now())?;
        let made = start::<BranchInfo>(&client, request).await?.await?;
        branch.wait_until_ready_from(Some(made)).await
    }

    /// The request to send, and the handle of the new branch.
    pub(super) fn request(self, now: DateTime<Utc>) -> Result<(Branch, Request)> {
        let branch = self.project.branch(self.id?)?;
        let context = format!("creating branch {}", branch.name());
        let spec = self
            .arguments
            .finish()
            .and_then(|()| spec(self.source, self.snapshot, self.lsn, self.time))
            .and_then(|spec| Ok((spec, self.expiry.check(now)?)))
            .map_err(|error| error.with_context(context.clone()));
        let (mut spec, expiry) = spec?;
        let Expiration { ttl, expire_time, no_expiry } = expiry.into();
        (spec.ttl, spec.expire_time, spec.no_expiry) = (ttl, expire_time, no_expiry);
        spec.is_protected = self.protected;
        let body = wire::branch::Branch { spec: Some(spec), ..Default::default() };
        let path = format!("{}/branches", self.project.name());
        let request = Request::post(&path, &body, context)?.query("branch_id", branch.id());
        Ok((branch, request.replacing(self.replace_existing)))
    }
}

fn spec(
    source: Option<BranchName>,
    snapshot: Option<SnapshotName>,
    lsn: Option<Lsn>,
    time: Option<DateTime<Utc>>,
) -> Result<wire::branch::BranchSpec> {
    if lsn.is_some() && time.is_some() {
        return Err(Error::invalid("a branch starts at a time or at a log position, not at both"));
    }
    if snapshot.is_some() && (source.is_some() || lsn.is_some() || time.is_some()) {
        return Err(Error::invalid(
            "a branch starts from a snapshot or from a branch; a snapshot takes no source branch, time or log position",
        ));
    }
    Ok(wire::branch::BranchSpec {
        source_branch: source.map(|name| name.to_string()),
        source_branch_lsn: lsn.map(|lsn| lsn.to_string()),
        source_branch_time: time,
        source_snapshot: snapshot.map(|name| name.to_string()),
        ..Default::default()
    })
}

sent_when_awaited!(CreateBranch => BranchInfo);

impl Project {
    /// Creates a branch: a copy-on-write copy of another one, with an endpoint of its own.
    ///
    /// Without [`from`](CreateBranch::from), it copies the current state of the project's default branch.
    /// The expiry counts from the creation of the branch and is at most 30 days.
    pub fn create_branch(
        &self,
        id: impl TryInto<BranchId, Error: Into<Error>>,
        expiry: Expiry,
    ) -> CreateBranch {
        CreateBranch::new(self, id.try_into().map_err(Into::into), expiry)
    }
}
