//! Checks of masks on real databases: rules that are refused, columns and tables that look personal.

use lakebase::data::{
    DataError,
    mask::{FindingKind, LargeObjects, Report, Rule, Rules, apply, check},
};

use super::mask::{database, holds, masked, rules};
use crate::support::postgres::Database;

/// Script, rules and a part of the reason. Nothing is changed.
const REFUSED: &[(&str, &str, &str)] = &[
    ("create table t (v text)", "[tables.x]\nv = 'null'", "x: no table has this name"),
    ("create table t (v text)", "[tables.t]\nx = 'null'", "t.x: the table has no such column"),
    ("create table t (v text not null)", "[tables.t]\nv = 'null'", "NOT NULL"),
    ("create domain d as text not null; create table t (v d)", "[tables.t]\nv = 'null'", "NOT NULL"),
    ("create table t (v varchar(20))", "[tables.t]\nv = 'hash'", "up to 32 characters, and it takes 20"),
    ("create table t (v varchar(20))", "[tables.t]\nv = 'fake_email'", "and it takes 20"),
    ("create domain d as varchar(9); create table t (v d)", "[tables.t]\nv = 'fake_phone'", "and it takes 9"),
    ("create table t (v varchar(3))", "[tables.t]\nv = { constant = 'four' }", "and it takes 3"),
    ("create table t (v int)", "[tables.t]\nv = { constant = 'x' }", "the constant does not fit"),
    (
        "create type e as enum ('a'); create table t (v e)",
        "[tables.t]\nv = { constant = 'b' }",
        "does not fit",
    ),
    ("create table t (v json)", "[tables.t]\nv = 'hash'", "a hash is no json"),
    ("create table t (v int)", "[tables.t]\nv = { hash = 16 }", "digits are for text"),
    ("create table t (v text)", "[tables.t]\nv = { hash = 4 }", "at least 8 digits"),
    ("create table t (v int)", "[tables.t]\nv = 'fake_name'", "integer is not text"),
    ("create table t (v text)", "[tables.t]\nv = { shift_days = 3 }", "text is not a date"),
    ("create table t (v date)", "[tables.t]\nv = { shift_days = 3, by = 'x' }", "no column \"x\""),
    ("create table t (v int unique)", "[tables.t]\nv = 'shuffle'", "cannot be shuffled"),
    (
        "create table p (v int primary key); create table t (v int references p)",
        "[tables.t]\nv = 'shuffle'",
        "foreign key",
    ),
    ("create table t (v float8)", "[tables.t]\nv = 'keep_format'", "no letters and digits"),
    (
        "create table t (v int unique); insert into t select generate_series(1, 5000)",
        "[tables.t]\nv = 'hash'",
        "public.t.v: the unique index t_v_key takes no two equal values, and \"hash\" gives a number of 31 bits to each \
         of 5000 rows, so that two are equal with a probability of 0.6 %: change the column to bigint",
    ),
    (
        "create table t (a int, v text, unique (v, a)); insert into t select g % 2, g from generate_series(1, 20000) g",
        "[tables.t]\nv = { hash = 8 }",
        "two are equal with a probability of 2.3 %: use a hash of more digits",
    ),
    (
        "create table t (v text unique); insert into t values ('a'), ('b')",
        "[tables.t]\nv = { constant = 'x' }",
        "{\"constant\":\"x\"} gives one value to each of 2 rows",
    ),
    (
        "create table t (a text, v text generated always as (a) stored)",
        "[tables.t]\nv = 'null'",
        "generated column",
    ),
    ("create table t (v int generated always as identity)", "[tables.t]\nv = 'hash'", "IDENTITY"),
    ("create table t (v text) partition by list (v)", "[tables.t]\nv = 'hash'", "partition key"),
    (
        "create table t (v int) partition by list (v); create table q partition of t default",
        "[tables.q]\nv = 'hash'",
        "no table has this name",
    ),
    (
        "create table t (v text); create rule r as on update to t do also select 1",
        "[tables.t]\nv = 'null'",
        "rewrite rules",
    ),
    ("create table t (v text default 'x')", "[tables.t]\nv = 'null'", "default of public.t.v: it is a value"),
    ("create table t (v text)", "[tables.t]\nv = 'null'\n[tables.'public.t']\nv = 'hash'", "two rules"),
    (
        "create table t (v text, words tsvector)",
        "[tables.t]\nv = 'null'",
        "public.t.words: it may hold words of masked columns",
    ),
    (
        "create function f(v text) returns bool immutable language sql as 'select true';
         create table t (v text check (f(v)))",
        "[tables.t]\nv = 'null'",
        "call of public.f(text) in public.t",
    ),
    (
        "create function f(v text) returns text immutable language sql as 'select $1';
         create table t (n int, v text) partition by range (n); create table q partition of t default;
         create index on q (lower(f(v)))",
        "[tables.t]\nv = 'null'",
        "call of public.f(text) in public.t",
    ),
    (
        "create function f(a int, b int) returns bool immutable language sql as 'select true';
         create operator === (function = f, leftarg = int, rightarg = int);
         create table t (v text, n int); create index on t (v) where n === 1",
        "[tables.t]\nv = 'null'",
        "call of public.f(integer,integer) in public.t",
    ),
    (
        "create function f(v text) returns text immutable language sql as 'select $1';
         create table t (v text, w text generated always as (f(v)) stored)",
        "[tables.t]\nv = 'null'",
        "call of public.f(text) in public.t",
    ),
    (
        "create function f(v text) returns bool immutable language sql as 'select true';
         create domain d as text check (f(value)); create domain e as d; create table t (v text, tags e[])",
        "[tables.t]\nv = 'null'",
        "call of public.f(text) in public.t",
    ),
    ("select lo_create(0)", "", "large objects: 1 large objects"),
    (
        "create extension postgres_fdw; create server s foreign data wrapper postgres_fdw",
        "",
        "foreign server s",
    ),
    ("create table t (); comment on table t is 'ask jane@corp.io'", "", "comment on table public.t"),
    ("create table t (v int check (v::text <> 'jane@corp.io'))", "", "constraint t_v_check of public.t"),
    ("create table t (v text default 'jane@corp.io')", "", "default of public.t.v"),
    ("create view v as select 1 where 'x' = 'jane@corp.io'", "", "view public.v"),
    (
        "create function f() returns text language sql as $$ select 'jane@corp.io' $$",
        "",
        "function public.f()",
    ),
    ("create type e as enum ('jane@corp.io')", "", "type public.e"),
    (
        "create table t (v text) partition by list (v); create table q partition of t for values in ('jane@corp.io')",
        "",
        "partition public.q",
    ),
];

async fn report(database: &Database, rules: &Rules) -> Report {
    let mut conn = database.connect().await;
    let report = check(&mut conn, rules).await.unwrap();
    match apply(&mut conn, rules).await {
        Ok(_) => assert!(report.is_clean(), "{report}"),
        Err(DataError::MaskRefused { report: refused }) => assert_eq!(*refused, report),
        Err(error) => panic!("{error}"),
    }
    report
}

#[tokio::test]
async fn rules_that_cannot_be_applied_are_refused_before_anything_is_changed() {
    for (script, toml, reason) in REFUSED {
        let database = database(script).await;
        let report = report(&database, &rules(toml)).await;
        assert!(report.to_string().contains(reason), "{script}: {report}");
        let waived = report.findings.iter().filter(|finding| finding.kind != FindingKind::Unknown);
        let rules = waived.fold(rules(toml), |rules, finding| rules.waive(finding.object.clone()));
        let rules = rules.large_objects(LargeObjects::Keep);
        let mut conn = database.connect().await;
        let again = check(&mut conn, &rules).await.unwrap();
        // What is no rule's fault can be waived by its name.
        let may_pass = [
            "foreign server",
            "call of",
            "comment",
            "constraint",
            "default",
            "view",
            "function",
            "type ",
            "partition public",
            "large",
        ];
        assert_eq!(again.is_clean(), may_pass.iter().any(|word| reason.contains(word)), "{script}: {again}");
    }
}

#[tokio::test]
async fn few_values_are_enough_for_few_rows_of_a_unique_index() {
    let database = database(
        "create table t (id int unique, a int, v int, w text, unique (a, v), unique (a, w));
         insert into t select g, g, g, 'w' || g from generate_series(1, 1500) g;
         create table one (v text unique); insert into one values ('x'), (null), (null)",
    )
    .await;
    let mut conn = database.connect().await;
    let toml =
        "[tables.t]\nid = 'hash'\nv = 'hash'\nw = { constant = 'w' }\n[tables.one]\nv = { constant = 'y' }";
    assert_eq!(masked(&mut conn, toml).await.rows, 1503);
    holds(&mut conn, "select count(distinct id) = 1500 from t").await;
}

#[tokio::test]
async fn tables_of_extensions_are_listed_and_refused_where_they_look_personal() {
    let database = database(
        "create extension citext;
         create table kept (id int, email text); insert into kept values (1, 'a@corp.io');
         create table noted (note text); insert into noted values ('ask jane@corp.io');
         create table plain (n int); insert into plain values (1);
         create table empty (email text);
         create table parted (email text, n int) partition by range (n); create table part partition of parted default;
         insert into part values ('b@corp.io', 1);
         alter extension citext add table kept; alter extension citext add table noted;
         alter extension citext add table plain; alter extension citext add table empty;
         alter extension citext add table parted",
    )
    .await;
    let table = |name: &str| format!("table public.{name} of extension citext");
    let found = report(&database, &rules("")).await;
    assert_eq!(found.unmasked, ["kept", "noted", "plain", "part"].map(table));
    let objects: Vec<_> = found.findings.iter().map(|finding| finding.object.clone()).collect();
    assert_eq!(objects, ["kept", "noted", "part"].map(table), "{found}");
    let text = found.to_string();
    assert!(text.contains("column email: by its name it is a e-mail address"), "{text}");
    assert!(text.contains("column note: 1 of 1 sampled values look like"), "{text}");
    assert!(text.contains("table public.plain of extension citext: not masked"), "{text}");

    let ruled = report(&database, &rules("[tables.kept]\nemail = 'null'")).await.to_string();
    assert!(ruled.contains("kept: it belongs to the extension citext"), "{ruled}");
    let waived = objects.into_iter().fold(rules(""), Rules::waive);
    assert!(report(&database, &waived).await.is_clean());
    let mut conn = database.connect().await;
    holds(&mut conn, "select email = 'a@corp.io' from public.kept").await;
}

const LOOKS: &str = "
  create extension if not exists citext;
  create table customers (id int, name text, contact citext, remarks text, doc jsonb, tags text[], card text, account text,
    tel_no varchar(30), ok bool, born_on date, ip inet, email_count int, email text, passport_no int, description text,
    created timestamptz, token uuid);
  insert into customers select g, 'n', 'x', case when g = 77 then 'see bob@corp.io for it' else 'nothing' end,
    case when g = 5 then '{\"m\": \"ann@corp.io\"}'::jsonb else '{}' end, array['x', case when g = 9 then 'eve@corp.io' end],
    '4111 1111 1111 1111', 'DE89 3704 0044 0532 0130 00', '+49 170 5551234', true, null, null, 1, null, 1,
    'call user@example.com or 2026-01-01 12:00', now(), null from generate_series(1, 100) g;
  create table products (name text, title text, zip_code text);";

#[tokio::test]
async fn columns_that_look_personal_need_a_rule() {
    let database = database(LOOKS).await;
    let mut conn = database.connect().await;
    let report = check(&mut conn, &Rules::new()).await.unwrap();
    let mut found: Vec<_> =
        report.findings.iter().map(|finding| finding.object.rsplit('.').next().unwrap()).collect();
    found.sort_unstable();
    let expected = [
        "account",
        "card",
        "doc",
        "email",
        "ip",
        "name",
        "passport_no",
        "remarks",
        "tags",
        "tel_no",
        "token",
        "zip_code",
    ];
    let born = "born_on";
    let mut expected: Vec<_> = expected.into_iter().chain([born]).collect();
    expected.sort_unstable();
    assert_eq!(found, expected, "{report}");
    let text = report.to_string();
    assert!(text.contains("customers.remarks: 1 of 100 sampled values look like a e-mail address"), "{text}");
    let kept =
        report.findings.iter().fold(Rules::new(), |rules, finding| rules.column(&finding.object, Rule::Keep));
    let again = check(&mut conn, &kept).await.unwrap();
    assert!(again.is_clean(), "{again}");
    assert_eq!(report, serde_json::from_str(&serde_json::to_string(&report).unwrap()).unwrap());
}
