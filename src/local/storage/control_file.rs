//! PostgreSQL's `global/pg_control`: the values that are needed of it, and the state of a base.

use std::path::Path;

use super::regular;
use crate::local::engine_error::EngineError;

/// The state that a cluster records of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local) struct ControlFile {
    /// Whether the last server shut down cleanly, so that no WAL needs replaying.
    pub(in crate::local) clean: bool,
    /// Where the last checkpoint record lies.
    pub(in crate::local) checkpoint: u64,
    /// Where replay would begin.
    pub(in crate::local) redo: u64,
    /// The timeline of that checkpoint.
    pub(in crate::local) timeline: u32,
}

/// `DB_SHUTDOWNED` of PostgreSQL's `DBState`.
const SHUT_DOWN: u32 = 1;
/// `DB_IN_ARCHIVE_RECOVERY` of the same.
const IN_RECOVERY: u32 = 5;

impl ControlFile {
    pub(in crate::local) fn read(data: &Path) -> Result<Self, EngineError> {
        let path = data.join("global/pg_control");
        Self::of(&regular::read(&path).map_err(EngineError::io("read", &path))?, data)
    }

    /// The values in the bytes of the file of a data directory.
    pub(super) fn of(bytes: &[u8], data: &Path) -> Result<Self, EngineError> {
        let reason = || format!("the pg_control of {} is too short", data.display());
        Self::parse(bytes).ok_or_else(|| EngineError::Unsupported { reason: reason() })
    }

    /// The start of the file has been the same since PostgreSQL 11: system identifier (8 bytes),
    /// two versions (4 + 4), state (4, padded to 8), time (8), checkpoint (8), redo (8).
    fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
        let half = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
        let clean = half(16)? == SHUT_DOWN;
        Some(Self { clean, checkpoint: word(32)?, redo: word(40)?, timeline: half(48)? })
    }

    /// Reads the file until two readings agree: a running server may be writing it.
    pub(in crate::local) fn stable_bytes(data: &Path) -> Result<Vec<u8>, EngineError> {
        let path = data.join("global/pg_control");
        let read = || regular::read(&path).map_err(EngineError::io("read", &path));
        let mut bytes = read()?;
        loop {
            let again = read()?;
            if again == bytes {
                return Ok(bytes);
            }
            bytes = again;
        }
    }

    /// The control file of a standby that was killed: PostgreSQL continues its recovery at the checkpoint that `bytes`
    /// names, and takes the files for consistent once it has replayed up to `consistent`.
    ///
    /// The positions of the fields are those of PostgreSQL 15 to 18, and the checksum says whether they are right.
    pub(in crate::local) fn of_standby(bytes: &[u8], consistent: u64) -> Result<Vec<u8>, EngineError> {
        let unknown = || EngineError::Unsupported { reason: "pg_control has an unknown layout".to_owned() };
        let own = Self::parse(bytes).ok_or_else(unknown)?;
        let sum_at = |at: usize| bytes.get(at..at + 4)?.try_into().ok().map(u32::from_ne_bytes);
        let fits = |at: &usize| bytes.get(..*at).is_some_and(|body| sum_at(*at) == Some(crc32c(body)));
        let sum = CHECKSUMS.step_by(4).find(fits).ok_or_else(unknown)?;
        let mut changed = bytes.to_vec();
        let mut put = |at: usize, value: &[u8]| {
            if let Some(field) = changed.get_mut(at..at + value.len()) {
                field.copy_from_slice(value);
            }
        };
        put(16, &IN_RECOVERY.to_ne_bytes());
        put(MIN_RECOVERY_POINT, &consistent.to_ne_bytes());
        put(MIN_RECOVERY_POINT + 8, &own.timeline.to_ne_bytes());
        let checksum = crc32c(changed.get(..sum).unwrap_or_default());
        if let Some(field) = changed.get_mut(sum..sum + 4) {
            field.copy_from_slice(&checksum.to_ne_bytes());
        }
        Ok(changed)
    }
}

/// The position and, behind it, the timeline from which on a recovered cluster is consistent.
const MIN_RECOVERY_POINT: usize = 136;
/// The checksum follows the last field, which differs by version.
const CHECKSUMS: std::ops::Range<usize> = 256..324;

/// CRC-32C, bit by bit: the file has less than 300 bytes.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| (sum >> 1) ^ (0x82F6_3B78 & (sum & 1).wrapping_neg()))
    })
}

/// Reads a position as PostgreSQL prints it, such as `0/2000028`.
pub(in crate::local) fn parse_lsn(text: &str) -> Result<u64, EngineError> {
    let parts = text.split_once('/').and_then(|(high, low)| {
        let part = |text| u32::from_str_radix(text, 16).ok().map(u64::from);
        Some((part(high)? << 32) + part(low)?)
    });
    parts.ok_or_else(|| EngineError::failed(format!("PostgreSQL gave {text:?} for a WAL position")))
}

/// Prints a position the way PostgreSQL does.
pub(in crate::local) fn format_lsn(lsn: u64) -> String {
    format!("{:X}/{:X}", lsn >> 32, lsn & 0xFFFF_FFFF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_control_file_is_refused() {
        assert_eq!(ControlFile::parse(&[0; 51]), None);
        assert!(ControlFile::of_standby(&[1; 8192], 7).is_err());
    }

    #[test]
    fn the_checksum_is_that_of_postgres() {
        assert_eq!(crc32c(b"123456789"), 0xE306_9283);
    }

    #[test]
    fn the_state_and_positions_are_where_postgres_puts_them() {
        let mut bytes = [0_u8; 512];
        bytes[16..20].copy_from_slice(&1_u32.to_ne_bytes());
        bytes[32..40].copy_from_slice(&0x1_0000_0028_u64.to_ne_bytes());
        let control = ControlFile::parse(&bytes).unwrap();
        assert!(control.clean);
        assert_eq!(format_lsn(control.checkpoint), "1/28");
    }
}
