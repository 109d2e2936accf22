//! Blocks of a branch's files: those of its own, and those that it shares.
//!
//! A file system that shares extents says of each whether another file has it too (`FIEMAP`). It does not say which
//! one: a base of the branch's own history counts as much as another branch.

use std::{
    collections::HashMap,
    fs::{self, File, Metadata},
    io,
    os::unix::fs::MetadataExt as _,
    path::Path,
};

use super::{BranchKey, CloneMethod, Storage, is_directory, regular};
use crate::local::engine_error::EngineError;

/// Bytes on disk of one branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct BranchBlocks {
    /// Of its data, without WAL.
    pub(crate) data: Blocks,
    /// Of its WAL and bases.
    pub(crate) history: Blocks,
}

/// Bytes on disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Blocks {
    /// Of all files.
    pub(crate) all: u64,
    /// Of these, the ones that other files have too; `None` where the file system shares extents and does not tell.
    pub(crate) shared: Option<u64>,
}

impl Blocks {
    /// Bytes that no other file has.
    pub(crate) fn own(self) -> Option<u64> {
        Some(self.all.saturating_sub(self.shared?))
    }
}

impl Storage {
    /// Asks the file system for the extents of all files of a branch, which takes some microseconds for each.
    pub(in crate::local) fn blocks(&self, key: &BranchKey) -> Result<BranchBlocks, EngineError> {
        let dir = self.existing(key)?;
        let shares = self.method()? == CloneMethod::Reflink;
        let (mut data, mut history) = (Count::new(shares), Count::new(shares));
        let measure =
            |dir: &Path, count: &mut Count| count.tree(dir).map_err(EngineError::io("measure", dir));
        for name in entries(&dir.join("data")).map_err(EngineError::io("list", &dir))? {
            let path = dir.join("data").join(&name);
            measure(&path, if name == "pg_wal" { &mut history } else { &mut data })?;
        }
        for name in ["wal", "bases"] {
            let path = dir.join(name);
            if is_directory(&path).map_err(EngineError::io("look for", &path))? {
                measure(&path, &mut history)?;
            }
        }
        Ok(BranchBlocks { data: data.finish(), history: history.finish() })
    }
}

fn entries(dir: &Path) -> io::Result<Vec<std::ffi::OsString>> {
    fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name())).collect()
}

/// The sums of a walk.
struct Count {
    /// Whether extents can be shared here at all.
    shares: bool,
    blocks: Blocks,
    /// Files with several names: the names that were not seen yet, and the bytes that count as own.
    linked: HashMap<(u64, u64), (u64, u64)>,
}

impl Count {
    fn new(shares: bool) -> Self {
        Self { shares, blocks: Blocks { all: 0, shared: Some(0) }, linked: HashMap::new() }
    }

    /// Adds a file or all files of a directory. A server removes some while we look.
    fn tree(&mut self, path: &Path) -> io::Result<()> {
        let found = match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            found => found?,
        };
        if found.is_dir() {
            let names = match entries(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                names => names?,
            };
            return names.iter().try_for_each(|name| self.tree(&path.join(name)));
        }
        if found.is_file() { self.file(path, &found) } else { Ok(()) }
    }

    fn file(&mut self, path: &Path, found: &Metadata) -> io::Result<()> {
        if found.nlink() > 1
            && let Some((unseen, _)) = self.linked.get_mut(&(found.dev(), found.ino()))
        {
            *unseen = unseen.saturating_sub(1);
            return Ok(());
        }
        let all = found.blocks() * 512;
        let shared = match self.shares && all > 0 {
            false => Some(0),
            true => match regular::open(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                file => shared_bytes(&file?)?.map(|shared| shared.min(all)),
            },
        };
        if found.nlink() > 1 {
            let own = all - shared.unwrap_or_default();
            self.linked.insert((found.dev(), found.ino()), (found.nlink() - 1, own));
        }
        self.blocks.all += all;
        self.blocks.shared = self.blocks.shared.zip(shared).map(|(before, shared)| before + shared);
        Ok(())
    }

    /// The sums. A file that has a name elsewhere is shared.
    fn finish(mut self) -> Blocks {
        let elsewhere =
            self.linked.values().filter(|(unseen, _)| *unseen > 0).map(|(_, own)| own).sum::<u64>();
        self.blocks.shared = self.blocks.shared.map(|shared| shared + elsewhere);
        self.blocks
    }
}

/// The bytes of extents that other files have too; `None` where the file system does not tell.
#[cfg(target_os = "linux")]
fn shared_bytes(file: &File) -> io::Result<Option<u64>> {
    use fiemap::{Fiemap, FiemapExtentFlags};
    use rustix::io::Errno;

    /// From file systems without the call, and from filters of system calls.
    const NO_ANSWER: [Errno; 4] = [Errno::OPNOTSUPP, Errno::NOTTY, Errno::NOSYS, Errno::PERM];

    let mut shared = 0;
    for extent in Fiemap::new(file) {
        match extent {
            Ok(extent) if extent.fe_flags.contains(FiemapExtentFlags::SHARED) => shared += extent.fe_length,
            Ok(_) => {}
            Err(error) if Errno::from_io_error(&error).is_some_and(|errno| NO_ANSWER.contains(&errno)) => {
                return Ok(None);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(Some(shared))
}

#[cfg(not(target_os = "linux"))]
fn shared_bytes(_: &File) -> io::Result<Option<u64>> {
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(dir: &Path) -> Blocks {
        let mut count = Count::new(false);
        count.tree(dir).unwrap();
        count.finish()
    }

    #[test]
    fn a_file_that_has_a_name_elsewhere_is_shared_and_one_with_two_names_here_counts_once() {
        let top = tempfile::tempdir().unwrap();
        let (here, there) = (top.path().join("here"), top.path().join("there"));
        fs::create_dir(&here).unwrap();
        fs::create_dir(&there).unwrap();
        for name in ["twice", "elsewhere", "plain"] {
            fs::write(here.join(name), [7; 8192]).unwrap();
        }
        fs::hard_link(here.join("twice"), here.join("again")).unwrap();
        fs::hard_link(here.join("elsewhere"), there.join("elsewhere")).unwrap();
        std::os::unix::fs::symlink("/proc/kcore", here.join("link")).unwrap();
        File::open(here.join("plain")).unwrap().sync_all().unwrap();
        let one = fs::metadata(here.join("plain")).unwrap().blocks() * 512;
        let blocks = counted(&here);
        assert_eq!((blocks.all, blocks.shared), (3 * one, Some(one)));
        assert_eq!(blocks.own(), Some(2 * one));
        assert_eq!(counted(&top.path().join("none")), Blocks { all: 0, shared: Some(0) });
    }

    #[test]
    fn what_is_not_told_is_not_guessed() {
        assert_eq!(Blocks { all: 8192, shared: None }.own(), None);
    }
}
