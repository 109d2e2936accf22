//! The Lakebase of this machine: started, found, filled, stopped.

use std::{process::Stdio, time::Duration};

use rustix::process::Signal;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use super::{Cli, snapshot};
use crate::support::{
    child::{LIMIT, ended, line, signal},
    fixture::{on_a_project, run},
    postgres::programs,
    serve::processes_in,
};

/// Stops the server of a test that fails.
struct Stopped<'a>(&'a Cli);

impl Drop for Stopped<'_> {
    fn drop(&mut self) {
        let _ = self.0.command().args(["local", "stop"]).stdout(Stdio::null()).stderr(Stdio::null()).status();
    }
}

#[test]
fn a_server_is_started_in_the_background_found_and_stopped() {
    let mut cli = Cli::alone();
    cli.project = "no-such-text".to_owned();
    let stopped = Stopped(&cli);
    cli.run("local status").expect(1).says("lakebase local start");
    snapshot!("local_status_none", cli.json("local status", 1));
    cli.run("tree").expect(2).says("lakebase local start");
    let elsewhere = cli.run_words(&["--data-dir", "it's here", "tree"]).expect(2);
    elsewhere.says(r"`lakebase local start --data-dir 'it'\''s here'`");
    let start = "local start --listen 127.0.0.1:0 --durability fast --user ada@example.com";
    snapshot!("local_start", cli.json(start, 0));
    let again = cli.run(start).expect(0).says("it runs already");
    assert!(
        again.stdout.contains("ada@example.com") && again.stdout.contains("`lakebase init`"),
        "{again:?}"
    );
    snapshot!("local_status", cli.json("local status", 0));

    // It is found without an option, and its only project too.
    cli.run("branches").expect(2).says("no project is named").says("`lakebase init` creates one");
    cli.run("init shop").expect(0).says("created project shop");
    std::fs::remove_file(cli.path().join("lakebase.toml")).unwrap();
    cli.run("branches").expect(0).says("project shop");
    cli.ok("--local branches");
    assert_eq!(cli.run_words(&["psql", "-c", "select 1", "--", "-At"]).expect(0).stdout, "1\n");
    snapshot!("local_stop", cli.json("local stop", 0));
    cli.run("local stop").expect(0).says("none runs");
    assert_eq!(processes_in(&cli.path().join("data")), [] as [String; 0]);
    drop(stopped);
}

#[test]
fn a_server_in_the_foreground_says_when_it_is_ready_and_stops_at_a_signal() {
    let cli = Cli::alone();
    let mut program = cli.command();
    program.args(["local", "serve", "--listen", "127.0.0.1:0", "--durability", "fast"]);
    let mut child = program.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let ready: Value = serde_json::from_str(&line(child.stdout.take().unwrap(), |_| true).unwrap()).unwrap();
    assert!(ready["host"].as_str().unwrap().starts_with("http://127.0.0.1:"), "{ready}");
    cli.run("local status").expect(0);
    signal(&child, Signal::TERM);
    assert!(ended(&mut child, Duration::from_secs(20).min(LIMIT)).success());
    let mut linked = Cli::alone();
    linked.write("target", "kept");
    linked.variables[0].1 = linked.path().join("linked").display().to_string();
    std::fs::create_dir(linked.path().join("linked")).unwrap();
    std::os::unix::fs::symlink("../target", linked.path().join("linked/lakebase.log")).unwrap();
    linked.run("local start").expect(2).says("cannot write");
    assert_eq!(std::fs::read_to_string(linked.path().join("target")).unwrap(), "kept");
    let refused = cli.run("local start --listen 0.0.0.0:1").expect(2).says("the server does not start");
    assert!(refused.stderr.contains("is not a loopback address") && refused.stdout.is_empty(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_project_is_filled_from_another_postgresql() {
    on_a_project(async |fixture| {
        run(
            &fixture.main,
            "CREATE TABLE item (id int PRIMARY KEY, name text); INSERT INTO item SELECT n, 'n' || n FROM generate_series(1, 1000) n;
             CREATE SCHEMA secret; CREATE TABLE secret.key (k text);
             CREATE SCHEMA \"Also.Secret\"; CREATE TABLE \"Also.Secret\".key (k text)",
        )
        .await;
        let source = Cli::of(&fixture).ok("url production");
        let cli = Cli::alone();
        let stopped = Stopped(&cli);
        cli.ok("local start --listen 127.0.0.1:0 --durability fast");
        cli.run_words(&["local", "pull", "mysql://x"]).expect(2).says("postgres://USER@HOST");
        let wrong = cli.run_words(&["local", "pull", "postgres://u:s3cret@host:port/shop"]).expect(2);
        assert!(!wrong.stderr.contains("s3cret"), "{wrong:?}");
        let pulled = cli.json(&format!("local pull {} --project shop --exclude-schema secret --exclude-schema Also.Secret", source.trim()), 0);
        snapshot!("local_pull", pulled);
        let url = cli.ok("url");
        let mut session = PgConnection::connect(url.trim()).await.unwrap();
        let rows: (i64, bool) = sqlx::query_as("SELECT count(*), to_regclass('secret.key') IS NULL AND to_regnamespace('\"Also.Secret\"') IS NULL FROM item")
            .fetch_one(&mut session)
            .await
            .unwrap();
        assert_eq!(rows, (1000, true));
        let again = cli.run(&format!("local pull {} --project shop", source.trim())).expect(2);
        let again = again.says("has 1 tables already");
        let password = source.split(':').nth(2).unwrap().split('@').next().unwrap();
        assert!(!again.stderr.contains(password));
        let typo = cli.run(&format!("local pull {} --project other --exclude-schema secrets", source.trim()));
        typo.expect(2).says("the source has no schema 'secrets'");
        // A dump that cannot be restored changes nothing.
        run(&fixture.main, "CREATE VIEW keys AS SELECT k FROM secret.key").await;
        let failed = cli.run(&format!("local pull {} --project other --exclude-schema secret", source.trim()));
        failed.expect(2).says("restoring failed, and nothing was changed").says("secret");
        cli.run_words(&["psql", "-p", "other", "-c", "table item"]).expect(1).says("does not exist");
        drop(stopped);
    })
    .await;
}

/// A `pg_dump` that prints a script of the test's own beside the real `psql`.
fn dumping(cli: &Cli, script: &str) -> String {
    let bin = cli.path().join("bin");
    std::fs::create_dir_all(&bin).unwrap();
    let program = "#!/bin/sh\n[ \"$1\" = --version ] && { echo 'pg_dump (PostgreSQL) 99.1'; exit; }\n\
                   for word; do case \"$word\" in --restrict-key=*) key=${word#*=};; esac; done\n";
    let program = format!("{program}printf '\\\\restrict %s\\n' \"$key\"\ncat <<'END'\n{script}\nEND\n");
    std::fs::write(bin.join("pg_dump"), program).unwrap();
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(bin.join("pg_dump"), executable).unwrap();
    let psql = programs::client(&programs::server(), "psql", 0).expect("psql is installed");
    let _ = std::os::unix::fs::symlink(psql, bin.join("psql"));
    bin.display().to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hostile_dump_runs_no_program_and_its_output_stops_nothing() {
    on_a_project(async |fixture| {
        let source = Cli::of(&fixture).ok("url production");
        let mut cli = Cli::alone();
        let marker = cli.path().join("ran").display().to_string();
        let bin = dumping(&cli, &format!("CREATE TABLE half ();\n\\! touch {marker}"));
        cli.variables.push(("LAKEBASE_PG_BIN", bin));
        let stopped = Stopped(&cli);
        let server = programs::server();
        cli.ok(&format!("local start --listen 127.0.0.1:0 --durability fast --pg-bin {}", server.display()));
        let refused = cli.run(&format!("local pull {} --project shop", source.trim())).expect(2);
        refused.says("restoring failed, and nothing was changed").says("backslash commands are restricted");
        assert!(!std::path::Path::new(&marker).exists(), "a program ran");
        // More than a pipe holds.
        dumping(&cli, "SELECT repeat('x', 1000000);\nCREATE TABLE whole ();");
        cli.ok(&format!("local pull {} --project shop", source.trim()));
        drop(stopped);
    })
    .await;
}
