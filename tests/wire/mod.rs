//! Every method against a scripted service: the requests sent, and the models read from recorded answers.

mod branches;
mod credentials;
mod databases;
mod endpoints;
mod guarantees;
mod network;
mod operations;
mod outsider;
mod projects;
pub(crate) mod proxy;
mod reset;
mod roles;
mod snapshots;
mod telemetry;
mod tree;
