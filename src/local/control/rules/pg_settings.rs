//! The PostgreSQL settings that an endpoint may have.
//!
//! An allow-list: settings that name files, programs or libraries, that weaken durability or that keep the platform out
//! are not on it, and neither is what a later version of PostgreSQL adds.

use std::collections::BTreeMap;

use super::mask::MaskField;
use crate::local::control::error_response::ErrorResponse;

/// Refuses settings that are not on the list; `field` is where they stand in the request.
pub(in crate::local::control) fn check(
    field: impl MaskField,
    settings: &BTreeMap<String, String>,
) -> Result<(), ErrorResponse> {
    match settings.keys().find(|name| !is_allowed(name)) {
        None => Ok(()),
        Some(name) => Err(ErrorResponse::invalid(format!(
            "Field '{}' has the setting '{}', which an endpoint may not have; set it in SQL for a session, role \
             or database if PostgreSQL allows that, or leave it out",
            field.path(),
            name.escape_debug()
        ))),
    }
}

/// The settings that may be applied, of those that were stored before there was a list.
pub(super) fn allowed(settings: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    settings
        .iter()
        .filter(|(name, _)| {
            let allowed = is_allowed(name);
            if !allowed {
                tracing::warn!(
                    setting = name.as_str(),
                    "leaving out a setting that an endpoint may not have"
                );
            }
            allowed
        })
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn is_allowed(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    // Families whose members only weigh plans, schedule vacuum or tune an index type.
    let families = ["enable_", "geqo", "autovacuum_", "vacuum_cost_", "pg_trgm.", "hnsw.", "ivfflat."];
    (families.iter().any(|family| name.starts_with(family)) && !NOT_IN_FAMILY.contains(&name.as_str()))
        || ALLOWED.contains(&name.as_str())
}

/// Autovacuum's own memory and workers are part of the endpoint's size.
const NOT_IN_FAMILY: [&str; 1] = ["autovacuum_worker_slots"];

const ALLOWED: &[&str] = &[
    // Memory of a session.
    "effective_cache_size",
    "hash_mem_multiplier",
    "logical_decoding_work_mem",
    "maintenance_work_mem",
    "temp_buffers",
    "work_mem",
    // Query planning.
    "constraint_exclusion",
    "cpu_index_tuple_cost",
    "cpu_operator_cost",
    "cpu_tuple_cost",
    "cursor_tuple_fraction",
    "default_statistics_target",
    "from_collapse_limit",
    "jit",
    "jit_above_cost",
    "jit_inline_above_cost",
    "jit_optimize_above_cost",
    "join_collapse_limit",
    "max_parallel_maintenance_workers",
    "max_parallel_workers",
    "max_parallel_workers_per_gather",
    "min_parallel_index_scan_size",
    "min_parallel_table_scan_size",
    "parallel_leader_participation",
    "parallel_setup_cost",
    "parallel_tuple_cost",
    "plan_cache_mode",
    "random_page_cost",
    "recursive_worktable_factor",
    "seq_page_cost",
    // Time limits.
    "deadlock_timeout",
    "idle_in_transaction_session_timeout",
    "idle_session_timeout",
    "lock_timeout",
    "statement_timeout",
    "transaction_timeout",
    // Maintenance and writing.
    "autovacuum",
    "backend_flush_after",
    "bgwriter_delay",
    "bgwriter_flush_after",
    "bgwriter_lru_maxpages",
    "bgwriter_lru_multiplier",
    "checkpoint_completion_target",
    "checkpoint_timeout",
    "commit_delay",
    "commit_siblings",
    "effective_io_concurrency",
    "gin_pending_list_limit",
    "log_autovacuum_min_duration",
    "log_lock_waits",
    "log_temp_files",
    "maintenance_io_concurrency",
    "max_wal_size",
    "min_wal_size",
    "synchronous_commit",
    "vacuum_failsafe_age",
    "vacuum_freeze_min_age",
    "vacuum_freeze_table_age",
    "vacuum_multixact_failsafe_age",
    "vacuum_multixact_freeze_min_age",
    "vacuum_multixact_freeze_table_age",
    "wal_compression",
    "wal_writer_delay",
    "wal_writer_flush_after",
    // Locks and statistics.
    "compute_query_id",
    "max_locks_per_transaction",
    "max_pred_locks_per_page",
    "max_pred_locks_per_relation",
    "max_pred_locks_per_transaction",
    "old_snapshot_threshold",
    "stats_fetch_consistency",
    "track_activities",
    "track_activity_query_size",
    "track_commit_timestamp",
    "track_counts",
    "track_functions",
    "track_io_timing",
    "track_wal_io_timing",
    // Defaults of sessions.
    "array_nulls",
    "backslash_quote",
    "bytea_output",
    "check_function_bodies",
    "client_encoding",
    "client_min_messages",
    "datestyle",
    "default_table_access_method",
    "default_text_search_config",
    "default_toast_compression",
    "default_transaction_deferrable",
    "default_transaction_isolation",
    "default_transaction_read_only",
    "escape_string_warning",
    "extra_float_digits",
    "gin_fuzzy_search_limit",
    "intervalstyle",
    "lc_monetary",
    "lc_numeric",
    "lc_time",
    "quote_all_identifiers",
    "row_security",
    "scram_iterations",
    "search_path",
    "standard_conforming_strings",
    "synchronize_seqscans",
    "timezone",
    "timezone_abbreviations",
    "transform_null_equals",
    "xmlbinary",
    "xmloption",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::local::control::rules::mask::EndpointField;

    fn settings(name: &str) -> BTreeMap<String, String> {
        [(name.to_owned(), "x".to_owned())].into()
    }

    #[test]
    fn settings_that_reach_files_programs_or_the_platform_are_refused_by_name() {
        for name in [
            "archive_command",
            "ARCHIVE_COMMAND",
            "archive_library",
            "restore_command",
            "shared_preload_libraries",
            "session_preload_libraries",
            "local_preload_libraries",
            "dynamic_library_path",
            "extension_control_path",
            "jit_provider",
            "ssl_passphrase_command",
            "log_directory",
            "hba_file",
            "ident_file",
            "data_directory",
            "external_pid_file",
            "unix_socket_directories",
            "listen_addresses",
            "plperl.on_init",
            "pltcl.start_proc",
            "include",
            "include_dir",
            "fsync",
            "full_page_writes",
            "synchronous_standby_names",
            "superuser_reserved_connections",
            "max_connections",
            "allow_system_table_mods",
            "log_statement",
            "temp_tablespaces",
            "default_tablespace",
            "primary_conninfo",
            "anything.else",
            "",
            "work_mem ",
        ] {
            let error = check(EndpointField::PgSettings, &settings(name)).unwrap_err();
            assert!(error.message.contains(&format!("'{name}'")), "{error}");
            assert!(allowed(&settings(name)).is_empty());
        }
    }

    #[test]
    fn tuning_is_allowed_however_it_is_written() {
        for name in
            ["work_mem", "TimeZone", "DateStyle", "enable_seqscan", "hnsw.ef_search", "statement_timeout"]
        {
            check(EndpointField::PgSettings, &settings(name)).unwrap();
            assert_eq!(allowed(&settings(name)).len(), 1);
        }
    }
}
