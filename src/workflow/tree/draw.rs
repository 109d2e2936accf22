//! Draws a tree with box characters.

use std::fmt;

use bytesize::ByteSize;
use chrono::{DateTime, Utc};

use super::{Tree, TreeBranch};
use crate::api::wire::branch::BranchState;

const BOLD: &str = "\u{1b}[1m";
const DIM: &str = "\u{1b}[2m";
const GREEN: &str = "\u{1b}[32m";
const YELLOW: &str = "\u{1b}[33m";
const PLAIN: &str = "\u{1b}[0m";

impl Tree {
    /// The drawing with terminal colors.
    ///
    /// ```no_run
    /// # async fn example(project: lakebase::Project) -> lakebase::Result<()> {
    /// println!("{}", project.tree().await?.colored());
    /// # Ok(())
    /// # }
    /// ```
    pub fn colored(&self) -> impl fmt::Display + '_ {
        Drawing { tree: self, color: true }
    }
}

impl fmt::Display for Tree {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Drawing { tree: self, color: false }.fmt(f)
    }
}

struct Drawing<'a> {
    tree: &'a Tree,
    color: bool,
}

impl fmt::Display for Drawing<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let project = &self.tree.project;
        write!(f, "{}", self.painted(BOLD, project.name.id()))?;
        if let Some(version) = project.pg_version {
            write!(f, " · PostgreSQL {version}")?;
        }
        self.draw_all(f, &self.tree.roots, "")
    }
}

impl Drawing<'_> {
    fn painted(&self, code: &str, text: impl fmt::Display) -> String {
        if self.color { format!("{code}{text}{PLAIN}") } else { text.to_string() }
    }

    fn draw_all(&self, f: &mut fmt::Formatter<'_>, branches: &[TreeBranch], indent: &str) -> fmt::Result {
        for (at, branch) in branches.iter().enumerate() {
            let last = at + 1 == branches.len();
            let (mark, below) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            let lines = self.painted(DIM, format_args!("{indent}{mark}"));
            write!(f, "\n{lines}{}", self.line(branch))?;
            self.draw_all(f, &branch.children, &format!("{indent}{below}"))?;
        }
        Ok(())
    }

    fn line(&self, branch: &TreeBranch) -> String {
        let info = &branch.branch;
        let marks: Vec<&str> = [(info.is_default, "default"), (info.is_protected, "protected")]
            .into_iter()
            .filter_map(|(set, mark)| set.then_some(mark))
            .collect();
        let mut parts = vec![self.painted(BOLD, info.name.id())];
        if !marks.is_empty() {
            parts[0].push_str(&format!(" ({})", marks.join(", ")));
        }
        if info.state != BranchState::Unknown(String::new()) {
            let code = if info.state == BranchState::Ready { GREEN } else { YELLOW };
            parts.push(self.painted(code, &info.state));
        }
        parts.push(ByteSize::b(info.logical_size_bytes).display().si().to_string());
        parts
            .extend(info.source_snapshot.as_ref().map(|snapshot| format!("from snapshot {}", snapshot.id())));
        parts.extend(info.expire_time.map(|time| left(time, self.tree.time)));
        parts.extend(branch.endpoints.iter().map(|endpoint| {
            let state = if endpoint.disabled { "disabled" } else { endpoint.state.as_str() };
            self.painted(DIM, format_args!("{} {state}", endpoint.name.id()))
        }));
        parts.join(" · ")
    }
}

fn left(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let minutes = (time - now).num_minutes();
    if time <= now {
        return "expired".to_owned();
    }
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => "expires in less than a minute".to_owned(),
        (0, 0, minutes) => format!("expires in {minutes} min"),
        (0, hours, minutes) => format!("expires in {hours} h {minutes} min"),
        (days, hours, _) => format!("expires in {days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    #[test]
    fn the_time_left_is_a_countdown() {
        let now = Utc::now();
        for (left_over, text) in [
            (TimeDelta::seconds(-1), "expired"),
            (TimeDelta::seconds(30), "expires in less than a minute"),
            (TimeDelta::minutes(58), "expires in 58 min"),
            (TimeDelta::minutes(90), "expires in 1 h 30 min"),
            (TimeDelta::hours(50), "expires in 2 d 2 h"),
        ] {
            assert_eq!(left(now + left_over, now), text);
        }
    }
}
