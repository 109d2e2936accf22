//! Resolves OIDs to the names of objects already read, instead of quoting them on the server for each row.

mod index;
mod key;

use std::borrow::Cow;

use sqlx::{Row as _, postgres::PgRow, postgres::types::Oid};

use super::cell::Cell;
use super::reader::{Decoded, Reader, transaction};
use crate::schema::model::{Attr, Draft, Key, Kind, Object};

/// The object of a row, and the parts of it that later queries fill in.
pub(super) struct Composed<'r> {
    pub(super) object: Draft<'r>,
    /// The type and collation of a column.
    pub(super) types: Option<(u32, u32)>,
    /// The default of a column.
    pub(super) default: Option<Draft<'r>>,
    /// The place among the attributes of an index definition that only the server can deparse.
    pub(super) needs_deparse: Option<usize>,
}

/// The values of a row, collected cell by cell.
#[derive(Default)]
struct RowValues<'s, 'r> {
    oid: u32,
    sub: i32,
    stamps: [u32; 3],
    key: Option<String>,
    parent: Option<&'r str>,
    parent_kind: Option<&'r str>,
    owner: Option<Cow<'r, str>>,
    attrs: Vec<(Attr, Cow<'r, str>)>,
    /// The table that the object is a part of: its OID, and its object where it has to be one.
    relation: u32,
    table: Option<Object<'s>>,
    /// The columns that a constraint is on.
    needs: Vec<u32>,
    types: (u32, u32),
    default: ColumnDefault<'r>,
    columns: &'r str,
    foreign: Option<(u32, Object<'s>)>,
    foreign_columns: &'r str,
    /// The shape of a key, and the place of its definition among the attributes.
    key_shape: Option<(&'r str, usize)>,
    condition: Option<&'r str>,
    needs_deparse: Option<usize>,
}

/// The default of a column: OID, transaction, expression.
#[derive(Default)]
struct ColumnDefault<'r> {
    oid: u32,
    stamp: u32,
    expression: Option<&'r str>,
}

impl RowValues<'_, '_> {
    fn say(&mut self, attr: Attr, value: impl Into<String>) {
        self.attrs.push((attr, Cow::Owned(value.into())));
    }

    fn name(&self) -> &str {
        self.attrs.iter().find(|(name, _)| *name == Attr::Name).map_or("", |(_, name)| name.as_ref())
    }
}

impl Reader {
    /// The object of a row; `None` if its parent is outside the model.
    pub(super) fn compose<'r>(
        &self,
        row: &'r PgRow,
        kind: Kind,
        class: u32,
        cells: &'r [Cell],
    ) -> Decoded<Option<Composed<'r>>> {
        let mut values = RowValues { attrs: Vec::with_capacity(cells.len().min(6)), ..RowValues::default() };
        for (at, cell) in cells.iter().enumerate() {
            let goes_on = match cell {
                Cell::Attribute(attribute) => {
                    let value: Option<&str> = row.try_get(at)?;
                    values.attrs.extend(value.map(|value| (*attribute, value.into())));
                    true
                }
                Cell::Relation | Cell::OidAndRelation | Cell::RelationAndSchema | Cell::IndexRelation => {
                    self.relation_cell(&mut values, cell, number(row, at)?)
                }
                _ => {
                    self.cell(&mut values, cell, row, at)?;
                    true
                }
            };
            if !goes_on {
                return Ok(None);
            }
        }
        if let Some((shape, place)) = values.key_shape {
            let text = self.key_definition(&values, shape).ok_or(sqlx::Error::RowNotFound)?;
            values.attrs.insert(place, (Attr::Definition, text.into()));
        }
        Ok(self.composed(values, kind, class))
    }

    /// Whether the table is an object, or need not be one.
    fn relation_cell<'s>(&'s self, values: &mut RowValues<'s, '_>, cell: &Cell, relation: u32) -> bool {
        values.relation = relation;
        values.table = self.relation(relation);
        match cell {
            Cell::OidAndRelation => values.oid = relation,
            Cell::RelationAndSchema => {
                if let Some(table) = values.table {
                    values.say(Attr::Schema, table.text(Attr::Schema));
                }
            }
            _ => {}
        }
        values.table.is_some() || matches!(cell, Cell::IndexRelation)
    }

    fn cell<'s, 'r>(
        &'s self,
        values: &mut RowValues<'s, 'r>,
        cell: &Cell,
        row: &'r PgRow,
        at: usize,
    ) -> Decoded<()> {
        match cell {
            Cell::Oid => values.oid = number(row, at)?,
            Cell::Sub => values.sub = row.try_get(at)?,
            Cell::Stamp => {
                let stamp = transaction(row, at)?;
                values.stamps = [stamp, stamp, 0];
            }
            Cell::Defined => match transaction(row, at)? {
                0 => {}
                stamp => values.stamps[1] = stamp,
            },
            Cell::Key => values.key = row.try_get(at)?,
            Cell::Parent => values.parent = row.try_get(at)?,
            Cell::ParentKind => values.parent_kind = row.try_get(at)?,
            Cell::Owner => values.owner = row.try_get::<Option<&str>, _>(at)?.map(Cow::Borrowed),
            Cell::TypeOid => values.types.0 = number(row, at)?,
            Cell::CollationOid => values.types.1 = number(row, at)?,
            Cell::Identity => self.identity(values, row.try_get(at)?),
            Cell::DefaultOid => values.default.oid = number(row, at)?,
            Cell::DefaultStamp => values.default.stamp = transaction(row, at)?,
            Cell::DefaultExpression => values.default.expression = row.try_get(at)?,
            Cell::ColumnsOf
            | Cell::IncludedToo
            | Cell::ForeignRelation
            | Cell::ForeignColumnsOf
            | Cell::KeyShape
            | Cell::IndexOf => {
                self.key_cell(values, cell, row, at)?;
            }
            Cell::IndexWhere => values.condition = row.try_get(at)?,
            Cell::IndexShape => {
                if let Some(shape) = row.try_get::<Option<&str>, _>(at)? {
                    match self.index(values.relation, values.name(), shape, values.condition) {
                        Some(text) => values.say(Attr::Definition, text),
                        None => {
                            values.needs_deparse = Some(values.attrs.len());
                            values.say(Attr::Definition, "");
                        }
                    }
                }
            }
            Cell::Attribute(_)
            | Cell::Relation
            | Cell::OidAndRelation
            | Cell::RelationAndSchema
            | Cell::IndexRelation => {}
        }
        Ok(())
    }

    fn key_cell<'s, 'r>(
        &'s self,
        values: &mut RowValues<'s, 'r>,
        cell: &Cell,
        row: &'r PgRow,
        at: usize,
    ) -> Decoded<()> {
        match cell {
            Cell::ColumnsOf => {
                values.columns = row.try_get::<Option<&str>, _>(at)?.unwrap_or_default();
                let names = self.names(values.relation, values.columns, "\n");
                values.attrs.extend(names.map(|names| (Attr::Columns, names.into())));
                values.needs = self.places(values.relation, values.columns);
            }
            Cell::IncludedToo => {
                if let Some(list) = row.try_get::<Option<&str>, _>(at)? {
                    values.needs = self.places(values.relation, list);
                }
            }
            Cell::ForeignRelation => {
                let table = number(row, at)?;
                values.foreign = self.relation(table).map(|object| (table, object));
                if let Some((_, object)) = values.foreign {
                    values.say(Attr::References, object.key.name);
                }
            }
            Cell::ForeignColumnsOf => {
                values.foreign_columns = row.try_get::<Option<&str>, _>(at)?.unwrap_or_default();
                let names =
                    values.foreign.and_then(|(table, _)| self.names(table, values.foreign_columns, "\n"));
                values.attrs.extend(names.map(|names| (Attr::ForeignColumns, names.into())));
            }
            Cell::KeyShape => {
                let shape: Option<&str> = row.try_get(at)?;
                values.key_shape = shape.map(|shape| (shape, values.attrs.len()));
            }
            _ => {
                let columns = self.names(values.relation, values.columns, ", ");
                if let (Some(index), Some(table), Some(columns)) = (row.try_get(at)?, values.table, columns) {
                    values.say(Attr::IndexDefinition, index::of_key(index, table.key.name, &columns));
                }
            }
        }
        Ok(())
    }

    fn key_definition(&self, values: &RowValues<'_, '_>, shape: &str) -> Option<String> {
        let columns = self.names(values.relation, values.columns, ", ")?;
        let foreign = match values.foreign {
            Some((table, object)) => {
                Some((object.key.name, self.names(table, values.foreign_columns, ", ")?))
            }
            None => None,
        };
        let foreign = foreign.as_ref().map(|(table, columns)| (*table, columns.as_str()));
        key::definition(shape, &columns, foreign, |list| self.names(values.relation, list, ", "))
    }

    fn identity(&self, values: &mut RowValues<'_, '_>, identity: Option<&str>) {
        let Some(identity) = identity else { return };
        values.say(Attr::Identity, identity);
        if let Some(sequence) = self.identities.get(&(values.relation, values.sub)) {
            values.say(Attr::IdentitySequence, sequence.name.as_str());
            values.say(Attr::IdentityOptions, sequence.options.as_str());
            let is_unlogged = |table: Object<'_>| table.has(Attr::Persistence);
            if values.table.is_some_and(|table| is_unlogged(table) != sequence.unlogged) {
                values.say(Attr::IdentityPersistence, if sequence.unlogged { "unlogged" } else { "logged" });
            }
        }
    }

    fn composed<'r>(&self, mut values: RowValues<'_, 'r>, kind: Kind, class: u32) -> Option<Composed<'r>> {
        let named = values.parent.zip(values.parent_kind.and_then(Kind::from_label));
        let parent =
            named.map(|(name, kind)| Key::new(kind, name)).or_else(|| values.table.map(|t| t.key.to_key()));
        let key = match (values.key.take(), &parent) {
            (Some(key), _) => key,
            (None, Some(parent)) => format!("{}.{}", parent.name, values.name()),
            (None, None) => return None,
        };
        let key = Key::new(kind, key);
        let default = values.default.expression.map(|expression| Draft {
            attrs: vec![
                (Attr::Name, Cow::Owned(values.name().to_owned())),
                (Attr::Table, Cow::Owned(values.table.map_or("", |table| table.key.name).to_owned())),
                (Attr::Expression, Cow::Borrowed(expression)),
            ],
            address: (self.defaults, values.default.oid, 0),
            stamps: [values.default.stamp, values.default.stamp, 0],
            ..Draft::new(Key::new(Kind::Default, key.name.as_str()), Some(key.clone()))
        });
        let (types, needs_deparse) = ((kind == Kind::Column).then_some(values.types), values.needs_deparse);
        let object = Draft {
            key,
            parent,
            owner: values.owner,
            attrs: values.attrs,
            needs: values.needs,
            address: (class, values.oid, values.sub),
            stamps: values.stamps,
        };
        Some(Composed { object, types, default, needs_deparse })
    }

    pub(super) fn relation(&self, oid: u32) -> Option<Object<'_>> {
        self.column(oid, 0)
    }

    fn column(&self, relation: u32, number: i32) -> Option<Object<'_>> {
        let at = self.exact.get(&(self.relations, relation, number))?;
        Some(self.collection.objects().at(*at as usize))
    }

    /// The places of the columns among the objects.
    fn places(&self, relation: u32, list: &str) -> Vec<u32> {
        let numbers = numbers(list).flatten();
        numbers.filter_map(|n| self.exact.get(&(self.relations, relation, n)).copied()).collect()
    }

    /// The names of the columns `{1,2}`, joined by a separator; `None` where there is no such column.
    fn names(&self, relation: u32, list: &str, between: &str) -> Option<String> {
        let mut names = String::new();
        for number in numbers(list) {
            let column = self.column(relation, number?)?;
            if !names.is_empty() {
                names.push_str(between);
            }
            names.push_str(column.text(Attr::Name));
        }
        Some(names)
    }
}

/// The numbers of `{1,2}` or `1 2`.
fn numbers(list: &str) -> impl Iterator<Item = Option<i32>> {
    list.trim_matches(['{', '}']).split([',', ' ']).map(|number| number.parse().ok())
}

fn number(row: &PgRow, at: usize) -> Decoded<u32> {
    Ok(row.try_get::<Option<Oid>, _>(at)?.map_or(0, |oid| oid.0))
}
