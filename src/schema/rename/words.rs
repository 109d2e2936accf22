//! Names inside the server's deparsed text: replaced where they are names, left alone in literals and bodies.

use std::collections::HashMap;

/// What is called otherwise.
#[derive(Clone, Debug, Default)]
pub(super) struct Words {
    /// `schema.name`, quoted where SQL needs it.
    pub(super) qualified: HashMap<String, String>,
    /// Schemas: the first of several parts.
    pub(super) schemas: HashMap<String, String>,
    /// Relations as they qualify a column: the first of several parts.
    pub(super) relations: HashMap<String, String>,
    /// Columns and such: a name alone or after a dot.
    pub(super) columns: HashMap<String, String>,
}

impl Words {
    pub(super) fn is_empty(&self) -> bool {
        self.qualified.is_empty()
            && self.schemas.is_empty()
            && self.relations.is_empty()
            && self.columns.is_empty()
    }

    /// An object's key: what follows the relation's qualified name is a part of it.
    pub(super) fn key(&self, text: &str) -> String {
        self.walk(text, |words, parts, out| words.chain(parts, out, 2))
    }

    /// An expression or definition.
    pub(super) fn text(&self, text: &str) -> String {
        self.walk(text, |words, parts, out| words.chain(parts, out, usize::from(parts.len() > 1)))
    }

    fn chain(&self, parts: &[&str], out: &mut String, columns_from: usize) {
        let mut rest = 0;
        let qualified = parts.get(1).and_then(|name| self.qualified.get(&format!("{}.{name}", parts[0])));
        if let Some(name) = qualified {
            out.push_str(name);
            rest = 2;
        } else if parts.len() > 1 {
            let head = self.schemas.get(parts[0]).or_else(|| self.relations.get(parts[0]));
            out.push_str(head.map_or(parts[0], String::as_str));
            rest = 1;
        }
        for (at, part) in parts.iter().enumerate().skip(rest) {
            if at > 0 {
                out.push('.');
            }
            let other = self.columns.get(*part).filter(|_| at >= columns_from);
            out.push_str(other.map_or(part, |name| name.as_str()));
        }
    }

    fn walk(&self, text: &str, name: impl Fn(&Self, &[&str], &mut String) + Copy) -> String {
        if self.is_empty() {
            return text.to_owned();
        }
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let taken = if first == '\'' {
                let end = literal(rest, out.ends_with('E'));
                let inner = rest.get(1..end.saturating_sub(1)).unwrap_or_default();
                if rest[end..].starts_with("::reg") && !inner.is_empty() {
                    out.push('\'');
                    out.push_str(&self.walk(inner, name));
                    out.push('\'');
                } else {
                    out.push_str(&rest[..end]);
                }
                end
            } else if let Some(end) = dollar(rest) {
                out.push_str(&rest[..end]);
                end
            } else if let Some(end) = identifier(rest) {
                let mut parts = vec![&rest[..end]];
                let mut at = end;
                while let Some(next) = rest[at..].strip_prefix('.').and_then(identifier) {
                    parts.push(&rest[at + 1..at + 1 + next]);
                    at += 1 + next;
                }
                name(self, &parts, &mut out);
                at
            } else if first.is_ascii_digit() {
                let end = rest.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(rest.len());
                out.push_str(&rest[..end]);
                end
            } else {
                out.push(first);
                first.len_utf8()
            };
            rest = &rest[taken..];
        }
        out
    }
}

/// Where the literal that starts the text ends.
fn literal(text: &str, escapes: bool) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

/// Where the dollar-quoted body that starts the text ends.
fn dollar(text: &str) -> Option<usize> {
    let tag = text.strip_prefix('$')?;
    let end = tag.find('$')?;
    if !tag[..end].chars().all(|c| c.is_alphanumeric() || c == '_')
        || tag.starts_with(|c: char| c.is_ascii_digit())
    {
        return None;
    }
    let quote = &text[..end + 2];
    text[quote.len()..].find(quote).map(|at| at + 2 * quote.len())
}

/// Where the identifier that starts the text ends.
fn identifier(text: &str) -> Option<usize> {
    let first = text.chars().next()?;
    if first == '"' {
        let mut at = 1;
        loop {
            at += text.get(at..)?.find('"')? + 1;
            if !text[at..].starts_with('"') {
                return Some(at);
            }
            at += 1;
        }
    }
    if !(first.is_alphabetic() || first == '_') {
        return None;
    }
    Some(text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::Words;

    fn words() -> Words {
        let map = |from: &str, to: &str| [(from.to_owned(), to.to_owned())].into();
        Words {
            qualified: map("public.t", "app.u"),
            schemas: map("old", "new"),
            relations: map("t", "u"),
            columns: [("a".to_owned(), "b".to_owned()), ("b".to_owned(), "a".to_owned())].into(),
        }
    }

    #[test]
    fn names_are_replaced_and_exchanged_at_once() {
        assert_eq!(words().text("(a + aa) > b"), "(b + aa) > a");
        assert_eq!(
            words().text("SELECT t.a FROM public.t JOIN old.x ON x.b = 1"),
            "SELECT u.b FROM app.u JOIN new.x ON x.a = 1"
        );
    }

    #[test]
    fn literals_and_bodies_stay_as_they_are() {
        assert_eq!(words().text("a = 'a'::text"), "b = 'a'::text");
        assert_eq!(words().text("a = 'it''s a'"), "b = 'it''s a'");
        assert_eq!(
            words().text("AS $function$SELECT a FROM public.t$function$"),
            "AS $function$SELECT a FROM public.t$function$"
        );
    }

    #[test]
    fn a_name_inside_a_registered_literal_is_a_name() {
        assert_eq!(words().text("nextval('public.t'::regclass)"), "nextval('app.u'::regclass)");
    }

    #[test]
    fn quoted_names_are_whole() {
        assert_eq!(
            words().text("\"a\" = a AND \"a.b\".\"c\"\"d\" = 'x'"),
            "\"a\" = b AND \"a.b\".\"c\"\"d\" = 'x'"
        );
    }

    #[test]
    fn in_a_key_only_the_part_after_the_relation_is_a_column() {
        assert_eq!(words().key("column public.t.a to a"), "column app.u.b to a");
        assert_eq!(words().key("public.a.a"), "public.a.b");
    }

    #[test]
    fn unfinished_text_does_no_harm() {
        for text in ["'a", "\"a", "$x$ a", "$", "a.", "E'\\"] {
            assert!(!words().text(text).is_empty());
        }
    }
}
