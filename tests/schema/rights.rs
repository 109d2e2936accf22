//! Reading as a role that is no superuser and may not use what it reads about.

use super::observe::Observe;
use crate::support::postgres::{self, Database};
use lakebase::schema::{Options, Schema, SchemaError, compare};
use sqlx::{Connection as _, PgConnection};

const CLOSED: &str = "
    CREATE SCHEMA closed;
    CREATE TYPE closed.mood AS ENUM ('good', 'bad');
    CREATE TABLE closed.secret (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mood closed.mood DEFAULT 'good',
        note text CHECK (note <> ''), UNIQUE (note, mood));
    CREATE INDEX ON closed.secret (lower(note)) WHERE id > 7;
    CREATE VIEW closed.notes AS SELECT note FROM closed.secret;
    CREATE FUNCTION closed.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE POLICY own ON closed.secret USING (note = current_user);
    CREATE STATISTICS closed.both ON id, note FROM closed.secret;
    REVOKE ALL ON SCHEMA closed FROM PUBLIC;
    REVOKE ALL ON ALL TABLES IN SCHEMA closed FROM PUBLIC;
    REVOKE ALL ON FUNCTION closed.one() FROM PUBLIC;
    COMMENT ON TABLE closed.secret IS 'nobody sees the rows';
    CREATE PUBLICATION told FOR TABLE closed.secret;";

async fn read_as(role: &str, database: &Database) -> Result<Schema, SchemaError> {
    let url = database.url().replacen("postgres://postgres@", &format!("postgres://{role}@"), 1);
    let mut connection = PgConnection::connect(&url).await.expect("the role logs in");
    Schema::read(&mut connection, &Options::default()).await
}

#[tokio::test]
async fn a_plain_role_reads_what_a_superuser_reads_without_any_right_on_it() {
    let cluster = postgres::shared();
    let script = format!("CREATE ROLE plain_reader LOGIN; {CLOSED}");
    let database = Database::create(&cluster, script).await.expect("the database is made");
    let whole = database.schema().await.expect("a superuser reads");
    let plain = read_as("plain_reader", &database).await.expect("a plain role reads");
    let diff = compare(&whole, &plain);
    assert!(diff.is_empty(), "{diff}");
    assert_eq!(plain.fingerprint(), whole.fingerprint());
    assert_eq!(plain.uncompared().count(), 0);
}

#[tokio::test]
async fn options_that_are_hidden_from_a_role_are_named_and_nothing_is_planned_for_them() {
    let cluster = postgres::shared();
    let script = "CREATE ROLE mapping_reader LOGIN;
        CREATE FOREIGN DATA WRAPPER away; CREATE SERVER far FOREIGN DATA WRAPPER away;
        CREATE USER MAPPING FOR alice SERVER far OPTIONS (password 'hidden');";
    let database = Database::create(&cluster, script.to_owned()).await.expect("the database is made");
    let whole = database.schema().await.expect("a superuser reads");
    assert_eq!(whole.uncompared().count(), 0);
    let plain = read_as("mapping_reader", &database).await.expect("a plain role reads");
    let hidden: Vec<&str> = plain.uncompared().collect();
    assert_eq!(hidden, ["options of user mapping alice SERVER far, hidden from this role"]);
    let refused = compare(&whole, &plain).migration().expect_err("what is hidden is not planned away");
    assert!(refused.to_string().contains(hidden[0]), "{refused}");
}

#[tokio::test]
async fn a_catalog_that_a_role_may_not_read_is_named_with_the_remedy() {
    let cluster = postgres::shared();
    let script = "CREATE ROLE barred_reader LOGIN; REVOKE SELECT ON pg_catalog.pg_policy FROM PUBLIC;";
    let database = Database::create(&cluster, script.to_owned()).await.expect("the database is made");
    let error = read_as("barred_reader", &database).await.expect_err("a revoked catalog");
    assert!(matches!(error, SchemaError::Denied { .. }), "{error:?}");
    let text = error.to_string();
    assert!(text.contains("pg_policy") && text.contains("grant the role SELECT on it"), "{text}");
}
