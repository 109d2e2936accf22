//! PostgreSQL's lexical rules, with `standard_conforming_strings` on.

/// The lexical class of a [`Token`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    /// White space, or a byte order mark at the very beginning.
    Space,
    /// A line comment without its line break, or a block comment.
    Comment,
    /// A keyword or an identifier without quotes.
    Word,
    /// An identifier in double quotes, also with the prefix `U&`.
    QuotedName,
    /// A literal in single quotes, whatever its prefix, or in dollar quotes.
    String,
    /// A numeric literal.
    Number,
    /// A positional parameter: `$1`.
    Parameter,
    /// An operator, `::`, `:=` or `..`.
    Operator,
    /// Any other single character.
    Sign(char),
}

/// A piece of SQL text and where it starts, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token<'a> {
    pub(crate) kind: TokenKind,
    pub(crate) text: &'a str,
    pub(crate) start: usize,
}

impl Token<'_> {
    /// The byte after the last one.
    pub(crate) fn end(&self) -> usize {
        self.start + self.text.len()
    }

    /// Whether it is this keyword or unquoted identifier, in any case.
    #[cfg(feature = "migrate")]
    pub(crate) fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    pub(crate) fn is_sign(&self, sign: char) -> bool {
        self.kind == TokenKind::Sign(sign)
    }

    /// Whether it is an identifier, quoted or not. Keywords count, as only the grammar distinguishes them.
    pub(crate) fn is_name(&self) -> bool {
        matches!(self.kind, TokenKind::Word | TokenKind::QuotedName)
    }

    fn is_significant(&self) -> bool {
        !matches!(self.kind, TokenKind::Space | TokenKind::Comment)
    }
}

/// Text that PostgreSQL's lexer refuses, and the byte where it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct LexError {
    pub(crate) at: usize,
    pub(crate) reason: &'static str,
}

const OPEN_STRING: &str = "this string has no closing quote";
const OPEN_NAME: &str = "this quoted name has no closing quote";
const OPEN_DOLLAR: &str = "this dollar-quoted string has no end";
const OPEN_COMMENT: &str = "this comment has no end";
const META_COMMAND: &str = "this is a psql meta command, which only psql understands; write SQL instead";
const NUL: &str = "PostgreSQL accepts no NUL character in SQL";

/// The tokens that are neither white space nor comments.
pub(crate) fn significant(sql: &str) -> Result<Vec<Token<'_>>, LexError> {
    Lexer::new(sql).filter(|token| token.as_ref().map_or(true, Token::is_significant)).collect()
}

/// Splits SQL text into tokens whose concatenation is the text. Ends after the first error.
#[derive(Debug, Clone)]
pub(crate) struct Lexer<'a> {
    sql: &'a str,
    at: usize,
}

impl<'a> Lexer<'a> {
    pub(crate) fn new(sql: &'a str) -> Self {
        Self { sql, at: 0 }
    }

    fn rest(&self) -> &'a str {
        self.sql.get(self.at..).unwrap_or_default()
    }

    fn starts(&self, text: &str) -> bool {
        self.rest().starts_with(text)
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn peek_second(&self) -> Option<char> {
        self.rest().chars().nth(1)
    }

    fn advance_while(&mut self, belongs: impl Fn(char) -> bool) {
        let rest = self.rest();
        self.at += rest.find(|c| !belongs(c)).unwrap_or(rest.len());
    }

    fn token(&mut self, first: char) -> Result<TokenKind, LexError> {
        match first {
            '\u{feff}' if self.at == 0 => self.at += first.len_utf8(),
            c if is_space(c) => self.advance_while(is_space),
            '-' if self.starts("--") => {
                self.advance_while(|c| !matches!(c, '\n' | '\r'));
                return Ok(TokenKind::Comment);
            }
            '/' if self.starts("/*") => return self.block_comment(),
            '\'' => return self.quoted('\'', false),
            '"' => return self.quoted('"', false),
            '$' => return self.dollar(),
            '\\' => return Err(LexError { at: self.at, reason: META_COMMAND }),
            '\0' => return Err(LexError { at: self.at, reason: NUL }),
            c if starts_word(c) => return self.word(),
            c if c.is_ascii_digit() => return Ok(self.number()),
            '.' if self.peek_second().is_some_and(|c| c.is_ascii_digit()) => return Ok(self.number()),
            c if is_operator(c) => return Ok(self.operator()),
            ':' | '.' if ["::", ":=", ".."].iter().any(|operator| self.starts(operator)) => {
                self.at += 2;
                return Ok(TokenKind::Operator);
            }
            c => {
                self.at += c.len_utf8();
                return Ok(TokenKind::Sign(c));
            }
        }
        Ok(TokenKind::Space)
    }

    /// Block comments nest, unlike in most other systems.
    fn block_comment(&mut self) -> Result<TokenKind, LexError> {
        let start = self.at;
        let mut depth = 0usize;
        loop {
            if self.starts("/*") {
                depth += 1;
                self.at += 2;
            } else if self.starts("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(TokenKind::Comment);
                }
            } else {
                let Some(c) = self.peek() else { return Err(LexError { at: start, reason: OPEN_COMMENT }) };
                self.at += c.len_utf8();
            }
        }
    }

    /// A word, or a literal or name whose prefix (`E'…'`, `U&"…"`) determines the meaning of a backslash in it.
    fn word(&mut self) -> Result<TokenKind, LexError> {
        let start = self.at;
        self.advance_while(continues_word);
        let word = self.sql.get(start..self.at).unwrap_or_default();
        let is = |prefix: &str| word.eq_ignore_ascii_case(prefix);
        if self.starts("'") && ["e", "b", "x", "n"].into_iter().any(is) {
            return self.quoted('\'', is("e"));
        }
        if is("u") && self.starts("&'") {
            self.at += 1;
            return self.quoted('\'', false);
        }
        if is("u") && self.starts("&\"") {
            self.at += 1;
            return self.quoted('"', false);
        }
        Ok(TokenKind::Word)
    }

    /// Text from a quote to the next one that is neither doubled nor, where backslashes escape, escaped.
    fn quoted(&mut self, quote: char, escapes: bool) -> Result<TokenKind, LexError> {
        let (kind, reason) = match quote {
            '"' => (TokenKind::QuotedName, OPEN_NAME),
            _ => (TokenKind::String, OPEN_STRING),
        };
        let start = self.at;
        loop {
            self.at += 1;
            loop {
                let mut chars = self.rest().chars();
                match chars.next() {
                    None => return Err(LexError { at: start, reason }),
                    Some('\\') if escapes => self.at += 1 + chars.next().map_or(0, char::len_utf8),
                    Some(c) if c == quote && chars.next() == Some(quote) => self.at += 2,
                    Some(c) if c == quote => break,
                    Some(c) => self.at += c.len_utf8(),
                }
            }
            self.at += 1;
            // A literal continues after a line break, and a backslash keeps its meaning there.
            match self.continuation() {
                Some(next) if escapes => self.at = next,
                _ => return Ok(kind),
            }
        }
    }

    /// The position where a literal continues: at the next quote, if only blanks with a line break are before it.
    fn continuation(&self) -> Option<usize> {
        let mut ahead = self.clone();
        loop {
            match ahead.peek() {
                Some(c) if is_space(c) => ahead.advance_while(is_space),
                _ if ahead.starts("--") => ahead.advance_while(|c| !matches!(c, '\n' | '\r')),
                _ => break,
            }
        }
        let between = self.sql.get(self.at..ahead.at)?;
        (between.contains(['\n', '\r']) && ahead.starts("'")).then_some(ahead.at)
    }

    /// `$tag$ … $tag$`, a parameter, or a lone sign.
    fn dollar(&mut self) -> Result<TokenKind, LexError> {
        let rest = self.rest();
        let after = rest.get(1..).unwrap_or_default();
        if after.starts_with(|c: char| c.is_ascii_digit()) {
            self.at += 1;
            self.advance_while(|c| c.is_ascii_digit());
            return Ok(TokenKind::Parameter);
        }
        let is_tag = |tag: &&str| {
            tag.is_empty()
                || tag.starts_with(starts_word) && tag.chars().all(|c| continues_word(c) && c != '$')
        };
        let tag = after.find('$').and_then(|end| after.get(..end)).filter(is_tag);
        let Some(fence) = tag.map(|tag| tag.len() + 2) else {
            self.at += 1;
            return Ok(TokenKind::Sign('$'));
        };
        let (open, body) = rest.split_at(fence);
        let Some(end) = body.find(open) else {
            return Err(LexError { at: self.at, reason: OPEN_DOLLAR });
        };
        self.at += fence + end + fence;
        Ok(TokenKind::String)
    }

    /// A number in any radix; letters right behind it belong to it, as PostgreSQL refuses them there.
    fn number(&mut self) -> TokenKind {
        let digit = |c: char| c.is_ascii_digit() || c == '_';
        self.advance_while(digit);
        if self.starts(".") && !self.starts("..") {
            self.at += 1;
            self.advance_while(digit);
        }
        let mut exponent = self.rest().bytes();
        if matches!(exponent.next(), Some(b'e' | b'E')) {
            let signed = matches!(exponent.clone().next(), Some(b'+' | b'-'));
            if exponent.nth(usize::from(signed)).is_some_and(|byte| byte.is_ascii_digit()) {
                self.at += 1 + usize::from(signed);
                self.advance_while(digit);
            }
        }
        if self.peek().is_some_and(starts_word) {
            self.advance_while(continues_word);
        }
        TokenKind::Number
    }

    /// The longest operator that begins here: a comment ends it, and `+` and `-` end only operators with a character
    /// that SQL itself does not use for operators.
    fn operator(&mut self) -> TokenKind {
        let rest = self.rest();
        let run = rest.find(|c| !is_operator(c)).unwrap_or(rest.len());
        let comment = ["--", "/*"].into_iter().filter_map(|mark| rest.find(mark)).min().unwrap_or(run);
        let mut length = run.min(comment);
        let run = rest.get(..length).unwrap_or_default();
        if !run.contains(['~', '!', '@', '#', '^', '&', '|', '`', '?', '%']) {
            length = run.trim_end_matches(['+', '-']).len().max(1);
        }
        self.at += length;
        TokenKind::Operator
    }
}

impl<'a> Iterator for Lexer<'a> {
    type Item = Result<Token<'a>, LexError>;

    fn next(&mut self) -> Option<Self::Item> {
        let (start, first) = (self.at, self.peek()?);
        let kind = self.token(first);
        if kind.is_err() {
            self.at = self.sql.len();
        }
        let text = self.sql.get(start..self.at).unwrap_or_default();
        Some(kind.map(|kind| Token { kind, text, start }))
    }
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

fn is_operator(c: char) -> bool {
    "+-*/<>=~!@#%^&|`?".contains(c)
}

#[cfg(test)]
mod tests;
