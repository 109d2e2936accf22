//! Replacement of identifiers in deparsed text; literals and function bodies stay as they are.

use std::collections::HashMap;

use super::lexer::{Lexer, Token};

/// New names of renamed objects, all as the server prints them, quoted where needed.
#[derive(Clone, Debug, Default)]
pub(crate) struct IdentifierMap {
    /// `schema.name` of relations, functions and types.
    pub(crate) qualified: HashMap<String, String>,
    /// Schemas: the first of several parts.
    pub(crate) schemas: HashMap<String, String>,
    /// Relations as they qualify a column: the first of several parts.
    pub(crate) relations: HashMap<String, String>,
    /// Columns and attributes: a name alone or after a dot.
    pub(crate) columns: HashMap<String, String>,
}

impl IdentifierMap {
    pub(crate) fn is_empty(&self) -> bool {
        self.qualified.is_empty()
            && self.schemas.is_empty()
            && self.relations.is_empty()
            && self.columns.is_empty()
    }

    /// Renames in an object's key: the part after the relation's qualified name is a column.
    pub(crate) fn key(&self, text: &str) -> String {
        self.replace(text, |_| 2)
    }

    /// Renames in an expression or definition.
    pub(crate) fn text(&self, text: &str) -> String {
        self.replace(text, |parts| usize::from(parts > 1))
    }

    /// `columns_from` maps the number of parts of a name to the first part that can be a column.
    fn replace(&self, text: &str, columns_from: fn(usize) -> usize) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut lexer = Lexer::new(text).map_while(Result::ok).peekable();
        let mut parts: Vec<&str> = Vec::new();
        let mut copied = 0;
        while let Some(token) = lexer.next() {
            copied = token.end();
            if token.is_name() {
                parts.clear();
                parts.push(token.text);
                while let Some(next) = next_part(text, copied) {
                    lexer.next();
                    lexer.next();
                    parts.push(next.text);
                    copied += 1 + next.text.len();
                }
                self.name(&parts, &mut out, columns_from(parts.len()));
            } else if token.text.starts_with('\'') && text[copied..].starts_with("::reg") {
                let inner = &token.text[1..token.text.len() - 1];
                let inner = inner.replace("''", "'");
                out.push_str(&format!("'{}'", self.replace(&inner, columns_from).replace('\'', "''")));
            } else {
                out.push_str(token.text);
            }
        }
        out.push_str(&text[copied..]);
        out
    }

    fn name(&self, parts: &[&str], out: &mut String, columns_from: usize) {
        let mut rest = 0;
        if let [first, second, ..] = parts {
            if let Some(name) = self.qualified.get(&format!("{first}.{second}")) {
                out.push_str(name);
                rest = 2;
            } else {
                let head = self.schemas.get(*first).or_else(|| self.relations.get(*first));
                out.push_str(head.map_or(first, String::as_str));
                rest = 1;
            }
        }
        for (at, part) in parts.iter().enumerate().skip(rest) {
            if at > 0 {
                out.push('.');
            }
            let other = self.columns.get(*part).filter(|_| at >= columns_from);
            out.push_str(other.map_or(part, |name| name.as_str()));
        }
    }
}

/// The name after a dot at this position.
fn next_part(text: &str, at: usize) -> Option<Token<'_>> {
    let rest = text.get(at..)?.strip_prefix('.')?;
    Lexer::new(rest).next()?.ok().filter(Token::is_name)
}

#[cfg(test)]
mod tests {
    use super::IdentifierMap;

    fn map() -> IdentifierMap {
        let map = |from: &str, to: &str| [(from.to_owned(), to.to_owned())].into();
        IdentifierMap {
            qualified: map("public.t", "app.u"),
            schemas: map("old", "new"),
            relations: map("t", "u"),
            columns: [("a".to_owned(), "b".to_owned()), ("b".to_owned(), "a".to_owned())].into(),
        }
    }

    #[test]
    fn names_are_replaced_and_swapped_at_once() {
        assert_eq!(map().text("(a + aa) > b"), "(b + aa) > a");
        assert_eq!(
            map().text("SELECT t.a FROM public.t JOIN old.x ON x.b = 1"),
            "SELECT u.b FROM app.u JOIN new.x ON x.a = 1"
        );
    }

    #[test]
    fn literals_and_bodies_stay_as_they_are() {
        assert_eq!(map().text("a = 'a'::text"), "b = 'a'::text");
        assert_eq!(map().text("a = 'it''s a'"), "b = 'it''s a'");
        assert_eq!(map().text("nameE'\\' || a || ''"), "nameE'\\' || b || ''");
        assert_eq!(
            map().text("AS $function$SELECT a FROM public.t$function$"),
            "AS $function$SELECT a FROM public.t$function$"
        );
    }

    #[test]
    fn a_name_inside_a_registered_literal_is_a_name() {
        assert_eq!(map().text("nextval('public.t'::regclass)"), "nextval('app.u'::regclass)");
        let quoted = IdentifierMap {
            qualified: [("public.\"it's\"".to_owned(), "public.\"it's new\"".to_owned())].into(),
            ..IdentifierMap::default()
        };
        assert_eq!(
            quoted.text("nextval('public.\"it''s\"'::regclass)"),
            "nextval('public.\"it''s new\"'::regclass)"
        );
    }

    #[test]
    fn quoted_names_are_whole() {
        assert_eq!(
            map().text("\"a\" = a AND \"a.b\".\"c\"\"d\" = 'x'"),
            "\"a\" = b AND \"a.b\".\"c\"\"d\" = 'x'"
        );
    }

    #[test]
    fn in_a_key_only_the_part_after_the_relation_is_a_column() {
        assert_eq!(map().key("column public.t.a to a"), "column app.u.b to a");
        assert_eq!(map().key("public.a.a"), "public.a.b");
    }

    #[test]
    fn unfinished_text_stays_from_where_it_cannot_be_read() {
        for text in ["'a", "\"a", "$x$ a", "$", "b.", "E'\\", "x \\ a"] {
            assert_eq!(map().text(text).len(), text.len(), "{text}");
        }
        assert_eq!(map().text("a = 'a"), "b = 'a");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"[ab.'"$:reg\\ é1]{0,40}"#) {
            let _ = (map().text(&text), map().key(&text));
        }
    }
}
