//! PostgreSQL processes that a former server left behind.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

const GRACE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(5);

/// Ends every PostgreSQL that works in a data directory below `branches`; blocks until they are gone.
///
/// Ours are those whose working directory is one of our data directories: PostgreSQL changes to it and
/// stays, its children too, and a process number that was used again for something else has another.
pub(in crate::local) fn stop_strays(branches: &Path) {
    end_all(|directory| is_data_dir(directory, branches), branches);
}

/// Ends what is left of a server that died in this data directory; blocks until all of it is gone.
pub(in crate::local) fn stop_strays_in(data: &Path) {
    let branches = data.ancestors().nth(3).unwrap_or(data);
    end_all(|directory| directory == data, branches);
}

fn end_all(ours: impl Fn(&Path) -> bool, branches: &Path) {
    let strays = find(&ours, branches);
    if strays.is_empty() {
        return;
    }
    tracing::info!(count = strays.len(), "ending PostgreSQL processes that nobody looks after");
    for signal in [Signal::QUIT, Signal::KILL] {
        for pid in find(&ours, branches) {
            // It may have ended just now.
            let _ = kill_process(pid, signal);
        }
        let begun = Instant::now();
        while begun.elapsed() < GRACE {
            if find(&ours, branches).is_empty() {
                return;
            }
            thread::sleep(PAUSE);
        }
    }
    tracing::warn!("some PostgreSQL processes of a former server would not end");
}

#[cfg(target_os = "linux")]
fn find(ours: impl Fn(&Path) -> bool, _branches: &Path) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes
        .flatten()
        .filter_map(|process| {
            let number: i32 = process.file_name().to_str()?.parse().ok()?;
            let inside = ours(&fs::read_link(process.path().join("cwd")).ok()?);
            let name = fs::read_to_string(process.path().join("comm")).ok()?;
            (inside && name.starts_with("postgres")).then(|| Pid::from_raw(number)).flatten()
        })
        .collect()
}

/// Elsewhere the server's own file says which process it is, and its arguments that it is no other's.
#[cfg(not(target_os = "linux"))]
fn find(ours: impl Fn(&Path) -> bool, branches: &Path) -> Vec<Pid> {
    walkdir::WalkDir::new(branches)
        .min_depth(3)
        .max_depth(3)
        .into_iter()
        .flatten()
        .filter(|entry| ours(entry.path()))
        .filter_map(|entry| {
            let text = fs::read_to_string(entry.path().join("postmaster.pid")).ok()?;
            let number: i32 = text.lines().next()?.trim().parse().ok()?;
            let arguments = std::process::Command::new("ps")
                .args(["-ww", "-o", "command=", "-p", &number.to_string()])
                .output()
                .ok()?;
            let arguments = String::from_utf8_lossy(&arguments.stdout).into_owned();
            let ours = arguments.contains("postgres") && arguments.contains(&*entry.path().to_string_lossy());
            ours.then(|| Pid::from_raw(number)).flatten()
        })
        .collect()
}

/// `branches/PROJECT/BRANCH/data`, also after a rename to the trash of a removed one.
fn is_data_dir(path: &Path, branches: &Path) -> bool {
    let deleted = path.to_string_lossy().trim_end_matches(" (deleted)").to_owned();
    let path = PathBuf::from(deleted);
    path.starts_with(branches)
        && path.ends_with("data")
        && path.components().count() == branches.components().count() + 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_data_directories_of_ours_count() {
        let branches = Path::new("/srv/lb/branches");
        assert!(is_data_dir(Path::new("/srv/lb/branches/p/b/data"), branches));
        assert!(is_data_dir(Path::new("/srv/lb/branches/p/b/data (deleted)"), branches));
        assert!(!is_data_dir(Path::new("/srv/lb/branches"), branches));
        assert!(!is_data_dir(Path::new("/srv/lb/branches/p/b/data/base"), branches));
        assert!(!is_data_dir(Path::new("/srv/other/branches/p/b/data"), branches));
    }
}
