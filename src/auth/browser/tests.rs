//! Logins in a browser: a script takes the browser's place and the test the person's.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};
use url::Url;

use crate::{
    api::client::Lakebase,
    auth::tests::{assert_hidden, build, program},
    error::{ErrorKind, Result},
    http::script::{Script, Sent, Step, ok, refusal},
};

const DISCOVERY: &str = r#"{"authorization_endpoint":"https://ws.example/oidc/v1/authorize","token_endpoint":"https://ws.example/oidc/v1/token"}"#;

/// A workspace whose token endpoint gives `answers` in turn; the last one repeats.
fn workspace(answers: Vec<Step>) -> Arc<Script> {
    let asked = std::sync::atomic::AtomicUsize::new(0);
    Script::new(move |_, sent| match sent.url.as_str() {
        "https://ws.example/oidc/v1/token" => {
            let turn = asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            answers[turn.min(answers.len() - 1)].clone()
        }
        url if url.ends_with("oauth-authorization-server") => ok(DISCOVERY),
        _ => refusal(404, ""),
    })
}

fn token(name: &str, life: u32) -> Step {
    ok(&format!(
        r#"{{"access_token":"{name}-hush","token_type":"bearer","expires_in":{life},"refresh_token":"r-{name}-hush"}}"#
    ))
}

fn forms(script: &Script) -> Vec<BTreeMap<String, String>> {
    let posts = script.sent().into_iter().filter(|sent: &Sent| sent.method == "POST");
    posts.map(|sent| url::form_urlencoded::parse(sent.body.as_bytes()).into_owned().collect()).collect()
}

/// A machine with a desktop: a home directory and a browser that writes down the page it is given.
struct Desktop {
    home: tempfile::TempDir,
    browser: tempfile::TempDir,
    port: String,
}

impl Desktop {
    async fn new() -> Self {
        Self::with_browser(r#"echo "$1" > "$HOME/page""#).await
    }

    async fn with_browser(script: &str) -> Self {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = free.local_addr().unwrap().port().to_string();
        Self { home: tempfile::tempdir().unwrap(), browser: program("xdg-open", script, 0), port }
    }

    async fn client(&self, more: &[(&str, &str)], script: &Arc<Script>) -> Result<Lakebase> {
        let mut code = vec![
            ("host", "https://ws.example"),
            ("auth_type", "external-browser"),
            ("oauth_callback_port", self.port.as_str()),
        ];
        code.extend(more);
        let env = [("HOME", path(self.home.path())), ("PATH", path(self.browser.path()))];
        build(&code, &env, script).await
    }

    /// The page that the browser was given.
    async fn page(&self) -> Url {
        loop {
            let text = std::fs::read_to_string(self.home.path().join("page")).unwrap_or_default();
            if let Some(line) = text.strip_suffix('\n') {
                std::fs::remove_file(self.home.path().join("page")).unwrap();
                return line.parse().unwrap();
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Sends the browser back with these parameters. Returns the status line.
    async fn back(&self, query: &str) -> String {
        let mut socket = TcpStream::connect(format!("127.0.0.1:{}", self.port)).await.unwrap();
        let request = format!("GET /?{query} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        socket.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).await.unwrap();
        answer.lines().next().unwrap().to_owned()
    }

    fn kept(&self) -> Vec<PathBuf> {
        let directory = self.home.path().join(".config/lakebase/oauth");
        std::fs::read_dir(directory).into_iter().flatten().map(|entry| entry.unwrap().path()).collect()
    }
}

fn path(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn query(page: &Url) -> BTreeMap<String, String> {
    page.query_pairs().into_owned().collect()
}

async fn call(client: &Lakebase, script: &Script) -> String {
    let _ = client.request(crate::builder::Method::Get, "/x", None).await;
    script.sent().pop().unwrap().header("authorization").unwrap().to_owned()
}

#[tokio::test]
async fn a_person_logs_in_once_and_the_login_is_kept() {
    let desktop = Desktop::new().await;
    let script = workspace(vec![token("t1", 3600)]);
    let person = async {
        let page = desktop.page().await;
        let query = query(&page);
        assert_eq!(page.path(), "/oidc/v1/authorize");
        assert_eq!(query["client_id"], "databricks-cli");
        assert_eq!(query["redirect_uri"], format!("http://localhost:{}", desktop.port));
        assert_eq!(
            (query["scope"].as_str(), query["response_type"].as_str()),
            ("all-apis offline_access", "code")
        );
        assert_eq!(
            (query["code_challenge_method"].as_str(), query["assume_group"].as_str()),
            ("S256", "g-7")
        );
        // What is not the answer to this login changes nothing.
        assert_eq!(desktop.back("code=evil&state=guessed").await, "HTTP/1.1 404 Not Found");
        assert_eq!(desktop.back("").await, "HTTP/1.1 404 Not Found");
        let state = &query["state"];
        assert_eq!(desktop.back(&format!("code=c-hush&state={state}")).await, "HTTP/1.1 200 OK");
        query["code_challenge"].clone()
    };
    let (client, challenge) = tokio::join!(desktop.client(&[("group_id", "g-7")], &script), person);
    let client = client.unwrap();
    assert_eq!(
        (client.auth_type(), call(&client, &script).await.as_str()),
        ("external-browser", "Bearer t1-hush")
    );
    let form = forms(&script).remove(0);
    assert_eq!(URL_SAFE_NO_PAD.encode(digest(&SHA256, form["code_verifier"].as_bytes())), challenge);
    assert_eq!((form["grant_type"].as_str(), form["code"].as_str()), ("authorization_code", "c-hush"));
    assert_eq!(form["client_id"], "databricks-cli");

    let file = desktop.kept().pop().unwrap();
    #[cfg(unix)]
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions()) & 0o777,
        0o600
    );
    // The next start needs neither a browser nor the server.
    let script = workspace(vec![refusal(500, "")]);
    let client = desktop.client(&[("group_id", "g-7")], &script).await.unwrap();
    assert_eq!(call(&client, &script).await, "Bearer t1-hush");
    assert_eq!(forms(&script).len(), 0);
}

#[tokio::test]
async fn an_expired_login_is_renewed_and_one_that_has_ended_begins_anew() {
    let desktop = Desktop::new().await;
    let log_in = async |script: &Arc<Script>| {
        let person = async {
            let state = query(&desktop.page().await)["state"].clone();
            desktop.back(&format!("code=c&state={state}")).await
        };
        tokio::join!(desktop.client(&[], script), person).0.unwrap()
    };
    log_in(&workspace(vec![token("t1", 60)])).await;
    let script = workspace(vec![token("t2", 60)]);
    let client = desktop.client(&[], &script).await.unwrap();
    let form = forms(&script).remove(0);
    assert_eq!((form["grant_type"].as_str(), form["refresh_token"].as_str()), ("refresh_token", "r-t1-hush"));
    assert_eq!(call(&client, &script).await, "Bearer t2-hush");

    let ended =
        || refusal(400, r#"{"error":"invalid_grant","error_description":"Refresh token is invalid"}"#);
    let script = workspace(vec![ended(), token("t3", 60)]);
    let client = log_in(&script).await;
    assert_eq!(call(&client, &script).await, "Bearer t3-hush");
    // A server that is down says nothing about the login.
    let error = desktop.client(&[], &workspace(vec![refusal(500, "")])).await.unwrap_err();
    assert_ne!(error.kind(), ErrorKind::Unauthenticated);
    // A damaged file is a login that was not kept.
    std::fs::write(desktop.kept().pop().unwrap(), "rubbish hush").unwrap();
    log_in(&workspace(vec![token("t4", 3600)])).await;
}

#[tokio::test]
async fn a_running_program_opens_no_browser_and_says_that_the_login_has_ended() {
    let desktop = Desktop::new().await;
    let ended = refusal(400, r#"{"error":"invalid_grant","error_description":"Refresh token is invalid"}"#);
    let script =
        Script::new(move |_, sent| match (sent.url.as_str(), sent.body.contains("authorization_code")) {
            ("https://ws.example/oidc/v1/token", true) => token("t1", 3600),
            ("https://ws.example/oidc/v1/token", false) => ended.clone(),
            (url, _) if url.ends_with("oauth-authorization-server") => ok(DISCOVERY),
            (url, _) if url.ends_with("/x") => refusal(401, ""),
            _ => refusal(404, ""),
        });
    let person = async {
        let state = query(&desktop.page().await)["state"].clone();
        desktop.back(&format!("code=c&state={state}")).await
    };
    let client = tokio::join!(desktop.client(&[], &script), person).0.unwrap();
    let error = client.request(crate::builder::Method::Get, "/x", None).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unauthenticated);
    assert!(format!("{error:?}").contains("start the program again to log in"), "{error:?}");
    assert_hidden(&error, "hush");
}

#[tokio::test]
async fn a_refused_login_says_why() {
    let desktop = Desktop::new().await;
    let person = async {
        let state = query(&desktop.page().await)["state"].clone();
        desktop.back(&format!("error=access_denied&error_description=not+you&state={state}")).await
    };
    let script = workspace(vec![token("t1", 3600)]);
    let (client, status) = tokio::join!(desktop.client(&[], &script), person);
    let error = client.unwrap_err();
    assert_eq!((status.as_str(), error.kind()), ("HTTP/1.1 400 Bad Request", ErrorKind::Unauthenticated));
    assert!(error.to_string().contains("was refused: access_denied: not you"), "{error}");
    assert!(desktop.kept().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_browser_that_never_comes_back_costs_five_minutes() {
    let desktop = Desktop::new().await;
    let script = workspace(vec![token("t1", 3600)]);
    let error = desktop.client(&[], &script).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("did not come back within 300 s"), "{error}");
    assert!(script.started_elapsed() < Duration::from_secs(310), "{:?}", script.started_elapsed());
}

#[tokio::test]
async fn a_machine_that_cannot_do_it_says_what_to_do() {
    let script = workspace(vec![token("t1", 3600)]);
    let blind = Desktop::with_browser("exit 3").await;
    let error = blind.client(&[], &script).await.unwrap_err();
    assert!(error.to_string().contains("no browser can be opened"), "{error}");

    let desktop = Desktop::new().await;
    let _taken = TcpListener::bind(format!("127.0.0.1:{}", desktop.port)).await.unwrap();
    let error = desktop.client(&[], &script).await.unwrap_err();
    assert!(error.to_string().contains("set oauth_callback_port"), "{error}");

    let error = desktop.client(&[("azure_client_id", "id")], &script).await.unwrap_err();
    assert!(error.to_string().contains("applications of Entra are not offered"), "{error}");
    // Without being named it is not tried.
    let error = build(&[("host", "https://ws.example")], &[], &script).await.unwrap_err();
    assert!(
        error.to_string().contains("external-browser: it is tried only where auth_type names it"),
        "{error}"
    );
}
