//! Memory and processor time of processes, from `/proc`.

use std::{fs, path::Path, path::PathBuf, time::Duration};

use super::Result;

/// The PostgreSQL processes that work in a directory whose path has `part` in it.
pub(crate) fn working_in(part: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")?.flatten() {
        let numeric = entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit());
        let inside =
            || fs::read_link(entry.path().join("cwd")).is_ok_and(|dir| dir.to_string_lossy().contains(part));
        if numeric && inside() {
            found.push(entry.path());
        }
    }
    Ok(found)
}

/// Bytes of memory that belong to these processes alone.
pub(crate) fn private_memory(processes: &[PathBuf]) -> Result<u64> {
    let mut total = 0;
    for process in processes {
        let rollup = fs::read_to_string(process.join("smaps_rollup"))?;
        let kilobytes = rollup
            .lines()
            .filter(|line| line.starts_with("Private_Clean:") || line.starts_with("Private_Dirty:"))
            .filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        total += kilobytes.sum::<u64>() * 1024;
    }
    Ok(total)
}

/// The programs of the PostgreSQL that this process runs.
pub(crate) fn programs(process: &Path) -> Result<PathBuf> {
    let program = fs::read_link(process.join("exe"))?;
    Ok(program.parent().ok_or("a program without a directory")?.to_owned())
}

/// User and system time of this process and of all of its children that ended, to 10 ms.
pub(crate) fn cpu_time() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(')').next().unwrap_or_default();
    // Fields 14 to 17 of proc_pid_stat(5), counted from after the name; a tick is 10 ms on every Linux.
    let ticks: u64 = fields.split_whitespace().skip(11).take(4).filter_map(|n| n.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 10))
}

/// Time of all threads of this process on a processor.
pub(crate) fn running_time() -> Result<Duration> {
    let mut total = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        let statistics = fs::read_to_string(thread?.path().join("schedstat"))?;
        total += statistics.split_whitespace().next().ok_or("no time")?.parse::<u64>()?;
    }
    Ok(Duration::from_nanos(total))
}
