//! PostgreSQL processes that a former server left behind.

use std::{
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use crate::local::engine_error::EngineError;

const GRACE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(5);
/// Below a root: the directories in which PostgreSQL and its `initdb` work, and how deep.
const PLACES: [(&str, usize); 4] = [("branches", 3), ("templates", 2), ("staging", 2), ("trash", 2)];

/// Ends every PostgreSQL that works in a data directory below `root`; blocks until they are gone.
///
/// Orphans are found by their working directory: PostgreSQL and its children stay in the data directory, and an
/// unrelated process with a reused pid has another one.
pub(in crate::local) fn stop_orphans(root: &Path) -> Result<(), EngineError> {
    end_all(&|directory| is_data_dir(directory, root), root)
}

/// Ends the processes that a crashed server left in this data directory; blocks until all have ended.
pub(in crate::local) fn stop_orphans_in(data: &Path) -> Result<(), EngineError> {
    end_all(&|directory| directory == data, data)
}

/// The processes that work in a data directory.
#[cfg(test)]
pub(in crate::local) fn working_in(data: &Path) -> Vec<i32> {
    find(&|directory| directory == data, data).unwrap_or_default().iter().map(Orphan::number).collect()
}

fn end_all(works_there: &dyn Fn(&Path) -> bool, within: &Path) -> Result<(), EngineError> {
    let orphans = find(works_there, within)?;
    if orphans.is_empty() {
        return Ok(());
    }
    tracing::info!(count = orphans.len(), "ending PostgreSQL processes that an earlier server left");
    for signal in [Signal::QUIT, Signal::KILL] {
        for orphan in find(works_there, within)? {
            orphan.send(signal);
        }
        let begun = Instant::now();
        while begun.elapsed() < GRACE {
            if find(works_there, within)?.is_empty() {
                return Ok(());
            }
            thread::sleep(PAUSE);
        }
    }
    let left: Vec<_> =
        find(works_there, within)?.iter().map(Orphan::number).map(|pid| pid.to_string()).collect();
    if left.is_empty() {
        return Ok(());
    }
    Err(EngineError::failed(format!(
        "PostgreSQL processes of an earlier server in {} do not end, although they were killed; end them before the next \
         start: {}",
        within.display(),
        left.join(" ")
    )))
}

#[cfg(target_os = "linux")]
use by_directory::{Orphan, find};
#[cfg(not(target_os = "linux"))]
use by_file::{Orphan, find};

/// Linux shows the working directory of each process.
#[cfg(target_os = "linux")]
mod by_directory {
    use std::{fs, os::fd::OwnedFd, path::Path};

    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    use crate::local::engine_error::EngineError;

    /// A process that stays this one, whatever becomes of its number.
    pub(super) struct Orphan {
        pid: Pid,
        handle: OwnedFd,
    }

    impl Orphan {
        pub(super) fn number(&self) -> i32 {
            self.pid.as_raw_nonzero().get()
        }

        pub(super) fn send(&self, signal: Signal) {
            // It may have ended just now.
            let _ = pidfd_send_signal(&self.handle, signal);
        }
    }

    pub(super) fn find(
        works_there: &dyn Fn(&Path) -> bool,
        _within: &Path,
    ) -> Result<Vec<Orphan>, EngineError> {
        let all = Path::new("/proc");
        let processes = fs::read_dir(all).map_err(EngineError::io("list the processes in", all))?;
        let numbers = processes.flatten().filter_map(|process| process.file_name().to_str()?.parse().ok());
        let orphans = numbers
            .filter_map(|number: i32| {
                let entry = Path::new("/proc").join(number.to_string());
                // Most processes work elsewhere, or are not for us to see.
                works_there(&fs::read_link(entry.join("cwd")).ok()?).then_some(())?;
                let pid = Pid::from_raw(number)?;
                let handle = pidfd_open(pid, PidfdFlags::empty()).ok()?;
                let inside = works_there(&fs::read_link(entry.join("cwd")).ok()?);
                let name = fs::read_to_string(entry.join("comm")).ok()?;
                let ours = name.starts_with("postgres") || name.starts_with("initdb");
                (inside && ours).then_some(Orphan { pid, handle })
            })
            .collect();
        Ok(orphans)
    }
}

/// Elsewhere the server's own file says which process it is, and the process's arguments that it is.
#[cfg(not(target_os = "linux"))]
mod by_file {
    use std::path::Path;

    use rustix::process::{Pid, Signal, kill_process};

    use crate::local::engine_error::EngineError;

    pub(super) struct Orphan(Pid);

    impl Orphan {
        pub(super) fn number(&self) -> i32 {
            self.0.as_raw_nonzero().get()
        }

        pub(super) fn send(&self, signal: Signal) {
            // It may have ended just now.
            let _ = kill_process(self.0, signal);
        }
    }

    #[expect(clippy::unnecessary_wraps, reason = "the same as on Linux")]
    pub(super) fn find(
        works_there: &dyn Fn(&Path) -> bool,
        within: &Path,
    ) -> Result<Vec<Orphan>, EngineError> {
        let orphans = walkdir::WalkDir::new(within)
            .max_depth(4)
            .into_iter()
            .flatten()
            .filter(|entry| works_there(entry.path()))
            .filter_map(|entry| {
                let text =
                    crate::local::storage::read_to_string(&entry.path().join("postmaster.pid")).ok()?;
                let number: i32 = text.lines().next()?.trim().parse().ok()?;
                let arguments = std::process::Command::new("ps")
                    .args(["-ww", "-o", "command=", "-p", &number.to_string()])
                    .output()
                    .ok()?;
                let arguments = String::from_utf8_lossy(&arguments.stdout).into_owned();
                let ours =
                    arguments.contains("postgres") && arguments.contains(&*entry.path().to_string_lossy());
                ours.then(|| Pid::from_raw(number).map(Orphan)).flatten()
            })
            .collect();
        Ok(orphans)
    }
}

/// `branches/PROJECT/BRANCH/data` and the like, also after a rename to the trash of a removed one.
fn is_data_dir(path: &Path, root: &Path) -> bool {
    let path = PathBuf::from(path.to_string_lossy().trim_end_matches(" (deleted)"));
    let Ok(inside) = path.strip_prefix(root) else { return false };
    let mut components = inside.iter();
    let place = components.next();
    let depth = components.count();
    PLACES.iter().any(|(name, levels)| {
        // `initdb` works in the parent of the data directory.
        let initdb = *name == "staging" && depth == 1;
        place.is_some_and(|place| place == *name) && (initdb || depth == *levels && path.ends_with("data"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_data_directories_of_this_root_count() {
        let root = Path::new("/srv/lb");
        for inside in [
            "branches/p/b/data",
            "branches/p/b/data (deleted)",
            "staging/1/data",
            "staging/1",
            "trash/1/data",
            "templates/15/data",
        ] {
            assert!(is_data_dir(&root.join(inside), root), "{inside}");
        }
        for outside in
            ["", "branches", "branches/p", "branches/p/b", "branches/p/b/data/base", "other/p/b/data"]
        {
            assert!(!is_data_dir(&root.join(outside), root), "{outside}");
        }
        assert!(!is_data_dir(Path::new("/srv/other/branches/p/b/data"), root));
    }
}
