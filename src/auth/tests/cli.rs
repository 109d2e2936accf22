//! Logins kept by command-line tools, C103–C117.

use super::*;
use crate::{
    auth::{
        attributes::Key,
        config::Config,
        context::Context,
        databricks_cli::{Version, arguments, find, read_expiry, read_token},
    },
    error::ErrorKind,
    http::transport::Transport,
};

const OLD: Option<Version> = Some(Version(0, 200, 0));
const MIDDLE: Option<Version> = Some(Version(0, 207, 1));
const NEW: Option<Version> = Some(Version(0, 296, 0));
const HOST: Option<&str> = Some("H");

#[test]
fn the_tool_is_asked_as_its_version_understands() {
    for (row, version, profile, host, account, expected) in [
        ("C103", OLD, None, HOST, None, Ok("auth token --host H")),
        ("C103", None, None, HOST, None, Ok("auth token --host H")),
        ("C104", NEW, None, HOST, None, Ok("auth token --host H --force-refresh")),
        ("C105", OLD, None, HOST, Some("A"), Ok("auth token --host H --account-id A")),
        ("C105", NEW, None, HOST, Some("A"), Ok("auth token --host H --account-id A --force-refresh")),
        ("C107", MIDDLE, Some("P"), None, None, Ok("auth token --profile P")),
        ("C108", NEW, Some("P"), HOST, None, Ok("auth token --profile P --force-refresh")),
        ("C109", OLD, Some("P"), HOST, None, Ok("auth token --host H")),
        ("C109", None, Some("P"), HOST, None, Ok("auth token --host H")),
        ("C110", OLD, Some("P"), None, None, Err("does not support --profile")),
        ("C111", MIDDLE, Some("P"), None, None, Ok("auth token --profile P")),
        ("C112", NEW, None, None, None, Err("neither a profile nor a host")),
    ] {
        match (arguments(version, profile, host, account), expected) {
            (Ok(arguments), Ok(expected)) => assert_eq!(arguments.join(" "), expected, "{row}"),
            (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{row}: {error}"),
            (outcome, _) => panic!("{row}: {outcome:?}"),
        }
    }
}

#[test]
fn versions_and_expiries_are_read_as_printed() {
    for (text, version) in [
        ("Databricks CLI v0.207.1\n", Some(Version(0, 207, 1))),
        ("Databricks CLI v0.0.0-dev+abc", Some(Version(0, 0, 0))),
        ("", None),
        ("Databricks CLI 0.207.1", None),
        ("Databricks CLI v1.2", None),
    ] {
        assert_eq!(Version::parse(text), version, "C113: {text}");
    }
    for (text, known) in [
        ("2030-01-02T03:04:05Z", true),
        ("2030-01-02T03:04:05.123456789Z", true),
        ("2030-01-02T03:04:05+02:00", true),
        ("2030-01-02T03:04:05.123-07:00", true),
        ("2030-01-02 03:04:05", true),
        ("2030-01-02 03:04:05.1", true),
        ("2030-01-02 03:04:05.123456", true),
        ("2030-01-02 03:04:05.123456789", true),
        ("March 20, 2024", false),
        ("", false),
    ] {
        assert_eq!(read_expiry(text).is_some(), known, "C114: {text}");
    }
    let error = read_token(b"not JSON with hush").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Protocol, "C117");
    assert_hidden(&error, "hush");
}

fn context(path: &str) -> Context {
    let mut config = Config::default();
    config.set(Key::CliPath, path);
    Context::new(config, Env::empty(), Transport::scripted(nowhere()).unwrap(), None)
}

#[test]
fn only_the_real_tool_is_taken() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("small"), "x".repeat(100)).unwrap();
    std::fs::write(path("large"), vec![b'x'; 1024 * 1024]).unwrap();
    assert!(find(&context(&path("small"))).unwrap_err().contains("legacy"), "C115");
    assert_eq!(find(&context(&path("large"))).unwrap(), PathBuf::from(path("large")), "C115");
    for missing in [path("missing"), directory.path().to_str().unwrap().to_owned()] {
        assert!(find(&context(&missing)).unwrap_err().contains("program found"), "C115");
    }
}

const TOOL: &str = r#"
[ "$1" = version ] && { echo "Databricks CLI v0.210.0"; exit 0; }
[ "$FAIL" = yes ] && { echo "auth failed" >&2; exit 1; }
echo "{\"access_token\":\"cli-$4\",\"token_type\":\"Bearer\",\"expiry\":\"2999-01-01T00:00:00Z\"}"
"#;

#[tokio::test]
async fn a_person_is_logged_in_by_the_tool() {
    let legacy = program("databricks", "exit 1", 0);
    let tool = program("databricks", TOOL, 1024 * 1024);
    let path = format!("{}:{}", legacy.path().display(), tool.path().display());
    let home = home("[me]\nhost = https://ws.example\n");
    let env = [("PATH", path.as_str()), ("HOME", home.path().to_str().unwrap())];
    let script = nowhere();
    let client = build(&[("profile", "me")], &env, &script).await.unwrap();
    assert_eq!(client.auth_type(), "databricks-cli");
    client.request(crate::builder::Method::Get, "/x", None).await.unwrap_err();
    assert_eq!(script.sent().pop().unwrap().header("authorization"), Some("Bearer cli-me"));

    let failing = [env[0], env[1], ("FAIL", "yes")];
    let error =
        build(&[("profile", "me"), ("auth_type", "databricks-cli")], &failing, &script).await.unwrap_err();
    assert!(error.to_string().ends_with("cannot get access token: auth failed"), "C116: {error}");
    let error = build(&[("host", "https://ws.example")], &failing, &script).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("databricks-cli: cannot get access token: auth failed;"), "{error}");
}

/// Texts that the tool prints when its refresh token is no longer accepted.
const EXPIRED: &str = r#"
[ "$1" = version ] && { echo "Databricks CLI v1.13.0"; exit 0; }
echo "Error: A new access token could not be retrieved because the refresh token is invalid. To reauthenticate, run the following command:" >&2
echo "  $ databricks auth login" >&2
exit 1
"#;

#[tokio::test]
async fn an_expired_session_of_the_tool_says_so_and_how_to_log_in() {
    let tool = program("databricks", EXPIRED, 1024 * 1024);
    let home = home("[me]\nhost = https://ws.example\n");
    let env = [("PATH", tool.path().to_str().unwrap()), ("HOME", home.path().to_str().unwrap())];
    for (code, command) in [
        (("profile", "me"), "`databricks auth login --profile me`"),
        (("host", "https://ws.example"), "`databricks auth login --host https://ws.example`"),
    ] {
        let error = build(&[code], &env, &nowhere()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unauthenticated, "the search ends: {error}");
        let text = error.to_string();
        assert!(text.contains("has expired") && text.contains(command), "{text}");
        assert!(text.len() < 200, "{text}");
    }
}
