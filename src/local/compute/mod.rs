//! PostgreSQL processes: the programs they run, how they start, how they end.

mod access;
mod binaries;
mod cluster;
mod configuration;
mod failed_fetch;
mod fetch;
mod installed;
mod orphan_processes;
mod pinned;
mod sandbox;
mod server;
mod settings;
mod socket;
mod socket_links;
mod sockets;
mod spawner;
mod superuser_session;

pub(crate) use configuration::ComputeSettings;
pub use configuration::Durability;
pub(crate) use fetch::Progress;
pub(crate) use installed::PgVersion;
pub(crate) use pinned::DEFAULT_MAJOR;

pub(super) use access::{REPLICATION_ROLE, SUPERUSER};
pub(super) use binaries::{Binaries, find_installed};
pub(super) use cluster::{TEMPLATE_REVISION, initdb};
pub(super) use installed::Installation;
#[cfg(test)]
pub(super) use orphan_processes::working_in;
pub(super) use orphan_processes::{stop_orphans, stop_orphans_in};
#[cfg(all(test, target_os = "linux"))]
pub(super) use sandbox::is_supported as keeps_branches_apart;
pub(super) use server::{Launch, Server};
pub(super) use settings::check as check_settings;
pub(super) use socket::ComputeSocket;
pub(super) use sockets::Sockets;
pub(super) use spawner::Spawner;
pub(super) use superuser_session::{AwaitWithin, Platform, SessionLimits, Target};
