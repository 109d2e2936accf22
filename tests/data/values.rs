//! Values are compared as their types compare them.

use super::sides::Sides;

/// Type, a value, one that the type calls equal to it, and one that it does not.
const VALUES: &[(&str, &str, &str, &str)] = &[
    ("numeric", "1.0", "1.00", "1.01"),
    ("numeric", "1.0", "1.00", "-1.0"),
    ("numeric", "NaN", "NaN", "Infinity"),
    ("numeric[]", "{1}", "{1.0}", "{-1}"),
    // The functions of hash indexes hash the exclusive or of both halves.
    ("int8", "1", "1", "4294967296"),
    ("int8", "-1", "-1", "-4294967296"),
    ("int8[]", "{1}", "{1}", "{4294967296}"),
    ("int8range", "[1,9999999999)", "[1,9999999998]", "[4294967296,9999999999)"),
    ("timestamp", "2000-01-01 00:00:00.000001", "2000-01-01 00:00:00.000001", "2000-01-01 01:11:34.967296"),
    (
        "timestamptz",
        "2000-01-01 00:00:00.000001+00",
        "2000-01-01 01:00:00.000001+01",
        "2000-01-01 01:11:34.967296+00",
    ),
    (
        "tstzrange",
        "[2000-01-01 00:00:00.000001+00,)",
        "[2000-01-01 00:00:00.000001+00,)",
        "[2000-01-01 01:11:34.967296+00,)",
    ),
    ("time", "00:00:00.000001", "00:00:00.000001", "01:11:34.967296"),
    ("timetz", "00:00:00.000001+00", "00:00:00.000001+00", "01:11:34.967296+00"),
    ("interval", "00:00:00.000001", "00:00:00.000001", "01:11:34.967296"),
    ("interval", "-1 month 40 days", "10 days", "11 days"),
    ("money", "0.01", "0.01", "42949672.96"),
    ("pg_lsn", "0/1", "0/1", "1/0"),
    ("float8", "NaN", "NaN", "0"),
    ("float8", "0", "-0", "1e-300"),
    ("float4", "0.1", "0.1", "0.2"),
    (
        "jsonb",
        r#"{"a": 1.0, "b": [1, null]}"#,
        r#"{"b": [1, null], "a": 1.00}"#,
        r#"{"a": 1, "b": [null, 1]}"#,
    ),
    // The hash of an array turns by a bit for each element, and is back after 32.
    (
        "jsonb",
        "[1, 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 2]",
        "[1.0, 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 2]",
        "[2, 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0, 1]",
    ),
    ("jsonb", "[[1], 2]", "[[1.0], 2]", "[[1, 2]]"),
    ("jsonb[]", "{\"[[]]\"}", "{\"[[]]\"}", "{\"[[[[]]]]\"}"),
    ("json", r#"{"a": 1}"#, r#"{"a": 1}"#, r#"{"a":1}"#),
    ("text", "a", "a", "A"),
    ("char(4)", "a", "a  ", "b"),
    ("varchar(9)", "it''s \\", "it''s \\", "it''s"),
    ("bytea", "\\x00ff", "\\x00ff", "\\x00fe"),
    ("timestamptz", "2026-01-01 00:00+00", "2026-01-01 02:00+02", "2026-01-01 00:00:00.000001+00"),
    ("timestamptz", "infinity", "infinity", "-infinity"),
    (
        "timestamptz",
        "294276-12-31 23:59:59.999999+00",
        "294276-12-31 23:59:59.999999+00",
        "4714-11-24 00:00+00 BC",
    ),
    ("timestamp", "infinity", "infinity", "2026-01-01"),
    ("timetz", "12:00+00", "12:00+00", "13:00+01"),
    ("date", "2026-01-01", "2026-01-01", "infinity"),
    ("interval", "1 day", "24:00:00", "25:00:00"),
    ("int4range", "[1,3]", "[1,4)", "[1,5)"),
    ("nummultirange", "{[1.0,2.0]}", "{[1.00,2.00]}", "{[1.0,2.1]}"),
    ("int[]", "{1,2,NULL}", "{1,2,NULL}", "{1,NULL,2}"),
    ("int[]", "{1,2,3,4}", "{1,2,3,4}", "{{1,2},{3,4}}"),
    ("int[]", "{1,2}", "[1:2]={1,2}", "[0:1]={1,2}"),
    ("numeric[]", "{1.0}", "{1.00}", "{1.1}"),
    ("numeric[]", "{NaN}", "{NaN}", "{Infinity}"),
    ("numrange", "[1,Infinity]", "[1.0,Infinity]", "[1,NaN]"),
    ("numeric", "-Infinity", "-Infinity", "Infinity"),
    ("inet", "10.0.0.1/32", "10.0.0.1", "10.0.0.1/24"),
    (
        "uuid",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
        "A0EEBC999C0B4EF8BB6D6BB9BD380A11",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a12",
    ),
    ("bit(3)", "101", "101", "100"),
    ("varbit", "101", "101", "1010"),
    ("money", "1.50", "1.5", "1.51"),
    ("tsvector", "a b", "b a", "a c"),
    ("point", "(1,2)", "(1.0,2.0)", "(1,3)"),
    ("xml", "<a/>", "<a/>", "<a></a>"),
    ("bool", "t", "true", "f"),
    ("oid", "7", "7", "8"),
    ("regclass", "pg_class", "pg_catalog.pg_class", "pg_type"),
    ("pg_lsn", "0/A", "0/0A", "0/B"),
    ("name", "a", "a", "b"),
    ("\"char\"", "a", "a", "b"),
    ("macaddr", "08:00:2b:01:02:03", "08002b010203", "08:00:2b:01:02:04"),
    ("pair", "(1.0,x)", "(1.00,x)", "(1.0,y)"),
    ("tagged", "(1,\"{a,b}\")", "(1,\"{a,b}\")", "(1,\"{b,a}\")"),
    ("mood", "sad", "sad", "happy"),
    ("mood[]", "{sad}", "{sad}", "{happy}"),
    ("positive", "1", "1", "2"),
    ("labels", "{a}", "{a}", "{b}"),
    ("insensitive", "abc", "ABC", "abd"),
];

const TYPES: &str = "create type pair as (n numeric, t text); create type tagged as (n int, t text[]);
    create type mood as enum ('sad', 'happy'); create domain positive as int check (value > 0);
    create domain labels as text[];
    create collation ci (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
    create domain insensitive as text collate ci;";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn values_are_compared_as_their_types_compare_them() {
    let mut script = TYPES.to_owned();
    let mut columns = Vec::new();
    for (at, (kind, ..)) in VALUES.iter().enumerate() {
        columns.push(format!("c{at} {kind}"));
    }
    // The labels of an enumeration have other oids on the other side.
    script += &format!("create table t (id int primary key, {});", columns.join(", "));
    let sides = Sides::unrelated("").await;
    let icu =
        async |side: &crate::support::postgres::Database, script: &str| side.psql(script.to_owned()).await;
    icu(&sides.old, &script).await.unwrap();
    sides.on_new("create type other as enum ('x', 'y', 'z')").await;
    icu(&sides.new, &script).await.unwrap();
    let insert = |id: usize, value: &dyn Fn(usize) -> String| {
        let values: Vec<_> = (0..VALUES.len()).map(value).collect();
        format!("insert into t values ({id}, {});", values.join(", "))
    };
    let literal = |text: &str| format!("'{text}'");
    let base = |at: usize| literal(VALUES[at].1);
    let nulls = |_: usize| "NULL".to_owned();
    let equal = |at: usize| literal(VALUES[at].2);
    sides.on_old(&(insert(0, &base) + &insert(1, &nulls))).await;
    sides.on_new(&(insert(0, &equal) + &insert(1, &nulls))).await;
    let diff = sides.compare().await;
    assert!(diff.is_empty(), "{diff}");

    for (at, (.., other)) in VALUES.iter().enumerate() {
        let id = 10 + at;
        sides.on_old(&insert(id, &base)).await;
        sides.on_new(&insert(id, &|column| if column == at { literal(other) } else { equal(column) })).await;
        let null = 1000 + at;
        sides.on_old(&insert(null, &base)).await;
        sides.on_new(&insert(null, &|column| if column == at { nulls(0) } else { equal(column) })).await;
    }
    let diff = sides.compare().await;
    let found: Vec<_> = diff
        .rows()
        .map(|row| {
            let changed: Vec<_> = row.values().map(|value| value.column.to_owned()).collect();
            (row.before("id").unwrap().to_owned(), changed.join(","))
        })
        .collect();
    for (at, value) in VALUES.iter().enumerate() {
        for id in [10 + at, 1000 + at] {
            let expected = (id.to_string(), format!("c{at}"));
            assert!(found.contains(&expected), "{value:?}: {found:?}");
        }
    }
    assert_eq!(found.len(), 2 * VALUES.len());
    sides.on_old(&diff.to_sql()).await;
    let again = sides.compare().await;
    assert!(again.is_empty(), "{again}");
}

/// Letter case is none of the value, wherever the extension is.
#[tokio::test]
async fn citext_is_compared_without_case() {
    let sides = Sides::unrelated(
        "create schema ext; create extension citext schema ext; create table t (id ext.citext primary key, v ext.citext)",
    )
    .await;
    sides.on_old("insert into t values ('A', 'x'), ('b', 'x'), ('c', null)").await;
    sides.on_new("insert into t values ('a', 'X'), ('B', 'y'), ('C', null)").await;
    let diff = sides.compare().await;
    let found: Vec<_> = diff.rows().map(|row| (row.before("id"), row.before("v"), row.after("v"))).collect();
    assert_eq!(found, [(Some("b"), Some("x"), Some("y"))], "{diff}");
    sides.on_old(&diff.to_sql()).await;
    assert!(sides.compare().await.is_empty());
}

/// Rows that a policy hides would be missing from the comparison.
#[tokio::test]
async fn tables_whose_rows_a_policy_may_hide_are_refused() {
    let sides = Sides::unrelated(
        "create table t (id int primary key, owner text); insert into t values (1, 'a'), (2, 'b');
         alter table t enable row level security; create policy own on t using (owner = 'a')",
    )
    .await;
    assert!(sides.compare().await.is_empty(), "the owner sees all");
    let role = format!("reader_{:016x}", fastrand::u64(..));
    sides.on_old(&format!("create role {role}; grant select on t to {role}")).await;
    sides.on_new(&format!("grant select on t to {role}")).await;
    let (mut old, mut new) = (sides.old.connect().await, sides.new.connect().await);
    for conn in [&mut old, &mut new] {
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!("set role {role}"))).execute(conn).await.unwrap();
    }
    let refused = lakebase::data::compare(&mut old, &mut new, &lakebase::data::Options::default()).await;
    let error = lakebase::Error::from(refused.unwrap_err());
    assert_eq!(error.sqlstate().as_deref(), Some("42501"), "{error}");
    for side in [&sides.old, &sides.new] {
        side.psql(format!("drop owned by {role}")).await.unwrap();
    }
    sides.on_old(&format!("drop role {role}")).await;
}
