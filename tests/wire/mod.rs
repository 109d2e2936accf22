//! Every verb against a scripted service: what is sent, and what is made of the recorded shapes of its answers.

mod branches;
mod credentials;
mod databases;
mod endpoints;
mod operations;
mod projects;
mod promises;
mod roles;
mod snapshots;
mod stage;
mod stranger;
mod tree;
