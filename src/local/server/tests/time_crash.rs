//! A server that is killed at a random moment while snapshots, deleted branches and read-only endpoints come and go.
//!
//! The second process notes each call before it sends it and when it is acknowledged. After the kill the server has
//! all that was acknowledged; the call under way is done or not.

use std::{
    collections::BTreeSet,
    fs::File,
    io::Write as _,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    Fixture, builder_in,
    crash::{directories, restart, stop},
    temp_dir,
};

const DIR: &str = "LAKEBASE_CRASH_DIR";
const MAIN: &str = "projects/shop/branches/production";
/// The calls of one round, in their order.
const CALLS: [Call; 8] = [
    Call::Snapshot,
    Call::Branch,
    Call::Delete,
    Call::Undelete,
    Call::CreateEndpoint,
    Call::DeleteEndpoint,
    Call::Purge,
    Call::DeleteSnapshot,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Call {
    Snapshot,
    Branch,
    Delete,
    Undelete,
    CreateEndpoint,
    DeleteEndpoint,
    Purge,
    DeleteSnapshot,
}

impl Call {
    async fn send(self, fixture: &Fixture, round: usize) {
        let (snapshot, branch) =
            (format!("projects/shop/snapshots/s{round}"), format!("projects/shop/branches/b{round}"));
        let (method, path, body) = match self {
            Self::Snapshot => {
                let spec = json!({"source_branch": MAIN, "no_expiry": true});
                let path = format!("projects/shop/snapshots?snapshot_id=s{round}");
                (Method::POST, path, json!({"spec": spec}))
            }
            Self::Branch => {
                let spec = json!({"source_snapshot": snapshot, "no_expiry": true});
                (Method::POST, format!("projects/shop/branches?branch_id=b{round}"), json!({"spec": spec}))
            }
            Self::Delete => (Method::DELETE, branch, Value::Null),
            Self::Undelete => (Method::POST, format!("{branch}/undelete"), json!({})),
            Self::CreateEndpoint => {
                let spec = json!({"endpoint_type": "ENDPOINT_TYPE_READ_ONLY"});
                (Method::POST, format!("{MAIN}/endpoints?endpoint_id=replica"), json!({"spec": spec}))
            }
            Self::DeleteEndpoint => (Method::DELETE, format!("{MAIN}/endpoints/replica"), Value::Null),
            Self::Purge => (Method::DELETE, format!("{branch}?purge=true"), Value::Null),
            Self::DeleteSnapshot => (Method::DELETE, snapshot, Value::Null),
        };
        fixture.done(method, &path, body).await;
    }

    /// Changes the names of what is there.
    fn apply(self, there: &mut BTreeSet<String>, round: usize) {
        let (snapshot, branch) = (format!("snapshot s{round}"), format!("branch b{round}"));
        let (gone, new) = match self {
            Self::Snapshot => (None, Some(snapshot)),
            Self::Branch => (None, Some(branch)),
            Self::Delete => (Some(branch), Some(format!("deleted b{round}"))),
            Self::Undelete => (Some(format!("deleted b{round}")), Some(branch)),
            Self::CreateEndpoint => (None, Some("endpoint replica".to_owned())),
            Self::DeleteEndpoint => (Some("endpoint replica".to_owned()), None),
            Self::Purge => (Some(branch), None),
            Self::DeleteSnapshot => (Some(snapshot), None),
        };
        if let Some(gone) = gone {
            assert!(there.remove(&gone), "{gone}");
        }
        there.extend(new);
    }
}

/// The second process: works until it is killed.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a part of the test that kills it"]
async fn victim() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let fixture = Fixture::of(builder_in(Path::new(&dir)).start().await.unwrap(), temp_dir());
    let mut session = fixture.connect(MAIN).await.unwrap();
    let mut journal = File::create(Path::new(&dir).join("journal")).unwrap();
    for round in 0.. {
        sqlx::query("INSERT INTO counter SELECT max(n) + 1 FROM counter")
            .execute(&mut session)
            .await
            .unwrap();
        for call in CALLS {
            writeln!(journal, "send").unwrap();
            call.send(&fixture, round).await;
            writeln!(journal, "done").unwrap();
        }
    }
}

/// The resources that exist by the journal, and those that exist if the call under way was done too.
fn noted(dir: &TempDir) -> [BTreeSet<String>; 2] {
    let journal = std::fs::read_to_string(dir.path().join("journal")).unwrap();
    let (sent, done) = (journal.matches("send").count(), journal.matches("done").count());
    let after = |calls: usize| {
        let mut there = BTreeSet::new();
        (0..calls).for_each(|call| CALLS[call % CALLS.len()].apply(&mut there, call / CALLS.len()));
        there
    };
    [after(done), after(sent)]
}

/// The names of what the server has.
async fn found(fixture: &Fixture) -> BTreeSet<String> {
    let id = |one: &Value| one["name"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let list = |answer: &Value, key: &str| answer[key].as_array().cloned().unwrap_or_default();
    let branches = fixture.get("projects/shop/branches?show_deleted=true").await;
    let mut there = BTreeSet::new();
    for branch in list(&branches, "branches").iter().filter(|branch| branch["name"] != MAIN) {
        let kind = if branch["status"]["delete_time"].is_string() { "deleted" } else { "branch" };
        there.insert(format!("{kind} {}", id(branch)));
    }
    let snapshots = fixture.get("projects/shop/snapshots").await;
    there.extend(list(&snapshots, "snapshots").iter().map(|snapshot| format!("snapshot {}", id(snapshot))));
    let endpoints = fixture.get(&format!("{MAIN}/endpoints")).await;
    let endpoints = list(&endpoints, "endpoints");
    there.extend(endpoints.iter().map(id).filter(|id| id != "primary").map(|id| format!("endpoint {id}")));
    there
}

/// The server that was started after a kill has all that was acknowledged, whole, and no directory beyond it. All of it
/// is removed.
async fn look_after(dir: TempDir, when: &str) -> TempDir {
    let [done, sent] = noted(&dir);
    let fixture = restart(dir).await;
    let there = found(&fixture).await;
    assert!(there == done || there == sent, "{when}: there is {there:?}, not {done:?} nor {sent:?}");
    let directories_of = there.iter().filter(|name| !name.starts_with("endpoint")).count();
    assert_eq!(directories(&fixture), directories_of + 1, "{when}: {there:?}");
    let whole = "SELECT CASE WHEN count(*) = max(n) + 1 THEN count(*) ELSE -1 END FROM counter";
    let mut session = fixture.connect(MAIN).await.unwrap();
    let rows = fixture.number(&mut session, whole).await;
    for name in &there {
        let (kind, id) = name.split_once(' ').unwrap();
        let path = match kind {
            "snapshot" => format!("projects/shop/snapshots/{id}"),
            "endpoint" => format!("{MAIN}/endpoints/{id}"),
            _ => format!("projects/shop/branches/{id}?purge=true"),
        };
        if kind == "branch" {
            let mut session = fixture.connect(&format!("projects/shop/branches/{id}")).await.unwrap();
            let found = fixture.number(&mut session, whole).await;
            assert!((1..=rows).contains(&found), "{when}: {name} has {found} of {rows}");
        }
        if kind == "snapshot" {
            // It can still be used.
            let body = json!({"spec": {"source_snapshot": path, "no_expiry": true}});
            fixture.done(Method::POST, "projects/shop/branches?branch_id=used", body).await;
            let mut session = fixture.connect("projects/shop/branches/used").await.unwrap();
            assert_eq!(fixture.number(&mut session, whole).await, rows, "{when}");
            fixture.done(Method::DELETE, "projects/shop/branches/used?purge=true", Value::Null).await;
        }
        fixture.done(Method::DELETE, &path, Value::Null).await;
    }
    stop(fixture).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_at_any_moment_keeps_snapshots_deleted_branches_and_read_only_endpoints_whole() {
    let fixture = Fixture::start().await;
    fixture.project("shop").await;
    let mut session = fixture.connect(MAIN).await.unwrap();
    sqlx::raw_sql("CREATE TABLE counter AS SELECT 0::bigint AS n").execute(&mut session).await.unwrap();
    let mut dir = stop(fixture).await;
    for _ in 0..8 {
        let journal = dir.path().join("journal");
        let _ = std::fs::remove_file(&journal);
        let mut victim = Command::new(std::env::current_exe().unwrap());
        victim.args(["--exact", "local::server::tests::time_crash::victim", "--ignored", "--nocapture"]);
        victim.env(DIR, dir.path()).env("TMPDIR", dir.path());
        let mut victim =
            victim.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while !std::fs::metadata(&journal).is_ok_and(|journal| journal.len() > 0) {
            assert!(begun.elapsed() < Duration::from_secs(60), "the server does not start");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let moment = Duration::from_millis(fastrand::u64(0..3000));
        tokio::time::sleep(moment).await;
        victim.kill().unwrap();
        let output = victim.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(9), "{moment:?}: {text}");
        dir = look_after(dir, &format!("after {moment:?}")).await;
    }
}
