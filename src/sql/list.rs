//! Lists, brackets and parts of names in deparsed text; literals and quoted names are opaque.

use super::lexer::{Lexer, Token, TokenKind};

/// The items of a list that is separated by commas, without the blanks around them.
pub(crate) fn split_list(list: &str) -> Vec<&str> {
    let mut items = Vec::new();
    let (mut depth, mut start) = (0usize, 0usize);
    for token in tokens(list) {
        match token.kind {
            TokenKind::Sign('(' | '[') => depth += 1,
            TokenKind::Sign(')' | ']') => depth = depth.saturating_sub(1),
            TokenKind::Sign(',') if depth == 0 => {
                items.push(list[start..token.start].trim());
                start = token.end();
            }
            _ => {}
        }
    }
    let last = list[start..].trim();
    if !last.is_empty() || !items.is_empty() {
        items.push(last);
    }
    items
}

/// The contents of the outermost round brackets, in order: `FROM (1) TO (2)` has `1` and `2`.
pub(crate) fn bracketed_lists(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0usize, 0usize);
    for token in tokens(text) {
        match token.kind {
            TokenKind::Sign('(') => {
                if depth == 0 {
                    start = token.end();
                }
                depth += 1;
            }
            TokenKind::Sign(')') => {
                if depth == 1 {
                    found.push(&text[start..token.start]);
                }
                depth = depth.saturating_sub(1);
            }
            _ => {}
        }
    }
    found
}

/// The entries of a list with one entry a line. Line breaks in literals and quoted names separate nothing.
pub(crate) fn entries(list: &str) -> Vec<&str> {
    if list.is_empty() {
        return Vec::new();
    }
    let mut quote = None;
    list.split(|c| c == '\n' && quote.is_none() || open(&mut quote, c)).collect()
}

/// Name and value of an entry, which a tab outside of quotes separates.
pub(crate) fn entry(line: &str) -> (&str, &str) {
    let mut quote = None;
    let mut parts = line.splitn(2, |c| c == '\t' && quote.is_none() || open(&mut quote, c));
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
}

/// Tracks the open quote; a doubled quote closes and reopens it. Returns `false`, as a quote is no separator.
fn open(quote: &mut Option<char>, c: char) -> bool {
    match quote {
        Some(opened) if *opened == c => *quote = None,
        None if matches!(c, '\'' | '"') => *quote = Some(c),
        _ => {}
    }
    false
}

/// Whether a name, as the server prints it, occurs in deparsed text other than as the name of a called function.
pub(crate) fn mentions(text: &str, name: &str) -> bool {
    if !text.contains(name) {
        return false;
    }
    let mut tokens = tokens(text).peekable();
    while let Some(token) = tokens.next() {
        let called = tokens.peek().is_some_and(|next| next.is_sign('(') && next.start == token.end());
        if token.is_name() && token.text == name && !called {
            return true;
        }
    }
    false
}

/// The last part of a qualified name.
pub(crate) fn last_part(name: &str) -> &str {
    let dot = tokens(name).filter(|token| token.is_sign('.')).last();
    dot.map_or(name, |dot| &name[dot.end()..])
}

fn tokens(text: &str) -> impl Iterator<Item = Token<'_>> {
    Lexer::new(text).map_while(Result::ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_in_literals_names_and_brackets_separate_nothing() {
        assert_eq!(split_list("a, \"b, c\", f(x, y), 'd, e'"), ["a", "\"b, c\"", "f(x, y)", "'d, e'"]);
        assert_eq!(split_list("a"), ["a"]);
        assert!(split_list("").is_empty());
    }

    #[test]
    fn brackets_in_literals_end_no_list() {
        assert_eq!(bracketed_lists("FOR VALUES FROM (') TO (', 1) TO (f('a'))"), ["') TO (', 1", "f('a')"]);
        assert!(bracketed_lists("DEFAULT").is_empty());
        assert!(bracketed_lists("(a").is_empty());
    }

    #[test]
    fn a_name_is_mentioned_as_a_whole_and_outside_of_literals() {
        assert!(mentions("LIST (lower(kind))", "kind"));
        assert!(!mentions("LIST (lower((code || ' kind '::text)))", "kind"));
        assert!(!mentions("RANGE (date(at))", "date"));
        assert!(!mentions("(kinds)", "kind"));
        assert!(mentions("(\"a b\")", "\"a b\""));
    }

    #[test]
    fn dots_in_quoted_names_separate_nothing() {
        assert_eq!(last_part("public.\"a.b\""), "\"a.b\"");
        assert_eq!(last_part("a"), "a");
    }

    #[test]
    fn line_breaks_and_tabs_in_quotes_separate_nothing() {
        assert_eq!(entries("a\n'b\n''c'\n\"d\n\"\n"), ["a", "'b\n''c'", "\"d\n\"", ""]);
        assert!(entries("").is_empty());
        assert_eq!(entry("\"a\tb\"\ttext COLLATE \"x\ty\""), ("\"a\tb\"", "text COLLATE \"x\ty\""));
        assert_eq!(entry("a"), ("a", ""));
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"[(),.'"$E\\ aé\n\t]{0,40}"#) {
            let _ = (entries(&text), entry(&text));
            let _ = (split_list(&text), bracketed_lists(&text), mentions(&text, "a"), last_part(&text));
        }
    }
}
