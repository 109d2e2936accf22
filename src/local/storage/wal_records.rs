//! Records in the WAL: whether some of them set sequences.
//!
//! PostgreSQL logs a sequence 32 values ahead, so that a replay leaves a gap in it. Layout of WAL pages and records as in
//! PostgreSQL 15 to 18 (`access/xlog_internal.h`, `access/xlogrecord.h`, `access/rmgrlist.h`).

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
};

use super::{regular, wal};

const PAGE: u64 = 8192;
/// Of a page, and of the first one of a segment.
const PAGE_HEADERS: [u64; 2] = [24, 40];
/// Total length (4 bytes), transaction (4), previous record (8), info (1), resource manager (1), padding (2), checksum (4).
const RECORD_HEADER: usize = 24;
const ALIGNMENT: u64 = 8;

const RESOURCE_MANAGER_XLOG: u8 = 0;
const RESOURCE_MANAGER_SEQUENCE: u8 = 15;
/// Ends the records of a segment.
const XLOG_SWITCH: u8 = 0x40;
/// The high bits belong to the resource manager.
const INFO_MASK: u8 = 0xF0;

/// Whether a record between two positions sets a sequence. Both are beginnings of records, or ends.
///
/// # Errors
///
/// Where a segment is missing or is not understood.
pub(super) fn set_sequences(wal: &Path, timeline: u32, from: u64, to: u64) -> io::Result<bool> {
    let size = wal::segment_size(wal).map_err(|error| io::Error::other(error.to_string()))?;
    let mut reader = Reader { wal: wal.to_owned(), timeline, size, open: None };
    let (mut position, mut previous) = (from, None);
    while let Some(start) = Some(reader.beginning(position)).filter(|start| *start < to) {
        let mut header = [0; RECORD_HEADER];
        reader.read(start, &mut header)?;
        let Header { length, before, info, manager } = Header::parse(&header);
        if length < RECORD_HEADER as u64 || previous.is_some_and(|previous| previous != before) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, format!("no record begins at {start:X}")));
        }
        if manager == RESOURCE_MANAGER_SEQUENCE {
            return Ok(true);
        }
        previous = Some(start);
        position = match (manager, info & INFO_MASK) {
            (RESOURCE_MANAGER_XLOG, XLOG_SWITCH) => start - start % size + size,
            _ => reader.after(start, length).next_multiple_of(ALIGNMENT),
        };
    }
    Ok(false)
}

struct Header {
    length: u64,
    before: u64,
    info: u8,
    manager: u8,
}

impl Header {
    fn parse(bytes: &[u8; RECORD_HEADER]) -> Self {
        let [l0, l1, l2, l3, _, _, _, _, b0, b1, b2, b3, b4, b5, b6, b7, info, manager, ..] = *bytes;
        Self {
            length: u64::from(u32::from_ne_bytes([l0, l1, l2, l3])),
            before: u64::from_ne_bytes([b0, b1, b2, b3, b4, b5, b6, b7]),
            info,
            manager,
        }
    }
}

/// Reads what lies between the headers of pages.
struct Reader {
    wal: PathBuf,
    timeline: u32,
    size: u64,
    open: Option<(u64, File)>,
}

impl Reader {
    /// The position itself, or that behind the header of the page that begins there.
    fn beginning(&self, position: u64) -> u64 {
        match (position % PAGE, position % self.size) {
            (0, 0) => position + PAGE_HEADERS[1],
            (0, _) => position + PAGE_HEADERS[0],
            _ => position,
        }
    }

    /// The position behind so many bytes.
    fn after(&self, mut position: u64, mut length: u64) -> u64 {
        loop {
            position = self.beginning(position);
            let rest = PAGE - position % PAGE;
            if length <= rest {
                return position + length;
            }
            (position, length) = (position + rest, length - rest);
        }
    }

    fn read(&mut self, mut position: u64, mut buffer: &mut [u8]) -> io::Result<()> {
        while !buffer.is_empty() {
            position = self.beginning(position);
            let rest = usize::try_from(PAGE - position % PAGE).unwrap_or_default().min(buffer.len());
            let (now, later) = buffer.split_at_mut(rest);
            let (offset, segment) = (position % self.size, position - position % self.size);
            self.segment(segment)?.read_exact_at(now, offset)?;
            (position, buffer) = (position + rest as u64, later);
        }
        Ok(())
    }

    fn segment(&mut self, start: u64) -> io::Result<&File> {
        if self.open.as_ref().is_none_or(|(open, _)| *open != start) {
            let name = wal::segment_name(self.timeline, start, self.size);
            self.open = Some((start, regular::open(&self.wal.join(name))?));
        }
        self.open.as_ref().map(|(_, file)| file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEGMENT: u64 = 1 << 20;

    /// Writes records one after the other from the beginning of the first segment, as PostgreSQL places them; returns
    /// where each begins, and the end.
    fn written(dir: &Path, records: &[(u8, u8, usize)]) -> Vec<u64> {
        let mut bytes = vec![0; 2 * usize::try_from(SEGMENT).unwrap()];
        let reader = Reader { wal: dir.to_owned(), timeline: 1, size: SEGMENT, open: None };
        let (mut position, mut starts) = (SEGMENT, Vec::<u64>::new());
        for (manager, info, length) in records {
            position = reader.beginning(position);
            let mut record = vec![0xEE; *length];
            record[..4].copy_from_slice(&u32::try_from(*length).unwrap().to_ne_bytes());
            record[8..16].copy_from_slice(&starts.last().copied().unwrap_or_default().to_ne_bytes());
            (record[16], record[17]) = (*info, *manager);
            starts.push(position);
            for (n, byte) in record.into_iter().enumerate() {
                let at = reader.beginning(reader.after(position, n as u64));
                bytes[usize::try_from(at - SEGMENT).unwrap()] = byte;
            }
            position = match info {
                &XLOG_SWITCH if *manager == 0 => 2 * SEGMENT,
                _ => reader.after(position, *length as u64).next_multiple_of(ALIGNMENT),
            };
        }
        starts.push(position);
        for (n, segment) in bytes.chunks(usize::try_from(SEGMENT).unwrap()).enumerate() {
            let name = wal::segment_name(1, SEGMENT * (n as u64 + 1), SEGMENT);
            std::fs::write(dir.join(name), segment).unwrap();
        }
        starts
    }

    #[test]
    fn a_sequence_is_found_behind_records_that_cross_pages_and_segments() {
        let dir = tempfile::tempdir().unwrap();
        let lengths = [30, 8100, 8192, 20_000, 26, 41, 8130, 24, 100_000, 900_000];
        let mut records: Vec<_> = lengths.map(|length| (10, 0, length)).into();
        records.push((RESOURCE_MANAGER_XLOG, XLOG_SWITCH, 24));
        records.push((RESOURCE_MANAGER_SEQUENCE, 0, 99));
        records.push((10, 0, 50));
        let starts = written(dir.path(), &records);
        let found = |from: usize, to: usize| set_sequences(dir.path(), 1, starts[from], starts[to]).unwrap();
        assert!(!found(0, 11));
        assert!(found(0, 12));
        assert!(found(11, 13));
        assert!(!found(12, 13));
    }

    #[test]
    fn what_is_no_record_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let starts = written(dir.path(), &[(10, 0, 100), (10, 0, 100)]);
        let end = starts[2];
        assert!(!set_sequences(dir.path(), 1, starts[0], end).unwrap());
        assert!(set_sequences(dir.path(), 1, starts[0] + 8, end).is_err());
        assert!(set_sequences(dir.path(), 1, starts[0], end + 8).is_err(), "zeros follow");
        assert!(set_sequences(dir.path(), 2, starts[0], end).is_err(), "there is no such timeline");
    }
}
