//! What goes and comes together with something else.

use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Name, Object, Schema};

impl Planner<'_> {
    /// The item whose drop takes this one along.
    pub(super) fn drop_host(&self, at: usize) -> Option<usize> {
        let old = self.items[at].drops().then(|| self.old_object(at))??;
        let dropped = |key: Name<'_>| {
            self.ctx.old.find(key).map(|at| self.of_old[at] as usize).filter(|at| self.items[*at].drops())
        };
        let parent = old.parent.and_then(dropped);
        let by = |kind: Kind, name: &str| dropped(Name::new(kind, name)).filter(|host| *host != at);
        match old.key.kind {
            Kind::UserMapping => None,
            Kind::Trigger if old.has(Attr::Above) && parent.is_none() => {
                let mut above = ddl::lines(old.get(Attr::Above)).into_iter();
                above
                    .find_map(|name| by(Kind::Trigger, name))
                    .or_else(|| by(Kind::Partition, ddl::parent(&old)))
            }
            Kind::Constraint if old.text(Attr::Type) == "foreign key" => parent.filter(|_| {
                old.text(Attr::References) == ddl::parent(&old)
                    || by(Kind::Table, old.text(Attr::References)).is_none()
            }),
            Kind::Sequence if self.items[at].action == Action::Remove => {
                let owner = self.ctx.old.object(Kind::SequenceOwner, old.key.name)?;
                by(Kind::Column, owner.text(Attr::Column))
            }
            Kind::Column if old.has(Attr::Inherited) && parent.is_none() => {
                let above = ddl::parent_column(self.ctx.old, &old)?;
                by(Kind::Column, above.key.name)
            }
            Kind::Constraint
                if old.has(Attr::Inherited)
                    && parent.is_none()
                    && old.text(Attr::Type) == "check"
                    && !self.leaves(&old) =>
            {
                self.parent_constraint(self.ctx.old, &old).and_then(|above| by(Kind::Constraint, above))
            }
            Kind::Index | Kind::Constraint if parent.is_none() && !self.leaves(&old) => {
                self.attached_to(&old).and_then(|(kind, name)| by(kind, &name))
            }
            _ => parent,
        }
    }

    /// Whether the table of an index or constraint stops being a partition, so that nothing goes with the parent's.
    pub(super) fn leaves(&self, old: &Object) -> bool {
        let place = self.ctx.old.find(&ddl::key(Kind::Partition, ddl::parent(old)));
        let table = old.parent.as_ref().and_then(|t| self.ctx.new.find(t));
        place.is_some_and(|p| self.items[self.of_old[p] as usize].action == Action::Remove) && table.is_some()
    }

    pub(super) fn attached_to(&self, old: &Object) -> Option<(Kind, String)> {
        let name = match old.key.kind {
            Kind::Index => old.key.name.to_owned(),
            _ => ddl::qualified(old),
        };
        let attach = self.ctx.old.object(Kind::IndexAttach, &name)?;
        Some(match attach.get(Attr::OfConstraint) {
            Some(constraint) => (Kind::Constraint, constraint.to_owned()),
            None => (Kind::Index, attach.text(Attr::Of).to_owned()),
        })
    }

    fn parent_constraint<'s>(&self, schema: &'s Schema, object: &Object) -> Option<&'s str> {
        let table = ddl::parent(object);
        let partition = schema.object(Kind::Partition, table).map(|p| p.text(Attr::Of));
        let parents = schema.object(Kind::Table, table).and_then(|t| t.get(Attr::Inherits));
        let mut above = partition.into_iter().chain(ddl::lines(parents));
        above
            .find_map(|name| schema.object(Kind::Constraint, &format!("{name}.{}", object.text(Attr::Name))))
            .map(|f| f.key.name)
    }

    /// The item whose creation brings this one along.
    pub(super) fn create_host(&self, at: usize) -> Option<usize> {
        let new = self.items[at].new.filter(|_| self.items[at].creates())?;
        let object = self.ctx.new.objects.at(new);
        let created = |key: Name<'_>| {
            self.ctx.new.find(key).map(|at| self.of_new[at] as usize).filter(|at| self.items[*at].creates())
        };
        let parent = object.parent.and_then(created);
        if self.ctx.inline.contains(&new) {
            return parent;
        }
        match object.key.kind {
            Kind::Column if object.has(Attr::HasParent) && parent.is_none() => {
                let above = ddl::parent_column(self.ctx.new, &object)?;
                created(above.key)
            }
            Kind::Constraint if object.has(Attr::Inherited) && object.text(Attr::Type) == "check" => {
                let place = self.ctx.new.find(Name::new(Kind::Partition, ddl::parent(&object)));
                // It has to be there when the table becomes a partition.
                if place.is_some_and(|at| self.items[self.of_new[at] as usize].creates()) {
                    return None;
                }
                let above = self.parent_constraint(self.ctx.new, &object)?;
                created(Name::new(Kind::Constraint, above)).or(parent)
            }
            _ => None,
        }
    }
}
