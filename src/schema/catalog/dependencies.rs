//! Reads the dependencies between objects.

use sqlx::Row as _;
use sqlx::postgres::{PgRow, types::Oid};

use super::reader::{Decoded, Dependency, Reader, oid};
use crate::schema::model::{Address, Attr, ConstraintKind, Kind, Name};

impl Reader {
    pub(super) fn find(&self, address: Address) -> Option<u32> {
        let whole = (address.0, address.1, 0);
        let exact = self.exact.get(&address).or_else(|| self.alias.get(&address));
        exact.or_else(|| self.exact.get(&whole)).or_else(|| self.alias.get(&whole)).copied()
    }

    pub(super) fn aliases(
        &mut self,
        generated: &[PgRow],
        aliases: &[PgRow],
        dependencies: &[Dependency],
    ) -> Decoded<()> {
        let (attrdef, class) = (self.catalog("pg_attrdef"), self.catalog("pg_class"));
        for row in generated {
            let (expression, table): (Oid, Oid) = (row.try_get("objid")?, row.try_get("refobjid")?);
            if let Some(at) = self.exact.get(&(class, table.0, row.try_get("refsub")?)) {
                self.alias.insert((attrdef, expression.0, 0), *at);
            }
        }
        let whole = |(class, object, _): Address| (class, object, 0);
        for row in dependencies.iter().filter(|row| row.kind == b'e') {
            if let Some(at) = self.find(whole(row.to)) {
                self.alias.entry(whole(row.from)).or_insert(at);
            }
        }
        let mut inner: Vec<(Address, Address)> = Vec::new();
        for row in aliases {
            let address = (oid(row, "classid")?, oid(row, "objid")?, 0);
            inner.push((address, (oid(row, "refclassid")?, oid(row, "refobjid")?, 0)));
        }
        // The row and array types and rewrite rule of a relation, the sequence of an identity column, the index of a
        // constraint, the members of an operator class, the constructors of a range type.
        let internal = dependencies.iter().filter(|row| row.kind == b'i');
        inner.extend(
            internal.map(|row| (whole(row.from), if row.from.0 == class { row.to } else { whole(row.to) })),
        );
        inner.retain(|(address, _)| !self.exact.contains_key(address));
        // Twice, as the alias of an array or row type may resolve to another alias.
        for (address, target) in inner.iter().chain(&inner) {
            if let Some(at) = self.find(*target) {
                self.alias.entry(*address).or_insert(at);
            }
        }
        Ok(())
    }

    /// Marks an object that depends on an extension without being a member of it.
    fn mark(&mut self, at: u32, extension: u32) {
        let name = self.object(extension).key.name.to_owned();
        let suffix = format!(" with {name}");
        let mark = self.part(Kind::ExtensionMark, at, None, &suffix, vec![(Attr::Extension, name)]);
        self.collection.need(mark, extension);
    }

    pub(super) fn dependencies(&mut self, rows: &[Dependency]) {
        for row in rows {
            let (from, to) = (self.find(row.from), self.find(row.to));
            if row.kind == b'x' {
                if let Some((from, to)) = from.zip(to).filter(|(from, to)| from != to) {
                    self.mark(from, to);
                }
                continue;
            }
            let Some((from, to)) = from.zip(to).filter(|(from, to)| from != to && row.kind != b'P') else {
                continue;
            };
            let (one, other) = (self.object(from), self.object(to));
            // Ownership of a sequence and the place of a partition are objects of their own.
            let placed = match (one.key.kind, other.key.kind) {
                (Kind::Sequence, Kind::Column | Kind::Table) => row.kind == b'a',
                (Kind::Table, Kind::Table) => one.has(Attr::IsPartition),
                (Kind::Table, Kind::Column) => other.parent == Some(one.key),
                _ => false,
            };
            if !placed {
                self.collection.need(from, to);
            }
        }
    }

    /// Dependencies that follow from the model itself.
    pub(super) fn structural(&mut self) {
        for at in 0..self.collection.objects().len() as u32 {
            let object = self.object(at);
            let mut needs: Vec<Name<'_>> = object.parent.into_iter().collect();
            let mut found: Vec<u32> = Vec::new();
            match object.key.kind {
                Kind::Partition => needs.push(Name::new(Kind::Table, object.text(Attr::ParentRelation))),
                Kind::IndexAttach => needs.push(match object.get(Attr::OfConstraint) {
                    Some(constraint) => Name::new(Kind::Constraint, constraint),
                    None => Name::new(Kind::Index, object.text(Attr::ParentRelation)),
                }),
                Kind::SequenceOwner => needs.push(Name::new(Kind::Column, object.text(Attr::Column))),
                Kind::PublicationTable => needs.push(Name::new(Kind::Table, object.text(Attr::Table))),
                Kind::Trigger if object.has(Attr::ParentTriggers) => {
                    needs.extend(
                        object.text(Attr::ParentTriggers).lines().map(|name| Name::new(Kind::Trigger, name)),
                    );
                    needs.extend(object.parent.map(|table| Name::new(Kind::Partition, table.name)));
                }
                Kind::PublicationSchema => needs.push(Name::new(Kind::Schema, object.text(Attr::Schema))),
                Kind::Privilege => {
                    if object.has(Attr::Grantor) {
                        found.extend(self.sources(object));
                    }
                    found.extend(self.on_table(object));
                }
                Kind::DefaultPrivileges => {
                    needs.extend(object.get(Attr::Schema).map(|s| Name::new(Kind::Schema, s)))
                }
                Kind::Constraint if object.constraint_kind() == Some(ConstraintKind::ForeignKey) => {
                    needs.push(Name::new(Kind::Table, object.text(Attr::References)));
                }
                _ => {}
            }
            found.extend(needs.iter().filter_map(|key| self.collection.place(*key)));
            for need in found.into_iter().filter(|need| *need != at) {
                self.collection.need(at, need);
            }
        }
    }
}
