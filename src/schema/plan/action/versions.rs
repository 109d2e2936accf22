//! Features, functions and SQL constructs that later versions introduced.

use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Object, Schema};
use crate::sql::{Token, clause, has_keywords, last_part, significant, split_list};

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

/// Collations of `pg_catalog`.
const COLLATIONS: [(u32, &str); 3] =
    [(160_000, "unicode"), (170_000, "pg_c_utf8"), (180_000, "pg_unicode_fast")];

/// Storage parameters.
const PARAMETERS: [(u32, &str); 2] =
    [(180_000, "autovacuum_vacuum_max_threshold"), (180_000, "vacuum_max_eager_freeze_failure_rate")];

/// Clauses.
const CLAUSES: [(u32, &str); 3] =
    [(160_000, "IS JSON"), (170_000, "AT LOCAL"), (170_000, "MATCHED BY SOURCE")];

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

/// A feature of an object that a server version lacks.
pub(super) fn unknown_feature(schema: &Schema, object: &Object<'_>, server: u32) -> Option<String> {
    let newer = |(since, what): (u32, &'static str)| (server < since).then(|| what.to_owned());
    let of_kind = of_kind(object).or_else(|| on_table(schema, object)).and_then(newer);
    let texts = || PARSED.iter().filter_map(|attr| object.get(*attr));
    of_kind
        .or_else(|| texts().find_map(|text| unknown(text, server)))
        .or_else(|| unknown_collation(object, server))
        .or_else(|| unknown_parameter(object, server))
}

/// A feature of the object itself, and the version that introduced it.
fn of_kind(object: &Object<'_>) -> Option<(u32, &'static str)> {
    let definition = object.text(Attr::Definition);
    let marks = object.text(Attr::NotNullConstraint);
    let maintain = |attr: Attr| {
        object.get(attr).is_some_and(|list| split_list(list).iter().any(|p| p.starts_with("MAINTAIN")))
    };
    Some(match object.key.kind {
        Kind::Column if object.has(Attr::GeneratedVirtual) => (180_000, "virtual generated columns"),
        Kind::Column if has_keywords(marks, "NO INHERIT") => {
            (180_000, "not-null constraints that are not inherited")
        }
        Kind::Column if has_keywords(marks, "NOT VALID") => {
            (180_000, "not-null constraints that are not valid")
        }
        Kind::Collation if object.get(Attr::Provider) == Some("builtin") => {
            (170_000, "the builtin collation provider")
        }
        Kind::Collation if object.has(Attr::Rules) => (160_000, "rules of collations"),
        Kind::Constraint if has_keywords(definition, "NOT ENFORCED") => {
            (180_000, "constraints that are not enforced")
        }
        Kind::Constraint
            if has_keywords(definition, "WITHOUT OVERLAPS") || has_keywords(definition, "PERIOD") =>
        {
            (180_000, "temporal constraints")
        }
        Kind::EventTrigger if object.get(Attr::Event) == Some("login") => {
            (170_000, "event triggers on login")
        }
        Kind::Publication if object.has(Attr::PublishGeneratedColumns) => {
            (180_000, "generated columns in publications")
        }
        Kind::Table if object.has(Attr::PartitionKey) && object.has(Attr::AccessMethod) => {
            (170_000, "access methods of partitioned tables")
        }
        Kind::Privilege | Kind::DefaultPrivileges if maintain(Attr::Granted) || maintain(Attr::Revoked) => {
            (170_000, "the privilege MAINTAIN")
        }
        Kind::DefaultPrivileges if object.get(Attr::Objects) == Some("LARGE OBJECTS") => {
            (180_000, "default privileges on large objects")
        }
        _ => return None,
    })
}

/// A feature that certain tables can have, and the version that introduced it.
fn on_table(schema: &Schema, object: &Object<'_>) -> Option<(u32, &'static str)> {
    if !matches!(object.key.kind, Kind::Constraint | Kind::Trigger) {
        return None;
    }
    let table = schema.object(Kind::Table, ddl::parent(object))?;
    let definition = object.text(Attr::Definition);
    let partitioned = table.has(Attr::PartitionKey);
    match (object.key.kind, object.text(Attr::Type)) {
        (Kind::Constraint, "exclusion") if partitioned => {
            Some((170_000, "exclusion constraints of partitioned tables"))
        }
        (Kind::Constraint, "foreign key") if partitioned && clause(definition, "NOT VALID").is_some() => {
            Some((180_000, "foreign keys of partitioned tables that are not valid"))
        }
        (Kind::Trigger, _) if table.has(Attr::Foreign) && has_keywords(definition, "TRUNCATE") => {
            Some((160_000, "triggers on TRUNCATE of foreign tables"))
        }
        _ => None,
    }
}

fn unknown_collation(object: &Object<'_>, server: u32) -> Option<String> {
    let collation = object.get(Attr::Collation)?.strip_prefix("pg_catalog.")?;
    let mut newer = COLLATIONS.iter().filter(|(since, _)| server < *since);
    newer.any(|(_, name)| *name == collation).then(|| format!("the collation {collation}"))
}

fn unknown_parameter(object: &Object<'_>, server: u32) -> Option<String> {
    let options = ddl::lines(object.get(Attr::Options));
    let mut names = options.iter().filter_map(|option| Some(last_part(option.split_once('=')?.0)));
    let newer = |name: &str| PARAMETERS.iter().any(|(since, new)| server < *since && *new == name);
    let unknown = names.find(|name| newer(name))?;
    Some(format!("the storage parameter {unknown}"))
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
    if let Some((_, clause)) =
        CLAUSES.iter().find(|(since, keywords)| server < *since && has_keywords(text, keywords))
    {
        return Some((*clause).to_owned());
    }
    let collated = |pair: &[Token<'_>]| {
        let newer = |(since, name): &(u32, &str)| server < *since && pair[1].text == *name;
        pair[0].text == "COLLATE" && COLLATIONS.iter().any(newer)
    };
    if let Some(pair) = tokens.windows(2).find(|pair| collated(pair)) {
        return Some(format!("the collation {}", pair[1].text));
    }
    // Without arguments, every version has it.
    let bounded =
        |three: &[Token<'_>]| three[0].text == "random" && three[1].is_sign('(') && !three[2].is_sign(')');
    let random = tokens.windows(3).enumerate().find(|(at, three)| bounded(three) && !qualified(*at));
    if server < 170_000 && random.is_some() {
        return Some("random(min, max)".to_owned());
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
        assert_eq!(unknown("(t AT LOCAL)", 160_000).as_deref(), Some("AT LOCAL"));
        assert_eq!(unknown("random(1, 6)", 160_000).as_deref(), Some("random(min, max)"));
        assert_eq!(unknown("(random() > f.random(1))", 150_000), None);
        assert_eq!(unknown("(a COLLATE unicode)", 150_000).as_deref(), Some("the collation unicode"));
        assert_eq!(unknown("(a COLLATE \"C\")", 150_000), None);
        assert!(
            unknown("CREATE FUNCTION f() BEGIN ATOMIC UPDATE t SET a = 1 RETURNING old.a; END", 170_000)
                .is_some()
        );
    }
}
