//! The configuration files of a compute.

use std::{
    collections::BTreeMap,
    fmt::{self, Write as _},
    path::Path,
};

use super::installed::PgVersion;
use crate::local::engine_error::EngineError;

/// Which crashes committed data survives.
///
/// # Examples
///
/// ```
/// use lakebase::local::Durability;
///
/// assert_eq!(Durability::default(), Durability::Full);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
#[non_exhaustive]
pub enum Durability {
    /// Committed work survives a power cut: everything is flushed to the disk.
    #[default]
    Full,
    /// Committed work survives a killed process, not a power cut: nothing is flushed. For tests and examples.
    Fast,
}

impl fmt::Display for Durability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full => "full",
            Self::Fast => "fast",
        })
    }
}

/// Size of a compute, and the settings of its endpoint.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ComputeSettings {
    /// Connections that PostgreSQL accepts, with five kept for the platform.
    pub(crate) max_connections: u32,
    /// The memory that its size stands for; PostgreSQL's own are derived from it.
    pub(crate) memory_bytes: u64,
    /// Settings by name, as PostgreSQL spells them.
    pub(crate) pg_settings: BTreeMap<String, String>,
}

const MB: u64 = 1 << 20;

/// Writes `postgresql.conf`: sizes first, the user's settings, and last those that are fixed.
pub(super) fn postgresql_conf(
    settings: &ComputeSettings,
    version: PgVersion,
    durability: Durability,
    socket_dir: &Path,
) -> Result<String, EngineError> {
    let mut text = String::from("# Written anew at every start.\n");
    for (name, value) in
        memory_settings(settings).into_iter().chain(defaults().map(|(name, value)| (name, value.to_owned())))
    {
        line(&mut text, name, &value)?;
    }
    if version.major >= 18 {
        // Worker processes for reading would triple the memory of an idle compute.
        line(&mut text, "io_method", "sync")?;
    }
    for (name, value) in &settings.pg_settings {
        line(&mut text, name, value)?;
    }
    let socket_dir = socket_dir.to_string_lossy().replace('"', "\"\"");
    line(&mut text, "unix_socket_directories", &format!("\"{socket_dir}\""))?;
    for (name, value) in fixed(durability) {
        line(&mut text, name, value)?;
    }
    if version.major >= 16 {
        line(&mut text, "reserved_connections", "0")?;
    }
    if version.major >= 17 {
        line(&mut text, "allow_alter_system", "off")?;
    }
    Ok(text)
}

/// WAL that stays with PostgreSQL until the platform has linked it away, which happens several times a second. The
/// bound is for a platform that hangs.
pub(super) fn wal_kept(keeps_history: bool) -> &'static str {
    if keeps_history { "wal_keep_size = '1024MB'\n" } else { "wal_keep_size = '0'\n" }
}

/// An idle compute should cost little and a busy one get its share, so only part of the memory is
/// set aside; the operating system's cache uses the rest better, for all computes together.
fn memory_settings(settings: &ComputeSettings) -> Vec<(&'static str, String)> {
    let memory = settings.memory_bytes;
    let megabytes = |bytes: u64, least: u64, most: u64| format!("{}MB", (bytes / MB).clamp(least, most));
    vec![
        ("max_connections", settings.max_connections.clamp(10, 10_000).to_string()),
        ("shared_buffers", megabytes(memory / 16, 16, 256)),
        ("effective_cache_size", megabytes(memory / 2, 64, 1 << 20)),
        ("maintenance_work_mem", megabytes(memory / 16, 16, 256)),
        ("work_mem", megabytes(memory / 256, 4, 64)),
    ]
}

fn defaults() -> impl Iterator<Item = (&'static str, &'static str)> {
    [
        ("jit", "off"),
        ("timezone", "UTC"),
        ("log_timezone", "UTC"),
        ("datestyle", "iso, mdy"),
        ("default_text_search_config", "pg_catalog.english"),
        ("password_encryption", "scram-sha-256"),
        ("max_wal_size", "256MB"),
        ("min_wal_size", "8MB"),
        ("wal_buffers", "1MB"),
        ("checkpoint_timeout", "15min"),
        ("log_checkpoints", "off"),
        ("log_line_prefix", "%m [%p] %q%u@%d "),
        // The text of a statement that failed may hold a password.
        ("log_min_error_statement", "panic"),
        ("log_parameter_max_length", "0"),
    ]
    .into_iter()
}

fn fixed(durability: Durability) -> Vec<(&'static str, &'static str)> {
    let mut fixed = vec![
        ("listen_addresses", ""),
        ("port", "5432"),
        ("unix_socket_permissions", "0700"),
        ("huge_pages", "off"),
        ("shared_memory_type", "mmap"),
        // Files in the data directory: containers have little /dev/shm, and a killed server leaves nothing behind.
        ("dynamic_shared_memory_type", "mmap"),
        ("logging_collector", "off"),
        ("log_destination", "stderr"),
        ("wal_level", "replica"),
        ("archive_mode", "off"),
        // A page torn while it was copied is restored from its full-page image in the WAL.
        ("full_page_writes", "on"),
        // A finished segment must not be overwritten: branches share its file.
        ("wal_recycle", "off"),
        // Zeros first make a flush cheaper; where nothing is flushed they are only written twice.
        ("wal_init_zero", if durability == Durability::Full { "on" } else { "off" }),
        ("ssl", "off"),
        // Only waits that the platform sets: a commit never waits for a missing standby, nor a login for a free slot.
        ("synchronous_standby_names", ""),
        ("superuser_reserved_connections", "5"),
        // No code but PostgreSQL's.
        ("shared_preload_libraries", ""),
        ("session_preload_libraries", ""),
        ("local_preload_libraries", ""),
        ("dynamic_library_path", "$libdir"),
        ("archive_command", ""),
        ("archive_library", ""),
        ("archive_cleanup_command", ""),
        ("recovery_end_command", ""),
        ("allow_system_table_mods", "off"),
        ("allow_in_place_tablespaces", "off"),
        ("fsync", if durability == Durability::Full { "on" } else { "off" }),
    ];
    if cfg!(target_os = "linux") {
        fixed.push(("recovery_init_sync_method", "syncfs"));
    }
    fixed
}

fn line(text: &mut String, name: &str, value: &str) -> Result<(), EngineError> {
    let refuse =
        |reason: &str| Err(EngineError::BadSetting { name: name.to_owned(), reason: reason.to_owned() });
    let fits = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.');
    if !fits {
        return refuse("a name has only letters, digits, '_' and '.', and begins with none of the last two");
    }
    if value.contains(['\n', '\r', '\0']) {
        return refuse("a value is one line");
    }
    let value = value.replace('\\', "\\\\").replace('\'', "''");
    let _ = writeln!(text, "{name} = '{value}'");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conf(pg_settings: &[(&str, &str)]) -> Result<String, EngineError> {
        let pg_settings = pg_settings.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let settings = ComputeSettings { max_connections: 100, memory_bytes: 2048 * MB, pg_settings };
        postgresql_conf(&settings, PgVersion { major: 15, minor: 0 }, Durability::Fast, Path::new("/tmp/x"))
    }

    #[test]
    fn values_are_quoted() {
        let text = conf(&[("search_path", r"it's, a\b")]).unwrap();
        assert!(text.contains("search_path = 'it''s, a\\\\b'\n"), "{text}");
    }

    #[test]
    fn a_value_cannot_smuggle_in_another_line() {
        assert!(conf(&[("work_mem", "1MB'\nfsync = 'on")]).is_err());
        assert!(conf(&[("fsync = on #", "x")]).is_err());
        assert!(conf(&[("", "x")]).is_err());
    }

    #[test]
    fn fixed_settings_come_last() {
        let text = conf(&[("listen_addresses", "*")]).unwrap();
        assert!(text.rfind("listen_addresses = ''").unwrap() > text.find("listen_addresses = '*'").unwrap());
    }
}
