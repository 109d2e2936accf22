//! Three-way comparison: the changes of both sides since their common base.

mod only_one;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::compare::compare_alike;
use super::diff::{Change, FieldChange};
use super::model::{Attr, Key, Kind, Schema};
use super::portable::alike;

/// Two changes that exclude each other.
///
/// ```
/// fn show(conflict: &lakebase::schema::Conflict) {
///     println!("{}: {}", conflict.key, conflict.reason);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Conflict {
    /// The object in conflict.
    pub key: Key,
    /// The reason why the changes exclude each other.
    pub reason: String,
    /// The change of our side.
    pub ours: Change,
    /// The change of their side.
    pub theirs: Change,
}

/// The changes of two schemas since their common base.
///
/// `Display` lists the changes by side, and both definitions of each conflict.
///
/// ```no_run
/// # fn show(base: &lakebase::schema::Schema, ours: &lakebase::schema::Schema, theirs: &lakebase::schema::Schema) {
/// let drift = lakebase::schema::drift(base, ours, theirs);
/// if !drift.conflicts().is_empty() {
///     println!("{drift}");
/// }
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Drift {
    ours_only: Vec<Change>,
    theirs_only: Vec<Change>,
    same: Vec<Change>,
    conflicts: Vec<Conflict>,
    /// Base and side, ours and then theirs, from which the changes are rendered.
    #[serde(skip)]
    pub(super) sides: [(Schema, Schema); 2],
}

impl Drift {
    /// Changes that only our side made.
    pub fn ours_only(&self) -> &[Change] {
        &self.ours_only
    }

    /// Changes that only their side made.
    pub fn theirs_only(&self) -> &[Change] {
        &self.theirs_only
    }

    /// Changes that both sides made identically.
    pub fn same(&self) -> &[Change] {
        &self.same
    }

    /// Changes that exclude each other.
    pub fn conflicts(&self) -> &[Conflict] {
        &self.conflicts
    }

    /// Whether neither side changed anything.
    pub fn is_empty(&self) -> bool {
        self.ours_only.is_empty()
            && self.theirs_only.is_empty()
            && self.same.is_empty()
            && self.conflicts.is_empty()
    }
}

/// Compares two schemas with the base they come from.
///
/// The changes conflict where both sides changed the same attribute differently, where one removed or retyped an object
/// that the other changed or depends on, or where both gave one name to different objects. Changes to different
/// attributes of one object do not conflict.
///
/// ```no_run
/// # fn show(base: &lakebase::schema::Schema, ours: &lakebase::schema::Schema, theirs: &lakebase::schema::Schema) {
/// println!("{}", lakebase::schema::drift(base, ours, theirs));
/// # }
/// ```
pub fn drift(base: &Schema, ours: &Schema, theirs: &Schema) -> Drift {
    let ([base, ours, theirs], _) = alike([base, ours, theirs]);
    let (one, other) = (compare_alike(&base, &ours), compare_alike(&base, &theirs));
    let by_key = |changes: &[Change]| {
        changes.iter().map(|c| (anchor(c), c.clone())).collect::<BTreeMap<Key, Change>>()
    };
    let (mine, yours) = (by_key(one.changes()), by_key(other.changes()));
    let mut drift = Drift {
        ours_only: Vec::new(),
        theirs_only: Vec::new(),
        same: Vec::new(),
        conflicts: Vec::new(),
        sides: [(one.old.clone(), one.new.clone()), (other.old.clone(), other.new.clone())],
    };
    let mut clashes: BTreeSet<(Key, Key)> = BTreeSet::new();
    for (key, change) in &mine {
        match yours.get(key) {
            Some(their) if their == change => drift.same.push(change.clone()),
            Some(their) => match clash(change, their) {
                Some(reason) => {
                    clashes.insert((key.clone(), key.clone()));
                    drift.conflicts.push(Conflict {
                        key: key.clone(),
                        reason,
                        ours: change.clone(),
                        theirs: their.clone(),
                    });
                }
                None => {
                    drift.ours_only.push(change.clone());
                    drift.theirs_only.push(their.clone());
                }
            },
            None => drift.ours_only.push(change.clone()),
        }
    }
    drift
        .theirs_only
        .extend(yours.iter().filter(|(key, _)| !mine.contains_key(*key)).map(|(_, c)| c.clone()));
    needs(&mut drift, &mut clashes, &ours, &mine, &yours, false);
    needs(&mut drift, &mut clashes, &theirs, &yours, &mine, true);
    names(&mut drift, &mine, &yours);
    once(&mut drift, &mine, &yours);
    let conflicting: BTreeSet<Key> =
        drift.conflicts.iter().flat_map(|c| [anchor(&c.ours), anchor(&c.theirs)]).collect();
    drift.ours_only.retain(|c| !conflicting.contains(&anchor(c)));
    drift.theirs_only.retain(|c| !conflicting.contains(&anchor(c)));
    drift.conflicts.sort_by(|a, b| (&a.key, &a.reason).cmp(&(&b.key, &b.reason)));
    drift
}

/// The object of a change, by its name in the base.
fn anchor(change: &Change) -> Key {
    match change {
        Change::Renamed { before, .. } => before.clone(),
        other => other.key().clone(),
    }
}

fn clash(ours: &Change, theirs: &Change) -> Option<String> {
    match (ours, theirs) {
        (Change::Changed { fields: a, .. }, Change::Changed { fields: b, .. }) => {
            let differ = |x: &FieldChange| b.iter().any(|y| y.name == x.name && y.after != x.after);
            let names: Vec<&str> = a.iter().filter(|x| differ(x)).map(|x| x.name.as_str()).collect();
            (!names.is_empty()).then(|| format!("both changed {} differently", names.join(", ")))
        }
        (Change::Added { .. }, Change::Added { .. }) => {
            Some("both added it, with different definitions".to_owned())
        }
        (Change::Removed { .. }, Change::Removed { .. }) => None,
        (Change::Renamed { .. }, Change::Renamed { .. }) => {
            Some("both renamed it, to different names".to_owned())
        }
        (Change::Removed { .. }, _) => Some("ours removed what theirs changed".to_owned()),
        (_, Change::Removed { .. }) => Some("theirs removed what ours changed".to_owned()),
        _ => Some("one renamed what the other changed".to_owned()),
    }
}

/// Conflicts where new or changed objects of one side depend on an object that the other side removed or retyped.
fn needs(
    drift: &mut Drift,
    clashes: &mut BTreeSet<(Key, Key)>,
    side: &Schema,
    mine: &BTreeMap<Key, Change>,
    yours: &BTreeMap<Key, Change>,
    swapped: bool,
) {
    for (key, change) in mine {
        let Some(object) = side.get(key).filter(|_| !matches!(change, Change::Removed { .. })) else {
            continue;
        };
        for need in object.needs.iter().map(|n| side.objects.key(*n as usize).to_key()) {
            let Some(their) = yours.get(&need).filter(|_| !mine.contains_key(&need)) else { continue };
            let reason = match their {
                Change::Removed { .. } => "removed",
                Change::Renamed { .. } => "renamed",
                Change::Changed { fields, .. } if retypes(need.kind, fields) && !decoration(key.kind) => {
                    "changed the type of"
                }
                _ => continue,
            };
            if !clashes.insert((key.clone(), need.clone())) {
                continue;
            }
            let who = if swapped { ("theirs", "ours") } else { ("ours", "theirs") };
            let reason = format!("{} needs {need}, which {} {reason}", who.0, who.1);
            let (ours, theirs) =
                if swapped { (their.clone(), change.clone()) } else { (change.clone(), their.clone()) };
            drift.conflicts.push(Conflict { key: key.clone(), reason, ours, theirs });
        }
    }
}

fn decoration(kind: Kind) -> bool {
    matches!(kind, Kind::Comment | Kind::Privilege | Kind::Owner)
}

fn retypes(kind: Kind, fields: &[FieldChange]) -> bool {
    let attrs: &[Attr] = match kind {
        Kind::Column => &[Attr::Type, Attr::Collation, Attr::Generated, Attr::GeneratedVirtual],
        Kind::Composite => &[Attr::Attributes],
        Kind::Domain => &[Attr::Type],
        _ => &[],
    };
    fields.iter().any(|f| attrs.iter().any(|attr| attr.alias() == f.name))
}

/// Conflicts where two objects of different kinds have one name.
fn names(drift: &mut Drift, mine: &BTreeMap<Key, Change>, yours: &BTreeMap<Key, Change>) {
    let relation = |key: &Key| {
        matches!(
            key.kind,
            Kind::Table
                | Kind::View
                | Kind::MaterializedView
                | Kind::Sequence
                | Kind::Index
                | Kind::Enum
                | Kind::Domain
                | Kind::Composite
                | Kind::Range
        )
    };
    let added = |changes: &BTreeMap<Key, Change>| -> BTreeMap<String, Change> {
        let new = changes
            .iter()
            .filter(|(k, c)| relation(k) && matches!(c, Change::Added { .. } | Change::Renamed { .. }));
        new.map(|(_, c)| (c.key().name.clone(), c.clone())).collect()
    };
    let theirs = added(yours);
    for (name, change) in added(mine) {
        if let Some(their) =
            theirs.get(&name).filter(|t| t.key().kind != change.key().kind || anchor(t) != anchor(&change))
        {
            let reason = format!("both took the name {name}");
            drift.conflicts.push(Conflict {
                key: change.key().clone(),
                reason,
                ours: change,
                theirs: their.clone(),
            });
        }
    }
}

/// Conflicts between two objects of which only one can exist.
fn once(drift: &mut Drift, mine: &BTreeMap<Key, Change>, yours: &BTreeMap<Key, Change>) {
    let limited = |changes: &BTreeMap<Key, Change>| -> Vec<Change> {
        let kinds = |k: &&Key| matches!(k.kind, Kind::Constraint | Kind::Partition);
        changes.keys().filter(kinds).filter_map(|k| changes.get(k)).cloned().collect()
    };
    let theirs = limited(yours);
    for ours in limited(mine) {
        for theirs in &theirs {
            if let Some(reason) = only_one::excludes(&ours, theirs) {
                drift.conflicts.push(Conflict {
                    key: ours.key().clone(),
                    reason,
                    ours: ours.clone(),
                    theirs: theirs.clone(),
                });
            }
        }
    }
}
