//! WAL that a branch keeps for point-in-time branches.

use crate::{api::lsn::Lsn, local::control::state::Branch};

/// The maximum that any branch keeps, in bytes. A clone takes each megabyte of it along as a file.
const MAX_KEPT_BYTES: u64 = 1 << 30;
/// WAL of its own that a branch made from another one keeps by default, in bytes.
pub(in crate::local::control) const DEFAULT_OWN: u64 = 128 << 20;

/// The WAL that a branch keeps, in bytes. A root keeps the maximum, as most point-in-time branches start there. Any
/// other keeps the WAL it inherited, shared with its source, and `own` bytes: a table that is rewritten in it must not
/// cost its size twice. If the inherited WAL exceeds the maximum, only `own` bytes are kept.
pub(in crate::local::control) fn kept(branch: &Branch, own: u64) -> u64 {
    let Some(origin) = &branch.origin else { return MAX_KEPT_BYTES };
    let inherited = origin.lsn.parse::<Lsn>().map_or(0, Lsn::as_u64);
    if inherited > MAX_KEPT_BYTES { own.min(MAX_KEPT_BYTES) } else { (inherited + own).min(MAX_KEPT_BYTES) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::control::state::tests::branch;

    #[test]
    fn a_root_keeps_the_most_and_a_branch_its_inheritance_and_its_own() {
        let mut dev = branch("dev");
        let mut at = |lsn: &str| {
            dev.origin.as_mut().unwrap().lsn = lsn.to_owned();
            kept(&dev, 100)
        };
        assert_eq!((at("0/10"), at("0/40000000"), at("1/0"), at("")), (116, MAX_KEPT_BYTES, 100, 100));
        dev.origin = None;
        assert_eq!(kept(&dev, 100), MAX_KEPT_BYTES);
    }
}
