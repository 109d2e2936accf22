//! Tables above and below each other: partitions and children follow what happens above them.

use std::collections::BTreeMap;

use super::steps::Ends;
use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Name, Object};

impl<'a> Planner<'a> {
    /// A table stops being a partition before its inherited parts change and before another one takes its place.
    pub(super) fn leaving(&self, drops: &[Ends], creates: &[Ends], before: &mut impl FnMut(Ends, Ends)) {
        let mut left: BTreeMap<&str, Vec<(Ends, bool)>> = BTreeMap::new();
        let mut own: BTreeMap<Name<'_>, Ends> = BTreeMap::new();
        for at in self.touched() {
            let Some(old) = self.old_object(at).filter(|f| f.key.kind == Kind::Partition) else { continue };
            if self.items[at].action == Action::Remove {
                let stays = old.parent.is_some_and(|table| self.ctx.new.find(table).is_some());
                for above in self.above(&old) {
                    left.entry(above).or_default().push((drops[at], stays));
                }
                own.extend(old.parent.map(|table| (table, drops[at])));
            }
        }
        if left.is_empty() {
            return;
        }
        for at in self.touched() {
            let Some(object) = self.old_object(at).or(self.new_object(at)) else { continue };
            if object.key.kind == Kind::Partition {
                let places =
                    self.new_object(at).filter(|_| self.items[at].creates()).map(|f| f.text(Attr::Of));
                for (gone, _) in places.and_then(|of| left.get(of)).into_iter().flatten() {
                    before(gone.filter(|g| Some(*g) != creates[at]), creates[at]);
                }
                continue;
            }
            let Some(table) = object.parent else { continue };
            // What happens to the table above is no matter of the one that stays without it.
            let whole = matches!(object.key.kind, Kind::Column | Kind::Constraint);
            let index = matches!(object.key.kind, Kind::Index | Kind::Constraint)
                && self.items[at].drops()
                && object.text(Attr::Type) != "foreign key";
            for (gone, stays) in left.get(table.name).into_iter().flatten() {
                let steps =
                    [drops[at].filter(|_| index || whole && *stays), creates[at].filter(|_| whole && *stays)];
                for step in steps {
                    before(gone.filter(|g| Some(*g) != step), step);
                }
            }
            if let Some(gone) = own.get(&table) {
                for step in [drops[at], creates[at]] {
                    before(gone.filter(|g| Some(*g) != step), step);
                }
            }
        }
    }

    /// The tables a partition was a part of, from the nearest on.
    fn above(&self, partition: &Object<'a>) -> Vec<&'a str> {
        let mut tables = vec![partition.text(Attr::Of)];
        while let Some(next) = tables.last().and_then(|of| self.ctx.old.object(Kind::Partition, of)) {
            tables.push(next.text(Attr::Of));
        }
        tables
    }

    pub(super) fn partition_edges(
        &self,
        at: usize,
        object: &Object,
        drops: &[Ends],
        creates: &[Ends],
        before: &mut impl FnMut(Ends, Ends),
    ) {
        match object.key.kind {
            Kind::Partition => {
                // While a column gets NOT NULL its table has a check that the partition has not.
                let above = self.ctx.new.find(Name::new(Kind::Table, object.text(Attr::Of)));
                for part in above.into_iter().flat_map(|t| self.ctx.new_parts.of(t)) {
                    let column = self.ctx.new.objects.kind(*part as usize) == Kind::Column;
                    let column = Some(self.of_new[*part as usize] as usize).filter(|_| column);
                    let altered = column.filter(|column| self.items[*column].action == Action::Alter);
                    before(altered.and_then(|column| creates[column]), creates[at]);
                }
                let table = object.parent.as_ref().and_then(|p| self.ctx.new.find(p));
                for part in table.into_iter().flat_map(|t| self.ctx.new_parts.of(t)) {
                    let kind = self.ctx.new.objects.kind(*part as usize);
                    if matches!(kind, Kind::Index | Kind::Constraint | Kind::Column | Kind::Default) {
                        before(creates[self.of_new[*part as usize] as usize], creates[at]);
                    }
                }
                self.gone_above(at, object.text(Attr::Of), drops, creates, before);
            }
            Kind::IndexAttach => {
                let host = object
                    .parent
                    .as_ref()
                    .and_then(|p| self.ctx.new.find(p))
                    .and_then(|at| self.ctx.new.objects.at(at).parent);
                let place = host.and_then(|table| self.ctx.new.find(Name::new(Kind::Partition, table.name)));
                before(place.and_then(|p| creates[self.of_new[p] as usize]), creates[at]);
            }
            _ => {}
        }
    }

    /// What the partitioned table has lost, a new partition need not have had.
    fn gone_above(
        &self,
        at: usize,
        of: &str,
        drops: &[Ends],
        creates: &[Ends],
        before: &mut impl FnMut(Ends, Ends),
    ) {
        for kind in [Kind::Column, Kind::Constraint] {
            let parts = self.ctx.old.objects.since(Name::new(kind, of));
            let parts = parts.take_while(|(_, f)| f.key.kind == kind && f.key.name.starts_with(of));
            for (part, _) in parts.filter(|(_, f)| ddl::parent(f) == of) {
                let item = self.of_old[part] as usize;
                if self.items[item].action == Action::Remove {
                    before(drops[item], creates[at]);
                }
            }
        }
    }

    /// A column is set apart only once what comes down from above has come.
    pub(super) fn comes_down(
        &self,
        at: usize,
        object: &Object,
        creates: &[Ends],
        before: &mut impl FnMut(Ends, Ends),
    ) {
        if object.key.kind == Kind::Column
            && object.has(Attr::HasParent)
            && self.items[at].action == Action::Alter
        {
            let above =
                ddl::parent_column(self.ctx.new, object).and_then(|above| self.ctx.new.find(above.key));
            before(above.and_then(|above| creates[self.of_new[above] as usize]), creates[at]);
        }
    }

    /// A key of a partitioned table can be referred to once the indexes of all partitions are a part of it.
    pub(super) fn whole_keys(&self, creates: &[Ends], before: &mut impl FnMut(Ends, Ends)) {
        let mut parts: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for at in self.touched().into_iter().filter(|at| self.items[*at].creates()) {
            if let Some(new) = self.new_object(at).filter(|f| f.key.kind == Kind::IndexAttach) {
                parts.entry(new.text(Attr::Of)).or_default().push(at);
            }
        }
        if parts.is_empty() {
            return;
        }
        let is_key = |f: &Object| f.key.kind == Kind::Constraint && f.text(Attr::Type) == "foreign key";
        for at in self.touched().into_iter().filter(|at| self.items[*at].creates()) {
            let Some(new) = self.new_object(at).filter(|f| is_key(f)) else { continue };
            let needs = new.needs.iter().map(|need| self.ctx.new.objects.at(*need as usize));
            let mut indexes: Vec<String> = needs
                .filter(|f| matches!(f.key.kind, Kind::Constraint | Kind::Index))
                .map(|f| ddl::qualified(&f))
                .collect();
            while let Some(index) = indexes.pop() {
                for part in parts.get(index.as_str()).into_iter().flatten() {
                    before(creates[*part], creates[at]);
                    indexes.extend(self.new_object(*part).map(|f| f.key.name.to_owned()));
                }
            }
        }
    }
}
