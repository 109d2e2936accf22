//! Credentials and logins.

use std::{
    process::Command,
    time::{Duration, Instant},
};

use lakebase::{
    Branch, ConnectionInfo, ErrorKind,
    auth::Env,
    model::{RoleDefinition, TlsMode},
};
use secrecy::ExposeSecret as _;
use serde_json::json;
use sqlx::{
    ConnectOptions as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};

use crate::support::child::output;
use crate::support::fixture::{Fixture, client, expect, fresh_id, number_on, on, on_a_project, run};

async fn log_in(branch: impl AsRef<Branch>, user: &str, password: &str) -> sqlx::Result<PgConnection> {
    let branch = branch.as_ref();
    let info = branch.connection_info().await.unwrap();
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&info.host)
        .port(info.port)
        .database(&info.database)
        .username(user)
        .password(password)
        .ssl_mode(PgSslMode::VerifyFull);
    if let Some(file) = &info.ca_cert {
        options = options.ssl_root_cert(file);
    }
    options.connect().await
}

async fn refused(branch: impl AsRef<Branch>, user: &str, password: &str) -> String {
    let branch = branch.as_ref();
    log_in(branch, user, password).await.unwrap_err().into_database_error().unwrap().message().to_owned()
}

async fn token(branch: impl AsRef<Branch>) -> String {
    let branch = branch.as_ref();
    let credential = branch.endpoint("primary").unwrap().credential().await.unwrap();
    credential.token.expose_secret().to_owned()
}

#[tokio::test]
async fn a_credential_lives_an_hour_unless_it_is_asked_to_live_shorter() {
    on_a_project(async |fixture: Fixture| {
        let endpoint = fixture.main.endpoint("primary").unwrap();
        let left = |credential: lakebase::model::DatabaseCredential| {
            (credential.expire_time - chrono::Utc::now()).num_seconds()
        };
        assert!((3590..=3600).contains(&left(endpoint.credential().await.unwrap())));
        let short = endpoint.credential().ttl(Duration::from_secs(300)).await.unwrap();
        assert!((290..=300).contains(&left(short)));
        for ttl in ["299s", "3601s", "0s"] {
            let body = json!({"endpoint": endpoint.name().to_string(), "ttl": ttl});
            expect(&fixture.refused("POST credentials", body).await, 400, "INVALID_PARAMETER_VALUE", "");
        }
        let missing = json!({"endpoint": format!("{}/endpoints/missing", fixture.main.name)});
        expect(
            &fixture.refused("POST credentials", missing).await,
            404,
            "NOT_FOUND",
            "endpoint id not found",
        );
        expect(
            &fixture.refused("POST credentials", json!({})).await,
            400,
            "INVALID_PARAMETER_VALUE",
            "Field 'endpoint'",
        );
        // No operation: the answer is the credential.
        let answer = fixture.send("POST credentials", json!({"endpoint": endpoint.name().to_string()})).await;
        assert!(answer["token"].is_string() && answer["expire_time"].is_string());
    })
    .await;
}

#[tokio::test]
async fn a_token_is_good_for_its_own_identity_and_project() {
    on_a_project(async |fixture: Fixture| {
        let user = fixture.project.owner.clone().unwrap();
        let good = token(&fixture.main).await;
        let mut session = log_in(&fixture.main, &user, &good).await.unwrap();
        assert_eq!(number_on(&mut session, "SELECT 1::bigint").await, 1);
        assert_eq!(
            refused(&fixture.main, "databricks_superuser", &good).await,
            "OAuth: User is not authorized"
        );
        let broken = format!("{}x", good);
        let text = refused(&fixture.main, &user, &broken).await;
        assert!(text.contains("password authentication failed") || text.contains("disabled"), "{text}");
        let other = fixture.lakebase.create_project(fresh_id("contract").as_str()).await.unwrap();
        let foreign = token(&other.default_branch().await.unwrap()).await;
        let text = refused(&fixture.main, &user, &foreign).await;
        other.delete().purge().await.unwrap();
        assert_eq!(text, "OAuth: User is not authorized");
    })
    .await;
}

#[tokio::test]
async fn a_login_that_cannot_succeed_fails_at_once_with_the_reason_of_postgresql() {
    on_a_project(async |fixture: Fixture| {
        let begun = Instant::now();
        let error = fixture.main.connect().user("alice").await.unwrap_err();
        assert!(begun.elapsed() < Duration::from_secs(20), "after {:?}: {error}", begun.elapsed());
        assert_eq!(error.kind(), ErrorKind::Database, "{error}");
        assert!(error.sqlstate().is_some_and(|state| state.starts_with("28")), "{error:?}");
        assert!(std::error::Error::source(&error).is_some(), "{error:?}");
    })
    .await;
}

#[tokio::test]
async fn a_pool_as_executor_renews_a_rejected_credential() {
    on_a_project(async |fixture: Fixture| {
        let pool = fixture.main.pool().await.unwrap();
        // New connections must log in: the open one is in use.
        let held = pool.acquire().await.unwrap();
        let rejected = (*pool.as_pg_pool().connect_options()).clone().password("rejected");
        pool.as_pg_pool().set_connect_options(rejected.clone());
        let error = sqlx::query("SELECT 1").execute(pool.as_pg_pool()).await.unwrap_err();
        let state = error.as_database_error().and_then(|error| error.code());
        assert!(state.is_some_and(|state| state.starts_with("28")), "{error}");
        let one: i32 = sqlx::query_scalar("SELECT 1").fetch_one(&pool).await.unwrap();
        assert_eq!(one, 1);
        pool.as_pg_pool().set_connect_options(rejected);
        let both = (pool.acquire().await.unwrap(), pool.begin().await.unwrap());
        drop((held, both));
        pool.close().await;
    })
    .await;
}

#[tokio::test]
async fn passwords_are_refused_unless_the_project_allows_them() {
    let lakebase = client().await;
    let create = lakebase.create_project(fresh_id("contract").as_str()).native_login(true);
    let project = create.await.unwrap();
    on(lakebase, project, async |fixture: Fixture| {
        run(
            &fixture.main,
            "CREATE ROLE worker LOGIN PASSWORD 'correct horse'; CREATE ROLE sleeper PASSWORD 'x';
             CREATE ROLE schreiber LOGIN PASSWORD 'Schlüssel Ⅸ'",
        )
        .await;
        // Composed or not, with a space that does not break or one that does: the same password.
        for typed in ["Schlüssel Ⅸ", "Schlu\u{308}ssel\u{a0}IX"] {
            let mut session = log_in(&fixture.main, "schreiber", typed).await.unwrap();
            assert_eq!(number_on(&mut session, "SELECT 1::bigint").await, 1);
        }
        let mut session = log_in(&fixture.main, "worker", "correct horse").await.unwrap();
        assert_eq!(number_on(&mut session, "SELECT 1::bigint WHERE current_user = 'worker'").await, 1);
        for (user, password) in [
            ("worker", "wrong"),
            ("worker", ""),
            ("schreiber", "Schlussel IX"),
            ("no_such_role", "x"),
            ("sleeper", "x"),
            ("cloud_admin", ""),
        ] {
            let text = refused(&fixture.main, user, password).await;
            assert_eq!(text, format!("password authentication failed for user '{user}'"));
        }
        let child = fixture.branch("child").await;
        drop(log_in(&child, "worker", "correct horse").await.unwrap());
        fixture.project.update().native_login(false).await.unwrap();
        let text = refused(&fixture.main, "worker", "correct horse").await;
        assert_eq!(text, "native postgres login is disabled for this endpoint");
    })
    .await;
}

#[tokio::test]
async fn a_revealed_password_opens_its_branch_and_its_children_but_not_those_of_a_protected_one() {
    let lakebase = client().await;
    let create = lakebase.create_project(fresh_id("contract").as_str()).native_login(true);
    let project = create.await.unwrap();
    on(lakebase, project, async |fixture: Fixture| {
        let app = fixture.main.create_role(RoleDefinition::plain("app")).id("app").await.unwrap();
        let password = app.reveal_password().await.unwrap();
        let text = password.expose_secret();
        assert!(text.len() >= 16 && !format!("{password:?}").contains(text));
        assert_eq!(app.reveal_password().await.unwrap().expose_secret(), text, "it stays");
        drop(log_in(&fixture.main, "app", text).await.unwrap());
        let mut session = fixture.main.connect().user("app").password(password.clone()).await.unwrap();
        assert_eq!(number_on(&mut session, "SELECT 1::bigint WHERE current_user = 'app'").await, 1);
        let pool = fixture.main.pool().user("app").password(password.clone()).await.unwrap();
        drop(pool.acquire().await.unwrap());
        pool.close().await;
        let wrong = fixture.main.connect().user("app").password("wrong").await.unwrap_err();
        assert_eq!(wrong.sqlstate().as_deref(), Some("28P01"), "{wrong}");
        assert_eq!(psql(&fixture.main, "app", text, "SELECT current_user").await, "app");
        run(&fixture.main, "CREATE ROLE by_hand LOGIN PASSWORD 'correct horse'").await;

        let child = fixture.branch("child").await;
        let inherited = child.handle().role("app").unwrap().reveal_password().await.unwrap();
        assert_eq!(inherited.expose_secret(), text);
        drop(log_in(&child, "app", text).await.unwrap());

        fixture.main.update().protected(true).await.unwrap();
        let safe = fixture.branch("safe").await;
        let own = safe.handle().role("app").unwrap().reveal_password().await.unwrap();
        assert_ne!(own.expose_secret(), text);
        drop(log_in(&safe, "app", own.expose_secret()).await.unwrap());
        for (user, password) in [("app", text), ("by_hand", "correct horse")] {
            assert_eq!(
                refused(&safe, user, password).await,
                format!("password authentication failed for user '{user}'")
            );
        }
        assert!(log_in(&fixture.main, "app", own.expose_secret()).await.is_err());
        fixture.main.update().protected(false).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn only_a_password_that_there_is_can_be_revealed() {
    on_a_project(async |fixture: Fixture| {
        let owner = fixture.owner().await;
        let error = fixture.lakebase.role(owner.clone()).unwrap().reveal_password().await.unwrap_err();
        assert_eq!((error.kind(), error.status()), (ErrorKind::Invalid, Some(400)), "{error}");
        assert!(error.to_string().contains("PG_PASSWORD_SCRAM_SHA_256"), "{error}");
        let missing = fixture.main.handle().role("missing").unwrap().reveal_password().await.unwrap_err();
        assert!(missing.is_not_found(), "{missing}");
        // The project refuses the login with it; the password is there all the same.
        let app = fixture.main.create_role(RoleDefinition::plain("app")).id("app").await.unwrap();
        let password = app.reveal_password().await.unwrap();
        assert_eq!(
            refused(&fixture.main, "app", password.expose_secret()).await,
            "native postgres login is disabled for this endpoint"
        );
        let error = fixture.main.connect().user("app").password(password).await.unwrap_err();
        assert!(error.to_string().contains("native_login(true)"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_pooled_connection_works_and_a_missing_host_is_named() {
    on_a_project(async |fixture: Fixture| {
        let mut pooled = fixture.main.connect().pooled().await.unwrap();
        for n in 0..3_i64 {
            let same: i64 = sqlx::query_scalar("SELECT $1").bind(n).fetch_one(&mut pooled).await.unwrap();
            assert_eq!(same, n);
        }
        assert!(fixture.main.connection_info().pooled().await.unwrap().pooled);
        let error = fixture.main.connect().read_only().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
        assert!(error.to_string().contains("without .read_only()"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn the_environment_of_an_app_connects_in_one_line() {
    on_a_project(async |fixture: Fixture| {
        let info = fixture.main.connection_info().await.unwrap();
        let endpoint = fixture.main.endpoint("primary").unwrap().name().to_string();
        let (port, ca) =
            (info.port.to_string(), info.ca_cert.as_ref().map(|file| file.display().to_string()));
        let mut variables = vec![("LAKEBASE_ENDPOINT", endpoint.as_str())];
        let one = async |variables: &[(&str, &str)]| {
            let env: Env = variables.iter().copied().collect();
            let info = ConnectionInfo::from_variables(&fixture.lakebase, &env).await.unwrap();
            number_on(&mut info.connect().await.unwrap(), "SELECT 1::bigint").await
        };
        assert_eq!(one(&variables).await, 1);
        variables.extend([("PGHOST", info.host.as_str()), ("PGPORT", &port), ("PGDATABASE", &info.database)]);
        variables.extend([
            ("PGUSER", ""),
            ("DATABRICKS_CLIENT_ID", info.user.as_str()),
            ("PGSSLMODE", "verify-full"),
        ]);
        variables.extend(ca.as_deref().map(|ca| ("PGSSLROOTCERT", ca)));
        assert_eq!(one(&variables).await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_certificate_file_with_something_else_in_it_is_named_as_the_cause() {
    on_a_project(async |fixture: Fixture| {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        std::io::Write::write_all(&mut file, b"-----BEGIN CERTIFICATE-----\nrubbish\n").unwrap();
        let mut info = fixture.main.connection_info().await.unwrap();
        info.ca_cert = Some(file.path().to_owned());
        let error = info.connect().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        let path = file.path().display().to_string();
        assert!(error.to_string().contains(&path), "{error}");
        info.ca_cert = Some("/no/such/file.pem".into());
        let error = info.connect().await.unwrap_err();
        assert!(error.to_string().contains("/no/such/file.pem"), "{error}");
    })
    .await;
}

#[tokio::test]
async fn a_login_without_tls_is_refused() {
    on_a_project(async |fixture: Fixture| {
        let info = fixture.main.connection_info().await.unwrap();
        let options =
            PgConnectOptions::new_without_pgpass().host(&info.host).port(info.port).username(&info.user);
        let options = options.database(&info.database).password(&token(&fixture.main).await);
        assert!(options.ssl_mode(PgSslMode::Disable).connect().await.is_err());
        let require = fixture.main.connect().tls(TlsMode::Require).await.unwrap();
        sqlx::Connection::close(require).await.unwrap();
        let missing = fixture.main.connect().database("nowhere").await.unwrap_err();
        assert_eq!((missing.kind(), missing.sqlstate().as_deref()), (ErrorKind::Database, Some("3D000")));
    })
    .await;
}

/// The answer of `psql`, which verifies the server where there is a file to do it with.
async fn psql(branch: impl AsRef<Branch>, user: &str, password: &str, sql: &str) -> String {
    let info = branch.as_ref().connection_info().await.unwrap();
    let mut answers = Vec::new();
    for mode in ["require", "verify-full"] {
        let mut psql = Command::new("psql");
        psql.args(["-X", "-A", "-t", "-c", sql])
            .arg(format!("host={} port={} dbname={} sslmode={mode}", info.host, info.port, info.database))
            .env("PGUSER", user)
            .env("PGPASSWORD", password);
        if let Some(file) = info.ca_cert.as_ref().filter(|_| mode == "verify-full") {
            psql.env("PGSSLROOTCERT", file);
        }
        let output = tokio::task::spawn_blocking(move || output(&mut psql)).await.unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        answers.push(String::from_utf8_lossy(&output.stdout).trim().to_owned());
    }
    assert_eq!(answers[0], answers[1]);
    answers.remove(0)
}

#[tokio::test]
async fn psql_logs_in_with_a_minted_token() {
    on_a_project(async |fixture: Fixture| {
        let (user, token) = (fixture.project.owner.clone().unwrap(), token(&fixture.main).await);
        assert_eq!(psql(&fixture.main, &user, &token, "SELECT 40 + 2").await, "42");
    })
    .await;
}
