//! A branch of the database for each branch of the code.

use std::{fs, process::Command};

use super::{Cli, snapshot};
use crate::support::{child::output, fixture::on_a_project};

/// Runs git in the directory of the program; gives whether it succeeded, and what it said.
fn git(cli: &Cli, arguments: &str) -> (bool, String) {
    let program = cli.command();
    let mut git = Command::new("git");
    git.current_dir(cli.path()).args(arguments.split_whitespace());
    for (name, value) in program.get_envs() {
        match value {
            Some(value) => git.env(name, value),
            None => git.env_remove(name),
        };
    }
    git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
        git.env(name, "ada@example.com");
    }
    let ran = output(&mut git);
    (ran.status.success(), String::from_utf8(ran.stderr).unwrap())
}

#[tokio::test]
async fn git_makes_a_branch_for_each_branch_and_commands_use_it() {
    on_a_project(async |fixture| {
        let mut cli = Cli::of(&fixture);
        cli.run("git status").expect(2).says("not a git repository");
        for step in ["init -q -b main", "commit -q --allow-empty -m start"] {
            assert!(git(&cli, step).0, "{step}");
        }
        snapshot!("git_install", cli.json("git install --ttl 2d", 0));
        // Nothing but the repository names the project now.
        cli.variables.retain(|(name, _)| *name != "LAKEBASE_PROJECT");
        cli.run("branch get").expect(0).says("production (the default)");

        let (made, said) = git(&cli, "switch -q -c feature/a");
        assert!(made && said.contains("created feature-a-"), "{said}");
        let url = cli.run("url --no-password").expect(0).says("(git branch feature/a)");
        let branches = fixture.project.branches().await.unwrap();
        let branch = branches.iter().find(|branch| branch.id().as_str().starts_with("feature-a-")).unwrap();
        let ends = branch.expire_time.unwrap() - chrono::Utc::now();
        assert!((46..=48).contains(&ends.num_hours()), "{ends}");
        let host = branch.handle().read_write_endpoint().await.unwrap().unwrap().hosts.host.unwrap();
        assert!(url.stdout.contains(&host), "{url:?}");
        // A git branch with the name of the default branch does not mean it.
        let (made, said) = git(&cli, "switch -q -c production");
        assert!(!made && said.contains("does not get production"), "{said}");
        cli.run("branch get").expect(2).says("the default branch of the project");
        assert!(git(&cli, "switch -q feature/a").0 && git(&cli, "branch -q -D production").0);
        // A worktree has a branch of its own.
        assert!(git(&cli, "worktree add -q -b other worktree").0);
        let mut program = cli.command();
        let shown = output(program.current_dir(cli.path().join("worktree")).args(["branch", "get"]));
        assert!(String::from_utf8(shown.stdout).unwrap().starts_with("other\n"));
        // A checkout of files, and one of no branch, make nothing.
        assert!(git(&cli, "checkout -q --detach").0);
        cli.run("branch get").expect(2).says("no git branch is checked out");
        assert!(git(&cli, "switch -q feature/a").0);
        assert_eq!(fixture.project.branches().await.unwrap().len(), 3);

        let table = cli.ok("git status");
        assert!(
            table.contains("*  feature/a   feature-a-") && table.contains("   main        production"),
            "{table}"
        );
        snapshot!("git_status", cli.json("git status", 0));
        snapshot!("git_sync", cli.json("git sync", 0));

        // Where the branch cannot be made, the checkout fails, and no command takes the default branch instead.
        cli.ok(&format!("branch delete {} --purge --yes", branch.id()));
        cli.run("branch get").expect(2).says("lakebase git sync");
        let token = cli.variables.iter().position(|(name, _)| *name == "DATABRICKS_TOKEN").unwrap();
        let (_, right) =
            std::mem::replace(&mut cli.variables[token], ("DATABRICKS_TOKEN", "wrong".to_owned()));
        let (made, said) = git(&cli, "switch -q -c unmade");
        assert!(!made && said.contains("error:"), "{said}");
        // What needs none works without a login.
        assert!(git(&cli, "checkout -q --detach").0 && git(&cli, "switch -q main").0);
        cli.run("git sync").expect(0).says("belongs to the default branch");
        assert!(!git(&cli, "switch -q unmade").0);
        cli.variables[token].1 = right;
        cli.run("branch get").expect(2).says("has no branch 'unmade'");
        cli.run("git status").expect(1);

        // So it is where git does not read the repository.
        let path = cli.variables.len();
        cli.variables.push(("PATH", "/nowhere".to_owned()));
        cli.run("branch get").expect(2).says("cannot run git").says("see that `git status` works in");
        cli.variables.truncate(path);

        let variables = std::mem::take(&mut cli.variables);
        snapshot!("git_uninstall", cli.json("git uninstall", 0));
        cli.variables = variables;
        assert!(git(&cli, "switch -q -c free").0);
        assert!(!cli.path().join(".git/hooks/post-checkout").exists());
    })
    .await;
}

#[tokio::test]
async fn a_hook_of_ones_own_is_not_replaced() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        assert!(git(&cli, "init -q -b main").0);
        let hook = cli.path().join(".git/hooks/post-checkout");
        fs::create_dir_all(hook.parent().unwrap()).unwrap();
        fs::write(&hook, "#!/bin/sh\n").unwrap();
        cli.run("git install").expect(2).says("is a hook of your own").says("git' 'sync'");
        assert_eq!(fs::read_to_string(&hook).unwrap(), "#!/bin/sh\n");
    })
    .await;
}
