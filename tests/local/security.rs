//! SQL logins reach neither the platform's rights nor the machine nor each other's secrets.

use std::time::{Duration, Instant};

use lakebase::{Branch, Expiry, model::RoleDefinition};
use serde_json::json;
use sqlx::{AssertSqlSafe, PgConnection, postgres::PgConnectOptions};

use crate::support::fixture::{Fixture, expect, number, number_on, on_a_project, run, run_on};

/// Traps for every name that the platform's statements use. A trap that fires in a superuser's session leaves a row,
/// and makes the owner of the branch a superuser.
const TRAPS: &str = r#"
CREATE TABLE public.fired (what text, who text);
GRANT ALL ON public.fired TO public;
CREATE FUNCTION public.spring(what text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN
  INSERT INTO public.fired VALUES (what, current_user);
  IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
    EXECUTE format('ALTER ROLE %I SUPERUSER', (SELECT rolname FROM pg_catalog.pg_roles WHERE rolname LIKE '%@%' LIMIT 1));
  END IF;
END $$;
CREATE FUNCTION public.pg_create_physical_replication_slot(text, bool, bool) RETURNS text LANGUAGE sql
  AS $$ SELECT public.spring('slot'); SELECT 'x' $$;
CREATE FUNCTION public.pg_backup_start(text, bool) RETURNS text LANGUAGE sql
  AS $$ SELECT public.spring('backup'); SELECT 'x' $$;
CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql
  AS $$ SELECT public.spring('now'); SELECT pg_catalog.now() $$;
CREATE FUNCTION public.text_eq(text, text) RETURNS bool LANGUAGE sql AS $$ SELECT public.spring('='); SELECT true $$;
CREATE FUNCTION public.name_eq(name, name) RETURNS bool LANGUAGE sql AS $$ SELECT public.spring('='); SELECT true $$;
CREATE FUNCTION public.later(timestamptz, timestamptz) RETURNS bool LANGUAGE sql
  AS $$ SELECT public.spring('>'); SELECT true $$;
CREATE FUNCTION public.times(numeric, int) RETURNS numeric LANGUAGE sql AS $$ SELECT public.spring('*'); SELECT 1.0 $$;
CREATE OPERATOR public.* (leftarg = numeric, rightarg = int, function = public.times);
CREATE OPERATOR public.= (leftarg = text, rightarg = text, function = public.text_eq);
CREATE OPERATOR public.= (leftarg = name, rightarg = name, function = public.name_eq);
CREATE OPERATOR public.<> (leftarg = name, rightarg = name, function = public.name_eq);
CREATE OPERATOR public.> (leftarg = timestamptz, rightarg = timestamptz, function = public.later);
CREATE TABLE public.pg_roles (rolname text);
CREATE TABLE public.pg_database (datname text, datallowconn bool);
CREATE VIEW public.pg_authid AS SELECT 'x'::text AS rolname, public.spring('view')::text AS rolpassword;
CREATE TYPE public.trap AS (a int);
CREATE FUNCTION public.cast_trap(public.trap) RETURNS text LANGUAGE sql AS $$ SELECT public.spring('cast'); SELECT 'x' $$;
CREATE CAST (public.trap AS text) WITH FUNCTION public.cast_trap(public.trap) AS IMPLICIT;
CREATE TABLE public.guarded (a int);
ALTER TABLE public.guarded ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.guarded FORCE ROW LEVEL SECURITY;
CREATE POLICY trap ON public.guarded USING (public.spring('policy') IS NULL);
CREATE FUNCTION public.as_index(int) RETURNS int IMMUTABLE LANGUAGE plpgsql
  AS $$ BEGIN PERFORM public.spring('index'); RETURN 1; END $$;
ALTER DEFAULT PRIVILEGES REVOKE ALL ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC;
"#;

/// Settings of a database that would change what a statement means, or whether it comes to its end.
const POISON: [(&str, &str); 24] = [
    ("search_path", "public, pg_catalog"),
    ("role", "'app'"),
    ("session_authorization", "'app'"),
    ("local_preload_libraries", "'nosuch'"),
    ("default_transaction_read_only", "on"),
    ("default_transaction_isolation", "serializable"),
    ("default_transaction_deferrable", "on"),
    ("statement_timeout", "1"),
    ("lock_timeout", "1"),
    ("idle_session_timeout", "1"),
    ("idle_in_transaction_session_timeout", "1"),
    ("row_security", "on"),
    ("standard_conforming_strings", "off"),
    ("backslash_quote", "on"),
    ("exit_on_error", "on"),
    ("transform_null_equals", "on"),
    ("array_nulls", "off"),
    ("default_table_access_method", "'nosuch'"),
    ("default_tablespace", "'nosuch'"),
    ("client_encoding", "latin1"),
    ("bytea_output", "escape"),
    ("password_encryption", "md5"),
    ("synchronous_commit", "remote_apply"),
    ("client_min_messages", "debug5"),
];

async fn connect(branch: impl AsRef<Branch>, database: &str) -> PgConnection {
    let branch = branch.as_ref();
    branch.connect().database(database).await.unwrap()
}

/// Sends statements that stand in one line each, and gives PostgreSQL's answer to the last.
async fn refusal(connection: &mut PgConnection, sql: &str) -> Option<String> {
    let done = sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(connection).await;
    done.err()
        .map(|error| error.into_database_error().map_or_else(String::new, |error| error.message().to_owned()))
}

#[tokio::test]
async fn no_trap_that_a_login_sets_fires_in_a_session_of_the_platform() {
    on_a_project(async |fixture: Fixture| {
        let main = &fixture.main;
        let owner = fixture.owner().await;
        let app = main.create_role(RoleDefinition::plain("app")).id("app").await.unwrap();
        let two = main.create_role(RoleDefinition::plain("two")).id("two").await.unwrap();
        let trap = main.create_database("trap", owner.clone()).id("trap").await.unwrap();
        for database in ["trap", "databricks_postgres"] {
            run_on(&mut connect(main, database).await, TRAPS).await;
        }
        let mut session = connect(main, "trap").await;
        for (name, value) in POISON {
            run_on(&mut session, &format!("ALTER DATABASE trap SET {name} = {value}")).await;
        }
        let sql = "ALTER ROLE ALL IN DATABASE trap SET search_path = public, pg_catalog";
        run_on(&mut session, sql).await;
        let event = "CREATE FUNCTION public.et() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; \
                     CREATE EVENT TRIGGER et ON ddl_command_start EXECUTE FUNCTION public.et()";
        assert!(refusal(&mut session, event).await.unwrap().contains("permission denied"));
        drop(session);

        // Every statement that the platform sends, in both databases.
        two.update().createdb(true).bypassrls(true).await.unwrap();
        app.delete().reassign_owned_to(two.name.clone()).await.unwrap();
        trap.update().owner(two.name.clone()).await.unwrap();
        trap.update().owner(owner.clone()).await.unwrap();
        main.create_database("other", owner).id("other").await.unwrap().delete().await.unwrap();
        let child = fixture.branch("child").await;
        main.create_branch("past", Expiry::Never).at_time(chrono::Utc::now()).await.unwrap();
        assert_eq!(number(&child, SUPERUSERS).await, 0);

        let mut session = connect(main, "databricks_postgres").await;
        assert_eq!(number_on(&mut session, "SELECT count(*) FROM public.fired").await, 0);
        assert_eq!(number_on(&mut session, SUPERUSERS).await, 0);
        run_on(&mut session, "ALTER DATABASE trap RESET ALL; ALTER ROLE ALL IN DATABASE trap RESET ALL")
            .await;
        let mut session = connect(main, "trap").await;
        assert_eq!(number_on(&mut session, "SELECT count(*) FROM public.fired").await, 0);
    })
    .await;
}

/// Superusers that can log in or have members, but for the platform's own.
const SUPERUSERS: &str = "SELECT count(*) FROM pg_roles r WHERE rolsuper AND rolname <> 'cloud_admin'
    AND (rolcanlogin OR EXISTS (SELECT FROM pg_auth_members m WHERE m.roleid = r.oid))";

/// Ways to the machine, to the platform's rights and to secrets; each ends in an error.
const ESCAPES: &[&str] = &[
    "GRANT pg_execute_server_program TO CURRENT_USER",
    "GRANT pg_read_server_files TO CURRENT_USER",
    "GRANT pg_write_server_files TO CURRENT_USER",
    "GRANT pg_read_all_data TO CURRENT_USER",
    "GRANT pg_create_subscription TO CURRENT_USER",
    "GRANT cloud_admin TO CURRENT_USER",
    "CREATE ROLE evil IN ROLE pg_execute_server_program",
    "CREATE ROLE evil SUPERUSER",
    "CREATE ROLE evil REPLICATION",
    "ALTER ROLE CURRENT_USER SUPERUSER",
    "ALTER ROLE CURRENT_USER REPLICATION",
    "ALTER ROLE cloud_admin PASSWORD 'x'",
    "ALTER ROLE cloud_admin SET search_path = public",
    "ALTER ROLE ALL SET search_path = public",
    "ALTER DATABASE postgres SET search_path = public",
    "ALTER DATABASE template1 SET search_path = public",
    "SET ROLE cloud_admin",
    "SET SESSION AUTHORIZATION cloud_admin",
    "UPDATE pg_authid SET rolsuper = true",
    "SELECT rolpassword FROM pg_authid",
    "SELECT passwd FROM pg_shadow",
    "COPY (SELECT 1) TO PROGRAM 'true'",
    "COPY (SELECT 1) TO '/tmp/lakebase-escape'",
    "CREATE TEMP TABLE passwd (line text); COPY passwd FROM '/etc/passwd'",
    "SELECT lo_import('/etc/passwd')",
    "SELECT lo_export(lo_create(0), '/tmp/lakebase-escape')",
    "SELECT pg_read_file('/etc/passwd')",
    "SELECT pg_read_binary_file('PG_VERSION')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('PG_VERSION')",
    "SELECT * FROM pg_hba_file_rules",
    "LOAD '/tmp/evil.so'",
    "LOAD 'dblink'",
    "CREATE FUNCTION evil() RETURNS int LANGUAGE c AS '/tmp/evil', 'evil'",
    "CREATE FUNCTION evil() RETURNS int LANGUAGE internal AS 'pg_backend_pid'",
    "CREATE EXTENSION dblink",
    "CREATE EXTENSION postgres_fdw",
    "CREATE EXTENSION file_fdw",
    "CREATE EXTENSION plpython3u",
    "CREATE FOREIGN DATA WRAPPER evil",
    "CREATE TABLESPACE evil LOCATION '/tmp'",
    "CREATE SUBSCRIPTION evil CONNECTION 'host=/tmp' PUBLICATION p WITH (connect = false)",
    "ALTER SYSTEM SET archive_command = 'true'",
    "SET session_preload_libraries = 'evil'",
    "SET dynamic_library_path = '/tmp'",
    "SET allow_system_table_mods = on",
    "SELECT pg_reload_conf()",
    "SELECT pg_switch_wal()",
    "SELECT pg_backup_start('evil')",
    "SELECT pg_create_physical_replication_slot('evil')",
    "SELECT pg_create_logical_replication_slot('evil', 'pgoutput')",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'cloud_admin'",
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE usename = 'cloud_admin'",
    "CREATE FUNCTION pg_catalog.evil() RETURNS int LANGUAGE sql AS 'SELECT 1'",
];

#[tokio::test]
async fn a_login_reaches_no_file_no_program_no_superuser_and_no_password() {
    on_a_project(async |fixture: Fixture| {
        let mut session = connect(&fixture.main, "databricks_postgres").await;
        for escape in ESCAPES {
            let refusal = refusal(&mut session, escape).await;
            assert!(refusal.is_some(), "{escape}");
        }
        assert_eq!(number_on(&mut session, SUPERUSERS).await, 0);
        // A role of its making has no more than it has.
        run_on(&mut session, "CREATE ROLE helper CREATEROLE").await;
        run_on(&mut session, "GRANT helper TO CURRENT_USER; SET ROLE helper").await;
        for escape in ESCAPES {
            assert!(refusal(&mut session, escape).await.is_some(), "as another role: {escape}");
        }
    })
    .await;
}

#[tokio::test]
async fn only_the_platform_creates_anything_in_the_databases_that_it_works_in() {
    on_a_project(async |fixture: Fixture| {
        let mut session = connect(&fixture.main, "postgres").await;
        for sql in [
            "CREATE TABLE public.t (a int)",
            "CREATE FUNCTION public.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE OPERATOR public.= (leftarg = text, rightarg = text, function = texteq)",
            "CREATE SCHEMA s",
            "CREATE EXTENSION hstore",
        ] {
            assert!(refusal(&mut session, sql).await.is_some(), "{sql}");
        }
        // A session there would hold up CREATE DATABASE.
        let template = fixture.main.connect().database("template1").await.unwrap_err();
        assert_eq!(template.sqlstate().as_deref(), Some("42501"), "{template}");
        run_on(&mut session, "CREATE DATABASE by_hand").await;
    })
    .await;
}

#[tokio::test]
async fn settings_of_endpoints_name_no_file_no_program_and_no_library() {
    on_a_project(async |fixture: Fixture| {
        let settings = |name: &str| json!({name: "x"});
        for name in ["archive_command", "shared_preload_libraries", "plperl.on_init", "hba_file", "fsync"] {
            let call = format!("PATCH {}/endpoints/primary?update_mask=spec.settings", fixture.main.name);
            let body = json!({"spec": {"settings": {"pg_settings": settings(name)}}});
            let refused = fixture.refused(&call, body).await;
            expect(&refused, 400, "INVALID_PARAMETER_VALUE", "Field 'spec.settings.pg_settings'");
            assert!(refused.2.contains(name), "{}", refused.2);
            let path = "spec.default_endpoint_settings.pg_settings";
            let call = format!("PATCH {}?update_mask={path}", fixture.project.name);
            let body = json!({"spec": {"default_endpoint_settings": {"pg_settings": settings(name)}}});
            expect(
                &fixture.refused(&call, body).await,
                400,
                "INVALID_PARAMETER_VALUE",
                &format!("Field '{path}'"),
            );
        }
    })
    .await;
}

/// The socket of a branch's compute, which its owner is told by PostgreSQL.
async fn socket(branch: impl AsRef<Branch>) -> String {
    let branch = branch.as_ref();
    let mut session = branch.connect().await.unwrap();
    sqlx::query_scalar("SHOW unix_socket_directories").fetch_one(&mut session).await.unwrap()
}

#[tokio::test]
async fn the_superuser_needs_its_secret_on_the_socket_and_replication_is_closed() {
    use sqlx::{ConnectOptions as _, Connection as _};
    on_a_project(async |fixture: Fixture| {
        let socket = socket(&fixture.main).await;
        let login =
            PgConnectOptions::new_without_pgpass().socket(socket.trim_matches('"')).database("postgres");
        for password in ["", "cloud_admin", "x"] {
            let login = login.clone().username("cloud_admin").password(password);
            let error = login.connect().await.unwrap_err().to_string();
            assert!(error.contains("password authentication failed"), "{error}");
        }
        // This process has the server's own account.
        let owner = fixture.project.owner.clone().unwrap();
        login.username(&owner).connect().await.unwrap().close().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_lock_that_a_login_holds_stops_a_change_for_seconds_and_is_named() {
    on_a_project(async |fixture: Fixture| {
        let main = &fixture.main;
        let two = main.create_role(RoleDefinition::plain("two")).id("two").await.unwrap();
        let mut session = main.connect().await.unwrap();
        run_on(&mut session, "BEGIN; ALTER DATABASE databricks_postgres CONNECTION LIMIT 90").await;
        let pid = number_on(&mut session, "SELECT pg_backend_pid()::bigint").await;
        let call = format!("PATCH {}/databases/databricks-postgres?update_mask=spec.role", main.name);
        let body = json!({"spec": {"role": two.name.to_string()}});
        let begun = Instant::now();
        let (status, code, text) = fixture.refused(&call, body.clone()).await;
        assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
        assert_eq!((status, code.as_str()), (409, "ABORTED"), "{text}");
        assert!(text.contains(&format!("process {pid}")) && text.contains("idle in transaction"), "{text}");
        run_on(&mut session, "ROLLBACK").await;
        fixture.operation(&call, body).await;
    })
    .await;
}

/// Five connections are kept for superusers, and only the platform is one.
#[tokio::test]
async fn a_flood_of_logins_leaves_the_platform_its_connections() {
    on_a_project(async |fixture: Fixture| {
        let main = &fixture.main;
        let mut sessions = vec![main.connect().await.unwrap()];
        let most = number_on(&mut sessions[0], "SELECT current_setting('max_connections')::bigint").await;
        let refused = loop {
            let more = futures_util::future::join_all((0..32).map(|_| main.connect().into_future())).await;
            let mut refused = None;
            for login in more {
                match login {
                    Ok(session) => sessions.push(session),
                    Err(error) => refused = Some(error),
                }
            }
            if let Some(refused) = refused {
                break refused;
            }
        };
        assert_eq!(refused.sqlstate().as_deref(), Some("53300"), "{refused}");
        assert!(sessions.len() as i64 <= most - 5, "{} of {most}", sessions.len());
        main.create_role(RoleDefinition::plain("late")).id("late").await.unwrap();
        fixture.branch("late").await;
        // Nor does a role that a login makes reach them.
        run_on(&mut sessions[0], "CREATE ROLE helper LOGIN CREATEROLE CREATEDB").await;
        let reserved = "GRANT pg_use_reserved_connections TO helper";
        assert!(refusal(&mut sessions[0], reserved).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn a_password_in_a_statement_that_fails_is_not_logged() {
    on_a_project(async |fixture: Fixture| {
        let mut session = fixture.main.connect().await.unwrap();
        let statement = "CREATE ROLE worker PASSWORD 'correct horse battery'";
        run_on(&mut session, statement).await;
        assert!(refusal(&mut session, statement).await.is_some());
        let directory: String =
            sqlx::query_scalar("SHOW data_directory").fetch_one(&mut session).await.unwrap();
        let log = std::path::Path::new(&directory).with_file_name("postgres.log");
        let log = std::fs::read_to_string(log).unwrap();
        assert!(log.contains("role \"worker\" already exists"), "{log}");
        assert!(!log.contains("battery"), "{log}");
        run(&fixture.main, "DROP ROLE worker").await;
    })
    .await;
}
