//! How soon the program is ready.

use std::{path::Path, process::Stdio, time::Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::Command,
};

use super::{
    Effort, Result,
    disk::Disk,
    table::{Goal, Table, Unit::Milliseconds, milliseconds},
};

/// On the data directory that the other rows left, and on new ones.
pub(crate) async fn existing(disk: &Disk, effort: &Effort, table: &mut Table) -> Result<()> {
    let what = format!("serve on an existing data directory → ready, {}", disk.name);
    if table.wants(&what) {
        let mut samples = Vec::new();
        for _ in 0..effort.serves {
            samples.push(time_to_ready(&disk.dir.join("data"), table.durability()).await?);
        }
        table.add(&what, Goal::AtMost(200.0), Milliseconds, samples);
    }
    let what = format!("serve on a new data directory → ready, {}", disk.name);
    if table.wants(&what) {
        let mut samples = Vec::new();
        for _ in 0..effort.serves {
            let dir = disk.dir.join("new");
            samples.push(time_to_ready(&dir, table.durability()).await?);
            std::fs::remove_dir_all(&dir)?;
        }
        table.add(&what, Goal::AtMost(1500.0), Milliseconds, samples);
    }
    Ok(())
}

/// From the start of the program to the line that says that it is ready.
pub(crate) async fn time_to_ready(data_dir: &Path, durability: String) -> Result<f64> {
    let begun = Instant::now();
    let mut child = Command::new(env!("CARGO_BIN_EXE_lakebase-local"))
        .args(["serve", "--listen", "127.0.0.1:0", "--durability", &durability, "--data-dir"])
        .arg(data_dir)
        .env("RUST_LOG", "error")
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let stdout = child.stdout.take().ok_or("no output")?;
    let line = BufReader::new(stdout).lines().next_line().await?.ok_or("lakebase-local did not start")?;
    let taken = begun.elapsed();
    if !line.starts_with('{') {
        return Err(format!("not a ready line: {line}").into());
    }
    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).ok_or("it ended at once")?;
    kill_process(pid, Signal::TERM)?;
    child.wait().await?;
    Ok(milliseconds(taken))
}
