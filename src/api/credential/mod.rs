//! Database credentials: short-lived passwords for one endpoint, and the cache that renews them.

mod cache;

use std::{fmt, ops::RangeInclusive, time::Duration};

use chrono::{DateTime, Utc};
use secrecy::SecretString;
use serde_json::Value;

pub use cache::CredentialCache;
pub(crate) use cache::Slots;

use crate::{
    api::{
        endpoint::{Endpoint, EndpointInfo},
        request::sent_when_awaited,
        resource::forward,
        wire::{
            credential::{CredentialRequest, DatabaseCredential as Wire},
            format::Seconds,
        },
    },
    error::{Error, Result},
    http::Request,
};

/// A generated password. PostgreSQL checks it at login only: open connections outlive it.
///
/// ```no_run
/// # async fn example(endpoint: lakebase::Endpoint) -> lakebase::Result<()> {
/// use secrecy::ExposeSecret;
///
/// let credential = endpoint.credential().await?;
/// let password: &str = credential.token.expose_secret();
/// println!("good until {}", credential.expire_time);
/// # let _ = password;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct DatabaseCredential {
    /// The password; the user name is the identity that it was generated for.
    pub token: SecretString,
    /// Expiry time.
    pub expire_time: DateTime<Utc>,
}

impl fmt::Debug for DatabaseCredential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseCredential").field("expire_time", &self.expire_time).finish_non_exhaustive()
    }
}

/// A request for a credential: [`Endpoint::credential`].
///
/// ```no_run
/// # async fn example(endpoint: lakebase::Endpoint) -> lakebase::Result<()> {
/// use std::time::Duration;
///
/// let short = endpoint.credential().ttl(Duration::from_secs(600)).await?;
/// # let _ = short;
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for a lifetime outside of 5 minutes to 1 hour, before anything
/// is sent; [`NotFound`](crate::ErrorKind::NotFound) when the endpoint does not exist;
/// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) without CAN_USE on the project. Also the errors of
/// [any call](crate::builder::RawRequest#errors).
#[derive(Debug, Clone)]
#[must_use = "nothing is sent until the request is awaited"]
pub struct GenerateCredential {
    endpoint: Endpoint,
    body: CredentialRequest,
}

/// The permitted lifetimes of a credential.
const LIFE: RangeInclusive<Duration> = Duration::from_secs(300)..=Duration::from_secs(3600);

impl GenerateCredential {
    /// The lifetime, 5 minutes to 1 hour. Default: 1 hour.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.body.ttl = Some(Seconds(ttl));
        self.body.expire_time = None;
        self
    }

    /// The expiry time, 5 minutes to 1 hour from now. Default: 1 hour from now.
    pub fn expire_time(mut self, time: DateTime<Utc>) -> Self {
        self.body.expire_time = Some(time);
        self.body.ttl = None;
        self
    }

    /// Restricts what the login may do, in the service's own JSON:
    /// `[{"permission_set": "READ_ONLY", "resources": [{"table_name": "catalog.schema.table"}]}]`.
    /// Not every workspace supports it. Default: no restriction.
    pub fn claims(mut self, claims: Value) -> Self {
        self.body.claims = Some(claims);
        self
    }

    async fn run(self) -> Result<DatabaseCredential> {
        let context = format!("generating a credential for {}", self.endpoint.name());
        check_life(&self.body, Utc::now()).map_err(|error| error.with_context(context.clone()))?;
        let client = self.endpoint.client();
        let generated: Wire =
            client.send(Request::post("credentials", &self.body, context)?.idempotent()).await?;
        Ok(DatabaseCredential { token: generated.token.into(), expire_time: generated.expire_time })
    }
}

fn check_life(body: &CredentialRequest, now: DateTime<Utc>) -> Result<()> {
    // Slack for the time between the caller's computation and this check.
    let (life, slack) = match (body.ttl, body.expire_time) {
        (Some(Seconds(ttl)), _) => (ttl, Duration::ZERO),
        (None, Some(time)) => ((time - now).to_std().unwrap_or_default(), Duration::from_secs(1)),
        (None, None) => return Ok(()),
    };
    if life + slack >= *LIFE.start() && life <= *LIFE.end() + slack {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "a credential for {} s is outside of the range of the service, 300 s to 3600 s",
        life.as_secs()
    )))
}

sent_when_awaited!(GenerateCredential => DatabaseCredential);

impl EndpointInfo {
    forward! {
        Endpoint:
        fn credential(&self) -> GenerateCredential;
    }
}

impl Endpoint {
    /// Generates a password with which the caller logs in to this endpoint.
    ///
    /// # Errors
    ///
    /// Awaiting it: [`Invalid`](crate::ErrorKind::Invalid) for a life outside of 5 minutes to 1 hour,
    /// [`NotFound`](crate::ErrorKind::NotFound) when the endpoint does not exist,
    /// [`PermissionDenied`](crate::ErrorKind::PermissionDenied) without CAN_USE on the project.
    pub fn credential(&self) -> GenerateCredential {
        let body = CredentialRequest { endpoint: Some(self.name().to_string()), ..Default::default() };
        GenerateCredential { endpoint: self.clone(), body }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life_outside_of_the_range_is_refused_before_it_is_sent() {
        let now = Utc::now();
        let ttl =
            |seconds| CredentialRequest { ttl: Some(Seconds::from_secs(seconds)), ..Default::default() };
        for (seconds, good) in [(299, false), (300, true), (3600, true), (3601, false)] {
            assert_eq!(check_life(&ttl(seconds), now).is_ok(), good, "{seconds}");
        }
        let until = |seconds| CredentialRequest {
            expire_time: Some(now + Duration::from_secs(seconds)),
            ..Default::default()
        };
        assert!(check_life(&until(3600), now).is_ok());
        assert!(check_life(&until(300), now).is_ok());
        assert!(check_life(&until(4000), now).is_err());
        assert!(check_life(&until(10), now).is_err());
        assert!(check_life(&CredentialRequest::default(), now).is_ok());
    }

    #[test]
    fn a_credential_never_prints_its_token() {
        let credential = DatabaseCredential { token: "s3cret".into(), expire_time: Utc::now() };
        assert!(!format!("{credential:?}").contains("s3cret"));
    }
}
