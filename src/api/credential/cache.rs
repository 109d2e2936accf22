//! A cache of the database credential of an endpoint.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use tokio::{sync::Mutex, time::Instant};

use super::DatabaseCredential;
use crate::{
    api::{
        endpoint::{Endpoint, EndpointInfo},
        name::EndpointName,
    },
    error::Result,
    telemetry::record,
};

/// The time before the expiry at which a credential is replaced.
const SKEW: Duration = Duration::from_secs(2 * 60);

/// Keeps the credential of an endpoint and generates the next one two minutes before it expires.
///
/// All caches of one client and its clones for one endpoint share the credential, and concurrent callers share one
/// request. If it fails while the old credential is still valid, the old one is returned.
///
/// ```no_run
/// # async fn example(endpoint: lakebase::Endpoint) -> lakebase::Result<()> {
/// let cache = lakebase::model::CredentialCache::new(&endpoint);
/// let first = cache.get().await?;
/// let again = cache.get().await?;
/// assert_eq!(first.expire_time, again.expire_time);
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CredentialCache {
    endpoint: Endpoint,
    slot: Arc<Slot>,
    /// The password of a role, which is used as it is.
    fixed: Option<Arc<DatabaseCredential>>,
}

/// The credential of one endpoint. It holds no client, so that the client can own it without a cycle.
#[derive(Default)]
pub(crate) struct Slot {
    kept: RwLock<Option<Kept>>,
    generating: Mutex<()>,
}

/// The cached credentials of a client, by name of the endpoint, and by uid where it is known: an endpoint that is
/// created again under the name of a deleted one does not accept the old credential.
#[derive(Default)]
pub(crate) struct Slots(std::sync::Mutex<HashMap<SlotKey, Arc<Slot>>>);

type SlotKey = (EndpointName, Option<String>);

impl Slots {
    fn get(&self, name: &EndpointName, uid: Option<&str>) -> Arc<Slot> {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|_, slot| Arc::strong_count(slot) > 1 || slot.is_good());
        slots.entry((name.clone(), uid.map(str::to_owned))).or_default().clone()
    }
}

impl Slot {
    fn kept(&self) -> Option<Kept> {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn is_good(&self) -> bool {
        self.kept().is_some_and(|kept| !kept.good_for().is_zero())
    }
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
    /// The cache of the endpoint's client for this endpoint; nothing is sent.
    pub fn new(endpoint: &Endpoint) -> Self {
        Self::keyed(endpoint, None)
    }

    /// The cache for an endpoint that was read, which its uid tells from a later one of the same name.
    pub(crate) fn of(endpoint: &EndpointInfo) -> Self {
        Self::keyed(endpoint.handle(), endpoint.uid.as_deref())
    }

    fn keyed(endpoint: &Endpoint, uid: Option<&str>) -> Self {
        let slot = endpoint.client().credential_slots().get(endpoint.name(), uid);
        Self { endpoint: endpoint.clone(), slot, fixed: None }
    }

    /// Uses this password, which never expires, in place of generated credentials.
    pub(crate) fn fixed(mut self, password: SecretString) -> Self {
        let credential = DatabaseCredential { token: password, expire_time: DateTime::<Utc>::MAX_UTC };
        self.fixed = Some(Arc::new(credential));
        self
    }

    /// Whether a rejected credential cannot be replaced by another one.
    #[cfg(feature = "sqlx")]
    pub(crate) fn is_fixed(&self) -> bool {
        self.fixed.is_some()
    }

    /// The credential, generated anew if the kept one is not good for two more minutes.
    ///
    /// # Errors
    ///
    /// Those of [`Endpoint::credential`], when no credential is kept that is still good.
    pub async fn get(&self) -> Result<Arc<DatabaseCredential>> {
        if let Some(kept) = self.fixed.clone().or_else(|| self.fresh()) {
            return Ok(kept);
        }
        let _turn = self.slot.generating.lock().await;
        if let Some(kept) = self.fresh() {
            return Ok(kept);
        }
        match self.generate().await {
            Ok(generated) => Ok(generated),
            Err(error) => match self.kept().filter(|kept| !kept.good_for().is_zero()) {
                Some(kept) => {
                    tracing::warn!(endpoint = %self.endpoint.name(), %error, "keeping the old credential");
                    Ok(kept.credential)
                }
                None => Err(error),
            },
        }
    }

    /// Generates a credential in place of one that was rejected, unless another caller has done so meanwhile.
    #[cfg(feature = "sqlx")]
    pub(crate) async fn replace(&self, refused: &Arc<DatabaseCredential>) -> Result<Arc<DatabaseCredential>> {
        if let Some(fixed) = &self.fixed {
            return Ok(Arc::clone(fixed));
        }
        let _turn = self.slot.generating.lock().await;
        match self.kept() {
            Some(kept) if !Arc::ptr_eq(&kept.credential, refused) => Ok(kept.credential),
            _ => self.generate().await,
        }
    }

    /// The time until the cached credential has to be replaced.
    #[cfg(feature = "sqlx")]
    pub(crate) fn due_in(&self) -> Duration {
        if self.is_fixed() {
            return Duration::MAX;
        }
        self.kept().map_or(Duration::ZERO, |kept| kept.good_for().saturating_sub(SKEW))
    }

    fn fresh(&self) -> Option<Arc<DatabaseCredential>> {
        let kept = self.slot.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|kept| kept.good_for() > SKEW).map(|kept| kept.credential.clone())
    }

    fn kept(&self) -> Option<Kept> {
        self.slot.kept()
    }

    async fn generate(&self) -> Result<Arc<DatabaseCredential>> {
        let generated = self.endpoint.credential().await;
        record::renewal(generated.as_ref().err());
        let kept = Kept::new(generated?);
        let credential = kept.credential.clone();
        *self.slot.kept.write().unwrap_or_else(PoisonError::into_inner) = Some(kept);
        Ok(credential)
    }
}

impl fmt::Debug for CredentialCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialCache").field("endpoint", &self.endpoint).finish_non_exhaustive()
    }
}
