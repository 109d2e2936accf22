//! SIGKILL at random moments.

use std::{
    fs,
    path::Path,
    process::Command,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use lakebase::Lakebase;
use rustix::process::Signal;

use super::{
    client::Client,
    kill::{self, Victim},
    seconds, seed,
};
use crate::{
    model::call::Names,
    support::{
        child::{LIMIT, output},
        directory::directory,
        fixture::run,
        postgres::programs,
        serve::{Serve, clusters},
    },
};

const CLIENTS: usize = 4;

/// Clients of one project with what they were acknowledged.
pub(super) struct Workload {
    clients: Vec<Client>,
}

impl Workload {
    pub(super) async fn new(lakebase: &Lakebase, seed: u64) -> Self {
        let project = lakebase.create_project("shop").await.unwrap();
        let main = project.default_branch().await.unwrap();
        run(&main, "CREATE TABLE writes (key bigint NOT NULL, n bigint); CREATE INDEX ON writes (key)").await;
        let owner = main.roles().await.unwrap().remove(0).name.id().to_string();
        let database = main.databases().await.unwrap().remove(0);
        let first = (database.name.id().to_string(), database.postgres_database.clone());
        let clients = (0..CLIENTS).map(|number| {
            let prefix = format!("c{number}-");
            let names = Names { project: project.name.to_string(), prefix, owner: owner.clone() };
            Client::new(number, names, first.clone(), seed)
        });
        Self { clients: clients.collect() }
    }

    /// Lets the clients work until `strike` has been called after a random time, and for a moment more where the server
    /// goes on.
    pub(super) async fn work(&mut self, serve: &Serve, strike: impl FnOnce() -> bool) -> bool {
        let (injected, stop) = (AtomicBool::new(false), AtomicBool::new(false));
        let works = self.clients.iter_mut().map(|client| client.work(serve, &injected, &stop));
        let striking = async {
            tokio::time::sleep(Duration::from_millis(fastrand::u64(200..1200))).await;
            injected.store(true, Ordering::SeqCst);
            let gone = strike();
            if !gone {
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            stop.store(true, Ordering::Relaxed);
            gone
        };
        let works = futures_util::future::join_all(works);
        let (_, gone) = tokio::time::timeout(LIMIT, async { tokio::join!(works, striking) })
            .await
            .expect("every call ends, with an answer or without one");
        gone
    }

    pub(super) async fn verify(&mut self, serve: &Serve, data: &Path) {
        for client in &mut self.clients {
            client.verify(serve).await;
        }
        let branches =
            serve.client().await.project("shop").unwrap().branches().show_deleted().await.unwrap().len();
        let deadline = Instant::now() + LIMIT / 4;
        while clusters(data).len() != branches {
            assert!(Instant::now() < deadline, "{branches} branches, but {:?}", clusters(data));
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    pub(super) fn acknowledged(&self) -> usize {
        self.clients.iter().map(|client| client.acknowledged).sum()
    }
}

/// Compares tables and indexes of the branches that run, as the superuser.
fn check_structures(data: &Path) {
    let sockets = fs::read_dir(data.join("run")).unwrap().flatten().map(|entry| entry.path());
    for directory in sockets.filter(|directory| directory.join(".s.PGSQL.5432").exists()) {
        let program =
            programs::client(&programs::server(), "pg_amcheck", 0).expect("pg_amcheck is installed");
        let mut amcheck = Command::new(program);
        amcheck.env("PGHOST", &directory).env("PGUSER", "cloud_admin").env("PGDATABASE", "postgres");
        amcheck.env("PGPASSWORD", fs::read_to_string(data.join("superuser.secret")).unwrap());
        let checked =
            output(amcheck.args(["--all", "--install-missing", "--heapallindexed", "--parent-check"]));
        let text = [checked.stdout, checked.stderr].concat();
        assert!(checked.status.success(), "{}: {}", directory.display(), String::from_utf8_lossy(&text));
    }
}

/// Ends the server in order; nothing of it is left, and every page is whole.
pub(super) fn end(mut serve: Serve, data: &Path) {
    check_structures(data);
    serve.signal(Signal::TERM);
    assert!(serve.ended().success());
    kill::none_left(data);
    assert!(!data.join("server.json").exists());
    for cluster in clusters(data) {
        let version = fs::read_to_string(cluster.join("PG_VERSION")).unwrap();
        let program = programs::client(&programs::server(), "pg_checksums", version.trim().parse().unwrap());
        let mut checksums = Command::new(program.expect("pg_checksums of the version of the branches"));
        let checked = output(checksums.arg("--check").arg("-D").arg(&cluster));
        let text = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{}: {text}", cluster.display());
    }
    // The directories of the sockets are those of the next start.
    for directory in fs::read_dir(data.join("run")).unwrap().flatten() {
        let left = fs::read_dir(directory.path()).unwrap().flatten().next();
        assert!(left.is_none(), "left: {left:?}");
    }
}

async fn rounds(victims: &[Victim]) {
    let seed = seed();
    eprintln!("LAKEBASE_FAULTS_SEED={seed}");
    fastrand::seed(seed);
    let directory = directory();
    let data = directory.path().join("data");
    let mut serve = Serve::start(&data);
    let mut workload = Workload::new(&serve.client().await, seed).await;
    let end_of_rounds = seconds().map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let mut round = 0;
    while end_of_rounds.map_or(round < victims.len(), |end| Instant::now() < end) {
        let victim = victims[round % victims.len()];
        round += 1;
        let gone = workload.work(&serve, || victim.strike(&serve, &data)).await;
        if gone {
            assert!(!serve.ended().success());
            kill::none_left(&data);
            serve = Serve::start(&data);
        }
        workload.verify(&serve, &data).await;
        eprintln!("round {round}, {victim:?}: {} calls acknowledged", workload.acknowledged());
    }
    assert!(workload.acknowledged() > 0);
    end(serve, &data);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_work_outlives_a_killed_server() {
    rounds(&[Victim::Server, Victim::All]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acknowledged_work_outlives_a_killed_postgres() {
    rounds(&[Victim::Postmaster, Victim::Backend]).await;
}

/// It blocks the signal of its parent's death before it reads its first file, so that it outlives a killed server.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_hangs_while_it_starts_ends_with_the_next_server() {
    let directory = directory();
    let data = directory.path().join("data");
    let mut serve = Serve::start(&data);
    serve.client().await.create_project("shop").await.unwrap();
    serve.signal(Signal::TERM);
    assert!(serve.ended().success());
    let settings = clusters(&data).remove(0).join("postgresql.auto.conf");
    fs::remove_file(&settings).unwrap();
    assert!(output(Command::new("mkfifo").arg(&settings)).status.success());

    let mut serve = Serve::start(&data);
    let main = serve.client().await.project("shop").unwrap().default_branch().await.unwrap();
    let waking = tokio::spawn(async move { main.connect().await });
    let deadline = Instant::now() + LIMIT;
    while kill::processes(&data).is_empty() {
        assert!(Instant::now() < deadline, "PostgreSQL is not started");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Long enough to be in the call that hangs.
    tokio::time::sleep(Duration::from_millis(300)).await;
    serve.signal(Signal::KILL);
    serve.ended();
    waking.abort();
    let hanging = kill::processes(&data);
    fs::remove_file(&settings).unwrap();
    let serve = Serve::start(&data);
    assert!(kill::processes(&data).iter().all(|process| !hanging.contains(process)), "{hanging:?}");
    let main = serve.client().await.project("shop").unwrap().default_branch().await.unwrap();
    run(&main, "CREATE TABLE item ()").await;
    end(serve, &data);
}
