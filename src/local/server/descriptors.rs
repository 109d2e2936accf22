//! The limit of open files.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The most that macOS accepts where its hard limit says unlimited (`OPEN_MAX`).
#[cfg(target_os = "macos")]
const MAX_DESCRIPTORS: Option<u64> = Some(10_240);
#[cfg(not(target_os = "macos"))]
const MAX_DESCRIPTORS: Option<u64> = None;

/// Raises the soft limit to the hard one: the usual 1,024 is less than a server of many branches needs.
pub(super) fn raise_limit() {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let wanted = match (maximum, MAX_DESCRIPTORS) {
        (Some(maximum), Some(most)) => Some(maximum.min(most)),
        (maximum, most) => maximum.or(most),
    };
    if current == wanted || current.zip(wanted).is_some_and(|(current, wanted)| current >= wanted) {
        return;
    }
    match setrlimit(Resource::Nofile, Rlimit { current: wanted, maximum }) {
        Ok(()) => tracing::debug!(?current, ?wanted, "raised the limit of open files"),
        Err(error) => tracing::warn!(?current, ?wanted, %error, "cannot raise the limit of open files"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_os = "linux")]
    fn the_soft_limit_becomes_the_hard_one() {
        raise_limit();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
