//! Maskings that are cut off: by a shutdown of the server, and by a delete of the branch that is being made.

use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

use reqwest::Method;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::Executor as _;

use super::Fixture;

const MAIN: &str = "projects/shop/branches/production";
const DEV: &str = "projects/shop/branches/dev";
/// A shutdown ends within this time.
const PROMPT: Duration = Duration::from_secs(5);

/// A server with a project whose table takes ten minutes to mask.
async fn slow() -> Fixture {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let mut main = fixture.connect(MAIN).await.unwrap();
    let script = "create table t (email text); insert into t values ('ann@corp.io');
        alter table t add check (pg_sleep(600) is not null) not valid";
    main.execute(script).await.unwrap();
    fixture
}

fn request(fixture: &Fixture) -> (String, Value) {
    fixture.masked_branch(&json!({"tables": {"t": {"email": "hash"}}}))
}

/// The titles of the processes that work in a directory.
fn processes(dir: &Path) -> Vec<String> {
    let all = fs::read_dir("/proc").unwrap().flatten();
    let inside = all.filter(|process| {
        fs::read_link(process.path().join("cwd")).is_ok_and(|directory| directory.starts_with(dir))
    });
    inside.filter_map(|process| fs::read_to_string(process.path().join("cmdline")).ok()).collect()
}

fn is_masking(dir: &Path) -> bool {
    processes(dir).iter().any(|title| title.contains("lakebase_masking") && title.contains("UPDATE"))
}

async fn until_masking(dir: &Path) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !is_masking(dir) {
        assert!(Instant::now() < deadline, "{:?}", processes(dir));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The directories of branches.
fn directories(dir: &Path) -> usize {
    let projects = fs::read_dir(dir.join("data/branches")).unwrap();
    projects.map(|project| fs::read_dir(project.unwrap().path()).unwrap().count()).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shutdown_ends_a_masking_and_leaves_no_raw_copy() {
    let fixture = slow().await;
    let (path, body) = request(&fixture);
    let url = fixture.local.host().join("/api/2.0/postgres/").unwrap().join(&path).unwrap();
    let token = fixture.local.token().expose_secret();
    let request = fixture.http.post(url).bearer_auth(token).json(&body);
    // Its connection breaks with the server.
    let request = tokio::spawn(request.send());
    let Fixture { local, dir, .. } = fixture;
    until_masking(dir.path()).await;
    assert_eq!(directories(dir.path()), 2);
    let begun = Instant::now();
    local.shutdown().await;
    assert!(begun.elapsed() < PROMPT, "{:?}", begun.elapsed());
    assert_eq!((directories(dir.path()), processes(dir.path())), (1, Vec::new()));
    let _ = request.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_ends_the_masking_of_the_branch_that_is_being_made() {
    let fixture = slow().await;
    for query in ["", "?purge=true"] {
        let (path, body) = request(&fixture);
        let meanwhile = async {
            until_masking(fixture.dir.path()).await;
            let begun = Instant::now();
            fixture.done(Method::DELETE, &format!("{DEV}{query}"), Value::Null).await;
            assert!(begun.elapsed() < PROMPT, "{:?}", begun.elapsed());
            assert_eq!(fixture.call(Method::GET, DEV, Value::Null).await.0, 404);
            assert!(!is_masking(fixture.dir.path()));
            assert_eq!(directories(fixture.dir.path()), 1, "nothing can be restored");
        };
        let (operation, ()) = tokio::join!(fixture.ended(Method::POST, &path, body), meanwhile);
        let message = operation["error"]["message"].as_str().unwrap();
        assert!(message.contains("is being deleted"), "{message}");
    }
    fixture.branch("shop", "dev").await;
    fixture.connect(DEV).await.unwrap();
    fixture.local.shutdown().await;
}
