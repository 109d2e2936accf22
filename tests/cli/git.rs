//! A branch of the database for each branch of the code.

use std::{fs, path::Path, process::Command};

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

/// The line that the help of a refused installation has.
fn line_of(refused: &super::Ran) -> String {
    let help = refused.stderr.lines().find(|line| line.contains("help:")).unwrap();
    help.split_once("again: ").unwrap().1.to_owned()
}

fn write_hook(file: &Path, line: &str) {
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, format!("#!/bin/sh\n{line}\necho mine >&2\n")).unwrap();
    fs::set_permissions(file, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
}

#[tokio::test]
async fn a_hook_of_ones_own_is_not_replaced_and_can_make_branches_too() {
    on_a_project(async |fixture| {
        let cli = Cli::of(&fixture);
        for step in ["init -q -b main", "commit -q --allow-empty -m start"] {
            assert!(git(&cli, step).0, "{step}");
        }
        let hook = cli.path().join(".git/hooks/post-checkout");
        write_hook(&hook, "true");
        let before = fs::read_to_string(&hook).unwrap();
        let refused = cli.run("git install").expect(2).says("is a hook of your own");
        assert_eq!(fs::read_to_string(&hook).unwrap(), before);
        // Nothing is noted, so that the line does nothing yet.
        write_hook(&hook, &line_of(&refused));
        assert!(git(&cli, "switch -q -c early").0);
        cli.run("git status").expect(1);
        cli.ok("git install --main main");
        let (made, said) = git(&cli, "switch -q -c feature/a");
        assert!(made && said.contains("created feature-a-") && said.contains("mine"), "{said}");
        cli.run("git status").expect(0);
        cli.run("git uninstall").expect(0).says("is a hook of your own");
        assert!(hook.exists());
        let (made, said) = git(&cli, "switch -q -c late");
        assert!(made && !said.contains("created"), "{said}");

        // A directory of hooks that other repositories have too.
        let shared = cli.path().join("shared");
        assert!(git(&cli, &format!("config core.hooksPath {}", shared.display())).0);
        let refused = cli.run("git install --main main").expect(2).says("not of this repository alone");
        assert!(!shared.exists(), "nothing is written there");
        write_hook(&shared.join("post-checkout"), &line_of(&refused));
        cli.ok("git install --main main");
        assert!(git(&cli, "switch -q -c feature/b").1.contains("created feature-b-"));
    })
    .await;
}

#[tokio::test]
async fn the_hook_works_in_the_lakebase_for_which_it_was_installed() {
    on_a_project(async |fixture| {
        let mut cli = Cli::of(&fixture);
        for step in ["init -q -b main", "commit -q --allow-empty -m start"] {
            assert!(git(&cli, step).0, "{step}");
        }
        cli.ok("git install");
        let right = std::mem::replace(&mut cli.variables[0].1, "http://127.0.0.1:1".to_owned());
        let (made, said) = git(&cli, "switch -q -c elsewhere");
        assert!(
            !made && said.contains("DATABRICKS_HOST is not http") && said.contains("git install"),
            "{said}"
        );
        cli.variables[0].1 = right;
        let branches = fixture.project.branches().await.unwrap();
        assert_eq!(branches.len(), 1, "{branches:?}");

        // A profile counts, whatever is set.
        let profile = format!("[work]\nhost = {}\ntoken = {}\n", cli.variables[0].1, cli.variables[1].1);
        cli.write(".databrickscfg", &profile);
        let variables = cli.variables.clone();
        cli.variables.retain(|(name, _)| !name.starts_with("DATABRICKS"));
        cli.ok("git install --main main --profile work");
        cli.variables = variables;
        cli.variables[0].1 = "http://127.0.0.1:1".to_owned();
        cli.variables[2].1 = "another".to_owned();
        let (made, said) = git(&cli, "switch -q -c feature/c");
        assert!(made && said.contains("created feature-c-") && said.contains("profile work"), "{said}");
    })
    .await;
}
