//! Settings of a role or database change neither what is read nor what a plan means.

use lakebase::schema::compare;

use super::observe::Observe;
use super::run::describe;
use crate::support::postgres::{self, Database};

const OLD: &str = r"
    CREATE DOMAIN word AS text DEFAULT 'x\y'::text CHECK (VALUE ~ '^\w+$');
    CREATE TABLE t (id int PRIMARY KEY, span interval DEFAULT '1 day -02:03:04', raw bytea DEFAULT '\xdeadbeef',
      at timestamptz DEFAULT '2024-03-01 12:00+02', day date DEFAULT '2024-03-01', number float8 DEFAULT 0.1 + 0.2,
      word text CHECK (word ~ '^\w+$'));
    CREATE VIEW v AS SELECT id, '1 year -1 mon'::interval AS span, 'a\b'::text AS word FROM t;
    CREATE FUNCTION f(a text DEFAULT 'a\b') RETURNS text LANGUAGE sql AS $$ SELECT a || '\' $$;";

const MORE: &str = r"
    ALTER DOMAIN word SET DEFAULT 'z\y'::text;
    ALTER TABLE t ADD other interval DEFAULT '-1 day +02:03', ADD pattern text DEFAULT '\d' CHECK (pattern ~ '^\d');
    CREATE TABLE p (id int, at timestamptz) PARTITION BY RANGE (at);
    CREATE TABLE p_1 PARTITION OF p FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2025-01-01 00:00+00');
    CREATE TABLE x (content xml DEFAULT 'a<b/>'::xml);
    CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $$ SELECT '\w' $$;";

const SETTINGS: [(&str, &str); 12] = [
    ("intervalstyle", "iso_8601"),
    ("intervalstyle", "sql_standard"),
    ("bytea_output", "escape"),
    ("standard_conforming_strings", "off"),
    ("quote_all_identifiers", "on"),
    ("default_tablespace", "lakebase_space"),
    ("search_path", "\"$user\""),
    ("datestyle", "'SQL, DMY'"),
    ("extra_float_digits", "-5"),
    ("xmloption", "document"),
    ("check_function_bodies", "on"),
    ("timezone", "'Asia/Kolkata'"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_of_a_database_change_no_schema_and_no_plan() {
    let cluster = postgres::shared();
    let plain = Database::create(&cluster, OLD.to_owned()).await.expect("a database");
    let wanted = Database::create(&cluster, format!("{OLD}{MORE}")).await.expect("a database");
    let (plain, wanted) = (plain.schema().await.expect("read"), wanted.schema().await.expect("read"));
    for (name, value) in SETTINGS {
        for applied in [true, false] {
            let set = format!(
                "SELECT format('ALTER DATABASE %I SET {name} = {}', current_database()) \\gexec",
                value.replace('\'', "''")
            );
            let database = Database::create(&cluster, format!("{OLD}\n{set}\n")).await.expect("a database");
            let context = format!("{name} = {value}");
            let same = compare(&database.schema().await.expect("read"), &plain);
            assert!(same.is_empty(), "{context}:\n{same}");
            let plan = compare(&plain, &wanted).migration().expect("a plan");
            let ran = match applied {
                true => plan
                    .apply(&mut database.connect().await)
                    .await
                    .map(drop)
                    .map_err(|error| describe(&error)),
                false => database.psql(plan.to_sql()).await.map(drop),
            };
            ran.unwrap_or_else(|error| panic!("{context}: {error}\n{}", plan.to_sql()));
            let rest = compare(&database.schema().await.expect("read"), &wanted);
            assert!(rest.is_empty(), "{context}:\n{rest}");
        }
    }
}
