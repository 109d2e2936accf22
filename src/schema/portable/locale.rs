//! Locales of ICU collations as PostgreSQL 16 and later store them: as BCP 47 language tags.

/// ICU's own keywords with the keys of BCP 47.
const KEYS: [(&str, &str); 13] = [
    ("calendar", "ca"),
    ("colalternate", "ka"),
    ("colbackwards", "kb"),
    ("colcasefirst", "kf"),
    ("colcaselevel", "kc"),
    ("colhiraganaquaternary", "kh"),
    ("collation", "co"),
    ("colnormalization", "kk"),
    ("colnumeric", "kn"),
    ("colreorder", "kr"),
    ("colstrength", "ks"),
    ("currency", "cu"),
    ("numbers", "nu"),
];

/// ICU's own values with those of BCP 47, which has none for a flag that is set.
const VALUES: [(&str, &str); 13] = [
    ("dictionary", "dict"),
    ("gb2312han", "gb2312"),
    ("gregorian", "gregory"),
    ("identical", "identic"),
    ("no", "false"),
    ("non-ignorable", "noignore"),
    ("phonebook", "phonebk"),
    ("primary", "level1"),
    ("quaternary", "level4"),
    ("secondary", "level2"),
    ("tertiary", "level3"),
    ("traditional", "trad"),
    ("yes", ""),
];

/// The language tag of a locale in ICU's own form; a language tag remains as it is.
pub(super) fn language_tag(locale: &str) -> String {
    let (base, keywords) = locale.split_once('@').unwrap_or((locale, ""));
    let mut subtags = base.split(['_', '-']).filter(|subtag| !subtag.is_empty());
    let language = subtags.next().unwrap_or_default().to_lowercase();
    let mut tag = if matches!(language.as_str(), "" | "root") { "und".to_owned() } else { language };
    let mut settings: Vec<String> = Vec::new();
    let mut extended = false;
    for subtag in subtags {
        extended |= subtag.len() == 1;
        if !extended && subtag.eq_ignore_ascii_case("posix") {
            settings.push("va-posix".to_owned());
            continue;
        }
        tag.push('-');
        tag.push_str(&match subtag.len() {
            2 if !extended => subtag.to_uppercase(),
            4 if !extended && !subtag.starts_with(|c: char| c.is_ascii_digit()) => title_case(subtag),
            _ => subtag.to_lowercase(),
        });
    }
    settings.extend(keywords.split(';').filter_map(setting));
    settings.sort();
    match settings.is_empty() {
        true => tag,
        false => format!("{tag}-u-{}", settings.join("-")),
    }
}

fn title_case(subtag: &str) -> String {
    let lower = subtag.to_lowercase();
    let (first, rest) = lower.split_at(lower.chars().next().map_or(0, char::len_utf8));
    first.to_uppercase() + rest
}

/// `co-phonebk` of `collation=phonebook`.
fn setting(keyword: &str) -> Option<String> {
    let (key, value) = keyword.split_once('=')?;
    let (key, value) = (key.trim().to_lowercase(), value.trim().to_lowercase());
    let known = |list: &[(&'static str, &'static str)], text: String| {
        let pair = list.iter().find(|(own, _)| *own == text);
        pair.map_or(text, |(_, standard)| (*standard).to_owned())
    };
    let (key, value) = (known(&KEYS, key), known(&VALUES, value));
    Some(if value.is_empty() { key } else { format!("{key}-{value}") })
}

#[cfg(test)]
mod tests {
    use super::language_tag;

    #[test]
    fn own_forms_of_icu_become_language_tags() {
        for (locale, tag) in [
            ("", "und"),
            ("root", "und"),
            ("de", "de"),
            ("DE_de", "de-DE"),
            ("en_US", "en-US"),
            ("zh_hans_CN", "zh-Hans-CN"),
            ("en_US_POSIX", "en-US-u-va-posix"),
            ("de@collation=phonebook", "de-u-co-phonebk"),
            ("@colStrength=secondary", "und-u-ks-level2"),
            ("en@colNumeric=yes;colCaseFirst=upper", "en-u-kf-upper-kn"),
            ("@colAlternate=non-ignorable", "und-u-ka-noignore"),
        ] {
            assert_eq!(language_tag(locale), tag, "{locale}");
            assert_eq!(language_tag(tag), tag);
        }
    }

    #[test]
    fn language_tags_remain() {
        for tag in ["und-u-ks-level2", "de-u-co-phonebk", "sr-Latn-RS", "en-u-kf-upper-kn", "es-419"] {
            assert_eq!(language_tag(tag), tag);
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(locale in "[a-zäß_@;=-]{0,20}") {
            let _ = language_tag(&locale);
        }
    }
}
