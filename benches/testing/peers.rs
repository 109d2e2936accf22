//! Databases by other means, measured by a program of its own (`benches/peers`), so that none is a dependency.

use std::{
    fs,
    os::unix::fs::{PermissionsExt as _, chown},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use tempfile::TempDir;

use crate::{
    DEMONSTRATION, ROW,
    support::{
        Result,
        disk::Disk,
        postgres::programs::{Account, server},
        table::{Goal, Table, Unit},
    },
};

const PROJECT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/peers");
const TARGET: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/peers");
const SCRIPT: &str = include_str!("../peers/src/pglite.mjs");
const PGLITE: &str = "@electric-sql/pglite@0.5";

/// The names that the program prints, and what each is in the table.
const PEERS: [(&str, &str); 5] = [
    ("pgtemp", "a server of its own and the data as SQL (pgtemp)"),
    ("postgresql_embedded", "a server of its own and the data as SQL (postgresql_embedded)"),
    ("mitosis-db", "a clone of a template (mitosis-db)"),
    ("PGlite", "PostgreSQL in WebAssembly and the data as SQL (PGlite)"),
    ("PGlite from a dump", "PostgreSQL in WebAssembly from a dump of its directory (PGlite)"),
];

fn row(what: &str, disk: &str) -> String {
    format!("  {what}, connected, {disk}")
}

/// The built program and the npm package.
pub(crate) struct Peers {
    programs: Result<PathBuf, String>,
    pglite: Result<TempDir, String>,
    rounds: usize,
}

impl Peers {
    /// Builds them; nothing if their rows are not wanted.
    pub(crate) fn prepare(table: &Table, rounds: usize) -> Option<Self> {
        PEERS.iter().any(|(_, what)| table.wants(&row(what, ""))).then(|| Self {
            programs: build().map_err(|error| error.to_string()),
            pglite: install().map_err(|error| error.to_string()),
            rounds,
        })
    }

    /// Measures each on a disk. One that cannot be measured has a row with the reason.
    pub(crate) fn measure(&self, disk: &Disk, table: &mut Table) -> Result<()> {
        let missing = |why: &str| PEERS.map(|(name, _)| format!("{name}\t!{why}")).join("\n");
        let lines = match &self.programs {
            Ok(programs) => self.run(programs, disk).unwrap_or_else(|error| missing(&error.to_string())),
            Err(why) => missing(why),
        };
        for line in lines.lines() {
            let (name, samples) = line.split_once('\t').unwrap_or((line, "!no time was printed"));
            let Some((_, what)) = PEERS.iter().find(|(known, _)| *known == name) else { continue };
            let what = row(what, disk.name);
            match samples.strip_prefix('!') {
                Some(why) => {
                    let why: String = why.chars().take(160).collect();
                    table.add(
                        &format!("{what}: not measured: {why}"),
                        Goal::None,
                        Unit::Milliseconds,
                        Vec::new(),
                    );
                }
                None => {
                    let samples = samples.split('\t').map(str::parse).collect::<Result<_, _>>()?;
                    table.add(&what, Goal::None, Unit::Milliseconds, samples);
                }
            }
        }
        Ok(())
    }

    /// The lines of the program, which runs as an account that PostgreSQL accepts.
    fn run(&self, programs: &Path, disk: &Disk) -> Result<String> {
        let account = Account::of_postgres();
        let home = tempfile::Builder::new().prefix("peers-").tempdir_in(&disk.dir)?;
        fs::set_permissions(home.path(), fs::Permissions::from_mode(0o755))?;
        let (data, work) = (home.path().join("data.sql"), home.path().join("work"));
        fs::write(&data, DEMONSTRATION)?;
        fs::create_dir(&work)?;
        // Where they were built need not be open to that account.
        for program in ["lakebase-peers", "mitosis"] {
            fs::copy(programs.join(program), home.path().join(program))?;
        }
        let mut command = Command::new(home.path().join("lakebase-peers"));
        command.arg("--data").arg(&data).args(["--row", ROW, "--rounds", &self.rounds.to_string()]);
        command.arg("--programs").arg(server()).arg("--home").arg(&work);
        if let Ok(pglite) = &self.pglite {
            command.arg("--pglite").arg(pglite.path());
        }
        command.current_dir(&work).env("HOME", &work).env("TMPDIR", &work);
        if let Some(Account { uid, gid }) = account {
            chown(&work, Some(uid), Some(gid))?;
            std::os::unix::process::CommandExt::uid(&mut command, uid);
            std::os::unix::process::CommandExt::gid(&mut command, gid);
        }
        let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output()?;
        if !output.status.success() {
            return Err("the program of the peers failed".into());
        }
        Ok(String::from_utf8(output.stdout)?)
    }
}

fn build() -> Result<PathBuf> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = Path::new(PROJECT).join("Cargo.toml");
    let mut command = Command::new(cargo);
    command.args(["build", "--release", "--locked", "--quiet", "--target-dir", TARGET, "--manifest-path"]);
    let built = command.arg(manifest).stdout(Stdio::null()).status()?;
    if built.success() {
        Ok(Path::new(TARGET).join("release"))
    } else {
        Err("benches/peers does not build".into())
    }
}

fn install() -> Result<TempDir> {
    let place = tempfile::Builder::new().prefix("lakebase-pglite-").tempdir()?;
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755))?;
    fs::write(place.path().join("pglite.mjs"), SCRIPT)?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--prefix"]).arg(place.path()).arg(PGLITE);
    let installed = npm.stdout(Stdio::null()).status().map_err(|error| format!("npm: {error}"))?;
    if installed.success() { Ok(place) } else { Err(format!("npm cannot install {PGLITE}").into()) }
}
