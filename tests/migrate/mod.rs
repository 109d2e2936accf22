//! Migrations against real servers.

mod apply;
mod ephemeral;
mod history;
mod interrupted;
mod promote;
mod runners;
