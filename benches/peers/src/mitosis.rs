//! A clone of a template for each test, by `mitosis-db`.

use std::{net::TcpListener, path::PathBuf, time::Instant};

use tokio::process::Command;

use crate::{Peers, Result, milliseconds};

impl Peers {
    pub(crate) async fn mitosis(&self) -> Result<Vec<f64>> {
        let home = self.arguments.home.join("mitosis");
        std::fs::create_dir(&home)?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let program = Program { home, port };
        let samples = self.clones(&program).await;
        let stopped = program.run(&["daemon", "stop"]).await;
        let samples = samples?;
        stopped?;
        Ok(samples)
    }

    async fn clones(&self, program: &Program) -> Result<Vec<f64>> {
        let seed = format!("psql -q \"$DATABASE_URL\" -f '{}'", self.arguments.data.display());
        let version = self.arguments.programs.parent().and_then(|dir| dir.file_name()?.to_str());
        let mut init = vec!["template", "init", "--seed", &seed];
        if let Some(version) = version.filter(|version| version.bytes().all(|byte| byte.is_ascii_digit())) {
            init.extend(["--pg-major", version]);
        }
        if let Err(error) = program.run(&init).await {
            if !error.to_string().contains("backend") {
                return Err(error);
            }
            // The file system shares no extents.
            program.run(&["config", "set", "backend", "copy"]).await?;
            program.run(&init).await?;
        }
        let mut samples = Vec::new();
        // The first round warms up what the others find warm.
        for round in 0..=self.arguments.rounds {
            let name = format!("test-{round}");
            let begun = Instant::now();
            let address = program.run(&["clone", "--name", &name]).await?;
            self.first_row(address.trim(), false).await?;
            if round > 0 {
                samples.push(milliseconds(begun));
            }
            program.run(&["destroy", &name]).await?;
        }
        Ok(samples)
    }
}

struct Program {
    home: PathBuf,
    port: u16,
}

impl Program {
    /// Its standard output.
    async fn run(&self, arguments: &[&str]) -> Result<String> {
        let own = std::env::current_exe()?;
        let mut command = Command::new(own.with_file_name("mitosis"));
        command.args(arguments).env("MITOSIS_HOME", &self.home).env("HOME", &self.home);
        command.env("MITOSIS_ROUTER_PORT", self.port.to_string()).env("MITOSIS_MIN_FREE_DISK", "100MB");
        let output = command.output().await?;
        if output.status.success() {
            return Ok(String::from_utf8(output.stdout)?);
        }
        let what = arguments.first().copied().unwrap_or_default();
        Err(format!("mitosis {what}: {}", String::from_utf8_lossy(&output.stderr).trim()).into())
    }
}
