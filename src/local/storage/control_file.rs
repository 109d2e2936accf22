//! Reads the values we need from PostgreSQL's `global/pg_control`.

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
}

/// `DB_SHUTDOWNED` of PostgreSQL's `DBState`.
const SHUT_DOWN: u32 = 1;

impl ControlFile {
    pub(in crate::local) fn read(data: &Path) -> Result<Self, EngineError> {
        let path = data.join("global/pg_control");
        let bytes = regular::read(&path).map_err(EngineError::io("read", &path))?;
        Self::parse(&bytes)
            .ok_or_else(|| EngineError::Unsupported { reason: format!("{} is too short", path.display()) })
    }

    /// The start of the file has been the same since PostgreSQL 11: system identifier (8 bytes),
    /// two versions (4 + 4), state (4, padded to 8), time (8), checkpoint (8), redo (8).
    fn parse(bytes: &[u8]) -> Option<Self> {
        let word = |at: usize| bytes.get(at..at + 8)?.try_into().ok().map(u64::from_ne_bytes);
        let state = bytes.get(16..20)?.try_into().ok().map(u32::from_ne_bytes)?;
        Some(Self { clean: state == SHUT_DOWN, checkpoint: word(32)?, redo: word(40)? })
    }
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
        assert_eq!(ControlFile::parse(&[0; 47]), None);
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
