//! Memory of two models: the growth of the peak of a fresh process that reads both.

use std::{fs, process::Command};

use lakebase::schema::{Options, Schema};
use sqlx::{Connection as _, PgConnection};

/// Bytes, measured in a process of its own: what this one has allocated and freed before would hide the growth.
pub(crate) fn in_a_fresh_process(old: &str, new: &str) -> f64 {
    let own = std::env::current_exe().expect("a program has a path");
    let output = Command::new(own).args(["--memory-of", old, new]).output().expect("the bench runs itself");
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim().parse().unwrap_or_else(|_| panic!("{text}{}", String::from_utf8_lossy(&output.stderr)))
}

pub(crate) async fn growth(old: &str, new: &str) -> u64 {
    let mut old = PgConnection::connect(old).await.expect("a connection");
    let mut new = PgConnection::connect(new).await.expect("a connection");
    let begun = peak();
    let options = Options::default();
    let before = Schema::read(&mut old, &options).await.expect("old is read");
    let after = Schema::read(&mut new, &options).await.expect("new is read");
    let grown = peak() - begun;
    drop((before, after));
    grown
}

/// The most memory this process has had in use.
fn peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("Linux tells");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") * 1024
}
