use proptest::prelude::*;

use super::TokenKind::*;
use super::*;

fn texts(sql: &str) -> Vec<&str> {
    significant(sql).unwrap().into_iter().map(|token| token.text).collect()
}

fn kinds(sql: &str) -> Vec<TokenKind> {
    significant(sql).unwrap().into_iter().map(|token| token.kind).collect()
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
    assert_eq!(texts("B'01' x'1F' n'n'"), ["B'01'", "x'1F'", "n'n'"]);
    assert_eq!(kinds("u&'a' U&\"b\" u & 'c'"), [String, QuotedName, Word, Operator, String]);
}

#[test]
fn only_a_whole_word_is_the_prefix_of_a_literal() {
    assert_eq!(texts(r"nameE'\' x"), ["nameE", r"'\'", "x"]);
    assert_eq!(texts(r"E '\' x"), ["E", r"'\'", "x"]);
}

#[test]
fn dollar_quotes_are_told_from_parameters_and_names() {
    assert_eq!(texts("$$;$a$;$$;"), ["$$;$a$;$$", ";"]);
    assert_eq!(texts("$f$ $$;$$ $f$"), ["$f$ $$;$$ $f$"]);
    assert_eq!(texts("$1;$2"), ["$1", ";", "$2"]);
    assert_eq!(texts("a$b$;c$b$"), ["a$b$", ";", "c$b$"]);
    assert_eq!(kinds("$1 $é$x$é$ $"), [Parameter, String, Sign('$')]);
}

#[test]
fn comments_nest_and_are_not_significant() {
    assert_eq!(texts("a /* ; /* ' */ ; */ b -- ;'\nc"), ["a", "b", "c"]);
    assert_eq!(texts("\u{feff}a"), ["a"]);
    assert_eq!(texts("a--b\rc"), ["a", "c"]);
}

#[test]
fn operators_are_as_long_as_postgresql_reads_them() {
    assert_eq!(texts("a<>-1"), ["a", "<>", "-", "1"]);
    assert_eq!(texts("a@-b"), ["a", "@-", "b"]);
    assert_eq!(texts("a*-b"), ["a", "*", "-", "b"]);
    assert_eq!(texts("a+--b\n1"), ["a", "+", "1"]);
    assert_eq!(texts("a*/*b*/1"), ["a", "*", "1"]);
    assert_eq!(texts("a::b:=c[1:2]"), ["a", "::", "b", ":=", "c", "[", "1", ":", "2", "]"]);
    assert_eq!(texts("a->>'b'"), ["a", "->>", "'b'"]);
}

#[test]
fn numbers_hold_their_point_exponent_and_radix() {
    assert_eq!(texts("1.5e-10 .5 1. 1e5 1..2"), ["1.5e-10", ".5", "1.", "1e5", "1", "..", "2"]);
    assert_eq!(texts("0xFF 0b10 1_000 1-2 1e-x"), ["0xFF", "0b10", "1_000", "1", "-", "2", "1e", "-", "x"]);
    assert_eq!(texts("t.a1 t .5 1$2"), ["t", ".", "a1", "t", ".5", "1", "$2"]);
}

#[test]
fn text_that_never_ends_is_named_with_its_start() {
    for (sql, at, word) in [
        ("ab 'c", 3, "string"),
        ("ab $x$ c $y$", 3, "dollar"),
        ("ab /* /* */", 3, "comment"),
        ("ab \"c", 3, "name"),
        ("ab\n\\d", 3, "meta command"),
        ("a\0", 1, "NUL"),
    ] {
        let error = significant(sql).unwrap_err();
        assert_eq!(error.at, at, "{sql}");
        assert!(error.reason.contains(word), "{}", error.reason);
    }
}

fn assert_lossless(sql: &str) -> Result<(), TestCaseError> {
    let mut text = std::string::String::new();
    for token in Lexer::new(sql) {
        match token {
            Ok(token) => {
                prop_assert_eq!(token.start, text.len());
                prop_assert!(!token.text.is_empty());
                text.push_str(token.text);
            }
            Err(error) => {
                prop_assert_eq!(error.at >= text.len(), true);
                prop_assert!(sql.is_char_boundary(error.at));
                prop_assert!(sql.starts_with(&text));
                return Ok(());
            }
        }
    }
    prop_assert_eq!(text, sql);
    Ok(())
}

proptest! {
    #[test]
    fn tokens_put_together_are_the_text_again(sql in any::<std::string::String>()) {
        assert_lossless(&sql)?;
    }

    #[test]
    fn tokens_of_nasty_characters_are_the_text_again(sql in r#"(?s)[abeEuUxn$'"\\/*;:.\n \-+@<=12ü&()]{0,60}"#) {
        assert_lossless(&sql)?;
    }

    #[test]
    fn a_quoted_text_of_any_content_is_one_token(content in any::<std::string::String>()) {
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
