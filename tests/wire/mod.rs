//! Every verb against a scripted service: what is sent, and what is made of the recorded shapes of its answers.

mod branches;
mod credentials;
mod databases;
mod endpoints;
mod network;
mod operations;
mod projects;
mod promises;
pub(crate) mod proxy;
mod roles;
mod snapshots;
mod stage;
mod stranger;
mod tree;
