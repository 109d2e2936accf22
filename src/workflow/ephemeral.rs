//! Temporary branches, removed on drop.

use std::{
    collections::BTreeSet,
    fmt,
    ops::Deref,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;
use url::Url;

use crate::{
    api::{
        backoff::Backoff,
        branch::{Branch, BranchInfo, CreateBranch},
        expiry::Expiry,
        lsn::Lsn,
        name::{BranchId, BranchName},
        request::{Arguments, sent_when_awaited},
        resource::forward,
    },
    error::{Error, ErrorKind, Result},
};
use chrono::{DateTime, Utc};

/// A branch that is removed when this guard is closed or dropped, and by its time to live when neither happens.
///
/// It derefs to its [`Branch`]. Dropping requests the removal in the background without waiting for it: use
/// [`close`](Self::close) to wait until the branch is removed.
///
/// ```no_run
/// # async fn show(production: lakebase::Branch) -> lakebase::Result<()> {
/// use lakebase::{hours, name::BranchId};
///
/// let branch = production.ephemeral(BranchId::from_pull_request(42)?, hours(1)).await?;
/// println!("{} is removed when it is closed", branch.name());
/// branch.close().await?;
/// # Ok(()) }
/// ```
#[must_use = "the branch is removed when this guard is dropped"]
pub struct EphemeralBranch {
    guard: Guard,
    info: BranchInfo,
}

impl EphemeralBranch {
    /// The ephemeral branches of this process that are not known to be removed, for a message where it ends early.
    ///
    /// ```
    /// for name in lakebase::EphemeralBranch::left_behind() {
    ///     eprintln!("{name} stays until it expires");
    /// }
    /// ```
    pub fn left_behind() -> Vec<BranchName> {
        open().iter().map(|(_, name)| name.clone()).collect()
    }

    /// Sends a request, and guards the branch that it creates.
    #[cfg(feature = "data")]
    pub(crate) async fn guarding(request: CreateBranch) -> Result<Self> {
        created(Guard::arm(request.target()?), request).await
    }

    /// The branch as it was created.
    pub fn info(&self) -> &BranchInfo {
        &self.info
    }

    /// Removes the branch and waits until it is gone.
    ///
    /// # Errors
    ///
    /// Those of [`Branch::delete`]. The branch then stays until it expires.
    pub async fn close(mut self) -> Result<()> {
        self.guard.remove().await
    }

    /// Removes the branch, whatever came of the work on it. Where both fail, the error of the work is the one that
    /// matters.
    #[cfg(feature = "schema")]
    pub(crate) async fn close_after<T>(self, outcome: Result<T>) -> Result<T> {
        let closed = self.close().await;
        let value = outcome?;
        closed.map(|()| value)
    }

    /// Consumes the guard without removing the branch, which stays until it expires.
    pub fn keep(mut self) -> BranchInfo {
        self.guard.disarm();
        self.info.clone()
    }
}

impl Deref for EphemeralBranch {
    type Target = Branch;

    fn deref(&self) -> &Branch {
        &self.guard.branch
    }
}

impl AsRef<Branch> for EphemeralBranch {
    fn as_ref(&self) -> &Branch {
        self
    }
}

impl fmt::Debug for EphemeralBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EphemeralBranch").field(&self.guard.branch).finish()
    }
}

/// A request for an [`EphemeralBranch`]; sent when it is awaited.
///
/// ```no_run
/// # async fn show(production: lakebase::Branch) -> lakebase::Result<()> {
/// // The branch of an earlier run of the same pull request is removed first.
/// let branch = production.ephemeral("ci-pr-42", lakebase::hours(1)).replace_existing().await?;
/// # branch.close().await }
/// ```
///
/// # Errors
///
/// Awaiting it: those of [`CreateBranch`](crate::builder::CreateBranch#errors); with
/// [`replace_existing`](Self::replace_existing) also those of [`DeleteBranch`](crate::builder::DeleteBranch#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct CreateEphemeral {
    source: Branch,
    id: Option<BranchId>,
    arguments: Arguments,
    ttl: Duration,
    lsn: Option<Lsn>,
    time: Option<DateTime<Utc>>,
    replace_existing: bool,
}

impl CreateEphemeral {
    /// Removes a branch of the same id first, with all its data.
    pub fn replace_existing(mut self) -> Self {
        self.replace_existing = true;
        self
    }

    /// Branches from this position of the source's log. Default: the present.
    pub fn at_lsn(mut self, lsn: impl TryInto<Lsn, Error: Into<Error>>) -> Self {
        self.lsn = self.arguments.take(lsn);
        self
    }

    /// Branches from the source as it was at this moment. Default: the present.
    pub fn at_time(mut self, time: DateTime<Utc>) -> Self {
        self.time = Some(time);
        self
    }

    async fn run(self) -> Result<EphemeralBranch> {
        self.arguments.finish()?;
        let id = self.id.ok_or_else(|| Error::invalid("the branch has no id"))?;
        let branch = self.source.project().branch(&id)?;
        if self.replace_existing {
            branch.delete().allow_missing().await?;
        }
        // Armed before the request is sent: a caller that is cancelled meanwhile leaves no branch.
        let guard = Guard::arm(branch);
        let mut request = self.source.create_branch(id, Expiry::After(self.ttl));
        if let Some(lsn) = self.lsn {
            request = request.at_lsn(lsn);
        }
        if let Some(time) = self.time {
            request = request.at_time(time);
        }
        created(guard, request).await
    }
}

/// Sends the request for a branch that is guarded already.
async fn created(mut guard: Guard, request: CreateBranch) -> Result<EphemeralBranch> {
    match request.await {
        Ok(info) => {
            guard.made = true;
            Ok(EphemeralBranch { guard, info })
        }
        Err(error) => {
            if may_exist(&error) {
                drop(guard);
            } else {
                guard.disarm();
            }
            Err(error)
        }
    }
}

/// Whether a failed request may have created the branch. A branch that existed already is not ours to remove.
fn may_exist(error: &Error) -> bool {
    use ErrorKind::{Connect, OperationFailed, Protocol, Timeout, Unavailable};
    matches!(error.kind(), Timeout | Connect | Unavailable | Protocol | OperationFailed)
}

sent_when_awaited!(CreateEphemeral => EphemeralBranch);

impl Branch {
    /// Makes a child of this branch that is removed with its guard, and expires after `ttl` (one second to 30 days).
    ///
    /// # Errors
    ///
    /// Awaiting it: those of [`CreateEphemeral`](CreateEphemeral#errors).
    pub fn ephemeral(
        &self,
        id: impl TryInto<BranchId, Error: Into<Error>>,
        ttl: Duration,
    ) -> CreateEphemeral {
        let mut arguments = Arguments::default();
        CreateEphemeral {
            source: self.clone(),
            id: arguments.take(id),
            arguments,
            ttl,
            lsn: None,
            time: None,
            replace_existing: false,
        }
    }
}

impl BranchInfo {
    forward! {
        Branch:
        fn ephemeral(&self, id: impl TryInto<BranchId, Error: Into<Error>>, ttl: Duration) -> CreateEphemeral;
    }
}

/// The ephemeral branches of this process that are not removed, each with the host it is on: two servers may have
/// branches of the same name.
static OPEN: Mutex<BTreeSet<(Url, BranchName)>> = Mutex::new(BTreeSet::new());

fn open() -> MutexGuard<'static, BTreeSet<(Url, BranchName)>> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn entry(branch: &Branch) -> (Url, BranchName) {
    (branch.client().host().clone(), branch.name().clone())
}

/// Removes the branch unless it is disarmed.
struct Guard {
    branch: Branch,
    armed: bool,
    /// Whether the service has confirmed the branch.
    made: bool,
}

impl Guard {
    fn arm(branch: Branch) -> Self {
        open().insert(entry(&branch));
        Self { branch, armed: true, made: false }
    }

    fn disarm(&mut self) {
        self.armed = false;
        open().remove(&entry(&self.branch));
    }

    async fn remove(&mut self) -> Result<()> {
        self.branch.delete().purge().allow_missing().await?;
        self.disarm();
        Ok(())
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let removal = Removal { branch: self.branch.clone(), made: self.made, reported: false };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn(removal.run())),
            Err(_) => drop(removal),
        }
    }
}

/// The removal in the background. If it is dropped before its end (the runtime shuts down), it logs which branch stays.
struct Removal {
    branch: Branch,
    made: bool,
    /// Whether the outcome is known: the branch is gone, or the reason why it stays was logged.
    reported: bool,
}

/// The time during which a branch may still appear after its creation was cancelled.
const CREATION_WINDOW: Duration = Duration::from_secs(6);

impl Removal {
    async fn run(mut self) {
        match self.remove().await {
            Ok(()) => {
                open().remove(&entry(&self.branch));
            }
            Err(error) => {
                let branch = self.branch.name();
                tracing::warn!(%branch, %error, "cannot remove an ephemeral branch: it stays until it expires");
            }
        }
        self.reported = true;
    }

    /// Retries for a few seconds: a create request that was cancelled may still arrive after the delete.
    async fn remove(&self) -> Result<()> {
        let begun = Instant::now();
        let mut backoff = Backoff::new(Duration::from_millis(50), CREATION_WINDOW);
        loop {
            match self.branch.delete().purge().await {
                Err(error) if error.is_not_found() && (self.made || begun.elapsed() > CREATION_WINDOW) => {
                    return Ok(());
                }
                Err(error) if error.is_not_found() => backoff.sleep().await,
                done => return done,
            }
        }
    }
}

impl Drop for Removal {
    fn drop(&mut self) {
        if !self.reported {
            let branch = self.branch.name();
            tracing::warn!(%branch, "the removal of an ephemeral branch was cut off: it stays until it expires");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::client::Lakebase,
        http::script::{Script, ok},
    };

    #[tokio::test]
    async fn branches_of_one_name_on_two_servers_are_told_apart() {
        let branch = async |host: &str| {
            let script = Script::new(|_, _| ok("{}"));
            let client = Lakebase::builder().host(host).token("t").exchange(script).build().await.unwrap();
            client.branch("projects/two-servers/branches/x").unwrap()
        };
        let (one, two) = (branch("https://one.example").await, branch("https://two.example").await);
        let (mut first, mut second) = (Guard::arm(one.clone()), Guard::arm(two));
        first.disarm();
        let left = || EphemeralBranch::left_behind().iter().filter(|name| *name == one.name()).count();
        assert_eq!(left(), 1);
        second.disarm();
        assert_eq!(left(), 0);
    }
}
