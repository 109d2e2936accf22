//! The rules of the service as pure functions: nothing here uses a disk, a process or a clock.

pub(super) mod deletion;
pub(super) mod expiry;
pub(super) mod ids;
pub(super) mod mask;
pub(super) mod pg_settings;
pub(super) mod schedule;
pub(super) mod sizing;

#[cfg(test)]
mod tests;
