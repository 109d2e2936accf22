//! A credential that renews itself.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::Utc;
use tokio::{sync::Mutex, time::Instant};

use super::DatabaseCredential;
use crate::{api::endpoint::Endpoint, error::Result};

/// How long before its end a credential is replaced.
const SKEW: Duration = Duration::from_secs(2 * 60);

/// Keeps one credential for an endpoint and mints the next one two minutes before it ends. Clones share it.
///
/// However many callers wait, one request is sent. Where minting fails while the old credential is
/// still good, the old one is given.
///
/// ```no_run
/// # async fn example(endpoint: lakebase::Endpoint) -> lakebase::Result<()> {
/// let cache = lakebase::CredentialCache::new(&endpoint);
/// let first = cache.get().await?;
/// let again = cache.get().await?;
/// assert_eq!(first.expire_time, again.expire_time);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CredentialCache {
    inner: Arc<Inner>,
}

struct Inner {
    endpoint: Endpoint,
    kept: RwLock<Option<Kept>>,
    minting: Mutex<()>,
}

#[derive(Clone)]
struct Kept {
    credential: Arc<DatabaseCredential>,
    /// The monotonic clock counts beside the wall clock, so that neither a jump of the one nor a sleep that the
    /// other does not count keeps a dead credential alive.
    ends: Instant,
}

impl Kept {
    fn new(credential: DatabaseCredential) -> Self {
        let life = (credential.expire_time - Utc::now()).to_std().unwrap_or_default();
        Self { credential: Arc::new(credential), ends: Instant::now() + life }
    }

    fn good_for(&self) -> Duration {
        let wall = (self.credential.expire_time - Utc::now()).to_std().unwrap_or_default();
        wall.min(self.ends.saturating_duration_since(Instant::now()))
    }
}

impl CredentialCache {
    /// An empty cache for this endpoint; nothing is sent.
    pub fn new(endpoint: &Endpoint) -> Self {
        let inner = Inner { endpoint: endpoint.clone(), kept: RwLock::new(None), minting: Mutex::new(()) };
        Self { inner: Arc::new(inner) }
    }

    /// The credential, freshly minted if the kept one is not good for two more minutes.
    ///
    /// # Errors
    ///
    /// Those of [`Endpoint::credential`], when no credential is kept that is still good.
    pub async fn get(&self) -> Result<Arc<DatabaseCredential>> {
        if let Some(kept) = self.fresh() {
            return Ok(kept);
        }
        let _turn = self.inner.minting.lock().await;
        if let Some(kept) = self.fresh() {
            return Ok(kept);
        }
        match self.mint().await {
            Ok(minted) => Ok(minted),
            Err(error) => match self.kept().filter(|kept| !kept.good_for().is_zero()) {
                Some(kept) => {
                    tracing::warn!(endpoint = %self.inner.endpoint.name(), %error, "keeping the old credential");
                    Ok(kept.credential)
                }
                None => Err(error),
            },
        }
    }

    /// Mints a credential instead of one that was refused, unless another caller has done so meanwhile.
    #[cfg(feature = "sqlx")]
    pub(crate) async fn replace(&self, refused: &Arc<DatabaseCredential>) -> Result<Arc<DatabaseCredential>> {
        let _turn = self.inner.minting.lock().await;
        match self.kept() {
            Some(kept) if !Arc::ptr_eq(&kept.credential, refused) => Ok(kept.credential),
            _ => self.mint().await,
        }
    }

    /// How long until the kept credential has to be replaced.
    #[cfg(feature = "sqlx")]
    pub(crate) fn due_in(&self) -> Duration {
        self.kept().map_or(Duration::ZERO, |kept| kept.good_for().saturating_sub(SKEW))
    }

    fn fresh(&self) -> Option<Arc<DatabaseCredential>> {
        let kept = self.inner.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|kept| kept.good_for() > SKEW).map(|kept| kept.credential.clone())
    }

    fn kept(&self) -> Option<Kept> {
        self.inner.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn mint(&self) -> Result<Arc<DatabaseCredential>> {
        let kept = Kept::new(self.inner.endpoint.credential().await?);
        let credential = kept.credential.clone();
        *self.inner.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(credential)
    }
}

impl fmt::Debug for CredentialCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialCache").field("endpoint", &self.inner.endpoint).finish_non_exhaustive()
    }
}
