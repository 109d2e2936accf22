//! Migrations against real servers.

mod apply;
mod ephemeral;
mod feature;
mod history;
mod interrupted;
mod lost_connection;
mod promote;
mod runners;
