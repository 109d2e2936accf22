//! Identifiers and literals as SQL text.

/// A quoted identifier. Quotes are always added, because the set of keywords differs between versions.
pub(crate) fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A string literal that is independent of `standard_conforming_strings`.
pub(crate) fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    match quoted.contains('\\') {
        true => format!("E'{}'", quoted.replace('\\', "\\\\")),
        false => format!("'{quoted}'"),
    }
}

/// A body in dollar quotes with a tag that the body does not hold.
pub(crate) fn dollar_quote(body: &str) -> String {
    let mut tag = String::new();
    let mut number = 0usize;
    // The closing fence must not begin inside of the body either.
    while body.contains(&format!("${tag}")) {
        tag = format!("lakebase{number}");
        number += 1;
    }
    format!("${tag}${body}${tag}$")
}

/// The name behind an identifier as the server prints it, with quotes or without.
pub(crate) fn unquote_ident(identifier: &str) -> String {
    match identifier.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => identifier.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sql::{TokenKind, significant};

    #[test]
    fn quotes_and_backslashes_are_escaped() {
        assert_eq!(quote_ident("a\"b"), "\"a\"\"b\"");
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal("a\\'b"), "E'a\\\\''b'");
        assert_eq!(unquote_ident("\"a\"\"b\""), "a\"b");
        assert_eq!(unquote_ident("a"), "a");
        assert_eq!(dollar_quote(" a "), "$$ a $$");
        assert_eq!(dollar_quote("a$$b"), "$lakebase0$a$$b$lakebase0$");
        assert_eq!(dollar_quote("$lakebase0$"), "$lakebase1$$lakebase0$$lakebase1$");
    }

    proptest! {
        #[test]
        fn any_name_and_text_is_one_token(text in any::<String>()) {
            prop_assume!(!text.contains('\0'));
            let name = quote_ident(&text);
            let kinds = |sql: &str| significant(sql).unwrap().iter().map(|t| t.kind).collect::<Vec<_>>();
            prop_assert_eq!(kinds(&name), [TokenKind::QuotedName]);
            prop_assert_eq!(unquote_ident(&name), text.clone());
            prop_assert_eq!(kinds(&quote_literal(&text)), [TokenKind::String]);
            prop_assert_eq!(kinds(&dollar_quote(&text)), [TokenKind::String]);
        }
    }
}
