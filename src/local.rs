//! A real Lakebase on this machine.

#[allow(dead_code, reason = "the control plane calls it")]
mod gateway;
#[allow(dead_code, reason = "the control plane calls it")]
mod token;
