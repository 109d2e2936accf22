//! Expiry of branches: the oneof `expiration` of a branch spec.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    api::{expiry::Expiry, wire::branch::BranchSpec},
    local::control::error_response::ErrorResponse,
};

/// The chosen member of the oneof; `None` when the body holds none.
pub(in crate::local::control) fn chosen(spec: &BranchSpec) -> Result<Option<Expiry>, ErrorResponse> {
    match (spec.ttl, spec.expire_time, spec.no_expiry) {
        (None, None, None) => Ok(None),
        (Some(ttl), None, None) => Ok(Some(Expiry::After(ttl.0))),
        (None, Some(time), None) => Ok(Some(Expiry::At(time))),
        (None, None, Some(true)) => Ok(Some(Expiry::Never)),
        (None, None, Some(false)) => Err(ErrorResponse::invalid(
            "Field 'spec.no_expiry' must be true when it is given; use 'ttl' or 'expire_time' for a branch that expires",
        )),
        _ => Err(ErrorResponse::invalid(
            "Only one of 'ttl', 'expire_time' and 'no_expiry' may be specified for a branch",
        )),
    }
}

/// The time at which the branch expires. A `ttl` counts from the branch's creation, also in an update.
pub(in crate::local::control) fn resolve(
    expiry: Expiry,
    created: DateTime<Utc>,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, ErrorResponse> {
    let too_long = || {
        ErrorResponse::bad_request(format!(
            "expiration time exceeds the maximum expiration time [TraceId: {:032x}]",
            fastrand::u128(..)
        ))
    };
    let at = match expiry {
        Expiry::Never => return Ok(None),
        Expiry::After(ttl) if ttl < Duration::from_secs(1) => {
            return Err(ErrorResponse::invalid("Field 'spec.ttl' must be at least 1s"));
        }
        Expiry::After(ttl) => TimeDelta::from_std(ttl)
            .ok()
            .and_then(|ttl| created.checked_add_signed(ttl))
            .ok_or_else(too_long)?,
        Expiry::At(time) => time,
    };
    match (at - now).to_std() {
        Err(_) => {
            Err(ErrorResponse::bad_request(format!("expiration time {} is in the past", at.to_rfc3339())))
        }
        Ok(left) if left > Expiry::MAX => Err(too_long()),
        Ok(_) => Ok(Some(at)),
    }
}
