//! Migrations against real servers.

mod apply;
mod ephemeral;
mod feature;
mod function;
mod history;
mod interrupted;
mod lost_connection;
mod promote;
mod status;
