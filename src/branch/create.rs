//! Making a branch.

use std::{fmt, ops::Deref, time::Duration};

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{Branch, BranchInfo};
use crate::{
    BranchId, BranchName, Expiry, Lsn, Operation, Project, SnapshotName,
    error::{Error, ErrorKind, Result},
    http::Request,
    mask::Expiration,
    model::sent_when_awaited,
    operation::start,
    wire,
};

/// A request to make a branch. Awaited, it is sent and waits until the branch is ready and its endpoint shows;
/// [`start`](Self::start) gives the [`Operation`] instead.
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
#[derive(Debug)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateBranch {
    project: Project,
    /// The first argument that was wrong; reported when the request is sent.
    id: Result<BranchId>,
    source: Result<Option<BranchName>>,
    snapshot: Result<Option<SnapshotName>>,
    lsn: Result<Option<Lsn>>,
    time: Option<DateTime<Utc>>,
    expiry: Expiry,
    protected: Option<bool>,
    replace_existing: bool,
}

impl CreateBranch {
    fn new(project: &Project, id: Result<BranchId>, expiry: Expiry) -> Self {
        Self {
            project: project.clone(),
            id,
            source: Ok(None),
            snapshot: Ok(None),
            lsn: Ok(None),
            time: None,
            expiry,
            protected: None,
            replace_existing: false,
        }
    }

    /// The branch to copy; it must belong to the same project. Default: the project's default branch.
    pub fn from(mut self, source: impl TryInto<BranchName, Error: Into<Error>>) -> Self {
        self.source = source.try_into().map(Some).map_err(Into::into);
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
        self.lsn = lsn.try_into().map(Some).map_err(Into::into);
        self
    }

    /// Restores a snapshot of the same project instead of copying a branch.
    pub fn from_snapshot(mut self, snapshot: impl TryInto<SnapshotName, Error: Into<Error>>) -> Self {
        self.source = Ok(None);
        self.snapshot = snapshot.try_into().map(Some).map_err(Into::into);
        self
    }

    /// Protects the branch from deletion. Off by default; a protected branch cannot expire.
    pub fn protected(mut self, protected: bool) -> Self {
        self.protected = Some(protected);
        self
    }

    /// Applies these settings to a branch that exists already, in place: it keeps its uid, its data and its source.
    /// Off by default: a branch of this id is then an [`AlreadyExists`](ErrorKind::AlreadyExists).
    pub fn replace_existing(mut self) -> Self {
        self.replace_existing = true;
        self
    }

    /// Takes a branch of this id that exists already, if it has the source, expiry and protection asked for.
    pub fn if_missing(self) -> CreateBranchIfMissing {
        CreateBranchIfMissing { wanted: self }
    }

    /// Sends the request and returns the operation without waiting.
    ///
    /// # Errors
    ///
    /// [`Invalid`](ErrorKind::Invalid) for an argument that breaks a rule,
    /// [`AlreadyExists`](ErrorKind::AlreadyExists), [`NotFound`](ErrorKind::NotFound) for a missing source,
    /// [`FailedPrecondition`](ErrorKind::FailedPrecondition) when the source is going to expire.
    pub async fn start(self) -> Result<Operation<BranchInfo>> {
        let client = self.project.client().clone();
        let (_, request) = self.request(Utc::now())?;
        start(&client, request).await
    }

    async fn run(self) -> Result<BranchInfo> {
        let client = self.project.client().clone();
        let (branch, request) = self.request(Utc::now())?;
        let made = start::<BranchInfo>(&client, request).await?.await?;
        branch.wait_until_ready_from(Some(made)).await
    }

    /// What will be sent, and the branch that it makes.
    fn request(self, now: DateTime<Utc>) -> Result<(Branch, Request)> {
        let branch = self.project.branch(self.id?)?;
        let doing = format!("creating branch {}", branch.name());
        let spec = spec(self.source, self.snapshot, self.lsn, self.time)
            .and_then(|spec| Ok((spec, self.expiry.check(now)?)))
            .map_err(|error| error.doing(doing.clone()));
        let (mut spec, expiry) = spec?;
        let Expiration { ttl, expire_time, no_expiry } = expiry.into();
        (spec.ttl, spec.expire_time, spec.no_expiry) = (ttl, expire_time, no_expiry);
        spec.is_protected = self.protected;
        let body = wire::branch::Branch { spec: Some(spec), ..Default::default() };
        let path = format!("{}/branches", self.project.name());
        let mut request = Request::post(&path, &body, doing)?.query("branch_id", branch.id());
        if self.replace_existing {
            request = request.query("replace_existing", true).repeatable();
        }
        Ok((branch, request))
    }
}

fn spec(
    source: Result<Option<BranchName>>,
    snapshot: Result<Option<SnapshotName>>,
    lsn: Result<Option<Lsn>>,
    time: Option<DateTime<Utc>>,
) -> Result<wire::branch::BranchSpec> {
    let (source, snapshot, lsn) = (source?, snapshot?, lsn?);
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

/// A request to make a branch unless it is there: [`CreateBranch::if_missing`].
///
/// A branch that is there, but from another source or with another expiry or protection than asked for, is a
/// [`Mismatch`](ErrorKind::Mismatch) that shows both. A lifetime ([`Expiry::After`]) counts from when the branch
/// was made and may differ by a minute.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// use lakebase::{Expiry, hours};
///
/// let production = lakebase.project("shop")?.default_branch().await?;
/// let dev = production.create_branch("dev", Expiry::after(hours(24))).if_missing().await?;
/// println!("{} {}", dev.name, if dev.created { "made" } else { "was there" });
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateBranchIfMissing {
    wanted: CreateBranch,
}

sent_when_awaited!(CreateBranchIfMissing => Created<BranchInfo>);

/// What was made or found, and which of the two. It derefs to what it holds.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// let project = lakebase.create_project("shop").if_missing().await?;
/// println!("{} {}", project.name, if project.created { "made" } else { "was there" });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Created<T> {
    /// What the service says about it.
    pub info: T,
    /// Whether this call made it; `false` when it was there before.
    pub created: bool,
}

impl<T> Created<T> {
    pub(crate) fn made(info: T) -> Self {
        Self { info, created: true }
    }

    pub(crate) fn found(info: T) -> Self {
        Self { info, created: false }
    }
}

impl<T> Deref for Created<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.info
    }
}

/// What a found branch is compared with.
struct Wanted {
    /// `None`: a snapshot is the source.
    source: Option<BranchName>,
    snapshot: Option<SnapshotName>,
    lsn: Option<Lsn>,
    time: Option<DateTime<Utc>>,
    expiry: Expiry,
    protected: Option<bool>,
}

impl CreateBranchIfMissing {
    async fn run(self) -> Result<Created<BranchInfo>> {
        let id = match &self.wanted.id {
            Ok(id) => id.clone(),
            Err(_) => return self.wanted.run().await.map(Created::made),
        };
        let project = self.wanted.project.clone();
        let branch = project.branch(id)?;
        let (wanted, create) = self.split()?;
        if let Some(found) = branch.try_get().await?.filter(|found| !found.is_deleted()) {
            return wanted.accept(&project, found).await;
        }
        match create.run().await {
            Ok(info) => Ok(Created::made(info)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match branch.try_get().await? {
                Some(found) => wanted.accept(&project, found).await,
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }

    fn split(self) -> Result<(Wanted, CreateBranch)> {
        let create = self.wanted;
        let (source, snapshot, lsn) = (create.source?, create.snapshot?, create.lsn?);
        let wanted = Wanted {
            source: source.clone(),
            snapshot: snapshot.clone(),
            lsn,
            time: create.time,
            expiry: create.expiry,
            protected: create.protected,
        };
        let create = CreateBranch { source: Ok(source), snapshot: Ok(snapshot), lsn: Ok(lsn), ..create };
        Ok((wanted, create))
    }
}

impl Wanted {
    async fn accept(mut self, project: &Project, found: BranchInfo) -> Result<Created<BranchInfo>> {
        if self.source.is_none() && self.snapshot.is_none() {
            self.source = Some(project.default_branch().await?.name.clone());
        }
        let differences = self.differences(&found);
        if differences.is_empty() {
            return Ok(Created::found(found.wait_until_ready().await?));
        }
        let message = format!(
            "the branch exists, but not as asked for: {}; delete it, update it or choose another id",
            differences.join(", ")
        );
        Err(Error::new(ErrorKind::Mismatch, message).doing(format!("creating branch {}", found.name)))
    }

    fn differences(&self, found: &BranchInfo) -> Vec<String> {
        let mut all = Vec::new();
        let mut differ = |what: &str, wanted: String, has: String| {
            all.push(format!("{what} is {has} instead of {wanted}"));
        };
        if let Some(source) = &self.source
            && found.source_branch.as_ref() != Some(source)
        {
            differ("its source", source.to_string(), show(&found.source_branch));
        }
        if let Some(snapshot) = &self.snapshot
            && found.source_snapshot.as_ref() != Some(snapshot)
        {
            differ("its snapshot", snapshot.to_string(), show(&found.source_snapshot));
        }
        if let Some(lsn) = self.lsn
            && found.source_branch_lsn != Some(lsn)
        {
            differ("its start", lsn.to_string(), show(&found.source_branch_lsn));
        }
        if let Some(time) = self.time
            && !close(found.source_branch_time, Some(time), Duration::from_secs(1))
        {
            differ("its start", time.to_rfc3339(), show(&found.source_branch_time));
        }
        let (wanted, tolerance) = wanted_end(self.expiry, found.create_time);
        if !close(found.expire_time, wanted, tolerance) {
            differ("its expiry", ends(wanted), ends(found.expire_time));
        }
        if let Some(protected) = self.protected
            && protected != found.is_protected
        {
            differ("its protection", protected.to_string(), found.is_protected.to_string());
        }
        all
    }
}

/// When a branch with this expiry ends, and how far off a found one may be.
fn wanted_end(expiry: Expiry, made: Option<DateTime<Utc>>) -> (Option<DateTime<Utc>>, Duration) {
    match expiry {
        Expiry::Never => (None, Duration::ZERO),
        Expiry::At(time) => (Some(time), Duration::from_secs(1)),
        Expiry::After(ttl) => (Some(made.unwrap_or_else(Utc::now) + ttl), Duration::from_secs(60)),
    }
}

fn close(a: Option<DateTime<Utc>>, b: Option<DateTime<Utc>>, tolerance: Duration) -> bool {
    match (a, b) {
        (None, None) => true,
        (Some(a), Some(b)) => (a - b).abs().to_std().is_ok_and(|difference| difference <= tolerance),
        _ => false,
    }
}

fn ends(time: Option<DateTime<Utc>>) -> String {
    time.map_or_else(|| "never".to_owned(), |time| time.to_rfc3339())
}

fn show(value: &Option<impl fmt::Display>) -> String {
    value.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
}

impl Project {
    /// Makes a branch: a copy-on-write copy of another one, with an endpoint of its own.
    ///
    /// Without [`from`](CreateBranch::from), it is a copy of the project's default branch as it is now.
    /// The expiry counts from when the branch is made and is at most 30 days.
    pub fn create_branch(
        &self,
        id: impl TryInto<BranchId, Error: Into<Error>>,
        expiry: Expiry,
    ) -> CreateBranch {
        CreateBranch::new(self, id.try_into().map_err(Into::into), expiry)
    }
}
