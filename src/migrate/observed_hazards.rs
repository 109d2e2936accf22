//! Hazards of a rehearsed migration, derived from measurements and from the difference of the schema.

use std::time::Duration;

use super::{
    observe::{ObservedLock, Rewrite},
    report::ApplyReport,
    text_table,
};
use crate::schema::{Change, Hazard, HazardKind, Kind, LockMode, SchemaDiff};

/// The duration from which a lock is reported as a hazard, as users of the database notice it.
const NOTICEABLE: Duration = Duration::from_millis(200);

pub(super) fn hazards(
    applied: &ApplyReport,
    locks: &[ObservedLock],
    rewrites: &[Rewrite],
    diff: &SchemaDiff,
) -> Vec<Hazard> {
    let mut hazards: Vec<Hazard> = diff.changes().iter().filter_map(of_change).collect();
    hazards.extend(rewrites.iter().map(|rewrite| Hazard {
        kind: HazardKind::TableRewrite,
        relation: rewrite.relation.clone(),
        reason: format!("it is rewritten ({})", bytes(rewrite.bytes)),
    }));
    hazards.extend(locks.iter().filter(|lock| lock.mode >= LockMode::Share && lock.held >= NOTICEABLE).map(
        |lock| Hazard {
            kind: HazardKind::ScanUnderLock,
            relation: lock.relation.clone(),
            reason: format!(
                "{} wait while it is locked ({}) for {}",
                if lock.mode == LockMode::AccessExclusive { "reads and writes" } else { "writes" },
                lock.mode,
                text_table::duration(lock.held)
            ),
        },
    ));
    for migration in &applied.migrations {
        let alone = migration.statements.iter().filter(|statement| !statement.transactional);
        hazards.extend(alone.map(|statement| Hazard {
            kind: HazardKind::NotTransactional,
            relation: migration.id.clone(),
            reason: format!(
                "a failure at or after line {} keeps what was committed before it",
                statement.line
            ),
        }));
    }
    hazards
}

fn of_change(change: &Change) -> Option<Hazard> {
    let hazard = |kind, why: &str| {
        let relation = change.key().to_string();
        Some(Hazard { kind, relation, reason: why.to_owned() })
    };
    let kind = change.key().kind;
    match change {
        _ if matches!(kind, Kind::Privilege | Kind::Policy | Kind::Owner | Kind::DefaultPrivileges) => {
            hazard(HazardKind::Authorization, "privileges or ownership change")
        }
        Change::Removed { .. } => match kind {
            Kind::Table | Kind::Column | Kind::MaterializedView => {
                hazard(HazardKind::DataLoss, "it is dropped with its data")
            }
            Kind::View
            | Kind::Function
            | Kind::Aggregate
            | Kind::Sequence
            | Kind::Enum
            | Kind::Domain
            | Kind::Schema => hazard(HazardKind::BreaksClients, "it is dropped, and clients may use it"),
            _ => None,
        },
        Change::Renamed { .. }
            if matches!(kind, Kind::Table | Kind::Column | Kind::View | Kind::Schema | Kind::Enum) =>
        {
            hazard(HazardKind::BreaksClients, "it is renamed, and clients may use the old name")
        }
        Change::Changed { fields, .. }
            if kind == Kind::Column && fields.iter().any(|field| field.name == "type") =>
        {
            hazard(HazardKind::BreaksClients, "its type changes")
        }
        _ => None,
    }
}

fn bytes(bytes: u64) -> String {
    match bytes {
        b if b >= 1 << 30 => format!("{:.1} GiB", b as f64 / f64::from(1 << 30)),
        b if b >= 1 << 20 => format!("{:.1} MiB", b as f64 / f64::from(1 << 20)),
        b => format!("{} KiB", b.div_ceil(1024)),
    }
}
