//! Whether a rule can be applied to a column.

use super::{
    fakes::{FIRST, LAST, longest},
    model::{Column, Table},
    patterns::Family,
    rule::Rule,
};

/// Hexadecimal digits of a hash where the rule does not say.
pub(super) const DIGITS: usize = 32;
/// Fewer would make different values equal.
const LEAST_DIGITS: usize = 8;
/// Random digits of an e-mail address.
pub(super) const EMAIL_DIGITS: usize = 12;
pub(super) const EMAIL_DOMAIN: &str = "@example.com";
/// `+1555` and seven digits.
const PHONE: usize = 12;

/// The reason why a rule cannot be applied, if there is one.
pub(super) fn misfit(rule: &Rule, column: &Column, table: &Table) -> Option<String> {
    if *rule == Rule::Keep {
        return None;
    }
    general(column).or_else(|| special(rule, column, table))
}

fn general(column: &Column) -> Option<String> {
    let reason = if column.generated {
        "it is a generated column: mask the columns that it is computed from, and keep this one"
    } else if column.always_identity {
        "it is GENERATED ALWAYS AS IDENTITY, whose values cannot be set"
    } else if column.partition_key {
        "it is part of the partition key, whose values are in the bounds of partitions as well"
    } else {
        return None;
    };
    Some(reason.to_owned())
}

fn special(rule: &Rule, column: &Column, table: &Table) -> Option<String> {
    match rule {
        Rule::Null if column.not_null => Some("NULL does not fit, as it is NOT NULL".to_owned()),
        Rule::Null | Rule::Keep => None,
        Rule::Constant(text) => too_long(column, text.chars().count()),
        Rule::Hash { digits } => hash(column, digits.map(usize::from)),
        Rule::FakeName => text(column, longest(&FIRST) + 1 + longest(&LAST)),
        Rule::FakeFirstName => text(column, longest(&FIRST)),
        Rule::FakeLastName => text(column, longest(&LAST)),
        Rule::FakeEmail => {
            text(column, longest(&FIRST) + longest(&LAST) + 2 + EMAIL_DIGITS + EMAIL_DOMAIN.len())
        }
        Rule::FakePhone => text(column, PHONE),
        Rule::ShiftDays { by, .. } => {
            let known = |name: &String| table.columns.iter().any(|column| column.name == *name);
            match (column.base.as_str(), by) {
                ("date" | "timestamp" | "timestamptz", Some(by)) if !known(by) => {
                    Some(format!("the table has no column {by:?} to move the dates by"))
                }
                ("date" | "timestamp" | "timestamptz", _) => None,
                _ => Some(format!("{} is not a date or timestamp", column.shown)),
            }
        }
        Rule::Shuffle if column.unique => {
            Some("values of a unique column cannot be shuffled: use a hash".to_owned())
        }
        Rule::Shuffle if column.in_foreign_key => {
            Some("shuffled values of a foreign key would belong to other rows: use a hash".to_owned())
        }
        Rule::Shuffle => None,
        Rule::KeepFormat => {
            let fits = column.is_text()
                || column.base == "int8"
                || column.base == "numeric" && !column.has_precision();
            (!fits).then(|| format!("{} has no letters and digits to replace", column.shown))
        }
    }
}

fn hash(column: &Column, digits: Option<usize>) -> Option<String> {
    let fits = match column.base.as_str() {
        _ if column.is_text() => {
            let digits = digits.unwrap_or(DIGITS);
            return match digits < LEAST_DIGITS {
                true => Some(format!("a hash needs at least {LEAST_DIGITS} digits")),
                false => too_long(column, digits),
            };
        }
        "uuid" | "bytea" | "int4" | "int8" => true,
        "numeric" => !column.has_precision(),
        _ => false,
    };
    match (fits, digits) {
        (false, _) => Some(format!("a hash is no {}", column.shown)),
        (true, Some(_)) => Some(format!("digits are for text, and this is {}", column.shown)),
        (true, None) => None,
    }
}

fn text(column: &Column, length: usize) -> Option<String> {
    match column.is_text() {
        true => too_long(column, length),
        false => Some(format!("{} is not text", column.shown)),
    }
}

fn too_long(column: &Column, length: usize) -> Option<String> {
    let limit = column.limit().filter(|limit| length > *limit)?;
    Some(format!("masked values have up to {length} characters, and it takes {limit}"))
}

/// Whether a column without a rule looks personal by its name.
pub(super) fn subject(table: &Table, column: &Column) -> Option<&'static str> {
    match column.family() {
        Family::Network => Some("network address"),
        family => super::patterns::subject_of(&table.name.name, &column.name, family),
    }
}
