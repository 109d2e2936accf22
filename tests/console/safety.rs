//! Pages of others, other users and hostile names get nothing out of the console.

use regex::Regex;
use serde_json::json;

use super::logged_in;
use crate::support::{
    console::{Client, Console},
    fixture::{on_a_project, run},
    mock::{MockService, project, project_of, root, with},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_login_works_once_and_nothing_is_shown_without_it() {
    let mock = project_of(1).await;
    let console = Console::start(&format!("http://{}", mock.address()), "t0", &[]);
    let client = console.browser();
    let stranger = |path: &str| client.get(path).expect(401);
    let page = stranger("/p/shop").has("has not logged in").body;
    assert!(!page.contains("shop") && !page.contains(&mock.address().to_string()), "{page}");
    stranger("/");
    stranger("/p/shop/picture");
    client.get("/nothing").expect(404);
    client.send("GET /", &[("Host", &client.host)], "").expect(404);
    let wrong = format!("GET {}/login?token=wrong", client.base);
    client.send(&wrong, &[("Host", &client.host)], "").expect(403).has("each works once");
    let owner = client.clone().log_in(&console.login);
    owner.get("/p/shop").expect(200);
    let path = format!("GET {}?{}", console.login.path(), console.login.query().unwrap());
    client.send(&path, &[("Host", &client.host)], "").expect(403);
    // The owner may load the address again.
    client.send(&path, &[("Host", &client.host), ("Cookie", &owner.cookie)], "").expect(303);
    let forged = Client { cookie: "lakebase_console=forged".to_owned(), ..client.clone() };
    forged.get("/p/shop").expect(401);
    let token = console.login.query().unwrap().strip_prefix("token=").unwrap();
    let cookie = owner.cookie.split_once('=').unwrap().1;
    let log = console.log();
    for secret in [token, cookie, "t0\"", "Bearer t0"] {
        assert!(!log.contains(secret), "{secret} is in the log: {log}");
    }
    let arguments = std::fs::read(format!("/proc/{}/cmdline", console.child.id())).unwrap();
    assert!(!String::from_utf8_lossy(&arguments).contains(token));
}

#[tokio::test(flavor = "multi_thread")]
async fn other_hosts_pages_and_forms_are_refused() {
    let mock = project_of(1).await;
    let (_console, client) = logged_in(&mock, &[]);
    let (cookie, host) = (client.cookie.as_str(), client.host.as_str());
    let page = format!("GET {}/p/shop", client.base);
    client.send(&page, &[("Host", "evil.example"), ("Cookie", cookie)], "").expect(403);
    let fetch =
        [("Host", host), ("Cookie", cookie), ("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "cors")];
    client.send(&page, &fetch, "").expect(403);
    let own = format!("http://{host}");
    let csrf = client.csrf("/p/shop");
    let call = format!("POST {}/p/shop/branches", client.base);
    let body = format!("csrf={csrf}&id=x&from=production&lifetime=1h");
    let kind = ("Content-Type", "application/x-www-form-urlencoded");
    for origin in [None, Some("null"), Some("http://127.0.0.1:3000"), Some("http://evil.example")] {
        let mut headers = vec![("Host", host), ("Cookie", cookie), kind];
        headers.extend(origin.map(|origin| ("Origin", origin)));
        client.send(&call, &headers, &body).expect(403);
    }
    let headers = [("Host", host), ("Cookie", cookie), ("Origin", &own), kind];
    client.send(&call, &headers, &body.replace(&csrf, "wrong")).expect(403).has("not of this session");
    client.send(&call, &headers, "id=x&from=production&lifetime=1h").expect(400);
    client.send(&call, &headers[..2], &body).expect(403);
    assert_eq!(mock.changes().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_console_that_only_shows_sends_no_change() {
    let mock = project_of(1).await;
    let (_console, client) = logged_in(&mock, &["--read-only"]);
    let page = client.get("/p/shop").expect(200).has("shows only").body;
    assert!(!page.contains("<form"), "{page}");
    for (path, rest) in [
        ("/p/shop/branches", "&id=x&from=production&lifetime=1h"),
        ("/p/shop/b/production/extend", "&lifetime=1h"),
        ("/p/shop/b/production/protect", "&protected=yes"),
        ("/p/shop/b/production/reset", ""),
        ("/p/shop/b/production/restore", "&at=2026-11-30T00:00:00"),
        ("/p/shop/b/production/delete", ""),
        ("/p/shop/b/production/undelete", ""),
        ("/p/shop/b/production/drift", ""),
    ] {
        client.post(path, &format!("csrf=any{rest}")).expect(403).has("Changes are not allowed");
    }
    assert_eq!(mock.changes().await, [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_policy_and_no_page_breaks_it() {
    let mock = project_of(3).await;
    let (_console, client) = logged_in(&mock, &[]);
    let inline = Regex::new(r#"(?i)\sstyle=|\son[a-z]+="|<style|javascript:"#).unwrap();
    let loaded = Regex::new(r#"(?:src|href|action|hx-get|hx-post)="([^"]*)""#).unwrap();
    for path in [
        "/p/shop",
        "/p/shop/b/production",
        "/p/shop/compare",
        "/p/shop/b/production/delete",
        "/nothing",
        "/assets/console.css",
        "/login?token=",
    ] {
        let answer = client.get(path);
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("x-frame-options"), Some("DENY"));
        let is_file = path.starts_with("/assets");
        assert_eq!(answer.header("cache-control") == Some("no-store"), !is_file, "{path}");
        if is_file {
            continue;
        }
        assert!(!inline.is_match(&answer.body), "{path}: {:?}", inline.find(&answer.body));
        assert_eq!(answer.body.matches("<script").count(), answer.body.matches("<script src=").count());
        for link in loaded.captures_iter(&answer.body) {
            assert!(link[1].starts_with(&client.base) || link[1].starts_with('#'), "{path}: {}", &link[1]);
        }
    }
    for name in ["console.css", "console.js"] {
        let text = client.get(&format!("/assets/{name}")).expect(200).body;
        assert!(
            !text.contains("http://") && !text.contains("https://") && !text.contains("@import"),
            "{name}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_names_are_text() {
    let mock = MockService::new().await;
    let hostile = "\"><img src=x onerror=alert(1)><script>alert(1)</script>'";
    let shop = with(project("shop"), "/status/display_name", json!(hostile));
    let other = with(with(shop, "/name", json!("projects/other")), "/project_id", json!("other"));
    let branch = "projects/shop/branches/production";
    let role = json!({"name": format!("{branch}/roles/r"), "status": {"postgres_role": hostile, "identity_type": hostile}});
    let database = json!({
        "name": format!("{branch}/databases/d"), "status": {"postgres_database": hostile, "role": format!("{branch}/roles/r")}
    });
    mock.on("GET projects", json!({"projects": [other, project("shop")]})).await;
    mock.on("GET projects/shop", project("shop")).await;
    let root = with(root(), "/status/current_state", json!(hostile));
    mock.on("GET projects/shop/branches", json!({"branches": [root]})).await;
    mock.on(&format!("GET {branch}"), root).await;
    mock.on(&format!("GET {branch}/endpoints"), json!({"endpoints": []})).await;
    mock.on(&format!("GET {branch}/roles"), json!({"roles": [role]})).await;
    mock.on(&format!("GET {branch}/databases"), json!({"databases": [database]})).await;
    let (_console, client) = logged_in(&mock, &[]);
    for path in ["/", "/p/shop", "/p/shop/b/production", "/p/shop/b/production/delete"] {
        let body = client.get(path).expect(200).body;
        assert!(!body.contains("<img") && !body.contains("<script>alert"), "{path}: {body}");
        assert!(body.contains("onerror"), "{path} shows it as text");
    }
    let filtered = client.get("/p/shop?q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E").expect(200).body;
    assert!(!filtered.contains("<script>alert"), "{filtered}");
    client.get("/p/%3Cscript%3E").expect(400);
    client.get("/p/shop/b/%2e%2e%2f").expect(400);
    client.get("/p/shop?span=forever").expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_shown_on_demand_only_and_is_in_no_log() {
    on_a_project(async |fixture| {
        let hostile = "COMMENT ON SCHEMA public IS '</td><script>alert(1)</script>'; CREATE TABLE \"<b>\" (\"<i>\" int)";
        let console = Console::of(&fixture, &["--read-only"]);
        let client = console.browser().log_in(&console.login);
        let project = format!("/p/{}", fixture.project.name.id());
        let at = format!("{project}/b/production");
        let page = client.get(&at).expect(200).has("postgresql://").body;
        assert!(!Regex::new(r"postgresql://[^@]*:[^@]*@").unwrap().is_match(&page), "{page}");
        let csrf = client.csrf(&at);
        client.get(&format!("{at}/password")).expect(405);
        let shown = client.post(&format!("{at}/password"), &format!("csrf={csrf}&database=databricks_postgres"));
        let shown = shown.expect(200).has("sslmode=verify-full");
        let password = shown.body.split_once("id=\"word\">").unwrap().1.split('<').next().unwrap();
        assert!(password.len() > 20 && !console.log().contains(password));
        // Names and comments of a schema are text too.
        let dev = fixture.branch("dev").await;
        run(&dev, hostile).await;
        let compared = client.get(&format!("{project}/compare?branch=dev&against=production")).expect(200);
        let compared = compared.has("&#60;b&#62;").body;
        assert!(!compared.contains("<script>alert") && !compared.contains("<b>\""), "{compared}");
    })
    .await;
}
