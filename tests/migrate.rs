//! Migrations against real servers.

mod apply;
mod server;
