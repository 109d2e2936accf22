use std::time::Duration;

use chrono::Utc;
use lakebase::{
    ConnectionInfo, ErrorKind,
    auth::Env,
    hours,
    model::{CredentialCache, TlsMode},
};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use crate::support::mock::{MockService, done, endpoint, with};

const PRIMARY: &str = "projects/shop/branches/dev/endpoints/primary";

fn credential(token: &str, life: Duration) -> Value {
    json!({"token": token, "expire_time": Utc::now() + life})
}

#[tokio::test]
async fn a_credential_is_generated_for_its_endpoint() {
    let service = MockService::new().await;
    service.on("POST credentials", credential("s3cret", hours(1))).await;
    let primary = service.branch().endpoint("primary").unwrap();
    let generated = primary.credential().ttl(Duration::from_secs(600)).await.unwrap();
    assert_eq!(generated.token.expose_secret(), "s3cret");
    assert!(!format!("{generated:?}").contains("s3cret"));
    let body = json!({"endpoint": PRIMARY, "ttl": "600s"});
    assert_eq!(service.changes().await, [format!("POST credentials {body}")]);
    let (time, claims) = (Utc::now() + hours(1), json!([{"permission_set": "READ_ONLY", "resources": []}]));
    primary.credential().expire_time(time).claims(claims.clone()).await.unwrap();
    let body = json!({"endpoint": PRIMARY, "expire_time": time, "claims": claims});
    assert_eq!(service.changes().await[1], format!("POST credentials {body}"));
    let error = primary.credential().ttl(Duration::from_secs(10)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_hundred_callers_make_one_request() {
    let service = MockService::new().await;
    service.slowly("POST credentials", credential("a", hours(1)), Duration::from_millis(30)).await;
    let cache = CredentialCache::new(&service.branch().endpoint("primary").unwrap());
    let all = futures_util::future::join_all((0..100).map(|_| cache.get())).await;
    assert!(all.into_iter().all(|credential| credential.unwrap().token.expose_secret() == "a"));
    assert_eq!(service.calls().await.len(), 1);
}

#[tokio::test]
async fn a_credential_is_kept_until_half_of_its_life_or_two_minutes_are_left() {
    let service = MockService::new().await;
    service.once("POST credentials", credential("first", Duration::from_secs(100))).await;
    service.refuse("POST credentials", 403, "PERMISSION_DENIED", "no").await;
    let cache = CredentialCache::new(&service.branch().endpoint("primary").unwrap());
    for _ in 0..2 {
        assert_eq!(cache.get().await.unwrap().token.expose_secret(), "first");
    }
    assert_eq!(service.calls().await.len(), 1);
}

async fn me(service: &MockService) {
    service.on("GET /api/2.0/preview/scim/v2/Me", json!({"id": "1", "userName": "ada@example.com"})).await;
}

#[tokio::test]
async fn a_description_has_no_password_until_it_is_asked_for() {
    let service = MockService::new().await;
    me(&service).await;
    let mut primary = endpoint("dev", "primary");
    primary["status"]["hosts"] = json!({"host": "127.1.2.3", "port": 6432, "ca_cert": "/tmp/a b/ca.pem"});
    service.on("GET projects/shop/branches/dev/endpoints", json!({"endpoints": [primary.clone()]})).await;
    service.on(&format!("GET {PRIMARY}"), primary).await;
    let info = service.branch().connection_info().database("app").await.unwrap();
    assert_eq!((info.port, info.user.as_str(), info.tls), (6432, "ada@example.com", TlsMode::VerifyFull));
    let tail = "@127.1.2.3:6432/app?sslmode=verify-full&sslrootcert=%2Ftmp%2Fa%20b%2Fca.pem";
    assert_eq!(info.url(), format!("postgresql://ada%40example.com{tail}"));
    assert!(service.changes().await.is_empty());

    service.on("POST credentials", credential("p:w", hours(1))).await;
    let url = info.url_with_password().await.unwrap();
    assert_eq!(url.expose_secret(), format!("postgresql://ada%40example.com:p%3Aw{tail}"));
    assert!(!format!("{info:?}").contains("p:w"));
}

#[tokio::test]
async fn an_endpoint_coming_up_is_waited_for_and_a_disabled_one_refused() {
    let service = MockService::new().await;
    me(&service).await;
    let ready = endpoint("dev", "primary");
    let init =
        with(with(ready.clone(), "/status/current_state", json!("INIT")), "/status/hosts", json!(null));
    service.once(&format!("GET {PRIMARY}"), init).await;
    service.once(&format!("GET {PRIMARY}"), with(ready.clone(), "/status/hosts", json!({}))).await;
    service
        .once(&format!("GET {PRIMARY}"), with(ready.clone(), "/status/current_state", json!("IDLE")))
        .await;
    let primary = service.branch().endpoint("primary").unwrap();
    assert_eq!(primary.connection_info().await.unwrap().port, 5432);

    service.on(&format!("GET {PRIMARY}"), with(ready, "/status/disabled", json!(true))).await;
    let error = primary.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
    assert!(error.to_string().contains("update().disabled(false)"), "{error}");
}

#[tokio::test]
async fn a_branch_without_endpoint_gets_one_and_finds_the_one_that_was_faster() {
    let service = MockService::new().await;
    me(&service).await;
    let name = "projects/shop/branches/dev/endpoints/ep-dev";
    service.on("GET projects/shop/branches/dev/endpoints", json!({})).await;
    service.on("POST projects/shop/branches/dev/endpoints", done(name, endpoint("dev", "ep-dev"))).await;
    service.on(&format!("GET {name}"), endpoint("dev", "ep-dev")).await;
    service.branch().connection_info().await.unwrap();
    let body = json!({"spec": {"endpoint_type": "ENDPOINT_TYPE_READ_WRITE"}});
    let sent = format!("POST projects/shop/branches/dev/endpoints?endpoint_id=ep-dev {body}");
    assert_eq!(service.changes().await, [sent]);
}

#[tokio::test]
async fn logins_of_one_client_to_one_endpoint_need_one_credential() {
    let service = MockService::new().await;
    me(&service).await;
    service.on(&format!("GET {PRIMARY}"), endpoint("dev", "primary")).await;
    service
        .on("GET projects/shop/branches/dev/endpoints", json!({"endpoints": [endpoint("dev", "primary")]}))
        .await;
    service.on("POST credentials", credential("one", hours(1))).await;
    let primary = service.branch().endpoint("primary").unwrap();
    for _ in 0..2 {
        primary.connection_info().await.unwrap().password().await.unwrap();
        service.branch().connection_info().database("app").await.unwrap().password().await.unwrap();
        service
            .lakebase
            .clone()
            .endpoint(PRIMARY)
            .unwrap()
            .connection_info()
            .await
            .unwrap()
            .password()
            .await
            .unwrap();
    }
    assert_eq!(service.changes().await.len(), 1);
}

#[tokio::test]
async fn two_connections_of_one_client_need_one_credential() {
    let service = MockService::new().await;
    me(&service).await;
    // It accepts connections and closes them at once; a login that was lost is tried again.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    let hosts = json!({"host": "127.0.0.1", "port": port});
    service.on(&format!("GET {PRIMARY}"), with(endpoint("dev", "primary"), "/status/hosts", hosts)).await;
    service.on("POST credentials", credential("one", hours(1))).await;
    let primary = service.branch().endpoint("primary").unwrap();
    for _ in 0..2 {
        primary.connect().timeout(Duration::from_millis(200)).await.unwrap_err();
    }
    assert_eq!(service.changes().await.len(), 1);
}

fn hosts() -> Value {
    json!({"host": "rw", "read_only_host": "ro", "read_write_pooled_host": "rw-pooler", "read_only_pooled_host": "ro-pooler"})
}

#[tokio::test]
async fn the_host_is_the_one_that_is_asked_for() {
    let service = MockService::new().await;
    service.on("GET /api/2.0/preview/scim/v2/Me", json!({"userName": "ada@example.com"})).await;
    let all = with(endpoint("dev", "primary"), "/status/hosts", hosts());
    service.on(&format!("GET {PRIMARY}"), all).await;
    let primary = service.branch().endpoint("primary").unwrap();
    let info = || primary.connection_info();
    for (request, host, pooled) in [
        (info(), "rw", false),
        (info().pooled(), "rw-pooler", true),
        (info().read_only(), "ro", false),
        (info().read_only().pooled(), "ro-pooler", true),
    ] {
        let info = request.await.unwrap();
        assert_eq!((info.host.as_str(), info.pooled), (host, pooled));
    }
    let service = MockService::new().await;
    service.on("GET /api/2.0/preview/scim/v2/Me", json!({"userName": "ada@example.com"})).await;
    service.on(&format!("GET {PRIMARY}"), endpoint("dev", "primary")).await;
    let primary = service.branch().endpoint("primary").unwrap();
    let info = || primary.connection_info();
    for request in [info().pooled(), info().read_only(), info().pooled().read_only()] {
        let error = request.await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition, "{error}");
        assert!(error.to_string().contains("connect without"), "{error}");
    }
}

#[tokio::test]
async fn a_branch_is_read_at_its_read_only_endpoint() {
    let service = MockService::new().await;
    service.on("GET /api/2.0/preview/scim/v2/Me", json!({"userName": "ada@example.com"})).await;
    let reports = with(endpoint("dev", "reports"), "/status/endpoint_type", json!("ENDPOINT_TYPE_READ_ONLY"));
    let reports = with(reports, "/status/hosts", json!({"host": "reports", "read_only_host": "reports"}));
    let both = json!({"endpoints": [endpoint("dev", "primary"), reports.clone()]});
    service.on("GET projects/shop/branches/dev/endpoints", both).await;
    service.on("GET projects/shop/branches/dev/endpoints/reports", reports).await;
    let info = service.branch().connection_info().read_only().await.unwrap();
    assert_eq!(info.host, "reports");
}

#[tokio::test]
async fn the_environment_of_an_app_says_where_to_connect() {
    let service = MockService::new().await;
    service.on("GET /api/2.0/preview/scim/v2/Me", json!({"userName": "ada@example.com"})).await;
    service.on(&format!("GET {PRIMARY}"), endpoint("dev", "primary")).await;
    service.on("POST credentials", credential("s3cret", hours(1))).await;
    let read = async |variables: &[(&str, &str)]| {
        let env: Env = variables.iter().copied().collect();
        ConnectionInfo::from_variables(&service.lakebase, &env).await
    };
    let app = [
        ("LAKEBASE_ENDPOINT", PRIMARY),
        ("PGHOST", "h"),
        ("PGPORT", "6432"),
        ("PGDATABASE", "app"),
        ("DATABRICKS_CLIENT_ID", "6f1c"),
        ("PGSSLMODE", "require"),
    ];
    let info = read(&app).await.unwrap();
    assert_eq!(info.url(), "postgresql://6f1c@h:6432/app?sslmode=require");
    assert_eq!(service.calls().await.len(), 0, "all that is needed is there");
    assert_eq!(info.password().await.unwrap().token.expose_secret(), "s3cret");
    let info = read(&[("LAKEBASE_ENDPOINT", PRIMARY), ("PGSSLROOTCERT", "/ca.pem")]).await.unwrap();
    let host = "ep-quiet-sun-1.database.us-east-1.cloud.databricks.com";
    let expected = format!(
        "postgresql://ada%40example.com@{host}:5432/databricks_postgres?sslmode=verify-full&sslrootcert=%2Fca.pem"
    );
    assert_eq!(info.url(), expected);
    for (name, value) in [
        ("LAKEBASE_ENDPOINT", ""),
        ("LAKEBASE_ENDPOINT", "projects/shop"),
        ("PGPORT", "0"),
        ("PGPORT", "postgres"),
        ("PGSSLMODE", "disable"),
    ] {
        let mut variables = app.to_vec();
        variables.retain(|(other, _)| *other != name);
        variables.push((name, value));
        let error = read(&variables).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains(name) && error.to_string().contains(value), "{error}");
    }
}
