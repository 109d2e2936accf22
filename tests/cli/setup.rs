//! The first steps: a project remembered, the machine checked, completions, manual pages.

use std::process::Stdio;

use rustix::process::Signal;

use super::{Cli, snapshot};
use crate::support::{
    child::{LIMIT, ended, signal},
    fixture::{fresh_id, on_a_project},
};

#[tokio::test]
async fn a_project_is_created_and_remembered_beside_the_code() {
    on_a_project(async |fixture| {
        let mut cli = Cli::of(&fixture);
        cli.variables.retain(|(name, _)| *name != "LAKEBASE_PROJECT");
        let existing = cli.project.clone();
        cli.run("init").expect(2).says("there is no terminal").says(&existing);
        cli.project = fresh_id("init");
        let created = cli.json(&format!("init {} --migrations db", cli.project), 0);
        snapshot!("init", created);
        let text = std::fs::read_to_string(cli.path().join("lakebase.toml")).unwrap();
        assert!(text.contains(&format!("project = \"{}\"\nmigrations = \"db\"", cli.project)), "{text}");
        std::fs::create_dir(cli.path().join("src")).unwrap();
        let mut git = std::process::Command::new("git");
        assert!(git.args(["init", "-q"]).current_dir(cli.path()).status().unwrap().success());
        let mut program = cli.command();
        let ran = crate::support::child::output(program.current_dir(cli.path().join("src")).arg("tree"));
        assert!(String::from_utf8(ran.stdout).unwrap().starts_with(&cli.project));
        cli.run(&format!("init {existing}")).expect(2).says("add --yes");
        cli.run(&format!("init {existing} --yes")).expect(0).says("remembers project");
        cli.write("lakebase.toml", "token = 'x'");
        cli.run("tree").expect(2).says("unknown field `token`");
        fixture.lakebase.project(cli.project.as_str()).unwrap().delete().purge().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn the_doctor_says_what_works_and_what_to_do() {
    on_a_project(async |fixture| {
        let mut cli = Cli::of(&fixture);
        let report = cli.ok("doctor");
        for line in [
            "✓ login",
            "✓ project",
            "✓ database    PostgreSQL ",
            "✓ psql",
            "postgres",
            "reflinks",
            "addresses",
        ] {
            assert!(report.contains(line), "{line}: {report}");
        }
        assert!(report.contains("! settings") && report.contains("→ `lakebase init` writes one"), "{report}");
        let mut checks = cli.json("doctor", 0);
        for check in checks["checks"].as_array_mut().unwrap() {
            // They differ between machines.
            if ["psql", "postgres", "reflinks", "addresses"].iter().any(|name| check["check"] == *name) {
                check["outcome"] = "[outcome]".into();
                check["remedy"] = "[remedy]".into();
            }
        }
        snapshot!("doctor", checks);
        cli.variables[1].1 = "wrong".to_owned();
        let report = cli.run("doctor").expect(1).stdout;
        assert!(report.contains("✗ login") && !report.contains("wrong"), "{report}");
        let alone = Cli::alone().run("doctor").expect(1).stdout;
        assert!(
            alone.contains("✗ lakebase") && alone.contains("→ start it with `lakebase local start`"),
            "{alone}"
        );
    })
    .await;
}

#[test]
fn completions_and_manual_pages_are_printed() {
    let cli = Cli::alone();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        assert!(cli.ok(&format!("completions {shell}")).contains("lakebase"), "{shell}");
    }
    snapshot!("completions", cli.json("completions bash", 0));
    assert!(cli.ok("man").starts_with(".ie"));
    snapshot!("man", cli.json("man --dir pages", 0));
    let pages: Vec<_> = std::fs::read_dir(cli.path().join("pages")).unwrap().collect();
    assert!(pages.len() > 30, "{pages:?}");
}

#[tokio::test]
async fn a_project_is_remembered_with_the_lakebase_that_it_is_in() {
    on_a_project(async |fixture| {
        let mut cli = Cli::of(&fixture);
        let host = &cli.variables[0].1;
        cli.write(".databrickscfg", &format!("[work]\nhost = {host}\ntoken = {}\n", cli.variables[1].1));
        cli.write("lakebase.toml", &format!("project = \"{}\"\nprofile = \"work\"\n", cli.project));
        // The environment chooses another Lakebase than the file.
        let init = format!("init {}", cli.project);
        cli.run(&init).expect(2).says("names the profile work, and will name none").says("add --yes");
        let text = || std::fs::read_to_string(cli.path().join("lakebase.toml")).unwrap();
        assert!(text().contains("profile"), "{}", text());
        cli.run(&format!("{init} --yes")).expect(0);
        assert!(!text().contains("profile"), "{}", text());
        cli.variables.retain(|(name, _)| !name.starts_with("DATABRICKS"));
        cli.run(&format!("{init} --profile work")).expect(0);
        let text = std::fs::read_to_string(cli.path().join("lakebase.toml")).unwrap();
        assert!(text.contains("profile = \"work\""), "{text}");
        cli.run(&init).expect(0).says("profile work of lakebase.toml");
    })
    .await;
}

#[test]
fn ctrl_c_ends_the_doctor_as_it_ends_other_commands() {
    // Accepts connections, and says nothing.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut cli = Cli::alone();
    cli.variables.push(("DATABRICKS_HOST", format!("http://{}", silent.local_addr().unwrap())));
    cli.variables.push(("DATABRICKS_TOKEN", "t0".to_owned()));
    let mut program = cli.command();
    program.arg("doctor").stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = program.spawn().unwrap();
    let _asking = silent.accept().unwrap();
    signal(&child, Signal::INT);
    assert_eq!(ended(&mut child, LIMIT).code(), Some(130));
}
