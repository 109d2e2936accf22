//! The name that was probably meant.

/// Below this likeness (0 to 1), another name is no suggestion.
const ALIKE: f64 = 0.8;
/// Longer lists are no help.
const LISTED: usize = 8;

/// A proposal in place of a name that does not exist: the nearest one, else a list of those that do.
pub(crate) fn suggestion(wanted: &str, there: &[String]) -> String {
    let alike = |name: &String| strsim::jaro_winkler(wanted, name);
    let nearest =
        there.iter().max_by(|a, b| alike(a).total_cmp(&alike(b))).filter(|name| alike(name) >= ALIKE);
    match nearest {
        Some(name) => format!("did you mean '{name}'?"),
        None if there.is_empty() => "there is none".to_owned(),
        None => {
            let more = if there.len() > LISTED {
                format!(" and {} more", there.len() - LISTED)
            } else {
                String::new()
            };
            let names: Vec<_> = there.iter().take(LISTED).map(String::as_str).collect();
            format!("there is {}{more}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_name_is_suggested_else_those_that_exist() {
        let there = ["production", "dev", "ci-pr-42"].map(str::to_owned);
        assert_eq!(suggestion("prodction", &there), "did you mean 'production'?");
        assert_eq!(suggestion("ci-pr-43", &there), "did you mean 'ci-pr-42'?");
        assert_eq!(suggestion("x", &there), "there is production, dev, ci-pr-42");
        let many: Vec<String> = (0..10).map(|n| format!("b{n}")).collect();
        assert!(suggestion("zzz", &many).ends_with("b7 and 2 more"));
        assert_eq!(suggestion("x", &[]), "there is none");
    }
}
