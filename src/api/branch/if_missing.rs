//! Creation of branches that may exist already.

use std::{fmt, time::Duration};

use chrono::{DateTime, Utc};

use super::{BranchInfo, CreateBranch};
use crate::{
    api::{
        created::Created,
        expiry::Expiry,
        lsn::Lsn,
        name::{BranchName, SnapshotName},
        project::Project,
        request::sent_when_awaited,
    },
    error::{Error, ErrorKind, Result},
};

/// A request to create a branch if it is missing: [`CreateBranch::if_missing`].
///
/// An existing branch with another source, expiry or protection than requested is a [`Mismatch`](ErrorKind::Mismatch)
/// that shows both. A lifetime ([`Expiry::After`]) counts from the creation of the branch and may differ by a minute.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// use lakebase::{Expiry, hours};
///
/// let production = lakebase.project("shop")?.default_branch().await?;
/// let dev = production.create_branch("dev", Expiry::after(hours(24))).if_missing().await?;
/// println!("{} is {}", dev.name, dev.state);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Mismatch`](crate::ErrorKind::Mismatch) when the existing branch differs; otherwise those of
/// [`CreateBranch`]. [`AlreadyExists`](crate::ErrorKind::AlreadyExists) remains when the branch is deleted but still
/// kept; an invalid argument is [`Invalid`](crate::ErrorKind::Invalid) even when the branch exists.
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateBranchIfMissing {
    wanted: CreateBranch,
}

sent_when_awaited!(CreateBranchIfMissing => BranchInfo);

/// The properties that an existing branch must have.
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
    pub(super) fn new(wanted: CreateBranch) -> Self {
        Self { wanted }
    }

    async fn run(self) -> Result<BranchInfo> {
        Ok(self.outcome().await?.info)
    }

    /// Sends the request and reports whether it created the branch.
    ///
    /// # Errors
    ///
    /// Those of awaiting the request: [`Mismatch`](ErrorKind::Mismatch) where the branch differs from the request, and
    /// those of [`CreateBranch`].
    pub async fn outcome(self) -> Result<Created<BranchInfo>> {
        let create = self.wanted;
        // Wrong arguments are an error also where the branch exists.
        let (branch, _) = create.clone().request(Utc::now())?;
        let wanted = Wanted::of(&create);
        if let Some(found) = branch.try_get().await?.filter(|found| !found.is_deleted()) {
            return wanted.accept(&create.project, found).await;
        }
        let project = create.project.clone();
        match create.run().await {
            Ok(info) => Ok(Created::made(info)),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match branch.try_get().await? {
                Some(found) => wanted.accept(&project, found).await,
                None => Err(error),
            },
            Err(error) => Err(error),
        }
    }
}

impl Wanted {
    fn of(create: &CreateBranch) -> Self {
        Self {
            source: create.source.clone(),
            snapshot: create.snapshot.clone(),
            lsn: create.lsn,
            time: create.time,
            expiry: create.expiry,
            protected: create.protected,
        }
    }

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
        Err(Error::new(ErrorKind::Mismatch, message).with_context(format!("creating branch {}", found.name)))
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
