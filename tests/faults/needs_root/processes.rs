//! A limit on the number of processes, which counts those of an account. The account here is that of no other test.

use std::{
    fs,
    os::unix::fs::chown,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use lakebase::{Branch, ErrorKind, Expiry, builder::RetryPolicy};

use super::super::crash::end;
use crate::support::{
    child::LIMIT,
    directory::directory,
    fixture::{number, run},
    serve::Serve,
};

/// An account of every distribution. `initdb` wants one that has a name.
const USER: &str = "games";

/// The ids of the account: user and group.
fn ids() -> (u32, u32) {
    let accounts = fs::read_to_string("/etc/passwd").unwrap();
    let line = accounts.lines().find(|line| line.split(':').next() == Some(USER));
    let fields: Vec<&str> = line.expect("the account is there").split(':').collect();
    (fields[2].parse().unwrap(), fields[3].parse().unwrap())
}

/// A server as an unprivileged user who may have so many processes and threads.
fn start_limited(directory: &std::path::Path, processes: u32) -> Serve {
    let (user, group) = ids();
    chown(directory, Some(user), Some(group)).unwrap();
    let serve = Serve::command(&directory.join("data"));
    // The target directory may be out of the user's reach.
    let program = directory.join("lakebase-local");
    fs::copy(serve.get_program(), &program).unwrap();
    let mut command = Command::new("setpriv");
    command.args([&format!("--reuid={user}"), &format!("--regid={group}"), "--clear-groups"]);
    command.args(["prlimit", &format!("--nproc={processes}")]).arg(program).args(serve.get_args());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    Serve::ready(&mut command).expect("the server starts under the limit")
}

/// Logs in once, without waiting for a machine with more room.
async fn log_in(branch: &Branch) -> Result<(), lakebase::Error> {
    branch.connect().timeout(Duration::from_secs(5)).await.map(drop)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root"]
async fn a_server_out_of_processes_refuses_logins_and_goes_on_once_computes_have_stopped() {
    let directory = directory();
    let data = directory.path().join("data");
    let serve = start_limited(directory.path(), 100);
    let lakebase = serve.client_with(RetryPolicy::never()).await;
    let project = lakebase.create_project("shop").await.unwrap();
    let main = project.default_branch().await.unwrap();
    run(&main, "CREATE TABLE item AS SELECT 7::bigint AS n").await;
    let mut branches: Vec<Branch> = Vec::new();
    let error = loop {
        assert!(branches.len() < 40, "the processes do not run out");
        let made = match project.create_branch(format!("b{}", branches.len()).as_str(), Expiry::Never).await {
            Ok(made) => made,
            Err(error) => break error,
        };
        branches.push(made.handle().clone());
        if let Err(error) = log_in(&branches[branches.len() - 1]).await {
            break error;
        }
    };
    if error.kind() != ErrorKind::Database {
        assert_eq!(error.code(), Some("RESOURCE_EXHAUSTED"), "{error:?}");
    }
    let text = format!("{error:?}");
    assert!(text.contains("Resource temporarily unavailable"), "{text}");
    for branch in &branches {
        branch.delete().await.unwrap();
    }
    let deadline = Instant::now() + LIMIT / 4;
    while let Err(error) = log_in(main.handle()).await {
        assert!(Instant::now() < deadline, "{error}");
    }
    assert_eq!(number(&main, "SELECT n FROM item").await, 7);
    assert_eq!(
        number(&project.create_branch("again", Expiry::Never).await.unwrap(), "SELECT n FROM item").await,
        7
    );
    end(serve, &data);
}
