//! What PostgreSQL reads otherwise than it wrote it.

/// SQL that means on the way in what the server meant on the way out.
///
/// A list of `varchar` is deparsed as `(ARRAY['a'::character varying])::text[]`. Read again, the cast goes to each element,
/// and the expression is not the same any more. Said without the cast as an operand of `ANY` and `ALL`, or with the type
/// of the list beside it elsewhere, it is.
pub(super) fn faithful(sql: &str) -> Option<String> {
    const OPEN: &str = "(ARRAY[";
    if !sql.contains(OPEN) {
        return None;
    }
    let mut out = String::with_capacity(sql.len());
    let (mut at, mut copied) = (0, 0);
    while at < sql.len() {
        if let Some(end) = quoted(sql, at) {
            at = end;
            continue;
        }
        let list = sql[at..].strip_prefix(OPEN).and_then(|_| List::read(sql, at, OPEN.len()));
        let Some(list) = list else {
            at += sql[at..].chars().next().map_or(1, char::len_utf8);
            continue;
        };
        let operand = sql[..at].ends_with("ANY (") || sql[..at].ends_with("ALL (");
        let elements = &sql[at + OPEN.len()..list.close];
        out += &sql[copied..at];
        if operand && list.element == "character varying" && list.cast == "text[]" {
            out += &format!("ARRAY[{elements}]");
        } else {
            out += &format!("(ARRAY[{elements}]::{}[])::{}", list.element, list.cast);
        }
        (at, copied) = (list.end, list.end);
    }
    (copied > 0).then(|| out + &sql[copied..])
}

/// `(ARRAY[…])::type[]`, whose elements say their type.
struct List<'a> {
    /// Where `]` is.
    close: usize,
    /// The type of the first element.
    element: &'a str,
    cast: &'a str,
    end: usize,
}

impl<'a> List<'a> {
    fn read(sql: &'a str, start: usize, open: usize) -> Option<Self> {
        let (mut at, mut depth, mut first) = (start + open, 0, None);
        let close = loop {
            if let Some(end) = quoted(sql, at) {
                at = end;
                continue;
            }
            match sql[at..].chars().next()? {
                ']' if depth == 0 => break at,
                ',' if depth == 0 => {
                    first.get_or_insert(at);
                }
                '[' | '(' => depth += 1,
                ']' | ')' => depth -= 1,
                _ => {}
            }
            at += sql[at..].chars().next().map_or(1, char::len_utf8);
        };
        let one = &sql[start + open..first.unwrap_or(close)];
        let (_, element) = one.rsplit_once("'::").filter(|(_, of)| is_type(of))?;
        let rest = sql[close + 1..].strip_prefix(")::")?;
        let cast = &rest[..rest.find("[]")? + 2];
        is_type(cast.trim_end_matches("[]")).then_some(Self {
            close,
            element,
            cast,
            end: close + 4 + cast.len(),
        })
    }
}

fn is_type(of: &str) -> bool {
    !of.is_empty() && of.chars().all(|c| c.is_alphanumeric() || matches!(c, ' ' | '_' | '.' | '"'))
}

/// Where a string, a quoted name or a dollar-quoted body that starts here ends.
fn quoted(sql: &str, at: usize) -> Option<usize> {
    let rest = &sql[at..];
    let closed = |open: usize, close: &str| {
        let end = rest[open..].find(close).map(|end| open + end + close.len());
        Some(at + end.unwrap_or(rest.len()))
    };
    match rest.as_bytes().first()? {
        b'\'' if sql[..at].ends_with('E') => {
            let mut escaped = false;
            let end = rest[1..].find(|c| {
                let ends = c == '\'' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            Some(at + end.map_or(rest.len(), |end| end + 2))
        }
        b'\'' => closed(1, "'"),
        b'"' => closed(1, "\""),
        b'$' => {
            let tag = rest[1..].find('$').map(|end| &rest[..end + 2])?;
            let named = tag[1..tag.len() - 1].chars().all(|c| c.is_alphanumeric() || c == '_');
            if named && !tag[1..].starts_with(|c: char| c.is_ascii_digit()) {
                closed(tag.len(), tag)
            } else {
                None
            }
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::faithful;

    #[test]
    fn a_list_of_varchar_keeps_its_type() {
        let check = "CHECK (((kind)::text = ANY ((ARRAY['a'::character varying, 'b,]'::character varying])::text[])))";
        assert_eq!(
            faithful(check).as_deref(),
            Some("CHECK (((kind)::text = ANY (ARRAY['a'::character varying, 'b,]'::character varying])))")
        );
    }

    #[test]
    fn elsewhere_the_list_says_its_type() {
        assert_eq!(
            faithful("f((ARRAY['a'::character varying])::text[])").as_deref(),
            Some("f((ARRAY['a'::character varying]::character varying[])::text[])")
        );
    }

    #[test]
    fn strings_names_and_bodies_are_left_alone() {
        for sql in [
            "COMMENT ON TABLE t IS '(ARRAY[''a''::character varying])::text[]'",
            "AS $function$SELECT (ARRAY['a'::character varying])::text[]$function$",
            "SELECT \"(ARRAY['a'::character varying])::text[]\"",
            "SELECT E'\\'(ARRAY[''a''::character varying])::text[]'",
            "x = ANY (ARRAY['a'::text])",
            "x = ANY ((ARRAY[a, b])::bigint[])",
            "(ARRAY['a",
        ] {
            assert_eq!(faithful(sql), None, "{sql}");
        }
    }
}
