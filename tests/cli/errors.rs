//! Messages about what is wrong, and Ctrl-C.

use rustix::process::Signal;

use super::{Cli, Ran};
use crate::support::{
    child::{LIMIT, ended, signal},
    fixture::{on_a_project, run},
};

#[tokio::test]
async fn an_unknown_branch_suggests_the_nearest_name() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        cli.run("psql prodction")
            .expect(2)
            .says("has no branch 'prodction'")
            .says("did you mean 'production'?");
        cli.run("branch get projects/other/branches/dev").expect(2).says("is not in project");
        cli.run("branch extend dev --ttl 99999999999d").expect(2).says("longer than 30 days");
        cli.run("branch get Dev").expect(2).says("'D' at position 1");
        cli.run("brnch").expect(2).says("similar");
        let mut elsewhere = Cli::of(&fixture);
        elsewhere.variables[2].1 = "nowhere".to_owned();
        elsewhere.run("branches").expect(2).says("nowhere");
    })
    .await;
}

#[tokio::test]
async fn which_lakebase_is_said_and_never_guessed() {
    on_a_project(async |fixture| {
        let mut cli = Cli::of(&fixture);
        cli.run("branches").expect(0).says(&format!("(DATABRICKS_HOST) · project {}", cli.project));
        cli.run("--profile none branches").expect(2).says("DATABRICKS_HOST is set").says("drop --profile");
        cli.run("--local --profile x branches").expect(2).says("cannot be used with");
        // The default profile of a file names no workspace.
        cli.variables.retain(|(name, _)| !name.starts_with("DATABRICKS"));
        let profile = "[DEFAULT]\nhost = https://guessed.example\ntoken = secret-of-the-test\n";
        cli.write(".databrickscfg", profile);
        cli.run("--profile none branches").expect(2).says("none");
        let data = cli.path().join("data").display().to_string();
        cli.variables.push(("LAKEBASE_LOCAL_DIR", data));
        let refused: Ran =
            cli.run("branches").expect(2).says("no local Lakebase runs on").says("lakebase local start");
        assert!(!refused.stderr.contains("guessed") && !refused.stderr.contains("secret"), "{refused:?}");
    })
    .await;
}

#[tokio::test]
async fn an_unknown_project_suggests_the_nearest_name() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        let near = format!("{}x", cli.project);
        for command in
            ["tree", "branches", "branch get", "branch get production", "psql", "url dev", "diff dev"]
        {
            let refused = cli.run(&format!("{command} --project {near}")).expect(2);
            let refused = refused.says(&format!("there is no project '{near}'"));
            refused.says(&format!("did you mean '{}'?", cli.project)).says(&format!("lakebase init {near}"));
        }
    })
    .await;
}

#[tokio::test]
async fn ctrl_c_leaves_no_temporary_branch() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        run(&fixture.main, "CREATE TABLE item (id int)").await;
        cli.write("migrations/1_slow.sql", "SELECT pg_sleep(60)");
        let mut program = cli.command();
        program.args(["migrate", "rehearse", "production"]);
        program.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null());
        let mut child = program.spawn().unwrap();
        let deadline = std::time::Instant::now() + LIMIT;
        while fixture.project.branches().await.unwrap().len() < 2 {
            assert!(std::time::Instant::now() < deadline, "no temporary branch is made");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        signal(&child, Signal::INT);
        assert_eq!(ended(&mut child, LIMIT).code(), Some(130));
        assert_eq!(fixture.project.branches().await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn ctrl_c_brings_a_change_to_its_end() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        cli.ok("branch create dev --never");
        cli.write("migrations/1_slow.sql", "CREATE TABLE made (); SELECT pg_sleep(2)");
        let mut program = cli.command();
        program.args(["migrate", "apply", "dev"]).stdout(std::process::Stdio::null());
        let mut child = program.stderr(std::process::Stdio::piped()).spawn().unwrap();
        let dev = fixture.project.branch("dev").unwrap();
        let mut session = dev.connect().await.unwrap();
        let deadline = std::time::Instant::now() + LIMIT;
        let sleeping = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'";
        loop {
            let found: i64 = sqlx::query_scalar(sleeping).fetch_one(&mut session).await.unwrap();
            if found > 0 {
                break;
            }
            assert!(std::time::Instant::now() < deadline, "the migration does not begin");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        signal(&child, Signal::INT);
        let said = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert!(said.contains("finishing what has begun"), "{said}");
        assert_eq!(ended(&mut child, LIMIT).code(), Some(130));
        cli.run("migrate status dev").expect(0);
    })
    .await;
}
