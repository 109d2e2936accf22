//! What a row says in numbers, said in the names of facts that were read before: the server would look up and quote the same
//! names once a row.

use sqlx::{Row as _, postgres::PgRow, postgres::types::Oid};

use super::{Decoded, Reader, transaction};
use crate::schema::model::{Attribute, Attributes, Fact, Key, Kind, attribute};

/// What a column of a catalog query is to a fact.
pub(super) enum Cell {
    Oid,
    Sub,
    Stamp,
    /// The transaction that wrote the row with the definition, where that is another row.
    Defined,
    Key,
    Parent,
    ParentKind,
    Owner,
    Attribute(Attribute),
    /// The OID of the table that the fact is a part of, which must be a fact.
    Relation,
    /// The number of the column that the default is of, which must be a fact.
    OfColumn,
    TypeOid,
    CollationOid,
    /// The numbers of the constraint's columns.
    ColumnsOf,
    ForeignRelation,
    ForeignColumnsOf,
    /// The name of the plain index of a constraint.
    IndexOf,
    IndexRelation,
    IndexWhere,
    /// A plain index: unique, then its keys, operator classes, collations and orders.
    IndexShape,
}

impl Cell {
    pub(super) fn named(name: &str) -> Self {
        match name {
            "oid" => Self::Oid,
            "sub" => Self::Sub,
            "stamp" => Self::Stamp,
            "defined" => Self::Defined,
            "key" => Self::Key,
            "parent" => Self::Parent,
            "parent_kind" => Self::ParentKind,
            "owner" => Self::Owner,
            "relation" => Self::Relation,
            "of_column" => Self::OfColumn,
            "type_oid" => Self::TypeOid,
            "collation_oid" => Self::CollationOid,
            "columns_of" => Self::ColumnsOf,
            "foreign_relation" => Self::ForeignRelation,
            "foreign_columns_of" => Self::ForeignColumnsOf,
            "index_of" => Self::IndexOf,
            "index_relation" => Self::IndexRelation,
            "index_where" => Self::IndexWhere,
            "index_shape" => Self::IndexShape,
            name => Self::Attribute(attribute(name)),
        }
    }
}

/// A row, and what it leaves to be asked for.
pub(super) struct Composed {
    pub(super) fact: Fact,
    /// The type and collation of a column.
    pub(super) types: Option<(u32, u32)>,
    /// Where the definition of an index belongs among the attributes, which only the server can say.
    pub(super) asks: Option<usize>,
}

impl Reader {
    /// The fact of a row; none where it is a part of something that is no fact.
    pub(super) fn compose(
        &self,
        row: &PgRow,
        kind: Kind,
        class: u32,
        cells: &[Cell],
    ) -> Decoded<Option<Composed>> {
        let (mut key, mut parent, mut parent_kind, mut owner) = (None, None, None, None);
        let (mut oid, mut sub, mut relation, mut foreign) = (0, 0, 0, 0);
        let mut stamps = [0; 3];
        let (mut types, mut asks, mut condition) = ((0, 0), None, None);
        let mut above: Option<&Fact> = None;
        let mut attrs: Vec<(Attribute, String)> = Vec::with_capacity(cells.len().min(6));
        for (at, cell) in cells.iter().enumerate() {
            match cell {
                Cell::Oid => oid = number(row, at)?,
                Cell::Sub => sub = row.try_get(at)?,
                Cell::Stamp => stamps = [transaction(row, at)?; 3],
                Cell::Defined => stamps[1] = transaction(row, at)?,
                Cell::Key => key = Some(row.try_get::<&str, _>(at)?.to_owned()),
                Cell::Parent => parent = row.try_get::<Option<&str>, _>(at)?,
                Cell::ParentKind => parent_kind = row.try_get::<Option<&str>, _>(at)?,
                Cell::Owner => owner = row.try_get(at)?,
                Cell::Relation | Cell::IndexRelation => {
                    relation = number(row, at)?;
                    above = self.relation(relation);
                    if above.is_none() && matches!(cell, Cell::Relation) {
                        return Ok(None);
                    }
                }
                Cell::OfColumn => {
                    let Some(column) = self.column(relation, row.try_get(at)?) else { return Ok(None) };
                    attrs.push((attribute("name"), column.text("name").to_owned()));
                    let table = above.map(|table| table.key.name.clone());
                    attrs.extend(table.map(|table| (attribute("table"), table)));
                    key = Some(column.key.name.clone());
                    above = Some(column);
                }
                Cell::TypeOid => types.0 = number(row, at)?,
                Cell::CollationOid => types.1 = number(row, at)?,
                Cell::ColumnsOf => {
                    let columns =
                        row.try_get::<Option<&str>, _>(at)?.map(|list| self.columns(relation, list));
                    attrs.extend(columns.flatten().map(|columns| (attribute("columns"), columns)));
                }
                Cell::ForeignRelation => foreign = number(row, at)?,
                Cell::ForeignColumnsOf if foreign != 0 => {
                    let columns = row.try_get::<Option<&str>, _>(at)?.map(|list| self.columns(foreign, list));
                    attrs.extend(columns.flatten().map(|columns| (attribute("foreign_columns"), columns)));
                }
                Cell::ForeignColumnsOf => {}
                Cell::IndexOf => {
                    if let (Some(index), Some(table)) = (row.try_get::<Option<&str>, _>(at)?, above) {
                        let columns = attrs.iter().find(|(name, _)| name == "columns");
                        let columns =
                            columns.map_or(String::new(), |(_, columns)| columns.replace('\n', ", "));
                        let on = &table.key.name;
                        let text = format!("CREATE UNIQUE INDEX {index} ON {on} USING btree ({columns})");
                        attrs.push((attribute("index_definition"), text));
                    }
                }
                Cell::IndexWhere => condition = row.try_get::<Option<&str>, _>(at)?,
                Cell::IndexShape => {
                    if let Some(shape) = row.try_get::<Option<&str>, _>(at)? {
                        let name =
                            attrs.iter().find(|(name, _)| name == "name").map(|(_, name)| name.as_str());
                        match name.and_then(|name| self.index(relation, name, shape, condition)) {
                            Some(text) => attrs.push((attribute("definition"), text)),
                            None => asks = Some(attrs.len()),
                        }
                    }
                }
                Cell::Attribute(attribute) => {
                    if let Some(value) = row.try_get::<Option<&str>, _>(at)? {
                        attrs.push((attribute.clone(), value.to_owned()));
                    }
                }
            }
        }
        stamps[2] = 0;
        attrs.shrink_to_fit();
        let said =
            parent.zip(parent_kind.and_then(Kind::from_label)).map(|(name, kind)| Key::new(kind, name));
        let parent = said.or_else(|| above.map(|above| above.key.clone()));
        let key = match (key, &parent) {
            (Some(key), _) => key,
            (None, Some(parent)) => {
                let name = attrs.iter().find(|(name, _)| name == "name").map(|(_, name)| name.as_str());
                format!("{}.{}", parent.name, name.unwrap_or_default())
            }
            (None, None) => return Ok(None),
        };
        let key = Key::new(kind, key);
        let (attrs, address) = (Attributes(attrs), (class, oid, sub));
        let fact = Fact { key, parent, owner, attrs, needs: Vec::new(), address, stamps };
        Ok(Some(Composed { fact, types: (kind == Kind::Column).then_some(types), asks }))
    }

    fn relation(&self, oid: u32) -> Option<&Fact> {
        self.exact.get(&(self.relations, oid, 0)).map(|at| &self.facts[*at as usize])
    }

    fn column(&self, relation: u32, number: i32) -> Option<&Fact> {
        self.exact.get(&(self.relations, relation, number)).map(|at| &self.facts[*at as usize])
    }

    /// The names of `{1,2}`, each on a line of its own; none where there is no such column.
    fn columns(&self, relation: u32, list: &str) -> Option<String> {
        let mut names = String::new();
        for number in list.trim_matches(['{', '}']).split(',') {
            let column = self.column(relation, number.parse().ok()?)?;
            if !names.is_empty() {
                names.push('\n');
            }
            names.push_str(column.text("name"));
        }
        Some(names)
    }

    /// What `pg_get_indexdef` says of a B-tree on plain columns that leaves operator classes and collations to their types;
    /// none for every other.
    fn index(&self, relation: u32, name: &str, shape: &str, condition: Option<&str>) -> Option<String> {
        let mut parts = shape.split('/');
        let unique = if parts.next()? == "t" { "UNIQUE " } else { "" };
        let mut lists =
            [parts.next()?, parts.next()?, parts.next()?, parts.next()?].map(|list| list.split(' '));
        let table = self.relation(relation)?;
        let mut text = format!("CREATE {unique}INDEX {name} ON {} USING btree (", table.key.name);
        let mut first = true;
        loop {
            let [keys, classes, collations, orders] = &mut lists;
            let Some(key) = keys.next() else { break };
            let number = key.parse().ok()?;
            let (kind, collation) = *self.types.get(&(relation, number))?;
            let (of_class, of_key) =
                (classes.next()?.parse::<u32>().ok()?, collations.next()?.parse::<u32>().ok()?);
            if !self.is_default(of_class, kind) || (of_key != 0 && of_key != collation) {
                return None;
            }
            if !first {
                text.push_str(", ");
            }
            first = false;
            text.push_str(self.column(relation, number)?.text("name"));
            text.push_str(match orders.next()? {
                "0" => "",
                "1" => " DESC NULLS LAST",
                "2" => " NULLS FIRST",
                "3" => " DESC",
                _ => return None,
            });
        }
        text.push(')');
        if let Some(condition) = condition {
            text.push_str(" WHERE ");
            text.push_str(condition);
        }
        Some(text)
    }

    /// Whether the built-in operator class is the default of the type. That of `text` is the one of `varchar` too, as long as
    /// nobody made another.
    fn is_default(&self, class: u32, kind: u32) -> bool {
        const TEXT: u32 = 25;
        const VARCHAR: u32 = 1043;
        let of = self.classes.get(&class).copied();
        let built_in = class < 16_384;
        let varchar = kind == VARCHAR && of == Some(TEXT) && !self.classes.values().any(|of| *of == VARCHAR);
        built_in && (of == Some(kind) || varchar)
    }
}

fn number(row: &PgRow, at: usize) -> Decoded<u32> {
    Ok(row.try_get::<Option<Oid>, _>(at)?.map_or(0, |oid| oid.0))
}
