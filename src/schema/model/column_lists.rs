//! Column lists of functions in `FROM`, whose last names differ without a difference.
//!
//! The server prints `f(a, b)` after a function with the columns that it had when the view was created. A column that
//! its result type gets later is missing there, and no text can create that list again.

use std::ops::Range;

use super::Kind;
use crate::sql::{Token, significant};

/// The kinds whose definitions can have such lists.
pub(super) fn may_have(kind: Kind) -> bool {
    matches!(kind, Kind::View | Kind::MaterializedView | Kind::Rule | Kind::Function)
}

/// Whether the new definition, which differs in such lists only, has the longer ones: they are what the server prints
/// for a new view.
pub(super) fn grow(kind: Kind, old: &str, new: &str) -> bool {
    may_have(kind) && new.len() > old.len()
}

/// The definition without the last names in such lists that nothing refers to; `None` if there are none.
pub(super) fn without_unused_names(definition: &str) -> Option<String> {
    if !may_have_lists(definition) {
        return None;
    }
    let tokens = significant(definition).ok()?;
    let (mut text, mut copied) = (String::with_capacity(definition.len()), 0);
    for list in lists(&tokens) {
        let alias = tokens[list.start - 2].text;
        let mut end = list.end;
        while end > list.start + 1 && !is_used(&tokens, &list, alias, tokens[end - 1].text) {
            end -= 2;
        }
        if end < list.end {
            text.push_str(&definition[copied..tokens[end].start]);
            copied = tokens[list.end].start;
        }
    }
    (copied > 0).then(|| text + &definition[copied..])
}

/// Whether a bracket is closed before what can be an alias with a list: a quick look, as few definitions have any.
fn may_have_lists(definition: &str) -> bool {
    definition.match_indices(") ").any(|(at, _)| {
        let alias = &definition[at + 2..];
        let end = alias.find([' ', '\n', ',', ')', '.', ';']).unwrap_or(alias.len());
        alias.starts_with(|c: char| c == '"' || c == '_' || c.is_lowercase())
            && (alias[..end].contains('(') || alias.starts_with('"'))
    })
}

/// The tokens between the brackets of each list of names that follows a function and its alias.
fn lists(tokens: &[Token<'_>]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // The open brackets: whether each is that of a function's arguments, and where a list of columns begins.
    let mut open: Vec<(bool, Option<usize>)> = Vec::new();
    let mut end_of_call = None;
    for (at, token) in tokens.iter().enumerate() {
        let before = |back: usize| at.checked_sub(back).map(|at| &tokens[at]);
        if token.is_sign('(') {
            let named = before(1).is_some_and(is_name);
            let is_list = named && end_of_call.is_some() && end_of_call == at.checked_sub(2);
            let rows =
                before(1).is_some_and(|t| t.text == "FROM") && before(2).is_some_and(|t| t.text == "ROWS");
            open.push((!is_list && (named || rows), is_list.then_some(at + 1)));
        } else if token.is_sign(')') {
            match open.pop() {
                Some((_, Some(start))) if is_list_of_names(&tokens[start..at]) => found.push(start..at),
                Some((true, _)) => end_of_call = Some(at),
                _ => {}
            }
        }
    }
    found.sort_by_key(|list| list.start);
    found
}

fn is_list_of_names(tokens: &[Token<'_>]) -> bool {
    let fits =
        |(at, token): (usize, &Token<'_>)| if at % 2 == 0 { token.is_name() } else { token.is_sign(',') };
    tokens.len() % 2 == 1 && tokens.iter().enumerate().all(fits)
}

fn is_name(token: &Token<'_>) -> bool {
    token.is_name() && !token.text.starts_with(|c: char| c.is_ascii_uppercase())
}

/// Whether a column is used outside of the list, bare or with the alias.
fn is_used(tokens: &[Token<'_>], list: &Range<usize>, alias: &str, column: &str) -> bool {
    (0..tokens.len()).filter(|at| !list.contains(at) && tokens[*at].text == column).any(|at| {
        let qualified = at > 0 && tokens[at - 1].is_sign('.');
        !qualified || at > 1 && tokens[at - 2].text == alias
    })
}

#[cfg(test)]
mod tests {
    use super::without_unused_names;

    fn cut(definition: &str, expected: &str) {
        assert_eq!(without_unused_names(definition).as_deref(), Some(expected));
        assert_eq!(without_unused_names(expected), None, "{expected}");
    }

    #[test]
    fn unused_columns_at_the_end_are_left_out() {
        cut("SELECT f.a FROM public.f() f(a, b)", "SELECT f.a FROM public.f() f(a)");
        cut(
            "SELECT a FROM f(g(1)) \"X\"(a, b, c) WHERE b > 1",
            "SELECT a FROM f(g(1)) \"X\"(a, b) WHERE b > 1",
        );
        cut(
            "SELECT q.a, t.b FROM ROWS FROM(f(), g(1)) q(a, b, \"C\"), t",
            "SELECT q.a, t.b FROM ROWS FROM(f(), g(1)) q(a), t",
        );
        cut("SELECT 1 FROM f(1) x(a), g(2) y(b, c)", "SELECT 1 FROM f(1) x(a), g(2) y(b)");
    }

    #[test]
    fn everything_else_remains() {
        for definition in [
            "SELECT f.b FROM f() f(a, b)",
            "SELECT b FROM f() f(a, b)",
            "SELECT 1 FROM f() f(a integer, b integer)",
            "SELECT 1 FROM t t(a, b)",
            "SELECT 1 FROM ( SELECT 1, 2) t(a, b)",
            "SELECT (a) IN (b, c), f(a) g",
            "CREATE FUNCTION f(a integer) RETURNS TABLE(x, y)",
        ] {
            assert_eq!(without_unused_names(definition).as_deref().unwrap_or(definition), definition);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"(f\(|FROM|ROWS|\) f\(|a|[ (),."'$ä]){0,16}"#) {
            let _ = without_unused_names(&text);
        }
    }
}
