//! The logins by a metadata endpoint or a CI job: C96–C101, and those of Azure that have no rows.

use std::time::Duration;

use super::*;
use crate::{error::ErrorKind, http::script::ok};

const WS: (&str, &str) = ("host", "https://ws.example");
const SERVICE: (&str, &str) = ("metadata_service_url", "http://localhost:1234/hush");
const ADB: (&str, &str) = ("host", "https://adb-1.2.azuredatabricks.net");
const MSI: (&str, &str) = ("azure_use_msi", "true");
const RESOURCE: (&str, &str) = ("azure_workspace_resource_id", "/sub/rg/ws");
const IMDS: &str = "http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01";

fn token(name: &str, expires_on: &str) -> Step {
    ok(&format!(r#"{{"access_token":"{name}","token_type":"Bearer","expires_on":{expires_on}}}"#))
}

fn in_seconds(seconds: i64) -> String {
    (chrono::Utc::now().timestamp() + seconds).to_string()
}

/// The headers of the call that a client makes with its login.
async fn call(client: &Lakebase, script: &Script) -> Sent {
    let _ = client.request(crate::builder::Method::Get, "/x", None).await;
    script.sent().pop().unwrap()
}

#[tokio::test]
async fn a_metadata_service_is_asked_for_the_host() {
    for expires_on in [in_seconds(3600), format!("\"{}\"", in_seconds(3600))] {
        let script = Script::new(move |_, sent| match sent.url.as_str() {
            "http://localhost:1234/hush" => token("t1", &expires_on),
            _ => refusal(404, ""),
        });
        let client = build(&[WS, SERVICE], &[], &script).await.unwrap();
        assert_eq!(client.auth_type(), "metadata-service", "C96");
        let asked = script.sent().remove(0);
        assert_eq!(
            (asked.method.as_str(), asked.header("x-databricks-metadata-version")),
            ("GET", Some("1"))
        );
        assert_eq!(asked.header("x-databricks-host"), Some("https://ws.example"), "C96");
        assert_eq!(call(&client, &script).await.header("authorization"), Some("Bearer t1"), "C96");
    }
}

#[tokio::test]
async fn a_token_that_is_about_to_expire_is_asked_for_again() {
    let script = Script::new(|count, sent| match sent.url.contains("hush") {
        true => token(&format!("t{count}"), &in_seconds(1)),
        false => ok("{}"),
    });
    let client = build(&[WS, SERVICE], &[], &script).await.unwrap();
    assert_eq!(call(&client, &script).await.header("authorization"), Some("Bearer t1"), "C97");
}

#[tokio::test]
async fn a_metadata_service_that_is_wrong_says_how() {
    let url = |url| vec![WS, ("metadata_service_url", url)];
    for (row, code, reply, part) in [
        ("C98", url("http://elsewhere.example/hush"), ok("{}"), "is not on localhost"),
        ("C98", url("::hush"), ok("{}"), "is malformed"),
        ("C98", url(SERVICE.1), ok(""), "gave an invalid token"),
        ("C98", url(SERVICE.1), ok("{}"), "gave an invalid token"),
        ("C98", url(SERVICE.1), refusal(418, ""), "HTTP 418"),
        ("html", url(SERVICE.1), ok("<html>hush</html>"), "gave an invalid token"),
        ("expiry", url(SERVICE.1), token("hush", "\"soon\""), "gave an invalid expiry"),
        ("expired", url(SERVICE.1), token("hush", "1000"), "check the clock"),
    ] {
        let script = Script::new(move |_, _| reply.clone());
        let error = build(&code, &[], &script).await.unwrap_err();
        assert!(error.to_string().contains(part), "{row}: {error}");
        assert_hidden(&error, "hush");
    }
}

#[tokio::test]
async fn a_managed_identity_sends_two_tokens() {
    let script = Script::new(|_, sent| {
        let asks_for = |resource: &str| sent.url.ends_with(&format!("&resource={resource}"));
        match sent.url.as_str() {
            url if url.starts_with(IMDS) && asks_for("https%3A%2F%2Fmanagement.azure.com%2F") => {
                token("manager", &in_seconds(3600))
            }
            url if url.starts_with(IMDS) && asks_for("2ff814a6-3304-4ab8-85cb-cd0e6f879c1d") => {
                token("app", &in_seconds(3600))
            }
            url if url.starts_with(IMDS) && asks_for("https%3A%2F%2Fmanagement.core.windows.net%2F") => {
                token("service", &in_seconds(3600))
            }
            "https://management.azure.com/sub/rg/ws?api-version=2018-04-01" => {
                assert_eq!(sent.header("authorization"), Some("Bearer manager"), "C99");
                ok(r#"{"properties":{"workspaceUrl":"adb-7.8.azuredatabricks.net"}}"#)
            }
            _ => ok("{}"),
        }
    });
    for (row, code, host, id) in [
        ("C99", vec![MSI, RESOURCE], "https://adb-7.8.azuredatabricks.net/", Some("/sub/rg/ws")),
        ("C100", vec![MSI, ADB, ("azure_client_id", "id")], "https://adb-1.2.azuredatabricks.net/", None),
    ] {
        let before = script.count();
        let client = build(&code, &[], &script).await.unwrap();
        assert_eq!((client.auth_type(), client.host().as_str()), ("azure-msi", host), "{row}");
        let asked = script.sent()[before].clone();
        assert_eq!(asked.header("metadata"), Some("true"), "{row}");
        assert_eq!(asked.url.contains("client_id=id"), row == "C100", "{row}");
        let call = call(&client, &script).await;
        assert_eq!(call.header("authorization"), Some("Bearer app"), "{row}");
        assert_eq!(call.header("x-databricks-azure-sp-management-token"), Some("service"), "{row}");
        assert_eq!(call.header("x-databricks-azure-workspace-resource-id"), id, "{row}");
    }
}

#[tokio::test]
async fn a_managed_identity_that_fails_says_where() {
    let manager = || token("manager-hush", &in_seconds(3600));
    for (row, code, lookup, reply, part) in [
        ("C101", vec![MSI, RESOURCE], refusal(404, ""), manager(), "looking up the workspace /sub/rg/ws"),
        ("C101", vec![MSI, ADB], ok("{}"), refusal(404, ""), "Not Found (HTTP 404)"),
        ("C101", vec![MSI, ADB], ok("{}"), token("hush", "\"12345678901234567890\""), "invalid expiry"),
        ("C101", vec![MSI, ADB], ok("{}"), token("hush", "null"), "invalid expiry"),
        ("html", vec![MSI, ADB], ok("{}"), ok("<html>hush"), "invalid token"),
        ("other cloud", vec![MSI, WS], ok("{}"), manager(), "azure-msi: the host is none of Azure"),
    ] {
        let script = Script::new(move |_, sent| match sent.url.as_str() {
            url if url.starts_with(IMDS) => reply.clone(),
            _ => lookup.clone(),
        });
        let error = build(&code, &[], &script).await.unwrap_err();
        assert!(error.to_string().contains(part), "{row}: {error}");
        assert_hidden(&error, "hush");
    }
}

#[tokio::test(start_paused = true)]
async fn a_metadata_endpoint_that_hangs_costs_ten_seconds() {
    for code in [[ADB, MSI], [WS, SERVICE]] {
        let script = Script::steps(vec![Step::Silence(Duration::from_secs(1000))]);
        let error = build(&code, &[], &script).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(error.to_string().contains("unset"), "{error}");
        assert!(script.started_elapsed() <= Duration::from_secs(11), "{:?}", script.started_elapsed());
        assert_hidden(&error, "hush");
    }
}

const TOKEN: &str = r#"{"access_token":"t1","token_type":"Bearer","expires_in":3600}"#;
const PIPELINE: [(&str, &str); 6] = [
    ("SYSTEM_TEAMFOUNDATIONCOLLECTIONURI", "https://dev.azure.com/org/"),
    ("SYSTEM_TEAMPROJECTID", "project"),
    ("SYSTEM_HOSTTYPE", "build"),
    ("SYSTEM_PLANID", "plan"),
    ("SYSTEM_JOBID", "job"),
    ("SYSTEM_ACCESSTOKEN", "hush"),
];
const PIPELINE_URL: &str = "https://dev.azure.com/org/project/_apis/distributedtask/hubs/build/plans/plan/jobs/job/oidctoken?api-version=7.2-preview.1";

fn pipeline(reply: Step) -> Arc<Script> {
    Script::new(move |_, sent| match sent.url.as_str() {
        PIPELINE_URL => reply.clone(),
        url if url.ends_with("oauth-authorization-server") => {
            ok(r#"{"token_endpoint":"https://ws.example/oidc/v1/token"}"#)
        }
        "https://ws.example/oidc/v1/token" => ok(TOKEN),
        _ => refusal(404, ""),
    })
}

#[tokio::test]
async fn a_pipeline_of_azure_exchanges_its_id_token() {
    let script = pipeline(ok(r#"{"oidcToken":"JWT"}"#));
    let client = build(&[WS, ("client_id", "id"), ("group_id", "g")], &PIPELINE, &script).await.unwrap();
    assert_eq!(client.auth_type(), "azure-devops-oidc");
    let asked = script.sent().remove(0);
    assert_eq!((asked.method.as_str(), asked.url.as_str()), ("POST", PIPELINE_URL));
    assert_eq!(asked.header("authorization"), Some("Bearer hush"));
    let exchange = script.sent().pop().unwrap();
    assert!(exchange.body.contains("subject_token=JWT") && exchange.body.contains("client_id=id"));
    assert!(exchange.body.contains("assume_group=g"), "{}", exchange.body);
}

#[tokio::test]
async fn a_pipeline_without_a_token_says_what_is_missing() {
    let code = [WS, ("client_id", "id"), ("auth_type", "azure-devops-oidc")];
    let error = build(&code, &PIPELINE[..5], &nowhere()).await.unwrap_err();
    assert!(error.to_string().contains("no SYSTEM_ACCESSTOKEN; in the job set"), "{error}");
    let error = build(&code, &PIPELINE[1..], &nowhere()).await.unwrap_err();
    assert!(error.to_string().contains("no SYSTEM_TEAMFOUNDATIONCOLLECTIONURI"), "{error}");
    for (reply, part) in [
        (ok(""), "no ID token"),
        (ok("{}"), "oidcToken"),
        (ok("<html>"), "HTML page"),
        (refusal(401, ""), "HTTP 401"),
    ] {
        let error = build(&code, &PIPELINE, &pipeline(reply)).await.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert_hidden(&error, "hush");
    }
    // Without a client id the job may not be meant for Databricks.
    let error = build(&[WS], &PIPELINE, &pipeline(ok("{}"))).await.unwrap_err();
    assert!(error.to_string().contains("azure-devops-oidc: "), "{error}");
    assert_eq!(error.kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_github_job_logs_in_to_entra() {
    let github = [
        ("ACTIONS_ID_TOKEN_REQUEST_URL", "https://gh.example/token?v=1"),
        ("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "gh-hush"),
    ];
    let script = Script::new(|_, sent| match sent.url.as_str() {
        "https://gh.example/token?v=1&audience=api%3A%2F%2FAzureADTokenExchange" => ok(r#"{"value":"JWT"}"#),
        "https://login.microsoftonline.com/tenant/oauth2/token" => ok(TOKEN),
        _ => refusal(404, ""),
    });
    let code = [ADB, ("azure_client_id", "id"), ("azure_tenant_id", "tenant")];
    let client = build(&code, &github, &script).await.unwrap();
    assert_eq!(client.auth_type(), "github-oidc-azure");
    let exchange = script.sent().pop().unwrap();
    let form: std::collections::BTreeMap<_, _> =
        url::form_urlencoded::parse(exchange.body.as_bytes()).into_owned().collect();
    let expected = [
        ("client_assertion", "JWT"),
        ("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"),
        ("client_id", "id"),
        ("grant_type", "client_credentials"),
        ("resource", "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d"),
    ];
    assert!(form.iter().map(|(k, v)| (k.as_str(), v.as_str())).eq(expected), "{form:?}");
    assert_eq!(call(&client, &script).await.header("authorization"), Some("Bearer t1"));
    let forced = [code[0], code[1], code[2], ("auth_type", "github-oidc-azure")];
    let error = build(&forced, &[], &nowhere()).await.unwrap_err();
    assert!(error.to_string().contains("id-token: write"), "{error}");
}
