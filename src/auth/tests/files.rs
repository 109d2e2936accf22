//! Profiles and the syntax of their file, C32–C49.

use super::*;
use crate::{
    auth::{
        attributes::{ATTRIBUTES, Key},
        config::Config,
    },
    error::ErrorKind,
};

const TWO: &str =
    "[my-workspace]\nhost = https://mine\ntoken = m\n[other]\nhost = https://other\ntoken = o\n";
const DEFAULT: &str = "[DEFAULT]\nhost = https://default\ntoken = d\n";

fn resolve(file: &str, code: &[(Key, &str)]) -> Result<Config> {
    let home = home(file);
    let env: Env = [("HOME", home.path().to_str().unwrap())].into_iter().collect();
    let mut config = Config::default();
    for (key, value) in code {
        config.set(*key, *value);
    }
    config.resolve(&env).map(|(config, _)| config)
}

#[test]
fn the_profile_is_the_one_asked_for_else_the_files_choice_else_default() {
    let settings = |name: &str| format!("[__settings__]\ndefault_profile = {name}\n");
    let dp = settings("my-workspace") + DEFAULT + TWO;
    let profile = |name| vec![(Key::Profile, name)];
    for (row, file, code, host, name) in [
        ("C32", settings("my-workspace") + TWO, vec![], "https://mine", "my-workspace"),
        ("C33", dp.clone(), vec![], "https://mine", "my-workspace"),
        ("C34", DEFAULT.to_owned(), vec![], "https://default", "DEFAULT"),
        ("C35", format!("[__settings__]\n{DEFAULT}"), vec![], "https://default", "DEFAULT"),
        ("C36", settings("DEFAULT") + DEFAULT, vec![], "https://default", "DEFAULT"),
        ("C37", dp.clone(), profile("other"), "https://other", "other"),
    ] {
        let config = resolve(&file, &code).unwrap();
        assert_eq!((config.get(Key::Host), config.get(Key::Profile)), (Some(host), Some(name)), "{row}");
    }
    for (row, file, code, part) in [
        ("C38", dp.clone(), profile("__settings__"), "'__settings__' is a reserved section name"),
        ("C39", settings("__settings__") + DEFAULT, vec![], "'__settings__' is a reserved section name"),
        (
            "C40",
            settings("deleted-profile") + TWO,
            vec![],
            "has no deleted-profile profile configured; it has my-workspace, other",
        ),
        (
            "empty section",
            "[abc]\n".to_owned(),
            profile("abc"),
            "has no abc profile configured; it has no profiles at all",
        ),
    ] {
        let error = resolve(&file, &code).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(
            error.to_string().starts_with("resolve: ") && error.to_string().contains(part),
            "{row}: {error}"
        );
    }
}

#[test]
fn values_are_read_as_written() {
    for (line, value) in [
        ("token = \"%Y#X$Z\"", "%Y#X$Z"),
        ("token = '%Y#X$Z'", "%Y#X$Z"),
        ("token = %Y#X$Z # a comment", "%Y#X$Z"),
        ("token = \"a # b\" ; \"c\"", "a # b"),
        ("token=a=b", "a=b"),
        ("  token\t=\ta b  ", "a b"),
        ("token = \"a", "\"a"),
        ("token = a\"b\"", "a\"b\""),
        ("token = a;b", "a;b"),
        ("token = a\ntoken = b", "b"),
        ("token: a", "a"),
        ("token : a=b", "a=b"),
        ("token=a:b", "a:b"),
        ("; token = x\n# token = y\ntoken = z", "z"),
    ] {
        let config = resolve(&format!("\u{feff}[DEFAULT]\r\nhost = https://x\r\n{line}\r\n"), &[]).unwrap();
        assert_eq!(config.get(Key::Token), Some(value), "{line}");
    }
}

#[test]
fn a_broken_file_says_where_and_which_rule() {
    for (file, part) in [
        ("[DEFAULT]\nhost\n", "broken at line 2: a line is 'key = value'"),
        ("[DEFAULT\n", "broken at line 1: a section header ends with ']'"),
        ("[DEFAULT] host = x\n", "broken at line 1: only a comment may follow"),
        ("# c\nhost = x\n", "broken at line 2: a key needs a '[profile]' line above it"),
        ("[DEFAULT]\nrate_limit = many\n", "rate_limit is 'many', which is no decimal number"),
    ] {
        let error = resolve(file, &[]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(part), "{error}");
    }
    let directory = tempfile::tempdir().unwrap();
    let error = resolve("", &[(Key::ConfigFile, directory.path().to_str().unwrap())]).unwrap_err();
    assert!(error.to_string().contains("cannot be read"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
}

#[test]
fn scopes_are_split_sorted_and_joined() {
    for (text, scopes) in [
        ("", "all-apis"),
        ("clusters", "clusters"),
        (
            "clusters, jobs, pipelines, iam:read, files:read, mlflow, model-serving",
            "clusters files:read iam:read jobs mlflow model-serving pipelines",
        ),
        ("alpha,beta,gamma", "alpha beta gamma"),
        ("alpha, beta , gamma", "alpha beta gamma"),
        ("alpha,,beta,", "alpha beta"),
        ("alpha,   ,beta", "alpha beta"),
        ("jobs,clusters,pipelines", "clusters jobs pipelines"),
        ("jobs,clusters,jobs,clusters,pipelines:read,jobs", "clusters jobs pipelines:read"),
        ("clusters, jobs  mlflow,pipelines", "clusters jobs mlflow pipelines"),
        ("   ", "all-apis"),
        (",,", "all-apis"),
    ] {
        let mut config = Config::default();
        config.set(Key::Scopes, text);
        assert_eq!(config.scopes(), scopes, "'{text}'");
    }
}

#[test]
fn the_table_of_settings_is_in_the_order_of_its_keys() {
    for (index, attribute) in ATTRIBUTES.iter().enumerate() {
        assert_eq!(attribute.key as usize, index, "{}", attribute.names[0]);
    }
}

#[test]
fn both_spellings_of_the_token_file_are_read_and_code_wins() {
    let variable = |name| (name, "x");
    let (long, short) = ("DATABRICKS_OIDC_TOKEN_FILEPATH", "DATABRICKS_OIDC_TOKEN_FILE");
    for (env, code, path) in [
        (vec![(long, "a")], None, "a"),
        (vec![(short, "b")], None, "b"),
        (vec![(long, "a"), (short, "b")], None, "a"),
        (vec![(long, "a"), (short, "b")], Some("c"), "c"),
    ] {
        let mut config = Config::default();
        config.set(Key::OidcTokenFile, code.unwrap_or_default());
        let env: Env = env.into_iter().chain([variable("DATABRICKS_HOST")]).collect();
        assert_eq!(config.resolve(&env).unwrap().0.get(Key::OidcTokenFile), Some(path));
    }
}

proptest::proptest! {
    #[test]
    fn no_file_and_no_host_makes_the_readers_panic(text in "(?s).{0,200}", host in ".{0,60}") {
        let _ = crate::auth::profile::ProfileFile::parse(std::path::Path::new("x"), &text);
        let _ = crate::auth::profile::ProfileFile::parse(std::path::Path::new("x"), &format!("[DEFAULT]\nkey = {host}"));
        if let Ok(host) = crate::auth::host::Host::parse(&host) {
            proptest::prop_assert_eq!(host.url.path(), "/");
        }
    }
}

#[test]
fn a_password_in_a_host_is_never_shown() {
    for host in [
        "http://u:hunter2@127.0.0.1:8488",
        "https://u:hunter2@ws.example/?o=1",
        "u:hunter2@ws.example",
        "https://u:hunter2?x@ws.example",
        "https://u:hunter2#x@ws.example",
        "https://u:hunter2/x@ws.example",
        "ftp://hunter2@ws.example",
    ] {
        let error = resolve("", &[(Key::Host, host), (Key::Token, "secret")]).unwrap_err();
        for text in [error.to_string(), format!("{error:?}")] {
            assert!(!text.contains("hunter2") && !text.contains("secret"), "{host}: {text}");
        }
        let builder = crate::Lakebase::builder().host(host);
        assert!(!format!("{builder:?}").contains("hunter2"), "{builder:?}");
    }
}

#[test]
fn keys_and_values_may_be_parted_by_a_colon() {
    let config = resolve("[DEFAULT]\nhost: https://ws.example\ntoken : a\n", &[]).unwrap();
    assert_eq!((config.get(Key::Host), config.get(Key::Token)), (Some("https://ws.example"), Some("a")));
}

#[test]
fn keys_are_read_in_any_case_and_a_lower_case_one_wins() {
    for file in [
        "[DEFAULT]\nHOST = https://a\nToken = t\n",
        "[DEFAULT]\nHOST = https://b\nhost = https://a\ntoken = t\nTOKEN = u\n",
    ] {
        let config = resolve(file, &[]).unwrap();
        assert_eq!((config.get(Key::Host), config.get(Key::Token)), (Some("https://a"), Some("t")), "{file}");
    }
}
