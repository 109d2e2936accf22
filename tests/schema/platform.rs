//! Objects that the platform makes in every database are no part of a schema.

use crate::support::postgres::{self, Database};
use lakebase::schema::{Options, Schema, compare};

const PLATFORM: &str = "
    DO $$ BEGIN CREATE ROLE cloud_admin SUPERUSER; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
    CREATE SCHEMA __db_system;
    CREATE TABLE __db_system.state (id int PRIMARY KEY);
    CREATE FUNCTION public.on_ddl() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    COMMENT ON FUNCTION public.on_ddl() IS 'of the platform';
    ALTER FUNCTION public.on_ddl() OWNER TO cloud_admin;
    CREATE EVENT TRIGGER on_ddl ON ddl_command_end EXECUTE FUNCTION public.on_ddl();
    ALTER EVENT TRIGGER on_ddl OWNER TO cloud_admin;";

#[tokio::test]
async fn objects_of_the_platform_are_compared_only_when_asked_for() {
    let cluster = postgres::shared();
    let table = "CREATE TABLE t (id int PRIMARY KEY);
        CREATE FUNCTION own() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';";
    let with = Database::create(&cluster, format!("{PLATFORM}\n{table}")).await.expect("a database");
    let without = Database::create(&cluster, table.to_owned()).await.expect("a database");
    let read = async |database: &Database, options: &Options| {
        Schema::read(&mut database.connect().await, options).await.expect("a schema")
    };
    let all = Options::default();
    let diff = compare(&read(&with, &all).await, &read(&without, &all).await);
    assert!(diff.is_empty(), "{diff}");
    let asked = Options::default().platform_objects(true);
    let diff = compare(&read(&with, &asked).await, &read(&without, &asked).await).to_string();
    for part in ["__db_system", "on_ddl"] {
        assert!(diff.contains(part), "{part}: {diff}");
    }
}
