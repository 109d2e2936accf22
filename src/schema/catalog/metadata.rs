//! Reads comments, owners and privileges of catalog objects.

use sqlx::Row as _;
use sqlx::postgres::PgRow;

use super::reader::{Decoded, Reader, oid};
use crate::schema::model::{Attr, Draft, Key, Kind, Name, Object};

/// The attribute that names a part of an object, and its value.
type Part = (Attr, String);

impl Reader {
    /// The object that a comment or privilege is on, and the part of it that the model has no object for: a column of a
    /// view, the index of a constraint, the sequence of an identity.
    fn target(
        &self,
        row: &PgRow,
        class: &str,
        object: &str,
        sub: &str,
    ) -> Decoded<Option<(u32, Option<Part>)>> {
        let address = (oid(row, class)?, oid(row, object)?, row.try_get(sub)?);
        if let Some(at) = self.exact.get(&address) {
            return Ok(Some((*at, None)));
        }
        let column: Option<String> = row.try_get("attribute")?;
        let whole = (address.0, address.1, 0);
        let relation = self.exact.get(&whole).or_else(|| self.alias.get(&whole)).copied();
        let Some((at, object)) = relation.map(|at| (at, self.object(at))) else { return Ok(None) };
        let hidden = (address == whole && address.0 == self.relations).then_some(object);
        let hidden = hidden.and_then(|object| match object.key.kind {
            Kind::Constraint => {
                Some(format!("index {}.{}", object.text(Attr::Schema), object.text(Attr::Name)))
            }
            Kind::Column => object.get(Attr::IdentitySequence).map(|name| format!("sequence {name}")),
            _ => None,
        });
        let ours = object.key.kind != Kind::Extension;
        let column = column.filter(|_| ours).map(|column| (Attr::PartColumn, column));
        Ok(hidden.map(|of| (Attr::HiddenObject, of)).or(column).map(|of| (at, Some(of))))
    }

    pub(super) fn part(
        &mut self,
        kind: Kind,
        at: u32,
        of: Option<Part>,
        suffix: &str,
        mut attrs: Vec<(Attr, String)>,
    ) -> u32 {
        let parent = self.object(at).key.to_key();
        let name = match &of {
            Some((what, column)) if *what == Attr::PartColumn => {
                format!("column {}.{column}{suffix}", parent.name)
            }
            Some((_, whole)) => format!("{whole}{suffix}"),
            None => format!("{parent}{suffix}"),
        };
        attrs.extend(of);
        let attrs = attrs.into_iter().map(|(attr, value)| (attr, value.into())).collect();
        let object = Draft { attrs, needs: vec![at], ..Draft::new(Key::new(kind, name), Some(parent)) };
        self.collection.push(&object)
    }

    pub(super) fn comments(&mut self, rows: &[PgRow]) -> Decoded<()> {
        for row in rows {
            let subscription: Option<String> = row.try_get("subscription")?;
            let target = match subscription {
                Some(name) => {
                    let at = self.collection.place(Name::new(Kind::Uncompared, &name));
                    at.map(|at| (at, Some((Attr::HiddenObject, name))))
                }
                None => self.target(row, "classoid", "objoid", "objsubid")?,
            };
            if let Some((at, of)) = target {
                let text: String = row.try_get("description")?;
                self.part(Kind::Comment, at, of, "", vec![(Attr::Text, text)]);
            }
        }
        Ok(())
    }

    pub(super) fn privileges(&mut self, rows: &[PgRow]) -> Decoded<()> {
        for row in rows {
            if let Some((at, of)) = self.target(row, "classid", "objid", "sub")? {
                let (suffix, attrs) = granted(row)?;
                self.part(Kind::Privilege, at, of, &suffix, attrs);
            }
        }
        Ok(())
    }

    /// Privileges on objects outside the model: those of the system and of extensions.
    pub(super) fn system_privileges(&mut self, rows: &[PgRow]) -> Decoded<()> {
        for row in rows {
            let on: String = row.try_get("phrase")?;
            let (suffix, mut attrs) = granted(row)?;
            let column: Option<String> = row.try_get("attribute")?;
            let name = match &column {
                Some(column) => format!("column {column} of {on}{suffix}"),
                None => format!("{on}{suffix}"),
            };
            attrs.push((Attr::SystemObject, on));
            attrs.extend(column.map(|column| (Attr::PartColumn, column)));
            let extension: Option<&str> = row.try_get("extension")?;
            let extension = extension.map(|name| Key::new(Kind::Extension, name));
            let attrs = attrs.into_iter().map(|(attr, value)| (attr, value.into())).collect();
            let object = Draft { attrs, ..Draft::new(Key::new(Kind::Privilege, name), extension) };
            self.collection.push(&object);
        }
        Ok(())
    }

    pub(super) fn owners(&mut self) {
        for at in 0..self.collection.objects().len() as u32 {
            let object = self.object(at);
            if object.key.kind != Kind::Extension
                && let Some(owner) = object.owner.map(str::to_owned)
            {
                self.part(Kind::Owner, at, None, "", vec![(Attr::Role, owner)]);
            }
        }
    }

    /// The privileges that let a role grant this one: those on the object, its table and its schema.
    pub(super) fn sources(&self, granted: Object<'_>) -> Vec<u32> {
        let find =
            |key: Option<Name<'_>>| key.and_then(|key| self.collection.place(key)).map(|at| self.object(at));
        let object = find(granted.parent);
        let table = object.filter(|o| o.key.kind == Kind::Column).and_then(|o| o.parent);
        let schema =
            find(table).or(object).and_then(|o| o.get(Attr::Schema)).map(|s| Name::new(Kind::Schema, s));
        let source = |object: Object<'_>| {
            let above = object.parent == table || object.parent == schema;
            let one = object.get(Attr::SystemObject) == granted.get(Attr::SystemObject);
            object.key.kind == Kind::Privilege
                && matches!(object.text(Attr::PrivilegeGrantee), grantee if grantee == "PUBLIC" || grantee == granted.text(Attr::Grantor))
                && (one && object.parent == granted.parent || above && object.parent.is_some())
        };
        (0..)
            .zip(self.collection.objects().iter())
            .filter(|(_, object)| source(*object))
            .map(|(at, _)| at)
            .collect()
    }

    /// The grantee's privilege on the whole table, which revokes the one on a column when it is revoked.
    pub(super) fn on_table(&self, privilege: Object<'_>) -> Option<u32> {
        let parent = privilege.parent?;
        let table = match parent.kind {
            Kind::Column => self.object(self.collection.place(parent)?).parent?,
            _ if privilege.has(Attr::PartColumn) => parent,
            _ => return None,
        };
        let by = privilege.get(Attr::Grantor).map(|grantor| format!(" by {grantor}")).unwrap_or_default();
        let name = format!("{table} to {}{by}", privilege.text(Attr::PrivilegeGrantee));
        self.collection.place(Name::new(Kind::Privilege, &name))
    }
}

/// The suffix that distinguishes a privilege from others on its object, and its attributes.
fn granted(row: &PgRow) -> Decoded<(String, Vec<(Attr, String)>)> {
    let grantee: String = row.try_get("grantee")?;
    let grantor: Option<String> = row.try_get("grantor")?;
    let by = grantor.as_ref().map(|grantor| format!(" by {grantor}")).unwrap_or_default();
    let suffix = format!(" to {grantee}{by}");
    let mut attrs = vec![(Attr::PrivilegeGrantee, grantee)];
    attrs.extend(grantor.map(|grantor| (Attr::Grantor, grantor)));
    for attr in [Attr::Granted, Attr::Revoked] {
        attrs.extend(row.try_get::<Option<String>, _>(attr.alias())?.map(|value| (attr, value)));
    }
    Ok((suffix, attrs))
}
