//! The seven scenarios as a user runs them: the built programs, a directory of their own, their output.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::Signal;

use crate::support::{
    child::{kill, line, output},
    directory::directory,
};

const IN_ORDER: [&str; 7] = [
    "00_setup_project",
    "01_data_only",
    "02_schema_to_prod",
    "03_concurrent",
    "04_cicd_ephemeral",
    "05_time_travel",
    "99_cleanup",
];

/// Cargo builds the examples before it runs the tests, beside them.
fn binary(name: &str) -> PathBuf {
    let tests = env::current_exe().unwrap();
    let binary = tests.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(binary.exists(), "{} is not built; run `cargo build --examples`", binary.display());
    binary
}

fn command(name: &str, dir: &Path) -> Command {
    let mut command = Command::new(binary(name));
    command.env("LAKEBASE_LOCAL_DIR", dir.join("data")).env("NO_COLOR", "1");
    for name in ["DATABRICKS_HOST", "DATABRICKS_TOKEN", "DATABRICKS_CONFIG_PROFILE"] {
        command.env_remove(name);
    }
    command
}

#[track_caller]
fn run(name: &str, dir: &Path) -> String {
    run_with(name, dir, &[])
}

#[track_caller]
fn run_with(name: &str, dir: &Path, arguments: &[&str]) -> String {
    let output = output(command(name, dir).args(arguments));
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {}\n{text}\n{errors}", output.status);
    assert!(!text.contains('\u{1b}'), "{name} writes colors into a pipe");
    text
}

/// The expected output of each scenario, which of some depends on whether it is the first run.
#[track_caller]
fn assert_output(name: &str, text: &str, first: bool) {
    let says = |part: &str| assert!(text.contains(part), "{name} does not say {part:?}:\n{text}");
    match name {
        "00_setup_project" => {
            for part in
                ["production (default)", "│ customers   ┆  100 │", "│ order_items ┆  500 │", "Ben Abbott"]
            {
                says(part);
            }
            for part in ["pending", "shipped", "Electronics", "databricks_postgres", "5432"] {
                says(part);
            }
        }
        "01_data_only" => {
            for part in
                ["branch         101 customers", "production     100 customers", "in 23 h 59 min", "equal"]
            {
                says(part);
            }
            assert!(!text.contains("DIFFERENT"), "{text}");
        }
        "02_schema_to_prod" => {
            for part in
                ["character varying(20)", "100/100 customers have a tier", "the same schema", "in 6 d 23 h"]
            {
                says(part);
            }
            for tier in ["bronze", "silver", "gold", "platinum"] {
                says(tier);
            }
            says(if first { "production is untouched" } else { "none: production has the change already" });
        }
        "03_concurrent" => {
            for part in ["email_verified", "priority", "do not conflict", "both columns are on production"] {
                says(part);
            }
            says("both columns are on feature-order-priority-v2");
        }
        "04_cicd_ephemeral" => {
            for part in
                ["2 passed, 1 failed, 3 total", "(missing backfill)", "0 orders over 500", "100 customers"]
            {
                says(part);
            }
        }
        "05_time_travel" => {
            for part in [
                "rows lost      500",
                "rows copied    500",
                "500 rows and the same schema",
                "before-the-accident",
            ] {
                says(part);
            }
        }
        "99_cleanup" => says("1 skipped"),
        other => panic!("no output is expected of {other}"),
    }
}

#[test]
fn every_example_has_its_output_twice_and_in_any_order() {
    let dir = directory();
    for name in IN_ORDER {
        assert_output(name, &run(name, dir.path()), true);
    }
    let cleaned = run("99_cleanup", dir.path());
    assert!(cleaned.contains("0 deleted, 1 skipped"), "{cleaned}");
    for name in IN_ORDER.into_iter().rev() {
        assert_output(name, &run(name, dir.path()), false);
    }
    let gone = run_with("99_cleanup", dir.path(), &["--delete-project"]);
    assert!(gone.contains("project lakebase-branching-developer deleted"), "{gone}");
    let nothing = run("99_cleanup", dir.path());
    assert!(nothing.contains("nothing to do"), "{nothing}");
}

#[test]
fn an_example_that_was_killed_can_be_run_again() {
    let dir = directory();
    run("00_setup_project", dir.path());
    let mut child = command("02_schema_to_prod", dir.path()).stdout(Stdio::piped()).spawn().unwrap();
    // The branch is being created when this line is printed.
    assert!(line(child.stdout.take().unwrap(), |line| line.starts_with("1. ")).is_some());
    kill(child, Signal::KILL);
    assert_output("02_schema_to_prod", &run("02_schema_to_prod", dir.path()), true);
}

#[test]
fn a_wrong_address_ends_with_one_line_that_says_what_to_do() {
    let dir = directory();
    let mut example = command("01_data_only", dir.path());
    example.env("DATABRICKS_HOST", "http://127.0.0.1:1").env("DATABRICKS_TOKEN", "secret-of-the-test");
    let output = output(&mut example);
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert_eq!(errors.lines().count(), 1, "{errors}");
    assert!(errors.contains("127.0.0.1:1"), "{errors}");
    assert!(!errors.contains("secret-of-the-test"), "{errors}");
}
