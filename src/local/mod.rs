//! A real Lakebase on this machine: PostgreSQL servers and copy-on-write branches behind the same REST API and logins.
//!
//! [`LocalLakebase`] is the entry point. The parts below it, each of which uses only those further down:
//!
//! * `server`: start and end, the lock of the data directory, attaching from another process;
//! * `api`: HTTP routes from JSON to the control plane and back;
//! * `control`: projects, branches, endpoints, roles and databases as state; rules; operations; timers;
//! * `gateway`: TLS, authentication, wake and proxy for PostgreSQL clients; asks `control` through a trait;
//! * `engine`: branches as data directories and computes as processes, put together;
//! * `storage`, `compute`: clones and their layout; finding, starting and stopping PostgreSQL;
//! * `token`, `proof`: signed tokens of logins, the proof that a server holds the API token;
//! * `acceptor`, `admission`: accepting connections, and limits on silent ones;
//! * `account`: the account that PostgreSQL and file work in branches run as;
//! * `scram`: SCRAM verifiers and logins; `engine_error`: the errors of everything below `control`;
//! * `failpoint`: points at which crash tests end the process.

mod acceptor;
mod account;
mod admission;
mod api;
mod compute;
mod control;
mod engine;
mod engine_error;
mod failpoint;
mod gateway;
mod proof;
mod scram;
mod server;
mod shell_word;
mod storage;
mod token;

pub use engine::Durability;
pub use server::{
    BranchCopies, LocalError, LocalInspection, LocalLakebase, LocalLakebaseBuilder, default_data_dir,
};

/// Entry points of the fuzz targets.
#[cfg(fuzzing)]
pub(crate) mod fuzzing {
    pub(crate) use super::{
        api::fuzz_json_body as json_body, control::fuzz_update_mask as update_mask,
        gateway::fuzz_startup_packet as startup_packet,
    };
}
