//! WAL files: names of segments, and the segments that a branch inherits.
//!
//! A finished segment never changes again, as recycling is off. Two branches can therefore share the file
//! itself, on every file system; only a segment that is still written to needs a copy.

use std::{ffi::OsString, fs, os::unix::ffi::OsStrExt, path::Path};

use super::{control_file::ControlFile, names_in, regular};
use crate::local::engine_error::EngineError;

/// Which WAL a branch takes along.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local) struct WalRange {
    /// Segments that begin before this position are not needed.
    pub(in crate::local) from: u64,
    /// Segments that end at or before this position are finished, so that the file is shared.
    pub(in crate::local) finished: u64,
    /// Those after that are copied, if they begin before this position.
    pub(in crate::local) to: u64,
}

impl WalRange {
    /// All WAL of a cluster that is shut down. The next server continues in the segment of the last record, which alone
    /// it needs.
    pub(in crate::local) fn at_rest(data: &Path) -> Result<Self, EngineError> {
        let control = ControlFile::read(data)?;
        if !control.clean {
            let reason = format!("{} was not shut down cleanly", data.display());
            return Err(EngineError::Unsupported { reason });
        }
        let size = segment_size(&data.join("pg_wal"))?;
        let finished = control.redo - control.redo % size;
        Ok(Self { to: control.checkpoint + MAX_CHECKPOINT_RECORD, ..Self::finished(finished) })
    }

    /// All that is finished.
    pub(in crate::local) fn finished(position: u64) -> Self {
        Self { from: 0, finished: position, to: 0 }
    }
}

/// More than a checkpoint record with its page headers takes.
const MAX_CHECKPOINT_RECORD: u64 = 512;

/// A segment by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment {
    pub(super) timeline: u32,
    pub(super) start: u64,
}

/// Where the next segment begins; the position itself where it is the beginning of one.
pub(in crate::local) fn segment_ceiling(data: &Path, position: u64) -> Result<u64, EngineError> {
    let size = segment_size(&data.join("pg_wal"))?;
    Ok(position.next_multiple_of(size))
}

/// Where the segment of a position begins.
pub(in crate::local) fn segment_floor(data: &Path, position: u64) -> Result<u64, EngineError> {
    let size = segment_size(&data.join("pg_wal"))?;
    Ok(position - position % size)
}

pub(super) fn names(wal: &Path) -> Result<impl Iterator<Item = Result<OsString, EngineError>>, EngineError> {
    let entries = fs::read_dir(wal).map_err(EngineError::io("list", wal))?;
    Ok(entries.map(move |entry| entry.map(|entry| entry.file_name()).map_err(EngineError::io("list", wal))))
}

/// The names of the segments in a directory of WAL, sorted, which is the order of the segments of a timeline.
pub(in crate::local) fn segments(wal: &Path) -> Result<Vec<String>, EngineError> {
    let mut names = names_in(wal).map_err(EngineError::io("list", wal))?;
    names.retain(|name| parse(name.as_bytes()).is_some());
    names.sort();
    Ok(names)
}

/// All WAL files of a cluster have one size.
pub(super) fn segment_size(wal: &Path) -> Result<u64, EngineError> {
    let mut found = None;
    for name in names(wal)? {
        let name = name?;
        if parse(name.as_bytes()).is_some() {
            found = Some(wal.join(name));
            break;
        }
    }
    let none = || EngineError::Unsupported { reason: format!("there is no WAL in {}", wal.display()) };
    let path = found.ok_or_else(none)?;
    let size = fs::symlink_metadata(&path).map_err(EngineError::io("read", &path))?.len();
    if size == 0 { Err(none()) } else { Ok(size) }
}

/// The name of the segment that begins at a position.
pub(super) fn segment_name(timeline: u32, start: u64, size: u64) -> String {
    format!("{timeline:08X}{:08X}{:08X}", start >> 32, (start & 0xFFFF_FFFF) / size.max(1))
}

pub(super) fn segment(name: &[u8], size: u64) -> Option<Segment> {
    let (timeline, high, low) = parse(name)?;
    Some(Segment { timeline, start: (u64::from(high) << 32) + u64::from(low) * size })
}

/// The timeline and the two parts of the position in a segment's name.
fn parse(name: &[u8]) -> Option<(u32, u32, u32)> {
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'A'..=b'F');
    let is_name = |name: &&str| name.len() == 24 && name.bytes().all(is_digit);
    let name = std::str::from_utf8(name).ok().filter(is_name)?;
    let part = |range| u32::from_str_radix(name.get(range)?, 16).ok();
    Some((part(0..8)?, part(8..16)?, part(16..24)?))
}

/// The timeline that a file such as `00000002.history` tells of.
pub(super) fn history_file(name: &[u8]) -> Option<u32> {
    let number = name.strip_suffix(b".history").filter(|number| number.len() == 8)?;
    u32::from_str_radix(std::str::from_utf8(number).ok()?, 16).ok()
}

/// The position at which `timeline` branched off its predecessor.
pub(in crate::local) fn timeline_switch_point(data: &Path, timeline: u32) -> Result<u64, EngineError> {
    let path = data.join("pg_wal").join(format!("{timeline:08X}.history"));
    let text = regular::read_to_string(&path).map_err(EngineError::io("read", &path))?;
    let last = text.lines().rfind(|line| line.starts_with(|first: char| first.is_ascii_digit()));
    let position = last.and_then(|line| line.split_whitespace().nth(1));
    position
        .ok_or_else(|| EngineError::failed(format!("{} tells of no switch", path.display())))
        .and_then(super::parse_lsn)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_placed_by_their_names() {
        let start = |name: &str| segment(name.as_bytes(), 1 << 20).map(|segment| segment.start);
        assert_eq!(start("000000010000000000000002"), Some(2 << 20));
        assert_eq!(start("000000010000000200000FFF"), Some((2 << 32) + (0xFFF << 20)));
        assert_eq!(segment_name(1, (2 << 32) + (0xFFF << 20), 1 << 20), "000000010000000200000FFF");
        assert_eq!(start("00000001.history"), None);
        assert_eq!(start("000000010000000000000002.partial"), None);
        assert_eq!(history_file(b"0000000A.history"), Some(10));
        assert_eq!(history_file(b"000000010000000000000002"), None);
    }

    #[test]
    fn other_files_are_no_segments() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = ("000000010000000000000009", "00000001000000000000000A");
        for name in [second, "00000002.history", "archive_status", "00000001000000000000000b", first] {
            fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(segments(dir.path()).unwrap(), [first, second]);
    }

    #[test]
    fn a_position_lies_in_one_segment() {
        let dir = tempfile::tempdir().unwrap();
        let wal = dir.path().join("pg_wal");
        fs::create_dir(&wal).unwrap();
        assert!(segment_ceiling(dir.path(), 450).is_err(), "their size is unknown");
        fs::write(wal.join("000000010000000000000001"), [0; 100]).unwrap();
        let around = |at| (segment_floor(dir.path(), at).unwrap(), segment_ceiling(dir.path(), at).unwrap());
        assert_eq!((around(450), around(500)), ((400, 500), (500, 500)));
    }

    #[test]
    fn the_last_line_of_a_timeline_tells_where_it_began() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("pg_wal")).unwrap();
        let text = "1\t0/3000140\tno reason\n\n2\t1/28\tbefore 2026-01-01\n";
        fs::write(dir.path().join("pg_wal/00000003.history"), text).unwrap();
        assert_eq!(timeline_switch_point(dir.path(), 3).unwrap(), 0x1_0000_0028);
        assert!(timeline_switch_point(dir.path(), 2).is_err());
    }
}
