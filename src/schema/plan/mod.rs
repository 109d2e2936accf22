//! Plans: the SQL that takes one schema to another, ordered by dependencies.

mod action;
mod order;
mod reparse;
mod rules;
mod steps;
mod storage;
mod view;

use std::fmt::Write as _;
use std::time::Duration;

use serde::{Serialize, Serializer};

use super::diff::SchemaDiff;
use super::error::PlanError;
use super::model::Fingerprint;
use super::options::Options;
use super::portable::Versions;
use super::statement::{Phase, Statement};

/// Options of planning.
///
/// ```
/// use std::time::Duration;
/// use lakebase::schema::PlanOptions;
/// let options = PlanOptions::plain().lock_timeout(Duration::from_secs(2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PlanOptions {
    pub(super) online: bool,
    pub(super) strict: bool,
    pub(super) recreate_tables: bool,
    pub(super) lock_timeout: Duration,
    pub(super) statement_timeout: Duration,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self {
            online: true,
            strict: false,
            recreate_tables: false,
            lock_timeout: Duration::from_secs(5),
            statement_timeout: Duration::ZERO,
        }
    }
}

impl PlanOptions {
    /// The shortest SQL, for a database without concurrent use: no concurrent index builds, no separate validation.
    #[must_use]
    pub fn plain() -> Self {
        Self { online: false, ..Self::default() }
    }

    /// Whether to refuse a plan if either side has objects that are not compared in detail, even if they seem equal.
    /// Off by default.
    #[must_use]
    pub fn strict(mut self, strict: bool) -> Self {
        self.strict = strict;
        self
    }

    /// Whether to make a table anew and copy its rows where PostgreSQL cannot change how it is partitioned: a plain
    /// table that becomes partitioned or the reverse, another partition key, another modulus of hash partitions. No
    /// other session reads or writes the table meanwhile. Off by default: such a plan is refused.
    #[must_use]
    pub fn recreate_tables(mut self, recreate: bool) -> Self {
        self.recreate_tables = recreate;
        self
    }

    /// The time that a statement waits for a lock before it fails: 5 seconds by default, zero for no limit.
    #[must_use]
    pub fn lock_timeout(mut self, limit: Duration) -> Self {
        self.lock_timeout = limit;
        self
    }

    /// The maximum duration of a statement, including index builds and validations: zero, the default, for no limit.
    #[must_use]
    pub fn statement_timeout(mut self, limit: Duration) -> Self {
        self.statement_timeout = limit;
        self
    }
}

/// Statements that run together.
///
/// ```
/// fn show(group: &lakebase::schema::Group<'_>) {
///     println!("{} statements, in one transaction: {}", group.statements.len(), group.transactional);
/// }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Group<'a> {
    /// Whether they are one transaction. If not, there is one statement, which runs outside any.
    pub transactional: bool,
    /// The statements, in order.
    pub statements: &'a [Statement],
}

/// An ordered migration for one schema.
///
/// ```no_run
/// # fn show(diff: &lakebase::schema::SchemaDiff) -> Result<(), lakebase::schema::PlanError> {
/// let plan = diff.migration()?;
/// for statement in plan.statements() {
///     for hazard in &statement.hazards {
///         println!("-- {hazard}");
///     }
///     println!("{};", statement.sql);
/// }
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct Plan {
    pub(super) statements: Vec<Statement>,
    /// The end of each group.
    pub(super) ends: Vec<usize>,
    pub(super) from: Fingerprint,
    pub(super) to: Fingerprint,
    /// The servers' versions, where attributes that depend on the major version were removed from `to`.
    pub(super) versions: Option<Versions>,
    pub(super) read_options: Options,
    pub(super) options: PlanOptions,
}

impl SchemaDiff {
    /// Plans the SQL that takes the old schema to the new one, safe to run while the database is in use.
    ///
    /// # Errors
    ///
    /// [`PlanError`] names every difference that cannot be planned; nothing is planned then.
    pub fn migration(&self) -> Result<Plan, PlanError> {
        self.migration_with(&PlanOptions::default())
    }

    /// Plans with other options.
    ///
    /// # Errors
    ///
    /// As [`migration`](Self::migration).
    pub fn migration_with(&self, options: &PlanOptions) -> Result<Plan, PlanError> {
        plan(self, options)
    }
}

/// Plans a difference.
fn plan(diff: &SchemaDiff, options: &PlanOptions) -> Result<Plan, PlanError> {
    if !diff.refusals.is_empty() {
        return Err(PlanError::Refused(diff.refusals.clone()));
    }
    let mut statements: Vec<Statement> = diff.prelude.clone();
    statements.extend(ordered(diff, options)?);
    for statement in &mut statements {
        if let Some(sql) = reparse::faithful(&statement.sql) {
            statement.sql = sql;
        }
    }
    storage::drop_empty_hazards(&diff.old, &mut statements);
    let mut ends = Vec::new();
    for (at, pair) in statements.windows(2).enumerate() {
        let (one, other) = (&pair[0], &pair[1]);
        let validated = one.phase != Phase::Validate && other.phase == Phase::Validate;
        let committed = one.phase == Phase::Early && other.phase != Phase::Early;
        let finished = one.phase == Phase::Validate && other.phase != Phase::Validate;
        if !one.transactional || !other.transactional || validated || committed || finished {
            ends.push(at + 1);
        }
    }
    ends.extend((!statements.is_empty()).then_some(statements.len()));
    Ok(Plan {
        statements,
        ends,
        from: diff.original,
        to: diff.new.fingerprint(),
        versions: diff.versions.clone(),
        read_options: diff.old.options.clone(),
        options: options.clone(),
    })
}

/// The extent to which a plan keeps old objects until their replacements exist.
#[derive(Clone, Copy, Debug)]
struct Tactics {
    /// Builds changed indexes and keys beside the old ones, and swaps them.
    swap_indexes: bool,
    /// Alters changed views in place instead of dropping them first and creating them last.
    alter_views: bool,
    /// Drops parts of a table by statements of their own where they depend on other dropped objects.
    drop_parts: bool,
}

/// The tactics in the order in which they are tried, the least intrusive first. An old index or view that stays until
/// its replacement exists can be a dependency of an object that the replacement waits for, and a policy or default can
/// depend on a view or function that depends on its table: the steps then form a cycle, which the next tactics avoid.
const TACTICS: [Tactics; 8] = {
    const fn tactics(swap_indexes: bool, alter_views: bool, drop_parts: bool) -> Tactics {
        Tactics { swap_indexes, alter_views, drop_parts }
    }
    [
        tactics(true, true, false),
        tactics(true, true, true),
        tactics(true, false, false),
        tactics(true, false, true),
        tactics(false, true, false),
        tactics(false, true, true),
        tactics(false, false, false),
        tactics(false, false, true),
    ]
};

/// The statements in order, by the first tactics whose steps form no cycle.
fn ordered(diff: &SchemaDiff, options: &PlanOptions) -> Result<Vec<Statement>, PlanError> {
    if diff.is_empty() && !options.strict {
        return Ok(Vec::new());
    }
    let new_parts = diff.new.parts();
    let mut circle = None;
    for tactics in TACTICS {
        let planner = action::decide(diff, &new_parts, options, tactics)?;
        for bodies in [true, false] {
            let (mut graph, view) = steps::build(&planner);
            rules::order(&view, &mut graph, bodies);
            match order::sorted(graph) {
                Err(PlanError::Cycle(_)) if bodies => {}
                Err(found @ PlanError::Cycle(_)) => circle = circle.or(Some(found)),
                sorted => return sorted,
            }
        }
    }
    circle.map_or(Ok(Vec::new()), Err)
}

/// Settings that affect the meaning of a plan's SQL, and that roles and databases can override.
pub(super) const SETTINGS: [(&str, &str); 9] = [
    ("check_function_bodies", "off"),
    ("standard_conforming_strings", "on"),
    ("quote_all_identifiers", "off"),
    ("default_tablespace", "''"),
    ("default_table_access_method", "heap"),
    ("xmloption", "content"),
    ("intervalstyle", "postgres"),
    ("datestyle", "'ISO, YMD'"),
    ("bytea_output", "hex"),
];

impl Plan {
    /// The statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    /// Whether the plan has no statements.
    pub fn is_empty(&self) -> bool {
        self.statements.is_empty()
    }

    /// The statements in the transactions they run in.
    pub fn groups(&self) -> impl Iterator<Item = Group<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| {
            let statements = &self.statements[start..*end];
            Group { transactional: statements.first().is_none_or(|s| s.transactional), statements }
        })
    }

    /// The fingerprint of the schema the plan was made for.
    pub fn fingerprint(&self) -> Fingerprint {
        self.from
    }

    /// The fingerprint of the schema the plan leads to.
    pub fn reaches(&self) -> Fingerprint {
        self.to
    }

    /// The settings that the statements run under.
    pub(crate) fn preamble(&self) -> Vec<String> {
        vec![
            format!("SET lock_timeout = {}", self.options.lock_timeout.as_millis()),
            format!("SET statement_timeout = {}", self.options.statement_timeout.as_millis()),
        ]
        .into_iter()
        .chain(SETTINGS.iter().map(|(name, value)| format!("SET {name} = {value}")))
        .collect()
    }

    /// The plan as SQL for `psql`, with the hazards as comments. Empty for a plan without statements.
    pub fn to_sql(&self) -> String {
        let mut sql = String::new();
        if self.is_empty() {
            return sql;
        }
        for setting in self.preamble() {
            sql += &format!("{setting};\n");
        }
        for group in self.groups() {
            sql += if group.transactional { "\nBEGIN;\n" } else { "\n" };
            for statement in group.statements {
                for hazard in &statement.hazards {
                    let _ = writeln!(sql, "-- {}", hazard.to_string().replace(['\n', '\r'], " "));
                }
                sql += &format!("{};\n", statement.sql);
            }
            sql += if group.transactional { "COMMIT;\n" } else { "" };
        }
        sql
    }
}

impl Plan {
    /// The plan as the text of a migration: the statements with their hazards as comments, without the transactions,
    /// timeouts and settings of [`to_sql`](Self::to_sql), as whatever applies migrations has its own.
    ///
    /// ```no_run
    /// # async fn example(feature: lakebase::Branch, production: lakebase::Branch) -> Result<(), Box<dyn std::error::Error>> {
    /// let plan = feature.compare_schema(&production).await?.migration()?;
    /// std::fs::write("migrations/7_tiers.sql", plan.to_migration())?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_migration(&self) -> String {
        let mut sql = String::new();
        if self.statements.iter().any(|statement| is_routine(&statement.sql)) {
            // A body may name what a later statement creates.
            sql += "SET check_function_bodies = off;\n";
        }
        for statement in &self.statements {
            for hazard in &statement.hazards {
                let _ = writeln!(sql, "-- {}", hazard.to_string().replace(['\n', '\r'], " "));
            }
            sql += &format!("{};\n", statement.sql);
        }
        sql
    }
}

fn is_routine(sql: &str) -> bool {
    ["CREATE OR REPLACE FUNCTION", "CREATE OR REPLACE PROCEDURE", "CREATE FUNCTION", "CREATE PROCEDURE"]
        .iter()
        .any(|head| sql.starts_with(head))
}

impl Serialize for Plan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            from: Fingerprint,
            to: Fingerprint,
            preamble: Vec<String>,
            groups: Vec<Group<'a>>,
        }
        Wire { from: self.from, to: self.to, preamble: self.preamble(), groups: self.groups().collect() }
            .serialize(serializer)
    }
}
