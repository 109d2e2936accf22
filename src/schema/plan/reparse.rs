//! Expressions that PostgreSQL takes for others when it reads its own text.
//!
//! A plan repeats expressions in the server's words. Two kinds of words give another tree than the one they were printed
//! from (`pg_dump` has the same trouble), and an object made of them would differ from the wanted one for ever:
//!
//! * `(ARRAY['a'::character varying])::text[]`, which is how `varchar_column IN ('a')` is printed. A cast right behind
//!   `ARRAY[…]` is given to each element instead. It stays outside where it is not said, as an operand of `ANY` and `ALL`,
//!   or where the array's own type comes first.
//! * `((a AND b) AND c)`, which is how `x BETWEEN … AND c` is printed. Parentheses on the left are dissolved. A cast
//!   from boolean to boolean keeps them, and leaves no trace of itself.

use std::ops::Range;

use crate::schema::ddl;

/// The text that gives the tree which `sql` was printed from, where that is another.
pub(super) fn faithful(sql: &str) -> Option<String> {
    if ["ARRAY[", ") AND ", ") OR "].iter().all(|part| !sql.contains(part)) {
        return None;
    }
    let mut edits = Scan::of(sql).filter(|edits| !edits.is_empty())?;
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

const WORDS: [&str; 2] = [" AND ", " OR "];

/// An open bracket and what was seen in it outside of further ones.
struct Bracket {
    at: usize,
    /// The words between operands.
    words: [bool; 2],
    /// Where the type begins that the latest element is cast to.
    cast: Option<usize>,
}

struct Scan<'a> {
    sql: &'a str,
    open: Vec<Bracket>,
    edits: Vec<Edit>,
}

impl<'a> Scan<'a> {
    /// Nothing where the brackets do not match.
    fn of(sql: &'a str) -> Option<Vec<Edit>> {
        let mut scan = Scan { sql, open: Vec::new(), edits: Vec::new() };
        let mut at = 0;
        while let Some(byte) = sql.as_bytes().get(at) {
            match byte {
                b'\'' | b'"' | b'$' => {
                    at = scan.after_quoted(at)?;
                    continue;
                }
                b'(' | b'[' => scan.open.push(Bracket { at, words: [false; 2], cast: None }),
                b')' => {
                    let bracket = scan.open.pop()?;
                    scan.group(&bracket, at);
                }
                b']' => {
                    let bracket = scan.open.pop()?;
                    scan.array(&bracket, at);
                }
                _ => scan.note(at),
            }
            at += 1;
        }
        scan.open.is_empty().then_some(scan.edits)
    }

    /// Where a string, a quoted name or a dollar-quoted text that begins here is over.
    fn after_quoted(&self, at: usize) -> Option<usize> {
        let (before, rest) = self.sql.split_at(at);
        let in_word = |text: &str| text.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if rest.starts_with('$') {
            // Elsewhere it is a part of a name, or `$1`, a parameter.
            let Some(tag) = dollar_tag(rest).filter(|_| !in_word(before)) else { return Some(at + 1) };
            return Some(at + tag.len() + rest[tag.len()..].find(tag)? + tag.len());
        }
        let escapes = rest.starts_with('\'') && before.strip_suffix(['E', 'e']).is_some_and(|b| !in_word(b));
        let quote = rest.as_bytes().first()?;
        let mut bytes = rest.bytes().enumerate().skip(1).peekable();
        while let Some((length, byte)) = bytes.next() {
            if byte == b'\\' && escapes {
                bytes.next();
            } else if byte == *quote && bytes.next_if(|(_, next)| next == quote).is_none() {
                return Some(at + length + 1);
            }
        }
        None
    }

    fn note(&mut self, at: usize) {
        let rest = &self.sql.as_bytes()[at..];
        let Some(bracket) = self.open.last_mut() else { return };
        for (seen, word) in bracket.words.iter_mut().zip(WORDS) {
            *seen |= rest.starts_with(word.as_bytes());
        }
        match rest {
            [b',', ..] => bracket.cast = None,
            [b':', b':', ..] => bracket.cast = Some(at + 2),
            _ => {}
        }
    }

    /// A group ends: one that is the first of several operands and itself several of the same sort has to be kept.
    fn group(&mut self, bracket: &Bracket, at: usize) {
        let (before, after) = (&self.sql[..bracket.at], &self.sql[at + 1..]);
        let same = WORDS.iter().zip(bracket.words).any(|(word, seen)| seen && after.starts_with(word));
        if same && before.ends_with('(') {
            self.edits.push(Edit { place: at + 1..at + 1, by: "::boolean".to_owned() });
        }
    }

    /// A list ends: one that is cast has to have its own type first.
    fn array(&mut self, bracket: &Bracket, at: usize) {
        let (before, after) = (&self.sql[..bracket.at], &self.sql[at + 1..]);
        let Some(before) = before.strip_suffix("ARRAY") else { return };
        let parenthesised = before.ends_with('(') && after.starts_with(")::");
        let Some(of) = bracket.cast.and_then(|from| element_type(&self.sql[from..at])) else { return };
        let operand = ["ANY ((", "ALL (("].iter().any(|word| before.ends_with(word));
        if operand && of == "character varying" && after.starts_with(")::text[])") {
            self.edits.push(Edit { place: before.len() - 1..before.len(), by: String::new() });
            self.edits.push(Edit { place: at + 1..at + 1 + ")::text[]".len(), by: String::new() });
        } else if parenthesised || after.starts_with("::") {
            self.edits.push(Edit { place: at + 1..at + 1, by: format!("::{of}[]") });
        }
    }
}

/// `$tag$` at the beginning of a text.
fn dollar_tag(text: &str) -> Option<&str> {
    let tag = &text[..=1 + text.get(1..)?.find('$')?];
    let name = &tag[1..tag.len() - 1];
    let proper = name.chars().all(|c| c.is_alphanumeric() || c == '_');
    (proper && !name.starts_with(|c: char| c.is_ascii_digit())).then_some(tag)
}

/// The type without its modifier, which an array of it does not need.
fn element_type(text: &str) -> Option<String> {
    let (plain, _) = ddl::base(text);
    let name = plain.trim();
    let proper = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '_' | '.');
    (!name.is_empty() && (name.contains('"') || name.chars().all(proper))).then(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn becomes(sql: &str, wanted: &str) {
        assert_eq!(faithful(sql).as_deref(), Some(wanted));
    }

    fn stays(sql: &str) {
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
