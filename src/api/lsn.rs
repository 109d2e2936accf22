//! A position in the write-ahead log.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A position in PostgreSQL's write-ahead log. Ordered, and printed as PostgreSQL prints it.
///
/// ```
/// use lakebase::Lsn;
///
/// let lsn: Lsn = "16/B374D848".parse()?;
/// assert!(lsn > "0/1DE2850".parse()?);
/// assert_eq!(lsn.to_string(), "16/B374D848");
/// # Ok::<(), lakebase::error::InvalidLsn>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Lsn(pub(crate) u64);

impl Lsn {
    /// The position as a number of bytes from the start of the log.
    pub fn as_u64(self) -> u64 {
        self.0
    }
}

impl From<u64> for Lsn {
    fn from(position: u64) -> Self {
        Self(position)
    }
}

/// Why a text is no log position.
///
/// ```
/// assert!("16-B3".parse::<lakebase::Lsn>().unwrap_err().to_string().contains("16-B3"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "'{0}' is no log position: it is two hexadecimal numbers of up to 8 digits with a '/' between, such as 16/B374D848"
)]
pub struct InvalidLsn(String);

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl FromStr for Lsn {
    type Err = InvalidLsn;

    fn from_str(text: &str) -> Result<Self, InvalidLsn> {
        let half = |part: &str| {
            let hex = (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_hexdigit());
            hex.then(|| u64::from_str_radix(part, 16).ok()).flatten()
        };
        let (high, low) = text.split_once('/').ok_or_else(|| InvalidLsn(text.to_owned()))?;
        let lsn = half(high).zip(half(low)).map(|(high, low)| Self(high << 32 | low));
        lsn.ok_or_else(|| InvalidLsn(text.to_owned()))
    }
}

impl TryFrom<&str> for Lsn {
    type Error = InvalidLsn;

    fn try_from(text: &str) -> Result<Self, InvalidLsn> {
        text.parse()
    }
}

impl Serialize for Lsn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lsn {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl From<InvalidLsn> for crate::error::Error {
    fn from(error: InvalidLsn) -> Self {
        Self::wrap(crate::error::ErrorKind::Invalid, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_are_ordered_by_their_number_and_not_by_their_text() {
        assert!("0/9000000".parse::<Lsn>().unwrap() < "0/10000000".parse::<Lsn>().unwrap());
        assert!("9/0".parse::<Lsn>().unwrap() < "10/0".parse::<Lsn>().unwrap());
    }

    #[test]
    fn what_is_no_position_is_refused() {
        for text in ["", "/", "1/", "/1", "1", "1/G", "123456789/0", "+1/2", "1/2/3", "0x1/2"] {
            assert!(text.parse::<Lsn>().is_err(), "{text}");
        }
    }
}
