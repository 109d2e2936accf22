//! The files that a PostgreSQL process, and every program that is run from within it, can reach.
//!
//! All computes run as one account. Linux's Landlock keeps each in its own data and socket directory, beside
//! the system's programs and libraries: no other branch, no keys, no home directory, no process outside.

#[cfg(target_os = "linux")]
pub(super) use linux::Sandbox;
#[cfg(not(target_os = "linux"))]
pub(super) use other::Sandbox;

#[cfg(target_os = "linux")]
mod linux {
    use std::{
        env, io,
        path::{Path, PathBuf},
        sync::OnceLock,
        thread,
    };

    use landlock::{
        ABI, Access, AccessFs, AccessNet, BitFlags, PathBeneath, PathFd, Ruleset, RulesetAttr,
        RulesetCreated, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
    };
    use rustix::fs::{CWD, Mode, OFlags, openat};

    use crate::local::{compute::Installation, engine_error::EngineError};

    /// The newest Landlock ABI that these rules use; an older kernel enforces those it supports.
    const KNOWN: ABI = ABI::V7;

    /// Programs, libraries, locales, time zones and settings of the system. Those that are missing are none.
    const READABLE: [&str; 12] = [
        "/usr",
        "/bin",
        "/sbin",
        "/lib",
        "/lib32",
        "/lib64",
        "/etc",
        "/nix/store",
        "/gnu/store",
        "/sys/devices/system",
        // Dictionaries for text search, on Debian.
        "/var/cache/postgresql",
        "/dev/urandom",
    ];
    const WRITABLE_DEVICES: [&str; 3] = ["/dev/null", "/dev/zero", "/dev/full"];

    /// Rules that a process takes upon itself before it becomes PostgreSQL.
    pub(in super::super) struct Sandbox(RulesetCreated);

    impl Sandbox {
        /// Opens what the rules name, as the account; `writable` are the directories of this process alone.
        pub(in super::super) fn prepare(
            installation: &Installation,
            writable: &[&Path],
        ) -> Result<Self, EngineError> {
            warn_where_unsupported();
            let ruleset = rules(installation, writable).map_err(|error| EngineError::Io {
                context: format!("restrict PostgreSQL to {}", directories(writable)),
                source: io::Error::other(error),
            })?;
            Ok(Self(ruleset))
        }

        /// Restricts the calling thread and what it executes. Two system calls and no allocation, as it runs
        /// between fork and exec.
        pub(in super::super) fn enter(self) -> io::Result<()> {
            match self.0.restrict_self() {
                Ok(_) => Ok(()),
                Err(_) => Err(io::Error::last_os_error()),
            }
        }
    }

    fn rules(installation: &Installation, writable: &[&Path]) -> Result<RulesetCreated, RulesetError> {
        let (read, all) = (AccessFs::from_read(KNOWN), AccessFs::from_all(KNOWN));
        let mut ruleset = Ruleset::default()
            .handle_access(all)?
            .handle_access(AccessNet::BindTcp)?
            .scope(Scope::from_all(KNOWN))?
            .create()?;
        let readable = READABLE.iter().map(PathBuf::from).chain(programs(installation, writable));
        for path in readable {
            ruleset = allow(ruleset, &path, read)?;
        }
        for path in WRITABLE_DEVICES {
            ruleset = allow(ruleset, Path::new(path), AccessFs::from_file(KNOWN))?;
        }
        for path in writable {
            // The directory itself, not what a link in its place leads to.
            let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::DIRECTORY | OFlags::CLOEXEC;
            if let Ok(dir) = openat(CWD, *path, flags, Mode::empty()) {
                ruleset = ruleset.add_rule(PathBeneath::new(dir, all))?;
            }
        }
        Ok(ruleset)
    }

    fn allow(
        ruleset: RulesetCreated,
        path: &Path,
        access: BitFlags<AccessFs>,
    ) -> Result<RulesetCreated, RulesetError> {
        match PathFd::new(path) {
            Ok(file) => {
                let access = if path.is_dir() { access } else { access & AccessFs::from_file(KNOWN) };
                ruleset.add_rule(PathBeneath::new(file, access))
            }
            // There is no such directory here.
            Err(_) => Ok(ruleset),
        }
    }

    /// Where the installation and its libraries lie.
    fn programs(installation: &Installation, writable: &[&Path]) -> Vec<PathBuf> {
        let bin = &installation.bin;
        // Homebrew links libraries and data of all packages from elsewhere in its prefix.
        let cellar = bin.ancestors().find(|dir| dir.ends_with("Cellar")).and_then(Path::parent);
        let prefix = cellar.or_else(|| bin.parent()).unwrap_or(bin);
        let mut dirs = if writable.iter().any(|dir| dir.starts_with(prefix)) {
            // A prefix such as `/` would open the directories of other branches, too.
            ["bin", "lib", "lib64", "share"].iter().map(|name| prefix.join(name)).collect()
        } else {
            vec![prefix.to_owned()]
        };
        let libraries = env::var_os("LD_LIBRARY_PATH").unwrap_or_default();
        dirs.extend(env::split_paths(&libraries).filter(|dir| dir.is_absolute()));
        dirs
    }

    fn directories(paths: &[&Path]) -> String {
        paths.iter().map(|path| path.display().to_string()).collect::<Vec<_>>().join(", ")
    }

    /// Warns once if the kernel cannot isolate branches from each other.
    fn warn_where_unsupported() {
        static SUPPORTED: OnceLock<bool> = OnceLock::new();
        SUPPORTED.get_or_init(|| {
            let supported = is_supported();
            if !supported {
                tracing::warn!(
                    "this kernel has no Landlock: a program that is run from within one branch's PostgreSQL can reach the \
                     files of the others"
                );
            }
            supported
        });
    }

    /// Whether rules take effect, tested on a short-lived thread.
    pub(in crate::local) fn is_supported() -> bool {
        let probe = || {
            let ruleset = Ruleset::default().handle_access(AccessFs::from_all(ABI::V1))?.create()?;
            ruleset.restrict_self()
        };
        let probed = thread::Builder::new().name("lakebase-landlock".to_owned()).spawn(probe);
        let status = probed.ok().and_then(|thread| thread.join().ok()).and_then(Result::ok);
        status.is_some_and(|status| status.ruleset != RulesetStatus::NotEnforced)
    }
}

#[cfg(all(test, target_os = "linux"))]
pub(in crate::local) use linux::is_supported;

/// Other systems have no such thing that an ordinary process can use.
#[cfg(not(target_os = "linux"))]
mod other {
    use std::{io, path::Path};

    use crate::local::{compute::Installation, engine_error::EngineError};

    pub(in super::super) struct Sandbox;

    impl Sandbox {
        pub(in super::super) fn prepare(
            _installation: &Installation,
            _writable: &[&Path],
        ) -> Result<Self, EngineError> {
            Ok(Self)
        }

        pub(in super::super) fn enter(self) -> io::Result<()> {
            Ok(())
        }
    }
}
