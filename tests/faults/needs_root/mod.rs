//! Failures of the machine that only root can arrange.

mod container;
mod disks;
mod processes;
