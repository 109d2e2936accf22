//! Composes the definitions of plain indexes from the names of their columns.

use super::super::reader::Reader;
use crate::schema::model::Attr;

/// Composes the output of `pg_get_indexdef` for the plain index of a primary or unique key.
pub(super) fn of_key(name: &str, table: &str, columns: &str) -> String {
    format!("CREATE UNIQUE INDEX {name} ON {table} USING btree ({columns})")
}

impl Reader {
    /// Composes the output of `pg_get_indexdef` for a B-tree on plain columns with the default operator classes and
    /// collations of their types; `None` for other indexes.
    pub(super) fn index(
        &self,
        relation: u32,
        name: &str,
        shape: &str,
        condition: Option<&str>,
    ) -> Option<String> {
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
            text.push_str(self.column(relation, number)?.text(Attr::Name));
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

    /// Whether the built-in operator class is the default of the type. That of `text` is also the default of `varchar`,
    /// unless a user created another one.
    fn is_default(&self, class: u32, kind: u32) -> bool {
        const TEXT: u32 = 25;
        const VARCHAR: u32 = 1043;
        let of = self.classes.get(&class).copied();
        let built_in = class < 16_384;
        let varchar = kind == VARCHAR && of == Some(TEXT) && !self.classes.values().any(|of| *of == VARCHAR);
        built_in && (of == Some(kind) || varchar)
    }
}
