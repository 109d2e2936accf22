//! Clauses in deparsed definitions, found by their keywords outside of literals, quoted names and brackets.

use std::ops::Range;

use super::lexer::{Lexer, Token, TokenKind};

/// The range of a clause's keywords (given separated by spaces), without its arguments. Only keywords in capitals
/// outside of brackets count, as the server's deparsers write them.
pub(crate) fn clause(definition: &str, keywords: &str) -> Option<Range<usize>> {
    find(definition, keywords, true)
}

/// Whether a definition has the keywords in sequence, in brackets or outside.
pub(crate) fn has_keywords(definition: &str, keywords: &str) -> bool {
    find(definition, keywords, false).is_some()
}

/// A clause whose argument is in brackets, such as `WITH (fillfactor='70')`: from the keyword to the closing bracket.
pub(crate) fn bracketed_clause(definition: &str, keyword: &str) -> Option<Range<usize>> {
    let keyword = clause(definition, keyword)?;
    let mut depth = 0usize;
    for token in tokens(definition.get(keyword.end..)?) {
        match token.kind {
            TokenKind::Sign('(') => depth += 1,
            TokenKind::Sign(')') if depth == 1 => return Some(keyword.start..keyword.end + token.end()),
            TokenKind::Sign(')') => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

/// The position of the first opening bracket outside of literals and quoted names: that of the arguments of a
/// function's signature or of the modifier of a type.
pub(crate) fn bracket(text: &str) -> Option<usize> {
    if !text.contains('(') {
        return None;
    }
    Lexer::new(text).map_while(Result::ok).find(|token| token.is_sign('(')).map(|token| token.start)
}

fn find(definition: &str, keywords: &str, outside: bool) -> Option<Range<usize>> {
    let wanted: Vec<&str> = keywords.split(' ').collect();
    if !definition.contains(wanted.first()?) {
        return None;
    }
    let mut depth = 0usize;
    // The start and the number of the keywords matched so far.
    let mut matched = (0usize, 0usize);
    for token in tokens(definition) {
        match token.kind {
            TokenKind::Sign('(' | '[') => depth += 1,
            TokenKind::Sign(')' | ']') => depth = depth.saturating_sub(1),
            TokenKind::Word if depth == 0 || !outside => {
                if wanted.get(matched.1) != Some(&token.text) {
                    matched.1 = 0;
                }
                if wanted.get(matched.1) == Some(&token.text) {
                    let start = if matched.1 == 0 { token.start } else { matched.0 };
                    matched = (start, matched.1 + 1);
                    if matched.1 == wanted.len() {
                        return Some(start..token.end());
                    }
                }
                continue;
            }
            _ => {}
        }
        matched.1 = 0;
    }
    None
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    let significant = |token: &Token<'_>| !matches!(token.kind, TokenKind::Space | TokenKind::Comment);
    Lexer::new(text).map_while(Result::ok).filter(significant)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at<'a>(definition: &'a str, keywords: &str) -> Option<&'a str> {
        clause(definition, keywords).map(|place| &definition[place.start..])
    }

    #[test]
    fn a_clause_is_found_outside_of_literals_names_and_brackets() {
        let index = "CREATE INDEX \"i WHERE \" ON s.t USING btree ((a || ' WHERE '::text)) WHERE (b > ' WHERE '::text)";
        assert_eq!(at(index, "WHERE"), Some("WHERE (b > ' WHERE '::text)"));
        assert_eq!(at("CHECK ((a <> ' DEFERRABLE'::text))", "DEFERRABLE"), None);
        assert_eq!(
            at("UNIQUE (\" DEFERRABLE\") DEFERRABLE INITIALLY DEFERRED", "DEFERRABLE").map(str::len),
            Some(29)
        );
        assert_eq!(at("CHECK ((NOT valid)) NOT VALID", "NOT VALID"), Some("NOT VALID"));
        assert_eq!(at("CHECK (a) NOT NOT VALID", "NOT VALID"), Some("NOT VALID"));
        assert_eq!(at("CHECK (a) NOT VALID NOT ENFORCED", "NOT ENFORCED"), Some("NOT ENFORCED"));
        assert_eq!(at("'unfinished WHERE", "WHERE"), None);
    }

    #[test]
    fn a_bracketed_clause_ends_at_its_own_bracket() {
        let of =
            |definition: &'static str| bracketed_clause(definition, "WITH").map(|place| &definition[place]);
        assert_eq!(
            of("CREATE INDEX i ON t USING gin (a) WITH (x='a)b', y='(') WHERE (c)"),
            Some("WITH (x='a)b', y='(')")
        );
        assert_eq!(
            of("EXCLUDE USING gist (c WITH &&) WITH (fillfactor='70')"),
            Some("WITH (fillfactor='70')")
        );
        assert_eq!(of("EXCLUDE USING gist (c WITH &&)"), None);
        assert_eq!(of("CREATE VIEW v WITH a (b)"), None);
        assert_eq!(of("a WITH (b"), None);
    }

    #[test]
    fn keywords_are_found_at_any_depth() {
        assert!(has_keywords("PRIMARY KEY (id, at WITHOUT OVERLAPS)", "WITHOUT OVERLAPS"));
        assert!(!has_keywords("UNIQUE (\"WITHOUT OVERLAPS\")", "WITHOUT OVERLAPS"));
        assert!(!has_keywords("CHECK ((a = 'WITHOUT OVERLAPS'::text))", "WITHOUT OVERLAPS"));
    }

    #[test]
    fn the_first_bracket_of_a_quoted_name_is_none() {
        assert_eq!(bracket("s.\"f(\"(integer)"), Some(6));
        assert_eq!(bracket("\"f(\""), None);
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"[()\[\]'"$E\\ WITHéa]{0,40}"#) {
            let _ = (clause(&text, "WITH"), bracketed_clause(&text, "WITH"), bracket(&text));
        }
    }
}
