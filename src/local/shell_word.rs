//! Paths in commands that a message asks to run.

use std::{fmt, path::Path};

/// Prints a path as one word of a shell: quoted where a shell would read it as something else.
pub(crate) struct ShellWord<'a>(pub(crate) &'a Path);

impl fmt::Display for ShellWord<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.0.to_string_lossy();
        let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+,:@%=".contains(c);
        if !text.is_empty() && text.chars().all(plain) {
            return f.write_str(&text);
        }
        write!(f, "'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        let word = |path: &str| ShellWord(Path::new(path)).to_string();
        assert_eq!(word("/var/lib/lakebase-2.0"), "/var/lib/lakebase-2.0");
        assert_eq!(word("/home/ada/my data"), "'/home/ada/my data'");
        assert_eq!(word("it's $HOME"), r"'it'\''s $HOME'");
        assert_eq!(word("~/x"), "'~/x'");
        assert_eq!(word(""), "''");
        for path in ["/a b", "it's; `x` \"y\" \\ $z", "-x*?[]{}#!\n"] {
            let script = format!("printf %s {}", word(path));
            let printed = std::process::Command::new("/bin/sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(printed.stdout).unwrap(), path);
        }
    }
}
