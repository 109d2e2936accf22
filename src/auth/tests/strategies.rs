//! The logins over HTTP, C66–C95 and C102.

use std::{collections::BTreeMap, time::Duration};

use super::*;
use crate::{
    error::ErrorKind,
    http::script::{answer, ok, with_header},
};

const TOKEN: &str = r#"{"access_token":"t1","token_type":"Bearer","expires_in":3600,"scope":"all-apis"}"#;
const DISCOVERY: &str = r#"{"authorization_endpoint":"https://ws.example/oidc/v1/authorize","token_endpoint":"https://ws.example/oidc/v1/token"}"#;
const M2M: &[(&str, &str)] = &[("host", "https://ws.example"), ("client_id", "b"), ("client_secret", "c")];

/// A workspace that knows no metadata and answers token requests with `token`.
fn workspace(token: Step) -> Arc<Script> {
    Script::new(move |_, sent| match sent.url.as_str() {
        "https://ws.example/oidc/.well-known/oauth-authorization-server" => ok(DISCOVERY),
        url if url.ends_with("/v1/token") => token.clone(),
        "https://gh.example/token?v=1&audience=https%3A%2F%2Fws.example%2Foidc%2Fv1%2Ftoken"
        | "https://gh.example/token?v=1&audience=acc" => ok(r#"{"count":1,"value":"JWT"}"#),
        _ => refusal(404, ""),
    })
}

/// The only token request, taken apart.
fn token_request(script: &Script) -> (Sent, BTreeMap<String, String>) {
    let mut all: Vec<_> = script
        .sent()
        .into_iter()
        .filter(|sent| sent.url.ends_with("/token") && sent.method == "POST")
        .collect();
    assert_eq!(all.len(), 1);
    let sent = all.remove(0);
    let form = url::form_urlencoded::parse(sent.body.as_bytes()).into_owned().collect();
    (sent, form)
}

fn form(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
    fields.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn a_service_principal_trades_its_secret_for_a_token() {
    let script = workspace(ok(&TOKEN.replace("Bearer", "bearer")));
    let client = build(M2M, &[], &script).await.unwrap();
    assert_eq!(client.auth_type(), "oauth-m2m");
    let (sent, _) = token_request(&script);
    assert_eq!(sent.header("authorization"), Some("Basic Yjpj"), "C81");
    assert_eq!(sent.header("content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(sent.body, "grant_type=client_credentials&scope=all-apis");
    client.request(crate::builder::Method::Get, "/x", None).await.unwrap_err();
    let call = script.sent().pop().unwrap();
    assert_eq!(call.header("authorization"), Some("Bearer t1"));
    assert!(call.header("user-agent").unwrap().ends_with("auth/oauth-m2m"));
}

#[tokio::test]
async fn an_account_needs_no_discovery_and_scopes_are_sorted() {
    let script = workspace(ok(TOKEN));
    let code = [
        ("host", "https://accounts.cloud.databricks.com"),
        ("account_id", "a"),
        ("client_id", "b"),
        ("client_secret", "c"),
        ("scopes", "jobs, clusters"),
    ];
    build(&code, &[], &script).await.unwrap();
    let urls: Vec<_> = script.sent().into_iter().map(|sent| sent.url).collect();
    let host = "https://accounts.cloud.databricks.com";
    assert_eq!(
        urls,
        [format!("{host}/.well-known/databricks-config"), format!("{host}/oidc/accounts/a/v1/token")],
        "C82"
    );
    assert_eq!(token_request(&script).1["scope"], "clusters jobs", "C84");
}

#[tokio::test]
async fn a_unified_host_says_where_its_tokens_and_which_workspace_it_is() {
    let script = Script::new(|_, sent| match sent.url.as_str() {
        "https://u.example/.well-known/databricks-config" => ok(
            r#"{"oidc_endpoint":"https://u.example/oidc/accounts/{account_id}","account_id":"acc","workspace_id":"77","host_type":"unified"}"#,
        ),
        "https://u.example/oidc/accounts/acc/.well-known/oauth-authorization-server" => {
            ok(r#"{"token_endpoint":"https://u.example/oidc/accounts/acc/v1/token"}"#)
        }
        "https://u.example/oidc/accounts/acc/v1/token" => ok(TOKEN),
        _ => ok("{}"),
    });
    let client =
        build(&[("host", "https://u.example"), ("client_id", "b"), ("client_secret", "c")], &[], &script)
            .await
            .unwrap();
    client.request(crate::builder::Method::Get, "/x", None).await.unwrap();
    assert_eq!(script.sent().pop().unwrap().header("x-databricks-workspace-id"), Some("77"), "C79, C143");
}

#[tokio::test]
async fn a_host_without_oauth_is_said_to_have_none() {
    let error = build(M2M, &[("DATABRICKS_AUTH_TYPE", "oauth-m2m")], &nowhere()).await.unwrap_err();
    assert!(error.to_string().contains("OAuth is not supported for this host"), "C83: {error}");
    let unsafe_endpoint = Script::new(|_, _| ok(r#"{"token_endpoint":"http://evil.example/token"}"#));
    let error = build(M2M, &[], &unsafe_endpoint).await.unwrap_err();
    assert!(error.to_string().contains("would send secrets unencrypted"), "{error}");
}

#[tokio::test]
async fn a_login_that_was_asked_for_and_fails_is_not_replaced_by_another() {
    let refused =
        refusal(401, r#"{"error":"invalid_client","error_description":"Client authentication failed"}"#);
    let env = [("DATABRICKS_OIDC_TOKEN", "JWT")];
    let script = workspace(refused);
    let error = build(M2M, &env, &script).await.unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unauthenticated, Some("invalid_client")));
    assert!(error.to_string().contains("oauth-m2m: Client authentication failed"), "{error}");
    token_request(&script);
}

#[tokio::test(start_paused = true)]
async fn token_requests_are_repeated_for_a_minute_where_that_helps() {
    let throttled = |after: &str| with_header(refusal(429, ""), "retry-after", after);
    for (row, first, calls) in [
        ("C126", refusal(429, ""), 2),
        ("C126", refusal(503, ""), 2),
        ("C126", refusal(502, ""), 2),
        ("C126", refusal(504, ""), 2),
        ("C126", Step::Break(crate::http::transport::TransportErrorKind::Lost), 2),
        ("C126", refusal(401, ""), 1),
        ("C126", refusal(400, ""), 1),
        ("C127", refusal(500, ""), 1),
        ("C127", Step::Break(crate::http::transport::TransportErrorKind::Impossible), 1),
        ("C128", throttled("30"), 2),
        ("C129", throttled("120"), 1),
    ] {
        let seen = std::sync::atomic::AtomicUsize::new(0);
        let script = Script::new(move |_, sent| match sent.url.as_str() {
            "https://ws.example/oidc/v1/token" => {
                match seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                    0 => first.clone(),
                    _ => ok(TOKEN),
                }
            }
            url if url.ends_with("oauth-authorization-server") => ok(DISCOVERY),
            _ => refusal(404, ""),
        });
        let outcome = build(M2M, &[], &script).await;
        let asked = script.sent().iter().filter(|sent| sent.method == "POST").count();
        assert_eq!((asked, outcome.is_ok()), (calls, calls == 2), "{row}");
    }
}

const EXCHANGE: [(&str, &str); 4] = [
    ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
    ("scope", "all-apis"),
    ("subject_token", "JWT"),
    ("subject_token_type", "urn:ietf:params:oauth:token-type:jwt"),
];
const WS: (&str, &str) = ("host", "https://ws.example");

#[tokio::test]
async fn id_tokens_are_exchanged_with_and_without_a_client() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("token");
    std::fs::write(&file, " JWT\n").unwrap();
    let file = file.to_str().unwrap();
    let github = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://gh.example/token?v=1"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "gh-hush"),
    ];
    for (row, login, code, env) in [
        ("C90", "env-oidc", vec![WS], vec![("DATABRICKS_OIDC_TOKEN", "JWT")]),
        ("C92", "env-oidc", vec![WS, ("oidc_token_env", "OTHER")], vec![("OTHER", "JWT")]),
        (
            "C89",
            "env-oidc",
            vec![WS, ("client_id", "id"), ("auth_type", "env-oidc")],
            vec![("DATABRICKS_OIDC_TOKEN", "JWT")],
        ),
        ("C93", "file-oidc", vec![WS, ("oidc_token_filepath", file)], vec![]),
        ("C94", "github-oidc", vec![WS, ("client_id", "id")], github.to_vec()),
        ("C91", "github-oidc", vec![WS, ("client_id", "id"), ("audience", "acc")], github.to_vec()),
    ] {
        let script = workspace(ok(TOKEN));
        let client = build(&code, &env, &script).await.unwrap_or_else(|error| panic!("{row}: {error}"));
        assert_eq!(client.auth_type(), login, "{row}");
        let (sent, fields) = token_request(&script);
        let mut expected = form(&EXCHANGE);
        expected.extend(
            code.iter()
                .filter(|(key, _)| *key == "client_id")
                .map(|(k, v)| ((*k).to_owned(), (*v).to_owned())),
        );
        assert_eq!(fields, expected, "{row}");
        assert_eq!(sent.header("authorization"), None, "{row}");
        let asked = script.sent().into_iter().find(|sent| sent.url.starts_with("https://gh.example"));
        if let Some(asked) = asked {
            assert_eq!(asked.header("authorization"), Some("Bearer gh-hush"), "{row}");
        }
    }
}

#[tokio::test]
async fn an_id_token_that_cannot_be_had_says_why() {
    let directory = tempfile::tempdir().unwrap();
    let empty = directory.path().join("empty");
    std::fs::write(&empty, "\n").unwrap();
    let empty = empty.to_str().unwrap();
    let url = ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://gh.example/broken");
    let token = ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "gh-hush");
    let forced = |name| vec![WS, ("auth_type", name)];
    let with = |name, key, value| vec![WS, ("auth_type", name), (key, value)];
    for (row, code, env, part) in [
        ("C85", vec![("auth_type", "env-oidc")], vec![("DATABRICKS_OIDC_TOKEN", "JWT")], "no host"),
        ("C92", forced("env-oidc"), vec![], "DATABRICKS_OIDC_TOKEN is not set or empty"),
        (
            "C92",
            forced("env-oidc"),
            vec![("DATABRICKS_OIDC_TOKEN", "")],
            "DATABRICKS_OIDC_TOKEN is not set or empty",
        ),
        ("C93", forced("file-oidc"), vec![], "no databricks_id_token_filepath"),
        (
            "C93",
            with("file-oidc", "oidc_token_filepath", "/nonexistent"),
            vec![],
            "the ID token file /nonexistent does not exist",
        ),
        ("C93", with("file-oidc", "oidc_token_filepath", empty), vec![], "is empty"),
        ("C94", forced("github-oidc"), vec![token], "no actions_id_token_request_url"),
        ("C94", forced("github-oidc"), vec![url], "no actions_id_token_request_token"),
        ("C94", forced("github-oidc"), vec![url, token], "Not Found (HTTP 404)"),
    ] {
        let script = workspace(ok(TOKEN));
        let error = build(&code, &env, &script).await.unwrap_err();
        assert!(error.to_string().contains(part), "{row}: {error}");
        assert!(!script.sent().iter().any(|sent| sent.method == "POST"), "{row}");
        assert_hidden(&error, "gh-hush");
    }
}

#[tokio::test]
async fn an_exchange_that_fails_says_how() {
    let env = [("DATABRICKS_OIDC_TOKEN", "JWT-hush")];
    for (row, reply, part) in [
        ("C87", refusal(500, ""), "Internal Server Error (HTTP 500)"),
        ("C88", ok("{}"), "without an access_token"),
        ("C88", ok(r#"{"access_token":""}"#), "without an access_token"),
        ("html", ok("<html>"), "HTML page"),
        ("typed wrongly", ok(r#"{"access_token":"t","expires_in":"reply-hush"}"#), "no token"),
    ] {
        let error = build(&[WS], &env, &workspace(reply)).await.unwrap_err();
        assert!(format!("{error:?}").contains(part), "{row}: {error:?}");
        assert_hidden(&error, "hush");
    }
}

#[tokio::test]
async fn an_azure_service_principal_sends_two_tokens() {
    let script = Script::new(|_, sent| match (sent.url.as_str(), &sent.body) {
        ("https://login.microsoftonline.com/tenant/oauth2/token", body) if body.contains("2ff814a6") => {
            ok(r#"{"access_token":"app","token_type":"Bearer","expires_in":"3600"}"#)
        }
        ("https://login.microsoftonline.com/tenant/oauth2/token", _) => {
            ok(r#"{"access_token":"management","token_type":"Bearer","expires_in":"120"}"#)
        }
        ("https://adb-1.2.azuredatabricks.net/aad/auth", _) => with_header(
            refusal(302, ""),
            "location",
            "https://login.microsoftonline.com/tenant/oauth2/authorize?x=1",
        ),
        _ => ok("{}"),
    });
    let host = ("host", "https://adb-1.2.azuredatabricks.net");
    let (id, secret) = (("azure_client_id", "id"), ("azure_client_secret", "shh"));
    for tenant in [Some(("azure_tenant_id", "tenant")), None] {
        let mut code = vec![host, id, secret, ("azure_workspace_resource_id", "/sub/rg/ws")];
        code.extend(tenant);
        let client = build(&code, &[], &script).await.unwrap();
        assert_eq!(client.auth_type(), "azure-client-secret");
        client.request(crate::builder::Method::Get, "/x", None).await.unwrap();
        let call = script.sent().pop().unwrap();
        assert_eq!(call.header("authorization"), Some("Bearer app"));
        assert_eq!(call.header("x-databricks-azure-sp-management-token"), Some("management"));
        assert_eq!(call.header("x-databricks-azure-workspace-resource-id"), Some("/sub/rg/ws"));
        assert!(call.headers["x-databricks-azure-sp-management-token"].is_sensitive());
    }
}

#[tokio::test]
async fn a_workspace_tells_its_tenant_or_not_with_one_question() {
    use crate::{auth::azure::tenant, http::transport::Transport};
    let host = url::Url::parse("https://adb-1.2.azuredatabricks.net").unwrap();
    let redirect = |to: &str| with_header(refusal(302, ""), "location", to);
    for (step, expected) in [
        (refusal(404, ""), None),
        (refusal(302, ""), None),
        (redirect("not an address"), None),
        (redirect("https://login.microsoftonline.com/"), None),
        (redirect("https://login.microsoftonline.com/t-1/oauth2/authorize"), Some("t-1")),
        (Step::Answer(answer(500, "")), None),
    ] {
        let script = Script::steps(vec![step]);
        let transport = Transport::scripted(script.clone()).unwrap();
        assert_eq!(tenant(&transport, &host).await.as_deref(), expected, "C102");
        assert_eq!(script.count(), 1, "C102");
    }
}

#[tokio::test(start_paused = true)]
async fn a_host_that_does_not_answer_about_itself_costs_three_seconds() {
    let script = Script::new(|_, sent| match sent.url.as_str() {
        url if url.ends_with("databricks-config") => Step::Silence(Duration::from_secs(1000)),
        url if url.ends_with("oauth-authorization-server") => ok(DISCOVERY),
        _ => ok(TOKEN),
    });
    build(M2M, &[], &script).await.unwrap();
    assert!(script.started_elapsed() <= Duration::from_millis(3100), "{:?}", script.started_elapsed());
}

#[tokio::test]
async fn a_group_is_asked_for_in_the_token_request() {
    let github = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://gh.example/token?v=1"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "gh-hush"),
    ];
    let group = ("DATABRICKS_GROUP_ID", "g-7");
    for (login, code, env) in [
        ("oauth-m2m", M2M.to_vec(), vec![group]),
        ("env-oidc", vec![WS], vec![group, ("DATABRICKS_OIDC_TOKEN", "JWT")]),
        ("github-oidc", vec![WS, ("client_id", "id")], vec![group, github[0], github[1]]),
    ] {
        let script = workspace(ok(TOKEN));
        let client = build(&code, &env, &script).await.unwrap();
        assert_eq!((client.auth_type(), token_request(&script).1["assume_group"].as_str()), (login, "g-7"));
    }
    let script = workspace(ok(TOKEN));
    build(M2M, &[], &script).await.unwrap();
    assert!(!token_request(&script).1.contains_key("assume_group"));
}

#[tokio::test]
async fn a_login_that_cannot_be_a_group_is_skipped_or_refused() {
    let pat = [WS, ("token", "hush"), ("group_id", "g-7")];
    let error = build(&pat, &[], &nowhere()).await.unwrap_err();
    assert!(
        error.to_string().contains("pat: group_id is set, and only logins with Databricks OAuth"),
        "{error}"
    );
    let forced = [pat[0], pat[1], pat[2], ("auth_type", "pat")];
    let error = build(&forced, &[], &nowhere()).await.unwrap_err();
    assert!(error.to_string().contains("pat auth: not configured: group_id is set"), "{error}");
    // The next one that can is taken.
    let env =
        [("DATABRICKS_TOKEN", "hush"), ("DATABRICKS_OIDC_TOKEN", "JWT"), ("DATABRICKS_GROUP_ID", "g-7")];
    let client = build(&[WS], &env, &workspace(ok(TOKEN))).await.unwrap();
    assert_eq!(client.auth_type(), "env-oidc");
    let own = Lakebase::builder()
        .host("https://x")
        .config("group_id", "g-7")
        .token_provider(crate::auth::pat::Pat("t".into()))
        .exchange(nowhere());
    let error = own.build().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_revoked_group_is_named_with_the_remedy() {
    let body = r#"{"error":"access_denied","error_description":"Principal is not a member of the group"}"#;
    for status in [400, 401, 403] {
        let env = [("DATABRICKS_GROUP_ID", "g-7")];
        let error = build(M2M, &env, &workspace(refusal(status, body))).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated);
        let text = error.to_string();
        assert!(text.contains("not a member") && text.contains("for the group g-7"), "{text}");
        let error = build(M2M, &[], &workspace(refusal(status, body))).await.unwrap_err();
        assert!(!error.to_string().contains("for the group"), "{error}");
    }
}
