//! Blocks of relation files that were written after a position of the write-ahead log, as their headers say.

use std::{
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    str::FromStr,
};

use super::regular;

/// More ranges than these are no help: nearly everything was written.
const MOST_RANGES: usize = 1 << 16;

/// Half-open ranges of blocks, ascending and apart from each other.
pub(crate) type BlockRanges = Vec<(u32, u32)>;

/// The main fork of a relation, as PostgreSQL names its path: `base/5/16384`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RelationFile {
    /// The oid of the database.
    pub(in crate::local) database: u32,
    number: u32,
}

impl FromStr for RelationFile {
    type Err = ();

    fn from_str(path: &str) -> Result<Self, ()> {
        let mut parts = path.split('/');
        let ("base", Some(database), Some(number), None) =
            (parts.next().unwrap_or_default(), parts.next(), parts.next(), parts.next())
        else {
            return Err(());
        };
        let number_of = |text: &str| match text.bytes().all(|byte| byte.is_ascii_digit()) {
            true => text.parse().map_err(|_| ()),
            false => Err(()),
        };
        Ok(Self { database: number_of(database)?, number: number_of(number)? })
    }
}

/// The sizes of which PostgreSQL makes files, which are fixed when it is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local) struct FileSizes {
    /// Bytes of a block.
    pub(in crate::local) block: u64,
    /// Blocks of a segment.
    pub(in crate::local) segment: u32,
}

/// The blocks of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::local) struct Written {
    blocks: u32,
    ranges: BlockRanges,
}

impl Written {
    /// Reads which blocks were written after a position; `None` if that is nearly all. What a server has in memory is not
    /// seen: it has to write that out before.
    pub(in crate::local) fn since(
        data: &Path,
        file: RelationFile,
        position: u64,
        sizes: FileSizes,
    ) -> io::Result<Option<Self>> {
        let mut written = Self::default();
        for segment in 0.. {
            let open = match regular::open(&path(data, file, segment)) {
                Err(error) if segment > 0 && error.kind() == io::ErrorKind::NotFound => break,
                open => open?,
            };
            let blocks = u32::try_from(open.metadata()?.len() / sizes.block).map_err(io::Error::other)?;
            for block in 0..blocks {
                let mut header = [0; 8];
                open.read_exact_at(&mut header, u64::from(block) * sizes.block)?;
                let last = position_of(header);
                // A block of zeros was added, or put back after the file had been cut, and is in no log by itself.
                if last > position || last == 0 {
                    written.add(segment * sizes.segment + block);
                }
            }
            written.blocks = segment * sizes.segment + blocks;
            if written.ranges.len() > MOST_RANGES {
                return Ok(None);
            }
            if blocks < sizes.segment {
                break;
            }
        }
        Ok(Some(written))
    }

    fn add(&mut self, block: u32) {
        match self.ranges.last_mut() {
            Some(last) if last.1 == block => last.1 += 1,
            _ => self.ranges.push((block, block + 1)),
        }
    }

    /// The blocks of two copies of one file that can differ: those that were written in one of them, and those that only
    /// one has, because the other was cut.
    pub(in crate::local) fn either(self, other: Self) -> BlockRanges {
        let ends = (self.blocks.min(other.blocks), self.blocks.max(other.blocks));
        let mut all: BlockRanges = self.ranges.into_iter().chain(other.ranges).collect();
        all.extend((ends.0 < ends.1).then_some(ends));
        all.sort_unstable();
        let mut merged = BlockRanges::new();
        for (from, to) in all {
            match merged.last_mut() {
                Some(last) if last.1 >= from => last.1 = last.1.max(to),
                _ => merged.push((from, to)),
            }
        }
        merged
    }
}

/// The position in the header of a block: two numbers, the higher one first.
fn position_of([a, b, c, d, e, f, g, h]: [u8; 8]) -> u64 {
    let [high, low] = [[a, b, c, d], [e, f, g, h]].map(|half| u64::from(u32::from_ne_bytes(half)));
    high << 32 | low
}

fn path(data: &Path, file: RelationFile, segment: u32) -> PathBuf {
    let RelationFile { database, number } = file;
    let suffix = if segment == 0 { String::new() } else { format!(".{segment}") };
    data.join(format!("base/{database}/{number}{suffix}"))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const SIZES: FileSizes = FileSizes { block: 16, segment: 3 };

    fn block(position: u64) -> Vec<u8> {
        let halves = [(position >> 32) as u32, position as u32].map(u32::to_ne_bytes);
        [halves.concat(), vec![7; 8]].concat()
    }

    fn files(segments: &[&[u64]]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("base/5")).unwrap();
        for (at, positions) in segments.iter().enumerate() {
            let file: RelationFile = "base/5/16384".parse().unwrap();
            let bytes: Vec<u8> = positions.iter().flat_map(|position| block(*position)).collect();
            fs::write(path(dir.path(), file, at as u32), bytes).unwrap();
        }
        dir
    }

    fn since(segments: &[&[u64]], position: u64) -> Written {
        let dir = files(segments);
        Written::since(dir.path(), "base/5/16384".parse().unwrap(), position, SIZES).unwrap().unwrap()
    }

    #[test]
    fn blocks_after_a_position_are_found_in_all_segments() {
        let at = 1 << 32;
        let written = since(&[&[at, at + 1, at + 9], &[at + 2, at - 1, 0], &[at + 5]], at);
        assert_eq!(written, Written { blocks: 7, ranges: vec![(1, 4), (5, 7)] });
        assert_eq!(since(&[&[1, 2, 3], &[]], 9), Written { blocks: 3, ranges: vec![] });
    }

    #[test]
    fn two_copies_differ_where_one_was_written_or_cut() {
        let long = Written { blocks: 9, ranges: vec![(0, 2), (4, 5)] };
        let short = Written { blocks: 6, ranges: vec![(1, 3), (5, 6)] };
        assert_eq!(long.clone().either(short.clone()), [(0, 3), (4, 9)]);
        assert_eq!(short.either(long), [(0, 3), (4, 9)]);
        assert_eq!(Written::default().either(Written::default()), []);
    }

    #[test]
    fn only_paths_of_relations_are_paths() {
        assert!("base/5/16384".parse::<RelationFile>().is_ok());
        for path in [
            "base/5",
            "global/1262",
            "base/5/../1",
            "base/5/16384.1",
            "/base/5/1",
            "base/+5/1",
            "base/5/1/2",
            "",
        ] {
            assert!(path.parse::<RelationFile>().is_err(), "{path}");
        }
    }
}
