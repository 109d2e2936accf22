//! Migrations against real servers.

mod apply;
mod ephemeral;
mod interrupted;
mod promote;
mod runners;
