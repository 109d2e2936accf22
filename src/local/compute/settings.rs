//! Check of an endpoint's settings by the PostgreSQL that will read them.

use std::{collections::BTreeMap, process::Command};

use super::installed::Installation;
use crate::local::engine_error::EngineError;

/// Refuses the first setting whose name or value this PostgreSQL does not accept. No cluster is needed: PostgreSQL
/// reads the settings, prints another one and ends.
pub(in crate::local) fn check(
    installation: &Installation,
    settings: &BTreeMap<String, String>,
) -> Result<(), EngineError> {
    let program = installation.bin.join("postgres");
    for (name, value) in settings {
        let mut command = Command::new(&program);
        command.args(["-C", "max_connections", "-D", "/", "-c", "config_file=/dev/null"]);
        command.arg("-c").arg(format!("{name}={value}")).env("LC_ALL", "C");
        let output = command.output().map_err(EngineError::io("run", &program))?;
        if !output.status.success() {
            let complaint = String::from_utf8_lossy(&output.stderr);
            let reason = complaint.lines().find_map(|line| line.split_once("FATAL:  "));
            let reason = reason.map_or(complaint.trim(), |(_, reason)| reason).to_owned();
            return Err(EngineError::BadSetting { name: name.clone(), reason });
        }
    }
    Ok(())
}
