//! Unnamed columns of sub-selects, and fields of `EXTRACT` that are no plain identifiers.

use super::Edit;
use crate::sql::{Token, TokenKind, quote_literal, significant};

/// Keywords that end the list of a `SELECT`.
const ENDS: [&str; 15] = [
    "FROM",
    "WHERE",
    "GROUP",
    "HAVING",
    "WINDOW",
    "UNION",
    "INTERSECT",
    "EXCEPT",
    "ORDER",
    "LIMIT",
    "OFFSET",
    "FETCH",
    "FOR",
    "INTO",
    "END",
];

/// Keywords before a `SELECT` that is a query within another text.
const BEFORE: [&str; 7] = ["(", ")", ";", "ALL", "UNION", "INTERSECT", "EXCEPT"];

/// Keywords that are values although they look like names.
const VALUES: [&str; 3] = ["NULL", "TRUE", "FALSE"];

pub(super) fn edits(sql: &str) -> Vec<Edit> {
    let Ok(tokens) = significant(sql) else { return Vec::new() };
    let text = |at: Option<usize>| at.and_then(|at| tokens.get(at)).map_or("", |token| token.text);
    let mut edits = Vec::new();
    for at in 0..tokens.len() {
        let before = text(at.checked_sub(1));
        match tokens[at].text {
            "SELECT" if BEFORE.contains(&before) || before == "ATOMIC" => {
                names(&tokens, at + 1, &mut edits);
            }
            "EXTRACT" if text(Some(at + 1)) == "(" => edits.extend(field(sql, &tokens, at + 2)),
            _ => {}
        }
    }
    edits
}

/// Adds a name to each unnamed column of the list that begins at a token.
fn names(tokens: &[Token<'_>], from: usize, edits: &mut Vec<Edit>) {
    let mut depth = 0usize;
    let mut start = from;
    if tokens.get(start).is_some_and(|token| token.text == "DISTINCT") {
        start += 1;
        if tokens.get(start).is_some_and(|token| token.text == "ON") {
            start = after_brackets(tokens, start + 1);
        }
    }
    let mut at = start;
    loop {
        let token = tokens.get(at);
        // The keywords in `WITHIN GROUP` and `IS DISTINCT FROM` do not end the list.
        let inner = at > start && matches!(tokens[at - 1].text, "WITHIN" | "DISTINCT");
        let outside = depth == 0;
        let ends = token.is_none_or(|token| {
            outside
                && (token.is_sign(';')
                    || token.is_sign(')')
                    || token.kind == TokenKind::Word && ENDS.contains(&token.text) && !inner)
        });
        if ends || outside && token.is_some_and(|token| token.is_sign(',')) {
            edits.extend(tokens.get(start..at).and_then(name));
            start = at + 1;
        }
        if ends {
            return;
        }
        match token.map(|token| token.kind) {
            Some(TokenKind::Sign('(' | '[')) => depth += 1,
            Some(TokenKind::Sign(')' | ']')) => depth = depth.saturating_sub(1),
            Some(TokenKind::Word) if token.is_some_and(|token| token.text == "CASE") => depth += 1,
            Some(TokenKind::Word) if token.is_some_and(|token| token.text == "END") => {
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
        at += 1;
    }
}

/// The token behind the brackets that open at one.
fn after_brackets(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            TokenKind::Sign('(') => depth += 1,
            TokenKind::Sign(')') if depth <= 1 => return at + 1,
            TokenKind::Sign(')') => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

/// The edit that names a column which is neither named nor a plain column, as the parser would.
fn name(column: &[Token<'_>]) -> Option<Edit> {
    let last = column.last()?;
    let named = column.len() > 1 && column[column.len() - 2].text == "AS" && last.is_name();
    let plain = column.iter().enumerate().all(|(at, token)| match at % 2 {
        0 => token.is_name() && !VALUES.iter().any(|value| token.text.eq_ignore_ascii_case(value)),
        _ => token.is_sign('.'),
    }) && column.len() % 2 == 1;
    let whole_row = last.text == "*";
    if named || plain || whole_row {
        return None;
    }
    Some(Edit { place: last.end()..last.end(), by: " AS \"?column?\"".to_owned() })
}

/// The fields of `EXTRACT` that PostgreSQL documents.
const FIELDS: [&str; 22] = [
    "century",
    "day",
    "decade",
    "dow",
    "doy",
    "epoch",
    "hour",
    "isodow",
    "isoyear",
    "julian",
    "microseconds",
    "millennium",
    "milliseconds",
    "minute",
    "month",
    "quarter",
    "second",
    "timezone",
    "timezone_hour",
    "timezone_minute",
    "week",
    "year",
];

/// Quotes a field of `EXTRACT` that is none of the usual words: it is printed as written, and an identifier is folded
/// when it is parsed, or is a keyword that the grammar does not take there.
fn field(sql: &str, tokens: &[Token<'_>], at: usize) -> Option<Edit> {
    let first = tokens.get(at)?;
    let from = tokens.iter().skip(at + 1).find(|token| token.text == "FROM")?;
    let text = sql.get(first.start..from.start)?.strip_suffix(' ')?;
    if FIELDS.contains(&text) || first.kind == TokenKind::String {
        return None;
    }
    Some(Edit { place: first.start..first.start + text.len(), by: quote_literal(text) })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{becomes, stays};

    #[test]
    fn a_column_without_a_name_gets_the_name_of_none() {
        becomes(
            "EXISTS ( SELECT NULL::text\n FROM a)",
            "EXISTS ( SELECT NULL::text AS \"?column?\"\n FROM a)",
        );
        becomes(
            "(k IN ( SELECT 'a'::text UNION ALL SELECT b.k FROM b))",
            "(k IN ( SELECT 'a'::text AS \"?column?\" UNION ALL SELECT b.k FROM b))",
        );
        becomes(
            "( SELECT DISTINCT ON (a.b, a.c) a.b, CASE WHEN a.c THEN 1 ELSE 2 END, true FROM a)",
            "( SELECT DISTINCT ON (a.b, a.c) a.b, CASE WHEN a.c THEN 1 ELSE 2 END AS \"?column?\", \
             true AS \"?column?\" FROM a)",
        );
        becomes("BEGIN ATOMIC\n SELECT 1;\nEND", "BEGIN ATOMIC\n SELECT 1 AS \"?column?\";\nEND");
        stays("( SELECT a.b, c, f(x) AS f FROM a)");
        stays("GRANT SELECT ON TABLE t TO a");
        stays("CREATE POLICY p ON t FOR SELECT TO PUBLIC USING (a)");
    }

    #[test]
    fn a_field_that_would_be_folded_is_quoted() {
        becomes("EXTRACT(YEAR FROM d)", "EXTRACT('YEAR' FROM d)");
        becomes("EXTRACT(a b FROM d)", "EXTRACT('a b' FROM d)");
        becomes("EXTRACT(time FROM d)", "EXTRACT('time' FROM d)");
        stays("EXTRACT(year FROM d)");
    }
}
