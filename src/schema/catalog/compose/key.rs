//! Composes the definitions of primary, unique and foreign keys from the codes and column numbers of their catalog row.

/// Composes the output of `pg_get_constraintdef` for a key; `names` names its columns, or some of them.
///
/// The letters are those of `contype`, `confupdtype`, `confdeltype`, `confmatchtype`, `condeferrable`, `condeferred`
/// and `convalidated`, followed by the numbers of `confdelsetcols`. `None` for an unknown code.
pub(super) fn definition(
    shape: &str,
    columns: &str,
    foreign: Option<(&str, &str)>,
    names: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let (letters, set_columns) = shape.split_at_checked(7)?;
    let [kind, on_update, on_delete, matching, deferrable, deferred, validated] = letters.as_bytes() else {
        return None;
    };
    let mut text = match (kind, foreign) {
        (b'p', _) => format!("PRIMARY KEY ({columns})"),
        (b'u', _) => format!("UNIQUE ({columns})"),
        (b'f', Some((table, referenced))) => {
            format!("FOREIGN KEY ({columns}) REFERENCES {table}({referenced})")
        }
        _ => return None,
    };
    if *kind == b'f' {
        text.push_str(match matching {
            b's' => "",
            b'f' => " MATCH FULL",
            b'p' => " MATCH PARTIAL",
            _ => return None,
        });
        for (when, letter) in [(" ON UPDATE ", on_update), (" ON DELETE ", on_delete)] {
            if *letter != b'a' {
                text.push_str(when);
                text.push_str(action(*letter)?);
            }
        }
        if !set_columns.is_empty() {
            text.push_str(&format!(" ({})", names(set_columns)?));
        }
    }
    for (flag, when, clause) in [
        (deferrable, b't', " DEFERRABLE"),
        (deferred, b't', " INITIALLY DEFERRED"),
        (validated, b'f', " NOT VALID"),
    ] {
        if *flag == when {
            text.push_str(clause);
        }
    }
    Some(text)
}

fn action(letter: u8) -> Option<&'static str> {
    Some(match letter {
        b'r' => "RESTRICT",
        b'c' => "CASCADE",
        b'n' => "SET NULL",
        b'd' => "SET DEFAULT",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::definition;

    fn of(shape: &str) -> Option<String> {
        definition(shape, "a, b", Some(("s.t", "x, y")), |list| (list == "{2}").then(|| "b".to_owned()))
    }

    #[test]
    fn a_key_says_only_what_is_not_the_default() {
        assert_eq!(of("p   fft").as_deref(), Some("PRIMARY KEY (a, b)"));
        assert_eq!(of("u   ttt").as_deref(), Some("UNIQUE (a, b) DEFERRABLE INITIALLY DEFERRED"));
        assert_eq!(of("faasfft").as_deref(), Some("FOREIGN KEY (a, b) REFERENCES s.t(x, y)"));
    }

    #[test]
    fn actions_and_their_columns_follow_the_match() {
        let all = "FOREIGN KEY (a, b) REFERENCES s.t(x, y) MATCH FULL ON UPDATE CASCADE ON DELETE SET NULL (b) DEFERRABLE NOT VALID";
        assert_eq!(of("fcnftff{2}").as_deref(), Some(all));
    }

    #[test]
    fn what_is_not_known_is_not_guessed() {
        for shape in ["", "f", "zaasfft", "fzasfft", "faazfft", "fanfftf{3}"] {
            assert_eq!(of(shape), None, "{shape}");
        }
    }
}
