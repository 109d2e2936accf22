//! Token cache: one early renewal for all callers; keeps the old token if it fails.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderName, HeaderValue};
use tokio::time::Instant;

use super::token::{Provider, Token, TokenExpiry};
use crate::error::{Error, ErrorKind, Result};

/// A token counts as expired this long before it is: Azure refuses tokens with half a minute to live.
const MARGIN: Duration = Duration::from_secs(40);
/// A token is renewed this long before it expires, or after half of its life.
const MAX_LEAD: Duration = Duration::from_secs(20 * 60);
/// How long an early renewal may take.
const RENEWAL_LIMIT: Duration = Duration::from_secs(60);
/// The pause after an early renewal that failed.
const PAUSE: Duration = Duration::from_secs(60);

type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The tokens of one client. Cloning shares them.
#[derive(Clone)]
pub(crate) struct TokenCache {
    shared: Arc<Shared>,
}

struct Shared {
    provider: Arc<dyn Provider>,
    /// Locked for single reads and writes, never across an await.
    state: Mutex<State>,
    /// Held by the caller that fetches while the others wait.
    fetching: tokio::sync::Mutex<()>,
    clock: Clock,
    early: bool,
}

#[derive(Default)]
struct State {
    current: Option<AuthHeaders>,
    renewing: bool,
    /// No early renewal until then.
    pause_until: Option<Instant>,
    /// Counts the tokens stored, so that a waiter knows whether another caller fetched meanwhile.
    stored: u64,
}

/// Why a token was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Why {
    /// There was none, or the service refused it.
    Needed,
    Early,
}

/// The headers that authenticate a request, and the lifetime of their token.
#[derive(Clone)]
pub(crate) struct AuthHeaders {
    headers: Arc<[(HeaderName, HeaderValue)]>,
    life: Option<Life>,
    number: u64,
}

/// Kept on both clocks: the monotonic one cannot jump, but it stands still while a laptop sleeps.
#[derive(Debug, Clone, Copy)]
struct Life {
    /// No early renewal before this instant.
    stale: Instant,
    expires: Instant,
    expires_at: DateTime<Utc>,
}

impl AuthHeaders {
    pub(crate) fn headers(&self) -> &[(HeaderName, HeaderValue)] {
        &self.headers
    }
}

impl Life {
    fn new(ttl: Duration, now: DateTime<Utc>) -> Self {
        let lead = (ttl / 2).min(MAX_LEAD);
        let start = Instant::now();
        // A life beyond what the clocks can express is as good as a hundred years.
        let ttl = ttl.min(Duration::from_secs(100 * 365 * 86_400));
        let expires_at = TimeDelta::from_std(ttl).ok().and_then(|ttl| now.checked_add_signed(ttl));
        Self {
            stale: start + (ttl - lead.min(ttl)),
            expires: start + ttl,
            expires_at: expires_at.unwrap_or(DateTime::<Utc>::MAX_UTC),
        }
    }

    fn is_expired(&self, wall: DateTime<Utc>) -> bool {
        let margin = TimeDelta::from_std(MARGIN).unwrap_or_default();
        Instant::now() + MARGIN > self.expires || wall > self.expires_at - margin
    }

    fn is_stale(&self) -> bool {
        Instant::now() > self.stale
    }
}

impl TokenCache {
    /// `early` says whether tokens are renewed before they expire.
    pub(crate) fn new(provider: Arc<dyn Provider>, early: bool) -> Self {
        Self::with_clock(provider, early, Arc::new(Utc::now))
    }

    fn with_clock(provider: Arc<dyn Provider>, early: bool, clock: Clock) -> Self {
        let shared =
            Shared { provider, state: Mutex::default(), fetching: tokio::sync::Mutex::new(()), clock, early };
        Self { shared: Arc::new(shared) }
    }

    pub(crate) fn auth_type(&self) -> &str {
        self.shared.provider.auth_type()
    }

    /// The headers to send now: the cached ones, or those of one new token for all waiting callers.
    pub(crate) async fn auth_headers(&self) -> Result<AuthHeaders> {
        let seen = {
            let mut state = self.shared.lock();
            if let Some(auth_headers) = self.shared.usable(&state) {
                self.renew_early(&mut state, &auth_headers);
                return Ok(auth_headers);
            }
            state.stored
        };
        self.fetch_after(seen).await
    }

    /// Replaces a token that the service refused, by one that another caller fetched since or by a new one.
    /// `None` if the provider would return the same token again.
    pub(crate) async fn replace(&self, refused: &AuthHeaders) -> Result<Option<AuthHeaders>> {
        if !self.shared.provider.is_renewable() {
            return Ok(None);
        }
        self.fetch_after(refused.number).await.map(Some)
    }

    /// Fetches a token, one caller at a time. A token newer than number `seen` that another caller stored meanwhile
    /// is returned instead, even if it is about to expire.
    async fn fetch_after(&self, seen: u64) -> Result<AuthHeaders> {
        let _turn = self.shared.fetching.lock().await;
        {
            let state = self.shared.lock();
            if state.stored > seen
                && let Some(auth_headers) = &state.current
            {
                return Ok(auth_headers.clone());
            }
        }
        let auth_headers = self.shared.fetch().await?;
        Ok(self.shared.store(auth_headers, Why::Needed))
    }

    /// Starts a renewal in the background when one is due and none is running. It is a task of its own, so that
    /// dropping the call that started it does not cancel it.
    fn renew_early(&self, state: &mut State, auth_headers: &AuthHeaders) {
        let stale = self.shared.early && auth_headers.life.is_some_and(|life| life.is_stale());
        let paused = state.pause_until.is_some_and(|until| Instant::now() <= until);
        if !stale || state.renewing || paused {
            return;
        }
        state.renewing = true;
        let renewal = Renewal(self.shared.clone());
        tokio::spawn(async move { renewal.run().await });
    }
}

/// A running renewal; its end is recorded even if it panics or the runtime stops.
struct Renewal(Arc<Shared>);

impl Renewal {
    async fn run(self) {
        let outcome = tokio::time::timeout(RENEWAL_LIMIT, self.0.fetch()).await.unwrap_or_else(|_| {
            Err(Error::new(ErrorKind::Timeout, format!("no token within {RENEWAL_LIMIT:?}")))
        });
        match outcome {
            Ok(auth_headers) => {
                self.0.store(auth_headers, Why::Early);
            }
            Err(error) => {
                self.0.lock().pause_until = Some(Instant::now() + PAUSE);
                tracing::warn!(%error, "renewing the token early failed; the present one stays in use");
            }
        }
    }
}

impl Drop for Renewal {
    fn drop(&mut self) {
        self.0.lock().renewing = false;
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Every change of the state is complete before anything that could panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn usable(&self, state: &State) -> Option<AuthHeaders> {
        let auth_headers = state.current.as_ref()?;
        let expired = auth_headers.life.is_some_and(|life| life.is_expired((self.clock)()));
        (!expired).then(|| auth_headers.clone())
    }

    async fn fetch(&self) -> Result<AuthHeaders> {
        let token = self.provider.fetch().await?;
        let life = self.life(&token)?;
        Ok(AuthHeaders { headers: token.headers()?.into(), life, number: 0 })
    }

    fn life(&self, token: &Token) -> Result<Option<Life>> {
        let now = (self.clock)();
        let ttl = match token.expiry {
            TokenExpiry::Never => return Ok(None),
            TokenExpiry::In(ttl) => ttl,
            TokenExpiry::At(time) => (time - now).to_std().unwrap_or_default(),
        };
        if ttl.is_zero() {
            let message = format!(
                "the login '{}' handed out a token that has expired already ({:?}; this machine's clock says {now}); \
                 check the clock",
                self.provider.auth_type(),
                token.expiry,
            );
            return Err(Error::unauthenticated(message));
        }
        Ok(Some(Life::new(ttl, now)))
    }

    /// Stores a new token; one fetched early must outlast the one in use. Returns the token to use.
    fn store(&self, mut auth_headers: AuthHeaders, why: Why) -> AuthHeaders {
        let mut state = self.lock();
        let gone_earlier = |current: &AuthHeaders| match (auth_headers.life, current.life) {
            (Some(new), Some(old)) => new.expires < old.expires,
            _ => false,
        };
        if why == Why::Early
            && let Some(current) = self.usable(&state)
            && gone_earlier(&current)
        {
            return current;
        }
        state.stored += 1;
        state.pause_until = None;
        auth_headers.number = state.stored;
        state.current = Some(auth_headers.clone());
        auth_headers
    }
}

#[cfg(test)]
mod tests;
