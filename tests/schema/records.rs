//! Where applied migrations are recorded is no part of a schema.

use crate::support::postgres::{self, Database};
use lakebase::schema::{Options, Schema, compare};

const RECORDS: &str = "
    CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, installed_on timestamptz DEFAULT now());
    COMMENT ON TABLE _sqlx_migrations IS 'applied';
    GRANT SELECT ON _sqlx_migrations TO alice;
    CREATE INDEX applied ON _sqlx_migrations (installed_on);
    CREATE SCHEMA _lakebase;
    CREATE TABLE _lakebase.migrations (version bigint PRIMARY KEY);";

#[tokio::test]
async fn records_of_applied_migrations_are_compared_only_when_asked_for() {
    let cluster = postgres::shared();
    let table = "CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL);";
    let with = Database::create(&cluster, format!("{RECORDS}\n{table}")).await.expect("a database");
    let without = Database::create(&cluster, table.to_owned()).await.expect("a database");
    let read = async |database: &Database, options: &Options| {
        Schema::read(&mut database.connect().await, options).await.expect("a schema")
    };
    let all = Options::default();
    let diff = compare(&read(&with, &all).await, &read(&without, &all).await);
    assert!(diff.is_empty(), "{diff}");
    let asked = Options::default().include_schemas(["public", "_sqlx_migrations"]);
    let diff = compare(&read(&with, &asked).await, &read(&without, &asked).await).to_string();
    assert!(diff.contains("_sqlx_migrations"), "{diff}");
    let asked = Options::default().include_schemas(["_lakebase"]);
    let diff = compare(&read(&with, &asked).await, &read(&without, &asked).await).to_string();
    assert!(diff.contains("_lakebase.migrations"), "{diff}");
}
