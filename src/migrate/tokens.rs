//! PostgreSQL's lexical rules, as far as one must know them to tell where a statement ends.

use std::ops::Range;

/// What a piece of SQL is, lexically. White space and comments are no tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A key word or a name without quotes.
    Word,
    /// A name in double quotes.
    Name,
    /// A literal in single quotes, whatever its prefix, or in dollar quotes.
    Text,
    /// A number or a parameter such as `$1`.
    Number,
    /// Any other single character.
    Sign(char),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
}

/// Something that never ends, or that is no SQL at all, and where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LexError {
    pub(super) at: usize,
    pub(super) what: &'static str,
}

/// Cuts the text into tokens.
pub(super) fn tokens(sql: &str) -> Result<Vec<Token>, LexError> {
    let mut lexer = Lexer { sql, at: if sql.starts_with('\u{feff}') { 3 } else { 0 } };
    let mut found = Vec::new();
    while let Some(token) = lexer.next()? {
        found.push(token);
    }
    Ok(found)
}

struct Lexer<'a> {
    sql: &'a str,
    at: usize,
}

fn starts_word(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

fn continues_word(c: char) -> bool {
    starts_word(c) || c.is_ascii_digit() || c == '$'
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c')
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.sql.get(self.at..).unwrap_or_default()
    }

    fn next(&mut self) -> Result<Option<Token>, LexError> {
        self.skip_blanks()?;
        let start = self.at;
        let Some(c) = self.rest().chars().next() else { return Ok(None) };
        let kind = match c {
            '\'' => self.quoted('\'', false, "this string has no closing quote")?,
            '"' => self.quoted('"', false, "this quoted name has no closing quote")?,
            '$' => self.dollar()?,
            '\\' => {
                return Err(LexError {
                    at: start,
                    what: "this is a psql meta command, which only psql understands; write SQL instead",
                });
            }
            '\0' => return Err(LexError { at: start, what: "PostgreSQL accepts no NUL character in SQL" }),
            c if starts_word(c) => self.word()?,
            c if c.is_ascii_digit() => self.while_true(Kind::Number, |c| continues_word(c) || c == '.'),
            c => {
                self.at += c.len_utf8();
                Kind::Sign(c)
            }
        };
        Ok(Some(Token { kind, range: start..self.at }))
    }

    fn while_true(&mut self, kind: Kind, belongs: impl Fn(char) -> bool) -> Kind {
        let rest = self.rest();
        self.at += rest.find(|c| !belongs(c)).unwrap_or(rest.len());
        kind
    }

    fn skip_blanks(&mut self) -> Result<(), LexError> {
        loop {
            let rest = self.rest();
            if rest.starts_with(is_space) {
                self.at += rest.find(|c| !is_space(c)).unwrap_or(rest.len());
            } else if rest.starts_with("--") {
                self.at += rest.find(['\n', '\r']).unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.block_comment()?;
            } else {
                return Ok(());
            }
        }
    }

    /// Block comments nest in PostgreSQL, other than in the SQL of most systems.
    fn block_comment(&mut self) -> Result<(), LexError> {
        let start = self.at;
        let mut depth = 0usize;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
            } else {
                let Some(c) = rest.chars().next() else {
                    return Err(LexError { at: start, what: "this comment has no end" });
                };
                self.at += c.len_utf8();
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// A word; or the prefix of a literal (`E'…'`, `U&"…"`), which decides what a backslash means in it.
    fn word(&mut self) -> Result<Kind, LexError> {
        let start = self.at;
        self.while_true(Kind::Word, continues_word);
        let word = self.sql.get(start..self.at).unwrap_or_default();
        let rest = self.rest();
        let one_of = |prefixes: &[&str]| prefixes.iter().any(|prefix| word.eq_ignore_ascii_case(prefix));
        if rest.starts_with('\'') && one_of(&["e", "b", "x", "n"]) {
            return self.quoted('\'', one_of(&["e"]), "this string has no closing quote");
        }
        if one_of(&["u"]) && (rest.starts_with("&'") || rest.starts_with("&\"")) {
            self.at += 1;
            return if rest.starts_with("&'") {
                self.quoted('\'', false, "this string has no closing quote")
            } else {
                self.quoted('"', false, "this quoted name has no closing quote")
            };
        }
        Ok(Kind::Word)
    }

    /// What starts at a quote and ends at the next one that is not doubled (or escaped).
    fn quoted(&mut self, quote: char, escapes: bool, what: &'static str) -> Result<Kind, LexError> {
        let start = self.at;
        loop {
            self.at += 1;
            loop {
                let rest = self.rest();
                let mut chars = rest.chars();
                match chars.next() {
                    None => return Err(LexError { at: start, what }),
                    Some('\\') if escapes => self.at += 1 + chars.next().map_or(0, char::len_utf8),
                    Some(c) if c == quote && chars.next() == Some(quote) => self.at += 2,
                    Some(c) if c == quote => break,
                    Some(c) => self.at += c.len_utf8(),
                }
            }
            self.at += 1;
            // A literal goes on after a line break, and a backslash means there what it meant before it.
            match self.continuation() {
                Some(next) if escapes => self.at = next,
                _ => return Ok(if quote == '"' { Kind::Name } else { Kind::Text }),
            }
        }
    }

    /// Where a literal continues: at a quote that only blanks with a line break in them part from this place.
    fn continuation(&self) -> Option<usize> {
        let mut ahead = Lexer { sql: self.sql, at: self.at };
        loop {
            let rest = ahead.rest();
            if rest.starts_with(is_space) {
                ahead.at += 1;
            } else if rest.starts_with("--") {
                ahead.at += rest.find(['\n', '\r'])?;
            } else {
                break;
            }
        }
        let between = self.sql.get(self.at..ahead.at)?;
        (between.contains(['\n', '\r']) && ahead.rest().starts_with('\'')).then_some(ahead.at)
    }

    /// `$tag$ … $tag$`, or a parameter, or a lone sign.
    fn dollar(&mut self) -> Result<Kind, LexError> {
        let rest = self.rest();
        let after = rest.get(1..).unwrap_or_default();
        if after.starts_with(|c: char| c.is_ascii_digit()) {
            self.at += 1;
            return Ok(self.while_true(Kind::Number, |c| c.is_ascii_digit()));
        }
        let tag = after.find('$').and_then(|end| after.get(..end)).filter(|tag| {
            tag.is_empty()
                || tag.starts_with(starts_word) && tag.chars().all(|c| continues_word(c) && c != '$')
        });
        let Some(tag) = tag else {
            self.at += 1;
            return Ok(Kind::Sign('$'));
        };
        let fence = tag.len() + 2;
        let (open, body) = rest.split_at(fence);
        let Some(end) = body.find(open) else {
            return Err(LexError { at: self.at, what: "this dollar-quoted string has no end" });
        };
        self.at += fence + end + fence;
        Ok(Kind::Text)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(sql: &str) -> Vec<&str> {
        tokens(sql).unwrap().into_iter().map(|token| &sql[token.range]).collect()
    }

    #[test]
    fn literals_are_one_token_whatever_they_hold() {
        assert_eq!(texts("a';--'b"), ["a", "';--'", "b"]);
        assert_eq!(texts("'it''s'"), ["'it''s'"]);
        assert_eq!(texts(r"E'\';' x"), [r"E'\';'", "x"]);
        assert_eq!(texts(r"'\' ; x"), [r"'\'", ";", "x"]);
        assert_eq!(texts("U&'d\\0061;' U&\"d;\""), ["U&'d\\0061;'", "U&\"d;\""]);
        assert_eq!(texts("\"a;\"\"b\""), ["\"a;\"\"b\""]);
        assert_eq!(texts("e'a' -- c\n'\\';'"), ["e'a' -- c\n'\\';'"]);
    }

    #[test]
    fn dollar_quotes_are_told_from_parameters_and_names() {
        assert_eq!(texts("$$;$a$;$$;"), ["$$;$a$;$$", ";"]);
        assert_eq!(texts("$f$ $$;$$ $f$"), ["$f$ $$;$$ $f$"]);
        assert_eq!(texts("$1;$2"), ["$1", ";", "$2"]);
        assert_eq!(texts("a$b$;c$b$"), ["a$b$", ";", "c$b$"]);
    }

    #[test]
    fn comments_nest_and_disappear() {
        assert_eq!(texts("a /* ; /* ' */ ; */ b -- ;'\nc"), ["a", "b", "c"]);
        assert_eq!(texts("\u{feff}a"), ["a"]);
    }

    #[test]
    fn what_never_ends_is_named_with_its_start() {
        for (sql, at, word) in [
            ("ab 'c", 3, "string"),
            ("ab $x$ c $y$", 3, "dollar"),
            ("ab /* /* */", 3, "comment"),
            ("ab \"c", 3, "name"),
            ("ab\n\\d", 3, "meta command"),
            ("a\0", 1, "NUL"),
        ] {
            let error = tokens(sql).unwrap_err();
            assert_eq!(error.at, at, "{sql}");
            assert!(error.what.contains(word), "{}", error.what);
        }
    }

    proptest! {
        #[test]
        fn any_text_is_cut_or_refused_at_character_boundaries(sql in r#"(?s)[ab$'"\\/*;eE\n \-1ü&]{0,40}"#) {
            match tokens(&sql) {
                Ok(found) => {
                    let mut last = 0;
                    for token in found {
                        prop_assert!(token.range.start >= last && !token.range.is_empty());
                        prop_assert!(sql.get(token.range.clone()).is_some());
                        last = token.range.end;
                    }
                }
                Err(error) => prop_assert!(sql.is_char_boundary(error.at)),
            }
        }

        #[test]
        fn a_quoted_text_of_any_content_is_one_token(content in any::<String>()) {
            prop_assume!(!content.contains('\0'));
            let plain = format!("'{}'", content.replace('\'', "''"));
            prop_assert_eq!(texts(&plain), [plain.as_str()]);
            let escaped = format!("E'{}'", content.replace('\\', "\\\\").replace('\'', "\\'"));
            prop_assert_eq!(texts(&escaped), [escaped.as_str()]);
            let dollar = format!("$q$ {} $q$", content.replace("$q$", ""));
            prop_assume!(!content.contains('$'));
            prop_assert_eq!(texts(&dollar), [dollar.as_str()]);
        }
    }
}
