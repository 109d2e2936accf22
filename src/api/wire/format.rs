//! How the API spells durations, numbers and enums.

use std::{fmt, str::FromStr, time::Duration};

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A duration as the protobuf JSON rules spell it: decimal seconds with the suffix `s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Seconds(pub(crate) Duration);

#[cfg(test)]
impl Seconds {
    pub(crate) const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }
}

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, nanos) = (self.0.as_secs(), self.0.subsec_nanos());
        match nanos {
            0 => write!(f, "{whole}s"),
            n if n % 1_000_000 == 0 => write!(f, "{whole}.{:03}s", n / 1_000_000),
            n if n % 1_000 == 0 => write!(f, "{whole}.{:06}s", n / 1_000),
            n => write!(f, "{whole}.{n:09}s"),
        }
    }
}

/// The reason that a text is no duration of the API.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a duration in seconds with the suffix 's', such as \"86400s\"")]
pub(crate) struct InvalidSeconds(String);

impl FromStr for Seconds {
    type Err = InvalidSeconds;

    fn from_str(text: &str) -> Result<Self, InvalidSeconds> {
        let wrong = || InvalidSeconds(text.to_owned());
        let number = text.strip_suffix('s').ok_or_else(wrong)?;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty()
            || !digits(whole)
            || !digits(fraction)
            || fraction.len() > 9
            || number.ends_with('.')
        {
            return Err(wrong());
        }
        let seconds = whole.parse().map_err(|_| wrong())?;
        let nanos = format!("{fraction:0<9}").parse().map_err(|_| wrong())?;
        Ok(Self(Duration::new(seconds, nanos)))
    }
}

impl Serialize for Seconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

/// An integer that may arrive as a number, as an integral double, or as decimal text.
pub(crate) fn lenient_int<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    deserializer.deserialize_any(LenientInt)
}

struct LenientInt;

impl de::Visitor<'_> for LenientInt {
    type Value = Option<i64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer")
    }

    fn visit_unit<E>(self) -> Result<Option<i64>, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, n: i64) -> Result<Option<i64>, E> {
        Ok(Some(n))
    }

    fn visit_u64<E: de::Error>(self, n: u64) -> Result<Option<i64>, E> {
        i64::try_from(n).map(Some).map_err(|_| E::custom(format!("{n} is too large")))
    }

    fn visit_f64<E: de::Error>(self, n: f64) -> Result<Option<i64>, E> {
        #[expect(clippy::cast_possible_truncation, reason = "checked to be integral and in range first")]
        let whole = (n.fract() == 0.0 && n.abs() < 9e15).then_some(n as i64);
        whole.map(Some).ok_or_else(|| E::custom(format!("{n} is not an integer")))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Option<i64>, E> {
        text.parse().map(Some).map_err(|_| E::custom(format!("'{text}' is not an integer")))
    }
}

/// A double that may arrive as decimal text.
pub(crate) fn lenient_double<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Number {
        Double(f64),
        Text(String),
    }
    match Option::<Number>::deserialize(deserializer)? {
        None => Ok(None),
        Some(Number::Double(n)) => Ok(Some(n)),
        Some(Number::Text(text)) => {
            text.parse().map(Some).map_err(|_| de::Error::custom(format!("'{text}' is not a number")))
        }
    }
}

/// Doubles with an integral value are written without a fraction, as the service writes them.
pub(crate) fn plain_double<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        #[expect(clippy::cast_possible_truncation, reason = "checked to be integral and in range first")]
        Some(n) if n.fract() == 0.0 && n.abs() < 9e15 => serializer.serialize_i64(*n as i64),
        Some(n) => serializer.serialize_f64(*n),
        None => serializer.serialize_none(),
    }
}

/// `null` where a value was expected means "nothing".
pub(crate) fn null_as_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// An enum of the API: text on the wire, and open, because the service may add values at any time.
macro_rules! open_enum {
    ($(#[$doc:meta])* $vis:vis enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident => $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        $vis enum $name {
            $($(#[$variant_doc])* $variant,)+
            /// A value that this version of the crate does not know, as the service wrote it.
            Unknown(String),
        }

        impl $name {
            /// The value as the service writes it.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $text,)+
                    Self::Unknown(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                match text {
                    $($text => Self::$variant,)+
                    other => Self::Unknown(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Ok(Self::from(String::deserialize(deserializer)?.as_str()))
            }
        }
    };
}
pub(crate) use open_enum;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_follow_the_protobuf_spelling() {
        for (text, millis, back) in [
            ("86400s", 86_400_000, "86400s"),
            ("3.500s", 3_500, "3.500s"),
            ("3.5s", 3_500, "3.500s"),
            ("0s", 0, "0s"),
        ] {
            let seconds: Seconds = text.parse().unwrap();
            assert_eq!(seconds.0, Duration::from_millis(millis), "{text}");
            assert_eq!(seconds.to_string(), back);
        }
        assert_eq!("42.000000001s".parse::<Seconds>().unwrap().0, Duration::new(42, 1));
        for text in
            ["", "s", "1", "1h", "-1s", "1.s", ".5s", "1.0000000001s", "1e3s", "99999999999999999999s"]
        {
            assert!(text.parse::<Seconds>().is_err(), "{text}");
        }
    }

    #[test]
    fn numbers_may_arrive_as_text() {
        #[derive(Deserialize)]
        struct Row {
            #[serde(default, deserialize_with = "lenient_int")]
            int: Option<i64>,
            #[serde(default, deserialize_with = "lenient_double")]
            double: Option<f64>,
        }
        let read = |json: &str| serde_json::from_str::<Row>(json);
        assert_eq!(read(r#"{"int":"17","double":"0.5"}"#).unwrap().int, Some(17));
        assert_eq!(read(r#"{"int":17.0,"double":4}"#).unwrap().double, Some(4.0));
        assert_eq!(read(r#"{"int":null}"#).unwrap().int, None);
        assert!(read(r#"{"int":"seventeen"}"#).is_err());
        assert!(read(r#"{"int":1.5}"#).is_err());
    }
}
