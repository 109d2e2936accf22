//! Identifiers as another version of the server prints them.
//!
//! `quote_ident` puts keywords in quotes, and each version has more of them. A name that is printed bare by one and
//! quoted by another is the same name.

use super::lexer::{Lexer, Token, TokenKind};

/// Keywords that `quote_ident` quotes since a version after 15.
const SINCE: [(&str, u32); 13] = [
    ("json", 17),
    ("json_array", 16),
    ("json_arrayagg", 16),
    ("json_exists", 17),
    ("json_object", 16),
    ("json_objectagg", 16),
    ("json_query", 17),
    ("json_scalar", 17),
    ("json_serialize", 17),
    ("json_table", 17),
    ("json_value", 17),
    ("merge_action", 17),
    ("system_user", 16),
];

/// The keyword among them that is also a type, which every version prints bare.
const TYPE: &str = "json";

/// The context of identifiers, which determines whether a bare `json` is a name or the type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Context {
    /// Names only.
    Names,
    /// Expressions and queries: a type follows `::` or the name of a column.
    Expression,
    /// Arguments and results of functions and the operands of operators: a name is followed by its type.
    Signature,
    /// Types only.
    Types,
}

/// The difference in quoting between two versions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Requoting {
    /// Printed bare by the one and quoted by the other.
    quoted: Vec<&'static str>,
    /// Printed quoted by the one and bare by the other.
    bare: Vec<&'static str>,
}

impl Requoting {
    /// The change of quoting from one server version to another, both as in `170004`; `None` if their quoting is equal.
    pub(crate) fn between(from: u32, to: u32) -> Option<Self> {
        let keywords = |least: u32, most: u32| {
            let between =
                SINCE.iter().filter(|(_, since)| *since > least / 10_000 && *since <= most / 10_000);
            between.map(|(keyword, _)| *keyword).collect::<Vec<_>>()
        };
        let requoting = Self { quoted: keywords(from, to), bare: keywords(to, from) };
        (!requoting.quoted.is_empty() || !requoting.bare.is_empty()).then_some(requoting)
    }

    /// Whether a text contains any of the keywords, as a quick look.
    pub(crate) fn concerns(&self, text: &str) -> bool {
        self.quoted.iter().chain(&self.bare).any(|word| text.contains(word))
    }

    /// The text in the other version's quoting; `None` where it is unchanged. Literals stay as they are, except names
    /// of registered objects.
    pub(crate) fn text(&self, text: &str, context: Context) -> Option<String> {
        if !self.concerns(text) {
            return None;
        }
        let changed = self.replace(text, context);
        (changed != text).then_some(changed)
    }

    fn replace(&self, text: &str, mut context: Context) -> String {
        let tokens: Vec<Token<'_>> = Lexer::new(text).map_while(Result::ok).collect();
        let near_token = |token: &&Token<'_>| !matches!(token.kind, TokenKind::Space | TokenKind::Comment);
        let mut out = String::with_capacity(text.len() + 2);
        for (at, token) in tokens.iter().enumerate() {
            let before = tokens[..at].iter().rfind(near_token);
            let after = tokens[at + 1..].iter().find(near_token);
            match token.kind {
                // The body of a function in SQL follows its signature.
                TokenKind::Word
                    if matches!(token.text, "ATOMIC" | "RETURN") && context == Context::Signature =>
                {
                    context = Context::Expression;
                    out.push_str(token.text);
                }
                TokenKind::Word if self.quoted.contains(&token.text) => {
                    // Attributes and columns are listed one on a line.
                    let near = after.filter(|after| !text[token.end()..after.start].contains('\n'));
                    let behind = tokens[..at].iter().filter(near_token).nth_back(1);
                    let is_name = token.text != TYPE || is_name([behind, before], token, near, context);
                    let quote = if is_name { "\"" } else { "" };
                    out.extend([quote, token.text, quote]);
                }
                TokenKind::QuotedName => {
                    let inner = token.text.trim_matches('"');
                    let bare = self.bare.contains(&inner) && token.text.len() == inner.len() + 2;
                    out.push_str(if bare { inner } else { token.text });
                }
                TokenKind::String if is_registered(token, &text[token.end()..]) => {
                    let inner = token.text[1..token.text.len() - 1].replace("''", "'");
                    let inner = self.replace(&inner, Context::Names).replace('\'', "''");
                    out.extend(["'", &inner, "'"]);
                }
                _ => out.push_str(token.text),
            }
        }
        out.push_str(&text[tokens.last().map_or(0, Token::end)..]);
        out
    }
}

/// Whether a bare `json` is an identifier rather than the type.
fn is_name(
    [behind, before]: [Option<&Token<'_>>; 2],
    token: &Token<'_>,
    after: Option<&Token<'_>>,
    context: Context,
) -> bool {
    // The deparsers write keywords in capitals, but for the names of types.
    let names = |other: Option<&Token<'_>>| {
        other.is_some_and(|t| t.is_name() && !t.text.starts_with(|c: char| c.is_ascii_uppercase()))
    };
    let dotted = before.is_some_and(|t| t.is_sign('.') && t.end() == token.start)
        || after.is_some_and(|t| t.is_sign('.') && t.start == token.end());
    let cast = before.is_some_and(|t| t.kind == TokenKind::Operator && t.text == "::");
    match context {
        _ if dotted => true,
        Context::Names => true,
        Context::Types => false,
        // The column of a column definition list or of `XMLTABLE` has a type, an item of `FROM` has an alias.
        Context::Expression => {
            let defines = |t: &Token<'_>| t.is_sign('(') || t.is_sign(',') || t.text == "COLUMNS";
            !(cast || names(before) && behind.is_some_and(defines))
        }
        Context::Signature => !cast && names(after),
    }
}

/// Whether a literal is the name of a catalog object: `'public.t'::regclass`.
fn is_registered(token: &Token<'_>, rest: &str) -> bool {
    token.text.starts_with('\'') && rest.starts_with("::reg")
}

#[cfg(test)]
mod tests {
    use super::{Context, Requoting};

    fn up(text: &str, context: Context) -> String {
        let requoting = Requoting::between(150_018, 180_000).unwrap();
        let there = requoting.text(text, context).unwrap_or_else(|| text.to_owned());
        let back = Requoting::between(180_000, 150_018).unwrap();
        assert_eq!(back.text(&there, context).unwrap_or_else(|| there.clone()), text);
        there
    }

    #[test]
    fn only_versions_with_other_keywords_differ() {
        assert_eq!(Requoting::between(170_000, 180_004), None);
        assert_eq!(Requoting::between(150_001, 150_018), None);
        let requoting = Requoting::between(160_000, 170_000).unwrap();
        assert_eq!(
            requoting.text("json_value + json_array", Context::Expression).unwrap(),
            "\"json_value\" + json_array"
        );
    }

    #[test]
    fn names_are_quoted_and_literals_are_not() {
        assert_eq!(up("public.json_table", Context::Names), "public.\"json_table\"");
        assert_eq!(
            up("(system_user <> 'json_value'::text) AND json_valued", Context::Expression),
            "(\"system_user\" <> 'json_value'::text) AND json_valued"
        );
        assert_eq!(
            up("nextval('public.json_query'::regclass)", Context::Expression),
            "nextval('public.\"json_query\"'::regclass)"
        );
        assert_eq!(up("\"a\"\"json_value\"", Context::Names), "\"a\"\"json_value\"");
    }

    #[test]
    fn json_is_a_name_or_the_type_by_its_place() {
        assert_eq!(up("json", Context::Types), "json");
        assert_eq!(up("json.t", Context::Types), "\"json\".t");
        assert_eq!(
            up("SELECT t.json, json, ('{}'::json)::text AS json FROM public.t", Context::Expression),
            "SELECT t.\"json\", \"json\", ('{}'::json)::text AS \"json\" FROM public.t"
        );
        assert_eq!(
            up("json_to_record(x) r(json json, b json)", Context::Expression),
            "json_to_record(x) r(\"json\" json, b json)"
        );
        assert_eq!(
            up("SELECT json.a FROM public.t json", Context::Expression),
            "SELECT \"json\".a FROM public.t \"json\""
        );
        assert_eq!(up("public.f(json, integer)", Context::Signature), "public.f(json, integer)");
        assert_eq!(
            up("a\tjson\njson\tjson\nb\tinteger", Context::Signature),
            "a\tjson\n\"json\"\tjson\nb\tinteger"
        );
        assert_eq!(
            up(
                "FUNCTION public.f(json json, OUT json, OUT json json) RETURNS json LANGUAGE sql RETURN json",
                Context::Signature
            ),
            "FUNCTION public.f(\"json\" json, OUT json, OUT \"json\" json) RETURNS json LANGUAGE sql RETURN \"json\""
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in r#"(json|json_value|[a.'"$:reg\\ é]){0,20}"#) {
            for context in [Context::Expression, Context::Signature] {
                let requoting = Requoting::between(150_000, 170_000).unwrap();
                let _ = requoting.text(&text, context);
            }
        }
    }
}
