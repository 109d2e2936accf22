//! Functions and SQL constructs that later versions introduced.

use crate::schema::model::{Attr, Object};
use crate::sql::{Token, has_keywords, significant};

/// Functions that are printed without a schema, by the version that introduced them. Those in capitals are
/// constructs of the grammar.
const CALLS: [(u32, &[&str]); 3] = [
    (
        160_000,
        &[
            "any_value",
            "array_sample",
            "array_shuffle",
            "date_add",
            "date_subtract",
            "erf",
            "erfc",
            "pg_input_error_info",
            "pg_input_is_valid",
            "random_normal",
            "JSON_ARRAY",
            "JSON_ARRAYAGG",
            "JSON_OBJECT",
            "JSON_OBJECTAGG",
        ],
    ),
    (
        170_000,
        &[
            "icu_unicode_version",
            "jsonb_populate_record_valid",
            "pg_basetype",
            "to_bin",
            "to_oct",
            "to_regtypemod",
            "unicode_assigned",
            "unicode_version",
            "uuid_extract_timestamp",
            "uuid_extract_version",
            "xmltext",
            "JSON",
            "JSON_EXISTS",
            "JSON_QUERY",
            "JSON_SCALAR",
            "JSON_SERIALIZE",
            "JSON_TABLE",
            "JSON_VALUE",
            "MERGE_ACTION",
        ],
    ),
    (
        180_000,
        &[
            "array_reverse",
            "array_sort",
            "casefold",
            "crc32",
            "crc32c",
            "gamma",
            "has_largeobject_privilege",
            "lgamma",
            "pg_get_acl",
            "uuidv4",
            "uuidv7",
        ],
    ),
];

/// Attributes whose text the server parses.
const PARSED: [Attr; 8] = [
    Attr::Definition,
    Attr::Expression,
    Attr::Generated,
    Attr::GeneratedVirtual,
    Attr::Using,
    Attr::WithCheck,
    Attr::Where,
    Attr::Default,
];

/// A function or construct in the texts of an object that a server version lacks.
pub(super) fn unknown_word(object: &Object<'_>, server: u32) -> Option<String> {
    PARSED.iter().filter_map(|attr| object.get(*attr)).find_map(|text| unknown(text, server))
}

fn unknown(text: &str, server: u32) -> Option<String> {
    let tokens = significant(text).ok()?;
    let newer = CALLS.iter().filter(|(since, _)| server < *since).flat_map(|(_, names)| names.iter());
    let newer: Vec<&str> = newer.copied().collect();
    let called = |pair: &[Token<'_>]| pair[1].is_sign('(') && newer.contains(&pair[0].text);
    let qualified = |at: usize| at.checked_sub(1).is_some_and(|before| tokens[before].is_sign('.'));
    let mut pairs = tokens.windows(2).enumerate();
    if let Some((_, pair)) = pairs.find(|(at, pair)| called(pair) && !qualified(*at)) {
        return Some(format!("{}()", pair[0].text));
    }
    if server < 160_000 && has_keywords(text, "IS JSON") {
        return Some("IS JSON".to_owned());
    }
    let returning = tokens.iter().position(|token| token.text == "RETURNING").filter(|_| server < 180_000)?;
    let row = |pair: &[Token<'_>]| matches!(pair[0].text, "old" | "new") && pair[1].is_sign('.');
    let is_rule = tokens.get(1).is_some_and(|token| token.text == "RULE");
    (!is_rule && tokens[returning..].windows(2).any(row)).then(|| "RETURNING old and new".to_owned())
}

#[cfg(test)]
mod tests {
    use super::unknown;

    #[test]
    fn what_a_later_version_brought_is_named() {
        assert_eq!(unknown("uuidv7()", 170_000).as_deref(), Some("uuidv7()"));
        assert_eq!(unknown("uuidv7()", 180_000), None);
        assert_eq!(
            unknown(" SELECT a FROM JSON_TABLE('[1]'::jsonb, '$')", 150_000).as_deref(),
            Some("JSON_TABLE()")
        );
        assert_eq!(unknown("json_object('{a,b}'::text[])", 150_000), None);
        assert_eq!(unknown("public.uuidv7()", 150_000), None);
        assert_eq!(unknown("(s IS JSON)", 150_000).as_deref(), Some("IS JSON"));
        assert!(
            unknown("CREATE FUNCTION f() BEGIN ATOMIC UPDATE t SET a = 1 RETURNING old.a; END", 170_000)
                .is_some()
        );
    }
}
