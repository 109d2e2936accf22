//! Credentials: tokens for SQL logins, good for an hour at most.

use std::sync::Arc;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};
use secrecy::ExposeSecret as _;

use super::{error_response::ErrorResponse, shared_state::SharedState};
use crate::{
    api::{
        name::EndpointName,
        wire::credential::{CredentialRequest, DatabaseCredential},
    },
    local::token::{Claims, TokenSigner},
};

const SHORTEST: TimeDelta = TimeDelta::minutes(5);
const LONGEST: TimeDelta = TimeDelta::hours(1);

/// Calls on credentials.
pub(crate) struct Credentials {
    pub(super) state: Arc<SharedState>,
    pub(super) signer: Arc<TokenSigner>,
    /// The caller.
    pub(super) user: Arc<str>,
    pub(super) time_scale: u32,
}

impl Credentials {
    pub(crate) fn generate(&self, request: &CredentialRequest) -> Result<DatabaseCredential, ErrorResponse> {
        let name = request.endpoint.as_deref().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| ErrorResponse::required("endpoint"))?;
        let name: EndpointName = name.parse().map_err(|_| ErrorResponse::not_found("endpoint id"))?;
        let state = self.state.snapshot();
        let (branch, _) = state.endpoint(&name)?;
        let now = Utc::now().trunc_subsecs(0);
        let ttl = lifetime(request, now)? / i32::try_from(self.time_scale).unwrap_or(i32::MAX);
        let claims = Claims::new(self.user.as_ref(), &branch.project_uid, now, ttl);
        let token = self.signer.sign(&claims);
        Ok(DatabaseCredential { token: token.expose_secret().to_owned(), expire_time: claims.expires_at })
    }
}

fn lifetime(request: &CredentialRequest, now: DateTime<Utc>) -> Result<TimeDelta, ErrorResponse> {
    let (field, ttl) = match (request.ttl, request.expire_time) {
        (None, None) => return Ok(LONGEST),
        (Some(ttl), None) => ("ttl", TimeDelta::from_std(ttl.0).unwrap_or(TimeDelta::MAX)),
        (None, Some(at)) => ("expire_time", at - now),
        (Some(_), Some(_)) => {
            return Err(ErrorResponse::invalid("Only one of 'ttl' and 'expire_time' may be specified"));
        }
    };
    if (SHORTEST..=LONGEST).contains(&ttl) {
        return Ok(ttl);
    }
    Err(ErrorResponse::invalid(format!(
        "Field '{field}' must be between 300s and 3600s from now, got {}s",
        ttl.num_seconds()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::wire::format::Seconds;

    #[test]
    fn a_token_lives_between_five_minutes_and_an_hour() {
        let now = Utc::now();
        let ttl =
            |seconds| CredentialRequest { ttl: Some(Seconds::from_secs(seconds)), ..Default::default() };
        assert_eq!(lifetime(&CredentialRequest::default(), now), Ok(LONGEST));
        assert_eq!(lifetime(&ttl(300), now), Ok(SHORTEST));
        for seconds in [0, 299, 3601, u64::MAX] {
            assert!(lifetime(&ttl(seconds), now).is_err(), "{seconds}");
        }
        let at = |seconds| CredentialRequest {
            expire_time: Some(now + TimeDelta::seconds(seconds)),
            ..Default::default()
        };
        assert_eq!(lifetime(&at(600), now), Ok(TimeDelta::seconds(600)));
        assert!(lifetime(&at(-1), now).is_err());
    }
}
