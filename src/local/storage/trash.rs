//! Deletion of directories: moved away by one rename, then deleted by a background thread.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use tokio::sync::watch;

/// Directories that may wait to be deleted before removals wait for them. Deleting can be slower than cloning (a disk
/// that discards freed blocks at once), and without a limit the trash would grow until the disk is full.
const MAX_WAITING: usize = 32;

/// The trash directory and the thread that empties it.
#[derive(Debug)]
pub(super) struct Trash {
    dir: PathBuf,
    bin: mpsc::Sender<PathBuf>,
    waiting: watch::Sender<usize>,
    stopped: Arc<AtomicBool>,
}

impl Trash {
    /// Starts emptying `dir`, with what a former server left in it.
    pub(super) fn open(dir: PathBuf) -> io::Result<Self> {
        let (bin, full) = mpsc::channel::<PathBuf>();
        let waiting = watch::Sender::new(0_usize);
        let stopped = Arc::new(AtomicBool::new(false));
        let (done, is_stopped) = (waiting.clone(), Arc::clone(&stopped));
        thread::Builder::new().name("lakebase-trash".to_owned()).spawn(move || {
            yield_to_others();
            for path in full {
                let removed = if is_stopped.load(Ordering::SeqCst) { Ok(()) } else { remove(&path) };
                if let Err(error) = removed {
                    tracing::warn!(path = %path.display(), %error, "deleting a discarded directory; the next start tries again");
                }
                done.send_modify(|count| *count = count.saturating_sub(1));
            }
        })?;
        let trash = Self { dir, bin, waiting, stopped };
        for entry in fs::read_dir(&trash.dir)? {
            trash.put(entry?.path());
        }
        Ok(trash)
    }

    /// Moves `path` here under a `name` of its own.
    pub(super) fn take(&self, path: &Path, name: &str) -> io::Result<()> {
        let target = self.dir.join(name);
        fs::rename(path, &target)?;
        self.put(target);
        Ok(())
    }

    /// Leaves all but the directory that is being deleted to the next start.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
    }

    /// Waits until nothing is left to delete.
    pub(super) async fn emptied(&self) {
        self.at_most(0).await;
    }

    /// Waits until at most [`MAX_WAITING`] directories are left to delete.
    pub(super) async fn wait_for_room(&self) {
        self.at_most(MAX_WAITING).await;
    }

    async fn at_most(&self, most: usize) {
        let mut waiting = self.waiting.subscribe();
        // The sender lives as long as we do.
        let _ = waiting.wait_for(|count| *count <= most).await;
    }

    fn put(&self, path: PathBuf) {
        self.waiting.send_modify(|count| *count += 1);
        // The thread ends only after the sender was dropped.
        let _ = self.bin.send(path);
    }
}

/// Creating branches has priority over deleting them. Only Linux has priorities per thread.
fn yield_to_others() {
    #[cfg(target_os = "linux")]
    let _ = rustix::process::setpriority_process(None, 19);
}

fn remove(path: &Path) -> io::Result<()> {
    let removed = path
        .symlink_metadata()
        .and_then(|meta| if meta.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) });
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_removal_waits_while_too_much_is_left_to_delete() {
        let dir = tempfile::tempdir().unwrap();
        let trash = Trash::open(dir.path().to_owned()).unwrap();
        trash.waiting.send_replace(MAX_WAITING + 1);
        assert_eq!(trash.wait_for_room().now_or_never(), None);
        trash.waiting.send_replace(MAX_WAITING);
        assert_eq!(trash.wait_for_room().now_or_never(), Some(()));
        assert_eq!(trash.emptied().now_or_never(), None);
    }
    #[tokio::test]
    async fn nothing_is_deleted_once_it_has_stopped_and_the_next_start_goes_on() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("trash/left")).unwrap();
        fs::create_dir(dir.path().join("discarded")).unwrap();
        let open = || Trash::open(dir.path().join("trash")).unwrap();
        let trash = open();
        trash.emptied().await;
        trash.stop();
        trash.take(&dir.path().join("discarded"), "late").unwrap();
        trash.emptied().await;
        assert!(dir.path().join("trash/late").is_dir() && !dir.path().join("trash/left").exists());
        open().emptied().await;
        assert!(!dir.path().join("trash/late").exists());
    }
}
