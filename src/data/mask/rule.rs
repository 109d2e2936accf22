//! The rule for one column, and its text form.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::{Map, Value, json};

/// The replacement of the values of one column. NULL stays NULL; a shuffle moves it like any value.
///
/// In TOML a rule is its name, such as `"fake_email"`, or a table where it takes a value: `{ constant = "x" }`,
/// `{ hash = 16 }`, `{ shift_days = 30, by = "customer_id" }`.
///
/// Rules that derive the new value from the old one use the secret key ([`Rules::key`](super::Rules::key)): equal values
/// have equal masked values in all tables, and one cannot be derived from the other without the key.
///
/// ```
/// use lakebase::data::mask::Rule;
///
/// let rule: Rule = serde_json::from_str(r#"{ "shift_days": 30, "by": "customer_id" }"#)?;
/// assert_eq!(rule, Rule::shift_days(30).by("customer_id"));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Rule {
    /// NULL.
    Null,
    /// A value, in PostgreSQL's text form.
    Constant(String),
    /// A keyed hash (HMAC-SHA-256) of the value: hexadecimal digits for text, otherwise a value of the column's type.
    Hash {
        /// The number of hexadecimal digits for text, from 8 to 64; 32 where none is given.
        digits: Option<u8>,
    },
    /// A first and a last name.
    FakeName,
    /// A first name.
    FakeFirstName,
    /// A last name.
    FakeLastName,
    /// An address at `example.com` that differs for different values. Letter case is ignored.
    FakeEmail,
    /// A number of the form `+15550123456`.
    FakePhone,
    /// A date moved by up to so many days, forward or backward, by at least one.
    ShiftDays {
        /// The most days.
        days: u16,
        /// The column of the same table that decides how far: dates of rows with an equal value move together. The date
        /// itself where none is given.
        by: Option<String>,
    },
    /// The values of the column in another order, at random. The values themselves stay in the branch.
    Shuffle,
    /// Each letter by another letter and each digit by another digit; punctuation stays.
    KeepFormat,
    /// The value as it is: the column is not personal, although it may look so.
    Keep,
}

const PLAIN: [(&str, Rule); 9] = [
    ("null", Rule::Null),
    ("hash", Rule::Hash { digits: None }),
    ("fake_name", Rule::FakeName),
    ("fake_first_name", Rule::FakeFirstName),
    ("fake_last_name", Rule::FakeLastName),
    ("fake_email", Rule::FakeEmail),
    ("fake_phone", Rule::FakePhone),
    ("shuffle", Rule::Shuffle),
    ("keep_format", Rule::KeepFormat),
];

impl Rule {
    /// A keyed hash of so many hexadecimal digits.
    pub fn hash(digits: u8) -> Self {
        Self::Hash { digits: Some(digits) }
    }

    /// Dates moved by up to so many days.
    pub fn shift_days(days: u16) -> Self {
        Self::ShiftDays { days, by: None }
    }

    /// Dates of rows with an equal value in this column move together. Other rules are left as they are.
    #[must_use]
    pub fn by(self, column: impl Into<String>) -> Self {
        match self {
            Self::ShiftDays { days, .. } => Self::ShiftDays { days, by: Some(column.into()) },
            other => other,
        }
    }

    fn of(value: &Value) -> Result<Self, String> {
        match value {
            Value::String(name) if name == "keep" => Ok(Self::Keep),
            Value::String(name) => {
                let plain = PLAIN.iter().find(|(known, _)| known == name);
                plain
                    .map(|(_, rule)| rule.clone())
                    .ok_or_else(|| format!("unknown rule {name:?}, {}", known()))
            }
            Value::Object(fields) => Self::of_fields(fields),
            other => Err(format!("{other} is no rule, {}", known())),
        }
    }

    fn of_fields(fields: &Map<String, Value>) -> Result<Self, String> {
        let only = |allowed: &[&str]| match fields.keys().find(|field| !allowed.contains(&field.as_str())) {
            Some(field) => Err(format!("a rule with {} has no {field:?}", allowed.join(" and "))),
            None => Ok(()),
        };
        let number = |value: &Value, most: u16| {
            let number = value.as_u64().and_then(|number| u16::try_from(number).ok());
            let number = number.filter(|number| (1..=most).contains(number));
            number.ok_or_else(|| format!("{value} is not a number from 1 to {most}"))
        };
        if let Some(value) = fields.get("constant") {
            only(&["constant"])?;
            return match value {
                Value::String(text) => Ok(Self::Constant(text.clone())),
                Value::Bool(_) | Value::Number(_) => Ok(Self::Constant(value.to_string())),
                other => Err(format!("{other} is no constant: write its text form")),
            };
        }
        if let Some(value) = fields.get("hash") {
            only(&["hash"])?;
            return Ok(Self::Hash { digits: Some(number(value, 64)? as u8) });
        }
        if let Some(value) = fields.get("shift_days") {
            only(&["shift_days", "by"])?;
            let by = match fields.get("by") {
                None => None,
                Some(Value::String(column)) => Some(column.clone()),
                Some(other) => return Err(format!("{other} is not the name of a column")),
            };
            return Ok(Self::ShiftDays { days: number(value, u16::MAX)?, by });
        }
        Err(known())
    }
}

fn known() -> String {
    let names: Vec<_> = PLAIN.iter().map(|(name, _)| format!("{name:?}")).collect();
    format!(
        "the rules are {}, \"keep\", {{ constant = … }}, {{ hash = digits }} and {{ shift_days = …, by = column }}",
        names.join(", ")
    )
}

impl<'de> Deserialize<'de> for Rule {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of(&Value::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

impl Serialize for Rule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let value = match self {
            Self::Keep => json!("keep"),
            Self::Constant(text) => json!({ "constant": text }),
            Self::Hash { digits: Some(digits) } => json!({ "hash": digits }),
            Self::ShiftDays { days, by: None } => json!({ "shift_days": days }),
            Self::ShiftDays { days, by: Some(by) } => json!({ "shift_days": days, "by": by }),
            plain => {
                PLAIN.iter().find(|(_, rule)| rule == plain).map_or(Value::Null, |(name, _)| json!(name))
            }
        };
        value.serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_is_read_back_from_its_text() {
        let others = [
            Rule::Keep,
            Rule::Constant("it's".into()),
            Rule::hash(12),
            Rule::shift_days(3),
            Rule::shift_days(3).by("id"),
        ];
        for rule in PLAIN.iter().map(|(_, rule)| rule.clone()).chain(others) {
            let text = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<Rule>(&text).unwrap(), rule, "{text}");
        }
    }

    #[test]
    fn a_wrong_rule_is_refused_with_the_right_ones() {
        let wrong =
            [r#""fake""#, "7", "{}", r#"{"hash": 0}"#, r#"{"hash": 65}"#, r#"{"constant": "x", "by": "y"}"#];
        for text in wrong {
            assert!(serde_json::from_str::<Rule>(text).is_err(), "{text}");
        }
        let error = serde_json::from_str::<Rule>(r#""fake""#).unwrap_err().to_string();
        assert!(error.contains("fake_email"), "{error}");
    }
}
