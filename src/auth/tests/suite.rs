//! The shared suite, C1–C31.

use super::*;
use crate::error::ErrorKind;

enum Expected {
    /// The login and the host.
    Works(&'static str, &'static str),
    /// No login fits, and these settings and variables are named.
    Default(&'static str),
    /// Two kinds of credentials.
    Conflict(&'static str, &'static str),
    /// The settings cannot be read: a part of the message.
    Resolve(&'static str),
}
use Expected::{Conflict, Default, Resolve, Works};

const MAIN: &str = "\
[DEFAULT]
host = https://dbc-XXXXXXXX-YYYY.cloud.databricks.com/
token = main-token
rate_limit = 34
debug_truncate = 96

[nohost]
token = nohost-token

[nohost2]
token = nohost-token
rate_limit = 34

[notoken]
host = https://dbc-XXXXXXXX-YYYY.cloud.databricks.com/

[pat.with.dot]
host = https://dbc-XXXXXXXX-YYYY.cloud.databricks.com/
token = dot-token
";
const AZURE: &str = "[nohost]\ntoken = t\n[justhost]\nhost = https://adb-123.4.azuredatabricks.net/\n";
const CORRUPT: &str = "[nohost]\ntoken = t\n[notoken]\nhost = https://x";
const EMPTY_DEFAULT: &str = "# a comment\n[DEFAULT]\n\n[abc]\nhost = https://foo\ntoken = t\n";
const DBC: &str = "https://dbc-xxxxxxxx-yyyy.cloud.databricks.com/";
const ADB: &str = "https://adb-xxx.y.azuredatabricks.net/";
const ID: &str = "/sub/rg/ws";

/// A row: its number, settings in code, variables, the config file, whether `az` is there, what comes of it.
type Row = (
    &'static str,
    &'static [(&'static str, &'static str)],
    &'static [(&'static str, &'static str)],
    &'static str,
    bool,
    Expected,
);

const H: (&str, &str) = ("DATABRICKS_HOST", "x");
const T: (&str, &str) = ("DATABRICKS_TOKEN", "hush-x");
const U: (&str, &str) = ("DATABRICKS_USERNAME", "x");
const P: (&str, &str) = ("DATABRICKS_PASSWORD", "hush-x");
const NOHOST: (&str, &str) = ("DATABRICKS_CONFIG_PROFILE", "nohost");
const RESOURCE: (&str, &str) = ("azure_workspace_resource_id", ID);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("C1", &[], &[], "", false, Default("")),
    ("C2", &[], &[H], "", false, Default(". Config: host=https://x. Env: DATABRICKS_HOST")),
    ("C3", &[], &[T], "", false, Default(". Config: token=***. Env: DATABRICKS_TOKEN")),
    ("C4", &[], &[H, T], "", false, Works("pat", "https://x/")),
    ("C5", &[("host", "https://x")], &[T], "", false, Works("pat", "https://x/")),
    ("C6", &[], &[U, P], "", false, Default(". Config: username=x, password=***. Env: DATABRICKS_USERNAME, DATABRICKS_PASSWORD")),
    ("C12", &[], &[H, T, U, P], "", false, Conflict("basic and pat",
        ". Config: host=x, token=***, username=x, password=***. Env: DATABRICKS_HOST, DATABRICKS_TOKEN, DATABRICKS_USERNAME, DATABRICKS_PASSWORD")),
    ("C13", &[], &[("DATABRICKS_CONFIG_FILE", "x")], "", false,
        Resolve("the config file x does not exist; create it with `databricks configure` or correct the path. Config: config_file=x. Env: DATABRICKS_CONFIG_FILE")),
    ("C14", &[("host", "x")], &[], MAIN, false, Default(". Config: host=https://x")),
    ("C15", &[], &[], EMPTY_DEFAULT, false, Default("")),
    ("C16", &[], &[("DATABRICKS_CONFIG_PROFILE", "abc")], EMPTY_DEFAULT, false, Works("pat", "https://foo/")),
    ("C17", &[], &[], MAIN, false, Works("pat", DBC)),
    ("C18", &[], &[("DATABRICKS_CONFIG_PROFILE", "pat.with.dot")], MAIN, false, Works("pat", DBC)),
    ("C19", &[], &[NOHOST], MAIN, false, Default(". Config: token=***, profile=nohost. Env: DATABRICKS_CONFIG_PROFILE")),
    ("C20", &[], &[T, NOHOST], MAIN, false, Default(". Config: token=***, profile=nohost. Env: DATABRICKS_TOKEN, DATABRICKS_CONFIG_PROFILE")),
    ("C21", &[], &[U, NOHOST], MAIN, false, Conflict("basic and pat", ". Config: token=***, username=x, profile=nohost. Env: DATABRICKS_USERNAME, DATABRICKS_CONFIG_PROFILE")),
    ("C22", &[("host", ADB), ("token", "t")], &[], "", false, Works("pat", ADB)),
    ("C23", &[("host", ADB), RESOURCE], &[], AZURE, true, Works("azure-cli", ADB)),
    ("C24", &[("host", ADB), RESOURCE], &[("FAIL", "yes")], AZURE, true, Default(". Config: host=https://adb-xxx.y.azuredatabricks.net, azure_workspace_resource_id=/sub/rg/ws")),
    ("C25", &[RESOURCE], &[], AZURE, false, Default(". Config: azure_workspace_resource_id=/sub/rg/ws")),
    ("C26", &[RESOURCE, ("token", "t")], &[], AZURE, false, Conflict("azure and pat", ". Config: token=***, azure_workspace_resource_id=/sub/rg/ws")),
    ("C27", &[("host", ADB), RESOURCE], &[], MAIN, true, Works("azure-cli", ADB)),
    ("C28", &[("host", ADB), RESOURCE], &[("DATABRICKS_CONFIG_PROFILE", "justhost")], AZURE, true, Works("azure-cli", ADB)),
    ("C29", &[("host", ADB), RESOURCE], &[U], AZURE, true, Conflict("azure and basic", "username=x, azure_workspace_resource_id=/sub/rg/ws. Env: DATABRICKS_USERNAME")),
    ("C30", &[], &[("DATABRICKS_CONFIG_PROFILE", "DEFAULT")], CORRUPT, false, Resolve("has no DEFAULT profile configured; it has nohost, notoken. Config: profile=DEFAULT. Env: DATABRICKS_CONFIG_PROFILE")),
];

const AZ: &str = r#"
[ "$FAIL" = yes ] && { echo "This is a failing script" >&2; exit 1; }
[ "$2" = show ] && { echo '{"user":{"type":"user","name":"me@example.com"}}'; exit 0; }
echo '{"accessToken":"az-hush","expiresOn":"2999-01-01 00:00:00.000000","tokenType":"Bearer"}'
"#;

#[tokio::test]
async fn the_shared_suite_gives_the_login_or_the_error_expected() {
    let az = program("az", AZ, 0);
    for (row, code, env, file, has_az, expected) in ROWS {
        let home = home(file);
        let mut env = env.to_vec();
        env.push(("HOME", home.path().to_str().unwrap()));
        if *has_az {
            env.push(("PATH", az.path().to_str().unwrap()));
        }
        let outcome = build(code, &env, &nowhere()).await;
        check(row, outcome, expected);
    }
}

fn check(row: &str, outcome: Result<Lakebase>, expected: &Expected) {
    let error = match (outcome, expected) {
        (Ok(client), Works(login, host)) => {
            return assert_eq!((client.auth_type(), client.host().as_str()), (*login, *host), "{row}");
        }
        (Ok(_), _) => panic!("{row}: it works"),
        (Err(error), _) => error,
    };
    let text = error.to_string();
    assert_eq!(error.kind(), ErrorKind::Config, "{row}: {text}");
    assert_hidden(&error, "hush");
    let (stage, part, end) = match expected {
        Works(..) => panic!("{row}: {text}"),
        Default(end) => ("default auth: cannot configure default credentials", "tried pat: no ", *end),
        Conflict(groups, end) => ("validate: more than one authorization method configured: ", *groups, *end),
        Resolve(end) => ("resolve: ", "", *end),
    };
    assert!(text.starts_with(stage) && text.contains(part) && text.ends_with(end), "{row}: {text}");
    assert!(!end.is_empty() || !text.contains(". Config:"), "{row}: {text}");
}

#[tokio::test]
async fn without_a_login_on_this_machine_the_way_to_one_is_named() {
    for (host, named) in
        [("http://127.0.0.1:8432", true), ("http://localhost:8432", true), ("https://x", false)]
    {
        let error = build(&[("host", host)], &[], &nowhere()).await.unwrap_err().to_string();
        assert_eq!(error.contains("eval \"$(lakebase-local env)\""), named, "{host}: {error}");
    }
}

#[tokio::test]
async fn when_nothing_fits_every_login_says_what_it_lacks() {
    let error = build(&[("host", "https://x")], &[], &nowhere()).await.unwrap_err().to_string();
    for part in [
        "pat: no token",
        "oauth-m2m: no client_id, no client_secret",
        "databricks-cli: no 'databricks' program found",
        "github-oidc: no actions_id_token_request_url, no actions_id_token_request_token; in a GitHub",
        "env-oidc: DATABRICKS_OIDC_TOKEN is not set or empty",
        "file-oidc: no databricks_id_token_filepath",
        "metadata-service: no metadata_service_url",
        "azure-devops-oidc: no SYSTEM_TEAMFOUNDATIONCOLLECTIONURI, no SYSTEM_TEAMPROJECTID, no SYSTEM_HOSTTYPE",
        "azure-msi: no azure_use_msi",
        "github-oidc-azure: no azure_client_id",
        "azure-client-secret: no azure_client_id, no azure_client_secret",
        "azure-cli: the host is none of Azure",
    ] {
        assert!(error.contains(part), "{part} is not in {error}");
    }
}

#[tokio::test]
async fn settings_of_a_login_that_is_not_offered_are_named() {
    for (row, code, part) in [
        (
            "C7",
            vec![("username", "x"), ("password", "hush")],
            "basic: username is set, but this crate does not offer",
        ),
        ("C7", vec![("password", "hush")], "basic: password is set"),
        ("google", vec![("google_credentials", "hush")], "google-credentials: google_credentials is set"),
        ("google", vec![("google_service_account", "x")], "google-id: google_service_account is set"),
    ] {
        let code: Vec<_> = [("host", "https://x")].into_iter().chain(code).collect();
        let error = build(&code, &[], &nowhere()).await.unwrap_err();
        assert!(error.to_string().contains(part), "{row}: {error}");
        assert_hidden(&error, "hush");
    }
}

#[tokio::test]
async fn a_login_asked_for_by_name_is_the_only_one_tried() {
    let both = [H, T, ("DATABRICKS_CLIENT_ID", "id")];
    let mut env = both.to_vec();
    env.push(("DATABRICKS_AUTH_TYPE", "pat"));
    assert_eq!(build(&[], &env, &nowhere()).await.unwrap().auth_type(), "pat");
    for (name, part) in [
        ("foo", "the auth_type 'foo' is not known; it is one of pat, metadata-service,"),
        ("basic", "the auth_type 'basic' is not offered by this crate"),
        ("oauth-m2m", "oauth-m2m auth: not configured: no client_secret"),
    ] {
        let error = build(&[("auth_type", name)], &both, &nowhere()).await.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
        assert_hidden(&error, "hush");
    }
}

#[tokio::test]
async fn a_client_that_is_complete_in_code_takes_nothing_from_the_environment() {
    let env: Env =
        [("DATABRICKS_CLIENT_ID", "id"), ("DATABRICKS_WORKSPACE_ID", "7"), H].into_iter().collect();
    let client = Lakebase::builder()
        .host("https://mine")
        .token("t")
        .env(env)
        .exchange(nowhere())
        .build()
        .await
        .unwrap();
    assert_eq!((client.host().as_str(), client.workspace_id()), ("https://mine/", None));
}

#[tokio::test]
async fn wrong_settings_say_name_value_and_rule() {
    for (code, env, part) in [
        (&[("hots", "x")][..], &[][..], "there is no setting 'hots'"),
        (&[], &[("ARM_USE_MSI", "maybe")], "ARM_USE_MSI is 'maybe', which is no true or false"),
        (
            &[("host", "https://x"), ("token", "t"), ("skip_verify", "true")],
            &[],
            "skip_verify is set, and certificates are always verified",
        ),
        (
            &[("host", "https://x"), ("token", "t"), ("workspace_id", "1\n2")],
            &[],
            "workspace_id has characters that no id has",
        ),
        (&[("host", "ftp://x"), ("token", "t")], &[], "'ftp://x' is neither https:// nor http://"),
    ] {
        let error = build(code, env, &nowhere()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(part), "{error}");
    }
}
