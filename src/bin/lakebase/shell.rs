//! Words of a shell, for hints and scripts that can be pasted.

/// Whether a shell and readers of `.env` files take the text as it is.
pub(crate) fn is_plain(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
    !text.is_empty() && text.chars().all(plain)
}

/// One word of a shell.
pub(crate) fn word(text: &str) -> String {
    if is_plain(text) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_plain_is_quoted() {
        assert_eq!(word("127.0.0.1"), "127.0.0.1");
        assert_eq!(word("postgresql://a@b/c?d&e"), "'postgresql://a@b/c?d&e'");
        assert_eq!(word("it's"), r"'it'\''s'");
        assert_eq!(word(""), "''");
    }
}
