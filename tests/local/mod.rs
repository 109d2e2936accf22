//! The local Lakebase on this machine: the program, its files and processes, and failures of the machine.

mod connections;
mod documented;
mod drivers;
mod endpoints;
mod hints;
mod machine;
mod metrics;
mod needs_network;
mod needs_root;
mod network;
mod read_only;
mod security;
mod serve;
mod snapshots;
mod spares;
mod storage;
