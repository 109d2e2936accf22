//! A cache of the database credential of an endpoint.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use tokio::{sync::Mutex, time::Instant};

use super::{DatabaseCredential, LIFE};
use crate::{
    api::{
        endpoint::{Endpoint, EndpointInfo},
        name::EndpointName,
    },
    error::Result,
    telemetry::record,
};

/// The time before the expiry at which a credential is replaced, or after half of its life.
const SKEW: Duration = Duration::from_secs(2 * 60);

/// Keeps the credential of an endpoint and generates the next one two minutes before it expires, or after half of its
/// life where that is shorter than four minutes.
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
    /// The end by this machine's clock, which may differ from that of the service.
    ends_at: DateTime<Utc>,
    /// The time before the end at which it is replaced.
    lead: Duration,
}

impl Kept {
    fn new(credential: DatabaseCredential) -> Self {
        let now = Utc::now();
        let life = life(credential.expire_time, now);
        let ends_at = TimeDelta::from_std(life).ok().and_then(|life| now.checked_add_signed(life));
        Self {
            ends: Instant::now() + life,
            ends_at: ends_at.unwrap_or(credential.expire_time),
            lead: SKEW.min(life / 2),
            credential: Arc::new(credential),
        }
    }

    fn good_for(&self) -> Duration {
        let wall = (self.ends_at - Utc::now()).to_std().unwrap_or_default();
        wall.min(self.ends.saturating_duration_since(Instant::now()))
    }

    fn is_fresh(&self) -> bool {
        self.good_for() > self.lead
    }
}

/// The life of a credential that was generated just now. What a clock that is wrong makes of it is corrected to what
/// the service grants: a pool must neither generate one after the other, nor keep one that is dead.
fn life(expire_time: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    match (expire_time - now).to_std() {
        Ok(life) if life.is_zero() => *LIFE.start(),
        Ok(life) => life.min(*LIFE.end()),
        Err(_) => *LIFE.start(),
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
    #[cfg(any(feature = "sqlx", feature = "tokio-postgres"))]
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
    #[cfg(any(feature = "sqlx", feature = "tokio-postgres"))]
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
        self.kept().map_or(Duration::ZERO, |kept| kept.good_for().saturating_sub(kept.lead))
    }

    fn fresh(&self) -> Option<Arc<DatabaseCredential>> {
        let kept = self.slot.kept.read().unwrap_or_else(PoisonError::into_inner);
        kept.as_ref().filter(|kept| kept.is_fresh()).map(|kept| kept.credential.clone())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        api::client::Lakebase,
        http::script::{Script, ok},
    };

    async fn cache(script: &Arc<Script>) -> CredentialCache {
        let lakebase = Lakebase::builder().host("https://ws.example").token("x").exchange(script.clone());
        let lakebase = lakebase.build().await.unwrap();
        CredentialCache::new(&lakebase.endpoint("projects/p/branches/b/endpoints/primary").unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_is_an_hour_off_neither_floods_the_service_nor_keeps_a_dead_credential() {
        // The service grants an hour; by this machine's clock that is …
        for (seconds, expected) in [(3600, 25_usize), (0, 480), (-3600, 480), (60, 2880), (7200, 25)] {
            let script = Script::new(move |count, _| {
                let end = (Utc::now() + TimeDelta::seconds(seconds)).to_rfc3339();
                ok(&format!("{{\"token\":\"t{count}\",\"expire_time\":\"{end}\"}}"))
            });
            let cache = cache(&script).await;
            // A day of one login in ten seconds. The wall clock stands still meanwhile.
            for _ in 0..8640 {
                cache.get().await.unwrap();
                tokio::time::advance(Duration::from_secs(10)).await;
            }
            let generated = script.count();
            assert!(generated.abs_diff(expected) <= expected / 10, "{seconds}: {generated}");
        }
    }

    #[tokio::test]
    async fn a_hundred_logins_at_once_generate_one_credential() {
        let script = Script::new(|count, _| {
            let end = (Utc::now() + TimeDelta::seconds(3600)).to_rfc3339();
            ok(&format!("{{\"token\":\"t{count}\",\"expire_time\":\"{end}\"}}"))
        });
        let cache = cache(&script).await;
        let all = futures_util::future::join_all((0..100).map(|_| cache.get())).await;
        assert!(all.iter().all(Result::is_ok));
        assert_eq!(script.count(), 1);
    }
}
