//! Expressions that do not survive a deparse-and-reparse round trip unchanged.
//!
//! A plan repeats expressions as the server deparsed them. Some kinds of text parse into another tree than the one they
//! were printed from (`pg_dump` has the same problem), so an object made from them would never compare equal:
//!
//! * `(ARRAY['a'::character varying])::text[]`, which is how `varchar_column IN ('a')` is printed. A cast right behind
//!   `ARRAY[…]` is pushed down to each element. It stays outside where it is left out, as an operand of `ANY` and
//!   `ALL`, or where the array's own type comes first.
//! * `EXTRACT(YEAR FROM d)`, which is how `extract('YEAR' FROM d)` is printed: the word would be folded.
//! * `SELECT 'a'::text` in a place where the names of columns do not matter: an unnamed column gets a name.
//! * `((a AND b) AND c)`, which is how `x BETWEEN … AND c` is printed. Parentheses on the left are dissolved. A cast
//!   from boolean to boolean keeps them, and leaves no trace of itself.

mod unnamed;

use std::ops::Range;

use crate::schema::ddl;
use crate::sql::{Token, TokenKind, significant};

/// The text that parses into the tree which `sql` was printed from; `None` where `sql` does so itself.
pub(super) fn faithful(sql: &str) -> Option<String> {
    let parts = ["ARRAY[", ") AND ", ") OR ", "EXTRACT(", "SELECT "];
    if parts.iter().all(|part| !sql.contains(part)) {
        return None;
    }
    let mut edits = Scan::of(sql)?;
    edits.extend(unnamed::edits(sql));
    if edits.is_empty() {
        return None;
    }
    edits.sort_by_key(|edit| edit.place.start);
    let mut text = String::with_capacity(sql.len());
    let mut from = 0;
    for Edit { place, by } in edits {
        text.push_str(&sql[from..place.start]);
        text.push_str(&by);
        from = place.end;
    }
    text.push_str(&sql[from..]);
    Some(text)
}

struct Edit {
    place: Range<usize>,
    by: String,
}

const WORDS: [&str; 2] = ["AND", "OR"];

/// An open bracket, and the state of scanning its contents outside of nested ones.
struct Bracket {
    /// The index of its token.
    at: usize,
    /// Whether `AND` and `OR` occurred between operands.
    words: [bool; 2],
    /// The token at which the type begins that the latest element is cast to.
    cast: Option<usize>,
}

struct Scan<'a> {
    sql: &'a str,
    tokens: Vec<Token<'a>>,
    open: Vec<Bracket>,
    edits: Vec<Edit>,
}

impl<'a> Scan<'a> {
    /// `None` where the brackets do not match or a quote has no end.
    fn of(sql: &'a str) -> Option<Vec<Edit>> {
        let mut scan = Scan { sql, tokens: significant(sql).ok()?, open: Vec::new(), edits: Vec::new() };
        for at in 0..scan.tokens.len() {
            match scan.tokens.get(at)?.kind {
                TokenKind::Sign('(' | '[') => scan.open.push(Bracket { at, words: [false; 2], cast: None }),
                TokenKind::Sign(')') => {
                    let bracket = scan.open.pop()?;
                    scan.group(&bracket, at);
                }
                TokenKind::Sign(']') => {
                    let bracket = scan.open.pop()?;
                    scan.array(&bracket, at);
                }
                _ => scan.note(at),
            }
        }
        scan.open.is_empty().then_some(scan.edits)
    }

    fn is(&self, at: Option<usize>, text: &str) -> bool {
        at.and_then(|at| self.tokens.get(at)).is_some_and(|token| token.text == text)
    }

    /// Whether the tokens from a place on are these.
    fn follow(&self, at: usize, texts: &[&str]) -> bool {
        texts.iter().enumerate().all(|(nth, text)| self.is(Some(at + nth), text))
    }

    /// The index of the token that many before.
    fn before(at: usize, distance: usize) -> Option<usize> {
        at.checked_sub(distance)
    }

    fn note(&mut self, at: usize) {
        let (Some(bracket), Some(token)) = (self.open.last_mut(), self.tokens.get(at)) else { return };
        for (seen, word) in bracket.words.iter_mut().zip(WORDS) {
            *seen |= token.text == word;
        }
        match token.text {
            "," => bracket.cast = None,
            "::" => bracket.cast = Some(at + 1),
            _ => {}
        }
    }

    /// Adds text behind the token.
    fn append(&mut self, at: usize, by: String) {
        let end = self.tokens.get(at).map_or(self.sql.len(), Token::end);
        self.edits.push(Edit { place: end..end, by });
    }

    /// Removes the tokens and what is between them.
    fn remove(&mut self, places: Range<usize>) {
        let of = |at: usize| self.tokens.get(at);
        if let Some((first, last)) = of(places.start).zip(places.end.checked_sub(1).and_then(of)) {
            self.edits.push(Edit { place: first.start..last.end(), by: String::new() });
        }
    }

    /// Handles the end of a group: the parentheses of a first operand that uses the same operator must be preserved.
    fn group(&mut self, bracket: &Bracket, at: usize) {
        let same = WORDS.iter().zip(bracket.words).any(|(word, seen)| seen && self.is(Some(at + 1), word));
        // `f (` and `OVER (` open no group.
        let first = Self::before(bracket.at, 1).filter(|before| {
            self.is(Some(*before), "(") && self.tokens[*before].end() == self.tokens[bracket.at].start
        });
        if same && first.is_some() {
            self.append(at, "::boolean".to_owned());
        }
    }

    /// Handles the end of a list: one that is cast must get its own type first.
    fn array(&mut self, bracket: &Bracket, at: usize) {
        let word = Self::before(bracket.at, 1).filter(|before| self.is(Some(*before), "ARRAY"));
        let Some(word) = word else { return };
        let in_brackets = self.is(Self::before(word, 1), "(");
        let (Some(from), Some(close)) =
            (bracket.cast.and_then(|from| self.tokens.get(from)), self.tokens.get(at))
        else {
            return;
        };
        let Some(of) = element_type(&self.sql[from.start..close.start]) else { return };
        let operand = in_brackets
            && self.is(Self::before(word, 2), "(")
            && Self::before(word, 3)
                .is_some_and(|any| ["ANY", "ALL"].iter().any(|text| self.is(Some(any), text)));
        if operand && of == "character varying" && self.follow(at + 1, &[")", "::", "text", "[", "]", ")"]) {
            self.remove(word - 1..word);
            self.remove(at + 1..at + 6);
        } else if in_brackets && self.follow(at + 1, &[")", "::"]) || self.follow(at + 1, &["::"]) {
            self.append(at, format!("::{of}[]"));
        }
    }
}

/// The type without its modifier, which the type of an array does not need.
fn element_type(text: &str) -> Option<String> {
    let (plain, _) = ddl::base(text);
    let name = plain.trim();
    let proper = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '.');
    (!name.is_empty() && (name.contains('"') || name.chars().all(proper))).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn becomes(sql: &str, wanted: &str) {
        assert_eq!(faithful(sql).as_deref(), Some(wanted));
    }

    pub(super) fn stays(sql: &str) {
        assert_eq!(faithful(sql), None, "{sql}");
    }

    #[test]
    fn a_list_of_varchar_keeps_its_type() {
        becomes(
            "CHECK (((s)::text = ANY ((ARRAY['a'::character varying, 'b]'::character varying])::text[])))",
            "CHECK (((s)::text = ANY (ARRAY['a'::character varying, 'b]'::character varying])))",
        );
    }

    #[test]
    fn elsewhere_the_type_of_a_list_is_said_before_its_cast() {
        becomes("(ARRAY['a, ]'::x.\"My T\"])::text[]", "(ARRAY['a, ]'::x.\"My T\"]::x.\"My T\"[])::text[]");
        becomes(
            "(ARRAY[('a'::text)::bit varying(8)])::y[]",
            "(ARRAY[('a'::text)::bit varying(8)]::bit varying[])::y[]",
        );
        becomes("ARRAY['a'::name]::text[]", "ARRAY['a'::name]::name[]::text[]");
        becomes("f((ARRAY['a'::name])::text[])", "f((ARRAY['a'::name]::name[])::text[])");
        stays("(a = ANY (ARRAY[1, 2]))");
        stays("(a = ANY ((ARRAY[a, b])::bigint[]))");
        stays("(a = ANY (ARRAY['a'::text, 'b'::text]))");
        stays("DEFAULT ARRAY[]::text[]");
        stays("(x.array['a'::name])::text[]");
        stays("(ARRAY['a");
    }

    #[test]
    fn groups_on_the_left_are_kept() {
        becomes(
            "CHECK ((((x >= 1) AND (x <= 5)) AND y))",
            "CHECK ((((x >= 1) AND (x <= 5))::boolean AND y))",
        );
        becomes("((((a OR b) OR c) OR d))", "((((a OR b)::boolean OR c)::boolean OR d))");
        stays("((a AND (b AND c)))");
        stays("(((a OR b) AND (c OR d)) OR e)");
        stays("((NOT (a AND b)) AND c)");
    }

    #[test]
    fn what_is_quoted_is_left_alone() {
        for quoted in [
            "'((a AND b) AND c)'",
            "E'\\'((a AND b) AND c)'",
            "\"((a AND b) AND \"\"c)\"",
            "$f$((a AND b) AND c)$f$",
            "$$(ARRAY['a'::name])::text[]$$",
        ] {
            stays(&format!("SELECT ({quoted})"));
        }
        becomes("SELECT ($1), ((a$b AND b) AND '''')", "SELECT ($1), ((a$b AND b)::boolean AND '''')");
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[()\\[\\]'\"$E\\\\,: ANDORYé]{0,40}") {
            let _ = faithful(&text);
        }
    }
}
