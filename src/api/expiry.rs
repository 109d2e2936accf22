//! The expiry of branches and snapshots.

use std::time::Duration;

use chrono::{DateTime, Utc};

/// The time at which the service deletes a branch or a snapshot.
///
/// The service requires an expiry when a branch is created, so this is an argument and not an option.
/// The limit is 30 days from now; root, default and protected branches and branches with children cannot expire.
///
/// ```
/// use lakebase::{Expiry, hours};
///
/// let tomorrow = Expiry::after(hours(24));
/// assert_eq!(tomorrow, Expiry::After(hours(24)));
/// # let _ = (Expiry::Never, Expiry::at(chrono::Utc::now()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Expiry {
    /// A lifetime after the creation (`ttl`); whole seconds, at most 30 days for a branch.
    After(Duration),
    /// A point in time (`expire_time`).
    At(DateTime<Utc>),
    /// No expiry (`no_expiry`): it exists until it is deleted.
    Never,
}

impl Expiry {
    /// The maximum lifetime of an expiring branch: 30 days.
    pub const MAX: Duration = Duration::from_secs(30 * 24 * 3600);

    /// Expires this long after the creation.
    pub fn after(ttl: Duration) -> Self {
        Self::After(ttl)
    }

    /// Expires at this time.
    pub fn at(time: DateTime<Utc>) -> Self {
        Self::At(time)
    }

    /// Checks the limits before a request is sent.
    pub(crate) fn check(self, now: DateTime<Utc>) -> Result<Self, InvalidExpiry> {
        let left = match self {
            Self::Never => return Ok(self),
            Self::After(ttl) if ttl < Duration::from_secs(1) => return Err(InvalidExpiry::TooShort(ttl)),
            Self::After(ttl) => ttl,
            Self::At(time) => (time - now).to_std().map_err(|_| InvalidExpiry::Past(time))?,
        };
        if left > Self::MAX { Err(InvalidExpiry::TooLong(left)) } else { Ok(self) }
    }
}

/// A number of hours.
///
/// ```
/// assert_eq!(lakebase::hours(2).as_secs(), 7200);
/// ```
pub const fn hours(n: u32) -> Duration {
    Duration::from_secs(n as u64 * 3600)
}

/// A number of days of 24 hours.
///
/// ```
/// assert_eq!(lakebase::days(7), lakebase::hours(168));
/// ```
pub const fn days(n: u32) -> Duration {
    Duration::from_secs(n as u64 * 24 * 3600)
}

/// Why an expiry cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidExpiry {
    #[error("the expiry is {} days away, the service allows 30 at most; use Expiry::Never for a branch that stays", .0.as_secs_f64() / 86_400.0)]
    TooLong(Duration),
    #[error("the expiry is {0:?} away, the shortest is one second")]
    TooShort(Duration),
    #[error("the expiry {0} lies in the past")]
    Past(DateTime<Utc>),
}

impl From<InvalidExpiry> for crate::error::Error {
    fn from(error: InvalidExpiry) -> Self {
        Self::wrap(crate::error::ErrorKind::Invalid, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thirty_days_are_allowed_and_one_second_more_is_not() {
        let now = Utc::now();
        assert!(Expiry::After(Expiry::MAX).check(now).is_ok());
        let error = Expiry::After(Expiry::MAX + Duration::from_secs(1)).check(now).unwrap_err();
        assert!(error.to_string().contains("30 at most"), "{error}");
        assert!(Expiry::At(now + Expiry::MAX).check(now).is_ok());
        assert!(Expiry::At(now + Expiry::MAX + Duration::from_secs(1)).check(now).is_err());
    }

    #[test]
    fn an_expiry_that_is_over_is_refused() {
        let now = Utc::now();
        assert!(Expiry::After(Duration::ZERO).check(now).is_err());
        assert!(matches!(Expiry::At(now - days(1)).check(now), Err(InvalidExpiry::Past(_))));
        assert!(Expiry::Never.check(now).is_ok());
    }
}
