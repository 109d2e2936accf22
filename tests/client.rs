//! The client on real sockets: signing in, calling, failing, and what of it can be seen.

use std::{
    io::Write,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use lakebase::{
    ErrorKind, Lakebase,
    auth::{Env, Token, TokenProvider},
    builder::RetryPolicy,
};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path, query_param},
};

async fn client(server: &MockServer) -> Lakebase {
    Lakebase::builder().host(server.uri()).token("t0").build().await.unwrap()
}

#[tokio::test]
async fn a_call_carries_token_agent_and_body() {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/api/2.0/postgres/credentials"))
        .and(header("authorization", "Bearer t0"))
        .and(header("accept", "application/json"))
        .and(query_param("a", "1"))
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"token": "pg", "expire_time": "x"})))
        .expect(1)
        .mount(&server)
        .await;
    let call = client(&server).await.request(
        lakebase::builder::Method::Post,
        "/api/2.0/postgres/credentials",
        json!({"endpoint": "e"}),
    );
    assert_eq!(call.query("a", 1).await.unwrap()["token"], "pg");
    let request = &server.received_requests().await.unwrap()[0];
    assert_eq!(request.body_json::<serde_json::Value>().unwrap(), json!({"endpoint": "e"}));
    assert!(request.headers["user-agent"].to_str().unwrap().starts_with("lakebase/"));
}

#[tokio::test]
async fn the_current_user_is_read_from_the_directory() {
    let server = MockServer::start().await;
    Mock::given(path("/api/2.0/preview/scim/v2/Me"))
        .respond_with(
            ResponseTemplate::new(200)
                .insert_header("X-Databricks-Org-Id", "1234567890")
                .set_body_json(json!({"id": "42", "userName": "me@example.com", "new": {"x": 1}})),
        )
        .expect(1)
        .mount(&server)
        .await;
    let client = client(&server).await;
    assert_eq!(client.current_user().await.unwrap().user_name, "me@example.com");
    assert_eq!(client.current_user().await.unwrap().id, "42");
    assert_eq!(client.workspace_id(), Some("1234567890"));
}

/// A server that answers each connection with the next of these texts, then closes it; an empty one is silence.
async fn raw(answers: Vec<&'static str>) -> (String, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut count = 0;
        let mut silent = Vec::new();
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            count += 1;
            let mut buffer = [0; 4096];
            let _ = socket.read(&mut buffer).await;
            if answer.is_empty() {
                silent.push(socket);
                continue;
            }
            let _ = socket.write_all(answer.as_bytes()).await;
            let _ = socket.shutdown().await;
        }
        if !silent.is_empty() {
            std::future::pending::<()>().await;
        }
        count
    });
    (host, task)
}

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
const CUT: &str = "HTTP/1.1 200 OK\r\ncontent-length: 200\r\n\r\n{";

#[tokio::test]
async fn a_lost_connection_is_repeated_only_where_that_is_safe() {
    for (verb, idempotent, answers, succeeds) in [
        ("GET", false, vec![CUT, OK], true),
        ("POST", true, vec![CUT, OK], true),
        ("POST", false, vec![CUT], false),
        ("DELETE", false, vec![CUT], false),
    ] {
        let count = answers.len();
        let (host, server) = raw(answers).await;
        let client = Lakebase::builder().host(host).token("t").build().await.unwrap();
        let mut call = client.request(verb.parse().unwrap(), "/x", None);
        if idempotent {
            call = call.idempotent();
        }
        let outcome = call.await;
        assert_eq!(outcome.is_ok(), succeeds, "{verb} {idempotent}: {outcome:?}");
        if let Err(error) = outcome {
            assert_eq!(error.kind(), ErrorKind::Connect);
            assert!(error.to_string().contains("broke before the answer was complete"), "{error}");
        }
        assert_eq!(server.await.unwrap(), count);
    }
}

#[tokio::test]
async fn silence_ends_after_the_inactivity_timeout() {
    let (host, server) = raw(vec![""]).await;
    let builder = Lakebase::builder().host(host).token("t").inactivity_timeout(Duration::from_millis(50));
    let client = builder.build().await.unwrap();
    let error = client.request(lakebase::builder::Method::Post, "/x", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("was silent for the inactivity timeout"), "{error}");
    server.abort();
}

#[tokio::test]
async fn nobody_there_and_nobody_trusted_are_connect_errors_that_name_the_host() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = Lakebase::builder().host(format!("http://{free}")).token("t");
    let client =
        refused.retry(RetryPolicy::default().deadline(Duration::from_millis(1))).build().await.unwrap();
    let error = client.request(lakebase::builder::Method::Get, "/x", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(error.to_string().contains(&free.to_string()), "{error}");
    assert!(std::error::Error::source(&error).is_some());

    // A server without TLS where TLS was asked for is not tried for minutes.
    let (host, server) = raw(vec![OK]).await;
    let client = Lakebase::builder().host(host.replace("http:", "https:")).token("t").build().await.unwrap();
    let started = Instant::now();
    let error = client.request(lakebase::builder::Method::Get, "/x", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Connect, "{error:?}");
    assert!(error.to_string().contains("usually wants http://"), "{error}");
    assert!(started.elapsed() < Duration::from_secs(5));
    server.abort();
}

#[tokio::test]
async fn a_root_certificate_that_is_none_is_refused_when_the_client_is_made() {
    for pem in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let error =
            Lakebase::builder().host("https://x").token("t").root_certificate(pem).build().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config, "{pem}: {error}");
        assert!(error.to_string().contains("root certificate"), "{error}");
    }
}

struct Vault;

impl TokenProvider for Vault {
    async fn token(&self) -> lakebase::Result<Token> {
        Err(lakebase::Error::unauthenticated("the vault is sealed"))
    }

    fn auth_type(&self) -> &str {
        "vault"
    }
}

#[tokio::test]
async fn an_own_login_is_asked_at_the_first_call_and_its_error_is_kept() {
    let client = Lakebase::builder().host("https://x").token_provider(Vault).build().await.unwrap();
    assert_eq!(client.auth_type(), "vault");
    let error = client.request(lakebase::builder::Method::Get, "/x", None).await.unwrap_err();
    assert_eq!(error.to_string(), "calling GET /x: the vault is sealed");
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
}

/// Everything that is traced, as text.
#[derive(Clone, Default)]
struct Seen(Arc<Mutex<Vec<u8>>>);

impl Write for Seen {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const SECRETS: [&str; 4] = ["hush-client", "hush-token", "hush-answer", "hush-body"];

/// Signs in with a secret, calls, fails in several ways, and collects every text on the way.
async fn everything_a_user_could_see(server: &MockServer) -> String {
    let token = json!({"access_token": "hush-token", "token_type": "Bearer", "expires_in": 3600});
    let discovery = json!({"token_endpoint": format!("{}/oidc/v1/token", server.uri())});
    for (at, body) in [
        ("/oidc/.well-known/oauth-authorization-server", discovery),
        ("/oidc/v1/token", token),
        ("/good", json!({"token": "hush-answer"})),
    ] {
        let answer = ResponseTemplate::new(200).set_body_json(body);
        Mock::given(path(at)).respond_with(answer).mount(server).await;
    }
    let mount =
        |at: &'static str, answer: ResponseTemplate| Mock::given(path(at)).respond_with(answer).mount(server);
    mount("/denied", ResponseTemplate::new(403).set_body_json(json!({"message": "no"}))).await;
    mount("/refused", ResponseTemplate::new(401)).await;
    mount("/html", ResponseTemplate::new(200).set_body_string("<p>hush-answer")).await;
    mount("/broken", ResponseTemplate::new(200).set_body_string("{\"token\": \"hush-answer\", ")).await;
    mount(
        "/api/2.0/preview/scim/v2/Me",
        ResponseTemplate::new(200).set_body_json(json!({"userName": ["hush-answer"]})),
    )
    .await;

    let env: Env = [
        ("DATABRICKS_HOST", server.uri().as_str()),
        ("DATABRICKS_CLIENT_ID", "id"),
        ("DATABRICKS_CLIENT_SECRET", "hush-client"),
    ]
    .into_iter()
    .collect();
    let builder = Lakebase::builder().env(env.clone());
    let mut seen = format!("{builder:?} {env:?}");
    let client = builder.build().await.unwrap();
    assert_eq!(client.auth_type(), "oauth-m2m");
    seen += &format!("{client:?}");
    for at in ["/good", "/denied", "/refused", "/html", "/broken"] {
        let call = client.request(lakebase::builder::Method::Post, at, json!({"password": "hush-body"}));
        seen += &format!("{call:?}");
        match call.await {
            Ok(_) => assert_eq!(at, "/good"),
            Err(error) => seen += &format!("{error} {error:?}"),
        }
    }
    let error = client.current_user().await.unwrap_err();
    seen += &format!("{error} {error:?}");
    let wrong = Lakebase::builder()
        .host(server.uri())
        .config("client_id", "id")
        .config("client_secret", "hush-client");
    let error = wrong.config("token", "hush-token").env(Env::empty()).build().await.map(|_| ());
    seen + &format!("{error:?}")
}

#[test]
fn no_secret_is_ever_seen() {
    let traced = Seen::default();
    let writer = traced.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .with_span_events(tracing_subscriber::fmt::format::FmtSpan::FULL)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .finish();
    // One thread, so that everything that happens is seen by this subscriber and nothing else is.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let seen = tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            let server = MockServer::builder().start().await;
            everything_a_user_could_see(&server).await
        })
    });
    let traced = String::from_utf8(traced.0.lock().unwrap().clone()).unwrap();
    let ours: String =
        traced.lines().filter(|line| !line.contains("wiremock")).collect::<Vec<_>>().join("\n");
    for part in
        ["lakebase.http", "http.request.method=POST", "url.path=/denied", "http.response.status_code=403"]
    {
        assert!(ours.contains(part), "{part} is not in {ours}");
    }
    for secret in SECRETS {
        assert!(!seen.contains(secret), "{secret} is in {seen}");
        assert!(!ours.contains(secret), "{secret} is in the trace:\n{ours}");
    }
}
