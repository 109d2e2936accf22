//! Additions that exclude each other: two primary keys of a table, two partitions for the same rows.

use std::collections::BTreeSet;

use crate::schema::model::Attr;
use crate::schema::{Change, Kind};
use crate::sql::{bracketed_lists, split_list};

/// The reason why two additions on two sides exclude each other although their names differ.
pub(super) fn excludes(ours: &Change, theirs: &Change) -> Option<String> {
    let (Change::Added { key, .. }, Change::Added { key: other, .. }) = (ours, theirs) else { return None };
    if key.kind != other.kind || key == other {
        return None;
    }
    match key.kind {
        Kind::Constraint => {
            let primary = |c: &Change| field(c, Attr::Type) == Some("primary key");
            let both = primary(ours) && primary(theirs) && ours.parent() == theirs.parent();
            both.then(|| "both gave the table a primary key".to_owned())
        }
        Kind::Partition if field(ours, Attr::ParentRelation) == field(theirs, Attr::ParentRelation) => {
            let (one, two) = (field(ours, Attr::Bound)?, field(theirs, Attr::Bound)?);
            (!disjoint(one, two)).then(|| format!("{key} and {other} may be for the same rows"))
        }
        _ => None,
    }
}

fn field(change: &Change, attr: Attr) -> Option<&str> {
    change.fields().iter().find(|f| f.name == attr.alias()).and_then(|f| f.after.as_deref())
}

/// Whether no row can satisfy both bounds, as far as their text shows.
fn disjoint(one: &str, other: &str) -> bool {
    if (one == "DEFAULT") != (other == "DEFAULT") {
        return true;
    }
    if let Some((ours, theirs)) = values(one).zip(values(other)) {
        return ours.is_disjoint(&theirs);
    }
    if let Some((ours, theirs)) = range(one).zip(range(other)) {
        return ends_before(ours.1, theirs.0) || ends_before(theirs.1, ours.0);
    }
    match hash(one).zip(hash(other)) {
        Some((ours, theirs)) => ours.0 == theirs.0 && ours.1 != theirs.1,
        None => false,
    }
}

/// The literals of a list partition's bound; `None` for other bounds.
fn values(bound: &str) -> Option<BTreeSet<&str>> {
    let list = bound.strip_prefix("FOR VALUES IN ").map(bracketed_lists)?;
    Some(split_list(list.first()?).into_iter().collect())
}

fn range(bound: &str) -> Option<(&str, &str)> {
    let ends = bound.strip_prefix("FOR VALUES FROM ").map(bracketed_lists)?;
    Some((ends.first()?, ends.get(1)?))
}

fn hash(bound: &str) -> Option<(&str, &str)> {
    let list = bound.strip_prefix("FOR VALUES WITH ").map(bracketed_lists)?;
    let parts = split_list(list.first()?);
    Some((parts.first()?.strip_prefix("modulus ")?, parts.get(1)?.strip_prefix("remainder ")?))
}

/// Whether a range that ends here cannot reach one that starts there.
fn ends_before(end: &str, start: &str) -> bool {
    if end == start {
        return true;
    }
    let number = |text: &str| text.parse::<i128>().ok();
    if let Some((end, start)) = number(end).zip(number(start)) {
        return end <= start;
    }
    // Keys in quotes are numbers or texts: digits of one length are in one order as either. So are dates and times in
    // the ISO form, with one zone and after Christ.
    let shape =
        |text: &str| -> String { text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect() };
    let is_digits = |text: &str| quoted(text).is_some_and(|inner| inner.chars().all(|c| c.is_ascii_digit()));
    let is_date = |text: &str| shape(text).starts_with("'0000-00-00") && !text.contains("BC");
    let zone =
        |text: &'_ str| text.get(11..).and_then(|rest| rest.find(['+', '-']).map(|at| rest[at..].to_owned()));
    shape(end) == shape(start)
        && (is_digits(end) || is_date(end) && is_date(start) && zone(end) == zone(start))
        && end <= start
}

fn quoted(text: &str) -> Option<&str> {
    text.strip_prefix('\'')?.strip_suffix('\'').filter(|inner| !inner.is_empty())
}

#[cfg(test)]
mod tests {
    use super::disjoint;

    #[test]
    fn lists_are_apart_when_they_share_no_value() {
        assert!(disjoint("FOR VALUES IN ('a', 'b')", "FOR VALUES IN ('c')"));
        assert!(!disjoint("FOR VALUES IN ('a', 'b')", "FOR VALUES IN ('b')"));
        assert!(disjoint("FOR VALUES IN ('a, b')", "FOR VALUES IN ('a, c', 'b')"));
    }

    #[test]
    fn ranges_are_apart_when_one_ends_before_the_other_starts() {
        assert!(disjoint("FOR VALUES FROM (1) TO (10)", "FOR VALUES FROM (10) TO (15)"));
        assert!(disjoint("FOR VALUES FROM (100) TO (200)", "FOR VALUES FROM (9) TO (15)"));
        assert!(!disjoint("FOR VALUES FROM (1) TO (10)", "FOR VALUES FROM (5) TO (15)"));
        assert!(disjoint(
            "FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
            "FOR VALUES FROM ('2024-03-01') TO ('2024-04-01')"
        ));
        assert!(!disjoint("FOR VALUES FROM ('a') TO ('c')", "FOR VALUES FROM ('d') TO ('e')"));
        let bounds = |(from, to)| format!("FOR VALUES FROM ('{from}') TO ('{to}')");
        let both = |one, other| disjoint(&bounds(one), &bounds(other));
        // As texts, '10' is before '9'.
        assert!(!both(("1", "5"), ("10", "30")));
        assert!(!both(("1", "10"), ("9", "95")));
        assert!(both(("10", "20"), ("30", "40")));
        assert!(!both(("2002-01-01 BC", "2001-01-01 BC"), ("2003-01-01 BC", "2001-06-01 BC")));
        assert!(both(
            ("2024-01-01 00:00:00+02", "2024-01-02 00:00:00+02"),
            ("2024-01-02 00:00:00+02", "2024-01-03 00:00:00+02")
        ));
        assert!(!both(
            ("2024-01-01 00:00:00+02", "2024-01-01 20:00:00-05"),
            ("2024-01-01 22:00:00+05", "2024-01-03 00:00:00+05")
        ));
        assert!(disjoint("FOR VALUES FROM ('a') TO ('c) TO (d')", "FOR VALUES FROM ('c) TO (d') TO ('e')"));
    }

    #[test]
    fn a_default_takes_what_is_left_and_there_is_one() {
        assert!(disjoint("DEFAULT", "FOR VALUES IN (1)"));
        assert!(!disjoint("DEFAULT", "DEFAULT"));
    }

    #[test]
    fn remainders_of_one_modulus_are_apart() {
        assert!(disjoint(
            "FOR VALUES WITH (modulus 4, remainder 1)",
            "FOR VALUES WITH (modulus 4, remainder 2)"
        ));
        assert!(!disjoint(
            "FOR VALUES WITH (modulus 4, remainder 1)",
            "FOR VALUES WITH (modulus 2, remainder 1)"
        ));
    }
}
