//! Deletes the branches of the demonstration, and with an option the project.
//!
//! `cargo run --example 99_cleanup -- [--force] [--delete-project]`

mod shared;

use clap::Parser;
use lakebase::model::BranchInfo;
use shared::{Result, service::Service, shop, ui};

#[derive(Parser)]
struct Options {
    /// Delete protected branches too
    #[arg(long)]
    force: bool,
    /// Delete the whole project
    #[arg(long)]
    delete_project: bool,
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let options = Options::parse();
    shared::run("Clean up", |service| cleanup(service, options)).await
}

async fn cleanup(service: Service, options: Options) -> Result<()> {
    let project = service.lakebase.project(shop::project_id(&service.lakebase).await?)?;
    if project.try_get().await?.is_none_or(|info| info.is_deleted()) {
        ui::say(format!("nothing to do: there is no project {}", project.id()));
        return Ok(());
    }

    ui::step(1, "The branches");
    ui::say(project.tree().await?);

    ui::step(2, "Deleting");
    let (mut deleted, mut skipped) = (0, 0);
    for branch in children_first(project.branches().all().await?) {
        if branch.is_default {
            ui::say(format!("{}: skipped, the default branch", branch.id()));
            skipped += 1;
            continue;
        }
        if branch.is_protected && !options.force {
            ui::say(format!("{}: skipped, protected (--force deletes it)", branch.id()));
            skipped += 1;
            continue;
        }
        if branch.is_protected {
            branch.update().protected(false).await?;
        }
        branch.delete().allow_missing().await?;
        ui::ok(format!("{} deleted", branch.id()));
        deleted += 1;
    }
    ui::say(format!("{deleted} deleted, {skipped} skipped"));
    if deleted == 0 {
        ui::say("nothing to delete: no other branch is left");
    }

    if options.delete_project {
        project.delete().purge().await?;
        ui::ok(format!("project {} deleted", project.id()));
    }
    Ok(())
}

/// A branch with children cannot be deleted, and a child is always younger than its source.
fn children_first(mut branches: Vec<BranchInfo>) -> Vec<BranchInfo> {
    branches.sort_by_key(|branch| std::cmp::Reverse(branch.create_time));
    branches
}
