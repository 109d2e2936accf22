//! What a drop, a replacement or a new type does to those who need it.

use std::collections::HashMap;

use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::Statement;

impl<'a> Planner<'a> {
    /// Carries drops, replacements and changes of type on to those who depend on them.
    pub(super) fn spread(&mut self) {
        let mut queue: Vec<usize> =
            (0..self.items.len()).filter(|at| self.items[*at].drops() || self.items[*at].retyped).collect();
        let mut seen = HashMap::new();
        while let Some(at) = queue.pop() {
            let state = (self.items[at].drops(), self.items[at].retyped);
            if seen.insert(at, state) == Some(state) {
                continue;
            }
            let Some(old) = self.items[at].old else { continue };
            for dependent in self.old_dependents.of(old).to_vec() {
                let dependent = self.of_old[dependent as usize] as usize;
                if let Some(child) = self.torn_along(at, dependent) {
                    queue.push(child);
                }
                let before = (self.items[dependent].drops(), self.items[dependent].retyped);
                self.affect(at, dependent);
                if before != (self.items[dependent].drops(), self.items[dependent].retyped) {
                    queue.push(dependent);
                }
            }
        }
        self.step_aside();
    }

    /// A type that makes way for its successor still needs the types it was made of.
    fn step_aside(&mut self) {
        let mut queue: Vec<usize> = (0..self.items.len()).filter(|at| self.items[*at].moved).collect();
        while let Some(at) = queue.pop() {
            for need in self.old_object(at).map(|f| f.needs).unwrap_or_default() {
                let need = self.of_old[*need as usize] as usize;
                let kind = self.old_object(need).map(|f| f.key.kind);
                let a_type = matches!(
                    kind,
                    Some(Kind::Enum | Kind::Domain | Kind::Range | Kind::Composite | Kind::Collation)
                );
                if a_type && self.items[need].drops() && !self.items[need].moved {
                    self.items[need].moved = true;
                    queue.push(need);
                }
            }
        }
    }

    /// The index of a partition that disappears with the partitioned index it is a part of, and has to come back.
    fn torn_along(&mut self, at: usize, attach: usize) -> Option<usize> {
        let object = self.old_object(attach).filter(|f| f.key.kind == Kind::IndexAttach)?;
        let parent = self
            .old_object(at)
            .filter(|f| self.items[at].drops() && Some(&f.key) != object.parent.as_ref())?;
        if !matches!(parent.key.kind, Kind::Index | Kind::Constraint) {
            return None;
        }
        let child = self.of_old[object.parent.as_ref().and_then(|p| self.ctx.old.find(p))?] as usize;
        let stays = self.old_object(child).is_some_and(|index| self.leaves(&index));
        if stays || self.items[child].drops() {
            return None;
        }
        self.replace(child);
        Some(child)
    }

    fn affect(&mut self, at: usize, dependent: usize) {
        let item = &self.items[dependent];
        let (Some(needed), Some(old), Some(new)) =
            (self.old_object(at), self.old_object(dependent), self.new_object(dependent))
        else {
            return;
        };
        if item.drops() || item.action == Action::Add {
            return;
        }
        let (x, d) = (needed.key.kind, new.key.kind);
        if !self.items[at].drops() {
            match (x, d) {
                (Kind::Trigger, Kind::Trigger) => self.replace(dependent),
                (Kind::Column, Kind::Statistics) => self.keep_target(dependent, &new),
                (Kind::Column, Kind::Column)
                    if old.has(Attr::Generated) || old.has(Attr::GeneratedVirtual) =>
                {
                    self.replace(dependent)
                }
                (
                    Kind::Column,
                    Kind::View
                    | Kind::MaterializedView
                    | Kind::Rule
                    | Kind::Policy
                    | Kind::Trigger
                    | Kind::Default
                    | Kind::Function
                    | Kind::PublicationTable,
                )
                | (Kind::Composite, Kind::View | Kind::MaterializedView | Kind::Rule) => {
                    self.replace(dependent)
                }
                (Kind::Column, Kind::Constraint)
                    if new.text(Attr::Type) == "foreign key" && !self.stays_comparable(at) =>
                {
                    self.replace(dependent)
                }
                (Kind::Composite, Kind::Column) => {
                    let reason = format!(
                        "PostgreSQL cannot change an attribute's type in {} while this column uses it",
                        needed.key.name
                    );
                    self.refuse(&new, reason);
                }
                _ => {}
            }
            return;
        }
        let gone = self.items[at].action == Action::Remove;
        match d {
            _ if gone && item.action == Action::Alter => {}
            Kind::Column
                if matches!(x, Kind::Enum | Kind::Domain | Kind::Range | Kind::Collation)
                    && (!gone || item.action == Action::Keep) =>
            {
                self.move_column(at, dependent, &old, &new)
            }
            Kind::Column
                if (old.has(Attr::Generated) || old.has(Attr::GeneratedVirtual))
                    && matches!(x, Kind::Function | Kind::Operator | Kind::Column) =>
            {
                self.replace(dependent)
            }
            Kind::Column if x == Kind::Table && old.parent.as_ref() == Some(&needed.key) => {
                self.replace(dependent)
            }
            Kind::Table if old.has(Attr::Foreign) && new.has(Attr::Foreign) => self.replace(dependent),
            Kind::Column | Kind::Table | Kind::Schema | Kind::Extension => {
                let reason = format!("it needs {}, which would have to be dropped and made anew", needed.key);
                self.refuse(&new, reason);
            }
            _ => self.replace(dependent),
        }
    }

    /// PostgreSQL makes statistics over a retyped column anew, and forgets their target.
    fn keep_target(&mut self, statistics: usize, new: &Object) {
        let Some(target) = new.get(Attr::Target).filter(|_| self.items[statistics].action == Action::Keep)
        else {
            return;
        };
        let sql = format!("ALTER STATISTICS {} SET STATISTICS {target}", new.key.name);
        self.items[statistics].action = Action::Alter;
        self.items[statistics].alter = vec![Statement::new(sql)];
    }

    /// Whether the two ends of a foreign key can be compared while only one has its new type.
    fn stays_comparable(&self, column: usize) -> bool {
        let (Some(old), Some(new)) = (self.old_object(column), self.new_object(column)) else { return true };
        let family = |of: &str| match of {
            "smallint" | "integer" | "bigint" => "integer",
            t if t == "text" || t.starts_with("character varying") => "text",
            _ => "",
        };
        let (one, other) = (old.text(Attr::Type), new.text(Attr::Type));
        family(one) == family(other) && !family(one).is_empty()
    }

    /// The type of a column is made anew under its name: the column moves from the one to the other.
    fn move_column(&mut self, at: usize, column: usize, old: &Object<'a>, new: &Object<'a>) {
        self.items[at].moved = true;
        if ddl::is_partition_key(&self.ctx, new) {
            self.refuse(new, "PostgreSQL cannot change the type of a column in a partition key");
            return;
        }
        if self.items[column].retyped {
            return;
        }
        if !new.has(Attr::HasParent) {
            let name = new.text(Attr::Name);
            let mut statement = ddl::retype(&self.ctx, old, new);
            if self.old_object(at).is_some_and(|f| f.key.kind != Kind::Collation) {
                statement.sql = format!(
                    "ALTER TABLE {} ALTER COLUMN {name} TYPE {} USING {name}::text::{}",
                    ddl::parent(new),
                    new.text(Attr::Type),
                    new.text(Attr::Type)
                );
            }
            self.items[column].alter.insert(0, statement);
        }
        for statement in ddl::stored(new) {
            if !self.items[column].alter.contains(&statement) {
                self.items[column].alter.push(statement);
            }
        }
        self.items[column].action = Action::Alter;
        self.items[column].retyped = true;
    }
}
