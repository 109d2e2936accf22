//! Addresses and what hosts say about themselves, C50–C79.

use serde_json::json;
use url::Url;

use super::*;
use crate::auth::{
    attributes::Key,
    config::Config,
    host::{Cloud, Host, HostType},
    metadata::{HostMetadata, MetadataResponse},
};

#[test]
fn a_host_is_understood_however_it_is_written() {
    for (text, url) in [
        ("x", "https://x/"),
        ("https://abc.def.ghi", "https://abc.def.ghi/"),
        ("https://abc.def.ghi/", "https://abc.def.ghi/"),
        ("abc.def.ghi", "https://abc.def.ghi/"),
        (" abc.def.ghi/ ", "https://abc.def.ghi/"),
        ("https://abc.def.ghi:443", "https://abc.def.ghi/"),
        ("abc.def.ghi:443", "https://abc.def.ghi/"),
        ("https://h/path?x=1#f", "https://h/"),
        ("http://localhost:8080", "http://localhost:8080/"),
        ("http://127.0.0.7:80", "http://127.0.0.7/"),
        ("http://[::1]:8432/", "http://[::1]:8432/"),
    ] {
        assert_eq!(Host::parse(text).unwrap().url.as_str(), url, "{text}");
    }
}

#[test]
fn a_host_that_cannot_be_one_says_which_rule_it_breaks() {
    for (text, part) in [
        ("https://:443", "no host configured: 'https://:443' is not an address"),
        ("https://", "is not an address"),
        ("a b", "is not an address"),
        ("http://ws.example", "use https://"),
        ("ftp://ws.example", "is neither https:// nor http://"),
        ("https://me:hush@ws.example", "was given with a user name"),
    ] {
        let error = Host::parse(text).unwrap_err();
        assert!(error.to_string().contains(part), "{text}: {error}");
        assert!(error.to_string().contains("a host looks like https://"), "{error}");
        assert_hidden(&error, "hush");
    }
}

#[test]
fn ids_in_the_query_fill_what_is_unset() {
    let uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
    for (row, query, workspace, account, expected) in [
        ("C53", "?o=12345", "", "", (Some("12345"), None)),
        ("C54", "?workspace_id=12345", "", "", (Some("12345"), None)),
        ("C55", "?a=abc", "", "", (None, Some("abc"))),
        ("C55", "?account_id=abc", "", "", (None, Some("abc"))),
        ("C56", "?o=12345&a=abc", "", "", (Some("12345"), Some("abc"))),
        ("C57", "?o=12345", "99999", "", (Some("99999"), None)),
        ("C58", "?a=abc", "", "kept", (None, Some("kept"))),
        ("C59", "?o=no-number", "", "", (None, None)),
        ("C60", "?w=0f8fad5b-d9cb-469f-a165-70867728950e", "", "", (Some(uuid), None)),
        ("C61", "?o=1&w=12345", "", "", (Some("12345"), None)),
    ] {
        let mut config = Config::default();
        config.set(Key::Host, format!("https://acme.databricks.net/{query}"));
        config.set(Key::WorkspaceId, workspace);
        config.set(Key::AccountId, account);
        let (config, host) = config.resolve(&Env::empty()).unwrap();
        assert_eq!((config.get(Key::WorkspaceId), config.get(Key::AccountId)), expected, "{row}");
        assert_eq!(host.unwrap().url.as_str(), "https://acme.databricks.net/", "{row}");
        assert_eq!(config.get(Key::Host), Some("https://acme.databricks.net"), "{row}");
    }
}

fn host_metadata(host: &str, code: &[(Key, &str)], said: serde_json::Value) -> HostMetadata {
    let mut config = Config::default();
    for (key, value) in code {
        config.set(*key, *value);
    }
    let metadata: MetadataResponse = serde_json::from_value(said).unwrap();
    HostMetadata::new(&config, &Url::parse(host).unwrap(), metadata)
}

#[test]
fn the_host_type_is_what_the_host_says_else_what_its_name_tells() {
    for (host, said, expected) in [
        ("https://accounts.cloud.databricks.com", "", HostType::Account),
        ("https://accounts-dod.cloud.databricks.us", "what", HostType::Account),
        ("https://dbc.cloud.databricks.com", "", HostType::Workspace),
        ("https://accounts.cloud.databricks.com", "Workspace", HostType::Workspace),
        ("https://dbc.cloud.databricks.com", "ACCOUNT", HostType::Account),
        ("https://dbc.cloud.databricks.com", "unified", HostType::Unified),
    ] {
        assert_eq!(
            host_metadata(host, &[], json!({ "host_type": said })).host_type,
            expected,
            "{host} {said}"
        );
    }
}

#[test]
fn host_metadata_comes_from_the_settings_then_from_the_host_then_from_its_name() {
    let ws = "https://ws.example";
    let said = json!({"oidc_endpoint": "https://ws.example/oidc/", "account_id": "a", "workspace_id": "1",
        "cloud": "gcp", "token_federation_default_oidc_audiences": ["first", "second"], "unknown": 1});
    let found = host_metadata(ws, &[], said.clone());
    assert_eq!(
        found.discovery_url.as_deref(),
        Some("https://ws.example/oidc/.well-known/oauth-authorization-server")
    );
    assert_eq!((found.account_id.as_deref(), found.workspace_id.as_deref()), (Some("a"), Some("1")));
    assert_eq!((found.audience.as_deref(), found.cloud), (Some("first"), Cloud::Gcp));
    let mine = [
        (Key::AccountId, "b"),
        (Key::WorkspaceId, "2"),
        (Key::Cloud, "AWS"),
        (Key::Audience, "mine"),
        (Key::DiscoveryUrl, "https://d"),
    ];
    let kept = host_metadata(ws, &mine, said);
    assert_eq!((kept.account_id.as_deref(), kept.workspace_id.as_deref()), (Some("b"), Some("2")), "C67");
    assert_eq!((kept.audience.as_deref(), kept.cloud), (Some("mine"), Cloud::Aws), "C67");
    assert_eq!(kept.discovery_url.as_deref(), Some("https://d"), "C67");

    let placeholder = json!({"oidc_endpoint": "https://a/oidc/accounts/{account_id}"});
    let filled = host_metadata(ws, &[(Key::AccountId, "b")], placeholder.clone());
    assert_eq!(
        filled.discovery_url.as_deref(),
        Some("https://a/oidc/accounts/b/.well-known/oauth-authorization-server"),
        "C68"
    );
    assert_eq!(host_metadata(ws, &[], placeholder).discovery_url, None, "C69");
    assert_eq!(host_metadata(ws, &[], json!({"account_id": "a"})).discovery_url, None, "C71");
    assert_eq!(host_metadata(ws, &[], json!({"account_id": "a"})).audience.as_deref(), Some("a"), "C74");
    assert_eq!(host_metadata(ws, &[], json!({"account_id": "a", "workspace_id": "1"})).audience, None, "C75");
    assert_eq!(
        host_metadata("https://adb-1.2.azuredatabricks.net", &[], json!({})).cloud,
        Cloud::Azure,
        "C72"
    );
    for (said, cloud) in [
        ("aws", Cloud::Aws),
        ("AZURE", Cloud::Azure),
        ("gcp", Cloud::Gcp),
        ("Moon", Cloud::Other("Moon".to_owned())),
        ("unknown", Cloud::Aws),
        ("", Cloud::Aws),
    ] {
        assert_eq!(host_metadata(ws, &[], json!({ "cloud": said })).cloud, cloud, "C73");
    }
}

#[tokio::test]
async fn a_fixed_token_asks_the_host_nothing() {
    let script = nowhere();
    for host in ["https://ws.example", "https://accounts.cloud.databricks.com", "https://u.example?w=1"] {
        build(&[("host", host), ("token", "t"), ("account_id", "a")], &[], &script).await.unwrap();
    }
    assert_eq!(script.count(), 0, "C78");
}
