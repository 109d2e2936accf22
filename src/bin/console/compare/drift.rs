//! Drift: what a branch and its source changed since the branch was made, conflicts first.

use askama::Template;
use axum::{
    extract::{Path, State},
    response::Response,
};
use lakebase::schema::Drift;

use super::{
    connectable,
    unified::{self, Block},
};
use crate::console::{
    App,
    branch::{Place, actions::Nothing},
    failure::Result,
    frame::{Change, Frame, rendered, to_its_end},
    text,
};

#[derive(Template)]
#[template(path = "drift.html")]
struct DriftPage {
    page: Frame,
    place: Place,
    source: String,
    found: Option<DriftView>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct DriftView {
    conflicts: Vec<ConflictView>,
    ours: Vec<Block>,
    same: Vec<Block>,
    theirs: Vec<Block>,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct ConflictView {
    /// The object and the reason.
    title: String,
    ours: Vec<Block>,
    theirs: Vec<Block>,
}

impl DriftView {
    fn of(drift: &Drift) -> Self {
        Self::read(&drift.to_string())
    }

    /// Reads the printed form: sections under headings without indentation.
    fn read(text: &str) -> Self {
        let mut view = Self::default();
        let mut section: (&str, Vec<&str>) = ("", Vec::new());
        // The last heading ends the section before it.
        for line in text.lines().chain([":"]) {
            if line.starts_with(' ') || line.is_empty() {
                section.1.push(line);
                continue;
            }
            let (name, lines) = std::mem::replace(&mut section, (line, Vec::new()));
            match name {
                "only on the branch (ours):" => view.ours = blocks(&lines, 2),
                "only on the source (theirs):" => view.theirs = blocks(&lines, 2),
                "the same on both:" => view.same = blocks(&lines, 2),
                "conflicts:" => view.conflicts = conflicts(&lines),
                _ => {}
            }
        }
        view
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

fn blocks(lines: &[&str], indent: usize) -> Vec<Block> {
    unified::read(lines.iter().copied(), indent).blocks
}

/// Each conflict is a line, and the changes of both sides below `ours:` and `theirs:`.
fn conflicts(lines: &[&str]) -> Vec<ConflictView> {
    let mut all: Vec<ConflictView> = Vec::new();
    let mut of_ours = Vec::new();
    let mut of_theirs = Vec::new();
    let mut is_ours = true;
    for line in lines {
        let depth = line.len() - line.trim_start().len();
        match (depth, line.trim()) {
            (2, title) => {
                finish(all.last_mut(), &mut of_ours, &mut of_theirs);
                all.push(ConflictView { title: title.to_owned(), ..ConflictView::default() });
            }
            (4, "ours:") => is_ours = true,
            (4, "theirs:") => is_ours = false,
            _ if is_ours => of_ours.push(*line),
            _ => of_theirs.push(*line),
        }
    }
    finish(all.last_mut(), &mut of_ours, &mut of_theirs);
    all
}

/// Gives a conflict the changes of both sides that were read for it.
fn finish(conflict: Option<&mut ConflictView>, ours: &mut Vec<&str>, theirs: &mut Vec<&str>) {
    if let Some(conflict) = conflict {
        conflict.ours = blocks(&std::mem::take(ours), 6);
        conflict.theirs = blocks(&std::mem::take(theirs), 6);
    }
}

/// `GET …/drift`: says what is done for it, as the base is read from a temporary branch.
pub(in crate::console) async fn ask(
    State(app): State<App>,
    page: Frame,
    Path(place): Path<Place>,
) -> Result<Response> {
    let source = place.handle(&app)?.get().await?.source()?.id().to_string();
    let page = page.title(format!("Drift of {}", place.branch)).of(&place.project, "branches");
    rendered(&DriftPage { page, place, source, found: None })
}

/// `POST …/drift`
pub(in crate::console) async fn show(
    State(app): State<App>,
    page: Frame,
    Path(place): Path<Place>,
    _: Change<Nothing>,
) -> Result<Response> {
    let branch = connectable(&app, &place.project, &place.branch).await?;
    let source = branch.get().await?.source()?.id().to_string();
    let drift = to_its_end(async move { branch.drift().await }).await?;
    let page = page.title(format!("Drift of {}", place.branch)).of(&place.project, "branches");
    rendered(&DriftPage { page, place, source, found: Some(DriftView::of(&drift)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_form_is_read_back() {
        let view = DriftView::read(
            "only on the branch (ours):\n    TABLE shop.t\n  +     a text\n  + TABLE shop.n\n\n\
             only on the source (theirs):\n    TABLE shop.u\n  +     b text\n\n\
             the same on both:\n    TABLE shop.t\n  +     same date\n\n\
             conflicts:\n  COLUMN shop.t.c: both added it, with different definitions\n    \
             ours:\n        TABLE shop.t\n      +     c integer DEFAULT 0\n    \
             theirs:\n        TABLE shop.t\n      +     c bigint\n",
        );
        let titles = |blocks: &[Block]| blocks.iter().map(|block| block.title.clone()).collect::<Vec<_>>();
        assert_eq!(titles(&view.ours), ["TABLE shop.t", "TABLE shop.n"]);
        assert_eq!(titles(&view.theirs), ["TABLE shop.u"]);
        assert_eq!(titles(&view.same), ["TABLE shop.t"]);
        let [conflict] = view.conflicts.as_slice() else { panic!("{view:?}") };
        assert_eq!(conflict.title, "COLUMN shop.t.c: both added it, with different definitions");
        assert_eq!(conflict.ours[0].rows[1].text, "    c integer DEFAULT 0");
        assert_eq!(conflict.theirs[0].rows[1].text, "    c bigint");
        assert!(DriftView::read("no drift\n").is_empty());
    }
}
