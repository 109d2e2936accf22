//! Names of the WAL segments of a cluster.

use std::path::Path;

use super::names_in;
use crate::local::engine_error::EngineError;

/// The names of the segments in a directory of WAL, sorted, which is the order of the segments of a timeline.
pub(in crate::local) fn segments(wal: &Path) -> Result<Vec<String>, EngineError> {
    let mut names = names_in(wal).map_err(EngineError::io("list", wal))?;
    names.retain(|name| is_segment(name));
    names.sort();
    Ok(names)
}

fn is_segment(name: &str) -> bool {
    name.len() == 24 && name.bytes().all(|byte| byte.is_ascii_hexdigit() && !byte.is_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_files_are_no_segments() {
        let dir = tempfile::tempdir().unwrap();
        let (first, second) = ("000000010000000000000009", "00000001000000000000000A");
        for name in [second, "00000002.history", "archive_status", first] {
            std::fs::write(dir.path().join(name), "").unwrap();
        }
        assert_eq!(segments(dir.path()).unwrap(), [first, second]);
    }
}
