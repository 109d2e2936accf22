//! Migrations against real servers.

mod apply;
mod ephemeral;
mod promote;
mod server;
