//! Changes of roles and databases, which are kept twice: as rows of the state and as objects in PostgreSQL.
//!
//! Such a change is written to the branch's row first, as an [`Intent`], then made in PostgreSQL, then acknowledged:
//! the row takes its effect over and the intent goes, in one commit. An intent that a crash, a full disk or a broken
//! session left behind is finished before the branch is used again: at the start of the server, before a login, before
//! the next change and before a branch is made from it. What PostgreSQL refuses then is undone by removing the intent.
//!
//! Nothing else needs one. Directories and processes follow from the rows: a directory without a row is removed at the
//! start, a row is written after its directory is complete and removed before it, and every start of a compute writes
//! its configuration anew.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::{
    Control, failpoint,
    locks::{Held, Wanted},
    rejection::{Code, Rejection},
    sql::{self, MAINTENANCE_DATABASE, Session},
    state::{Branch, BranchIds, Database, Role},
};

/// A change of a branch's roles or databases that has begun. Each can be made again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Intent {
    CreateRole { role: Role },
    AlterRole { role: Role },
    DropRole { role: Role, successor: Option<Role> },
    CreateDatabase { database: Database },
    AlterDatabase { before: Database, after: Database },
    DropDatabase { database: Database },
}

impl Intent {
    /// The name of the point between two steps, for crash tests.
    fn point(&self, step: &str) -> String {
        let change = match self {
            Self::CreateRole { .. } => "create-role",
            Self::AlterRole { .. } => "alter-role",
            Self::DropRole { .. } => "drop-role",
            Self::CreateDatabase { .. } => "create-database",
            Self::AlterDatabase { .. } => "alter-database",
            Self::DropDatabase { .. } => "drop-database",
        };
        format!("{change}.{step}")
    }

    /// Brings the row of the branch to what PostgreSQL has after the change.
    fn acknowledge(self, branch: &mut Branch) {
        match self {
            Self::CreateRole { role } | Self::AlterRole { role } => {
                branch.roles.insert(role.id.clone(), role);
            }
            Self::DropRole { role, successor } => {
                branch.roles.remove(&role.id);
                let successor = successor.map(|successor| successor.id).unwrap_or_default();
                for database in branch.databases.values_mut().filter(|database| database.role == role.id) {
                    database.role.clone_from(&successor);
                }
            }
            Self::CreateDatabase { database } | Self::AlterDatabase { after: database, .. } => {
                branch.databases.insert(database.id.clone(), database);
            }
            Self::DropDatabase { database } => {
                branch.databases.remove(&database.id);
            }
        }
    }
}

/// Whether an intent is being made for the first time or again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attempt {
    /// What it creates must not be there yet.
    First,
    /// What it creates may be there.
    Again,
}

/// Why a change was not made in PostgreSQL.
enum Failure {
    /// PostgreSQL refused it and has nothing of it.
    Refused(Rejection),
    /// Nobody knows whether it was made, for want of a session perhaps.
    Unknown(Rejection),
}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        if rejection.code == Code::Unavailable { Self::Unknown(rejection) } else { Self::Refused(rejection) }
    }
}

/// Branches whose intent an operation of this process is working on.
#[derive(Default)]
pub(super) struct InFlight(Mutex<HashSet<String>>);

impl InFlight {
    fn enter(&self, uid: &str) -> Flight<'_> {
        self.lock().insert(uid.to_owned());
        Flight { all: self, uid: uid.to_owned() }
    }

    fn contains(&self, uid: &str) -> bool {
        self.lock().contains(uid)
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Flight<'a> {
    all: &'a InFlight,
    uid: String,
}

impl Drop for Flight<'_> {
    fn drop(&mut self) {
        self.all.lock().remove(&self.uid);
    }
}

impl Control {
    /// Locks a branch for a change of its roles, databases or endpoints, with no interrupted change left in it.
    pub(super) async fn hold_branch(
        &self,
        ids: &BranchIds,
        operation: &'static str,
    ) -> Result<Held, Rejection> {
        let (project, branch) = ids;
        let wanted = Wanted::by(operation).shared(format!("projects/{project}"));
        let held = self.locks.hold(wanted.exclusive(format!("projects/{project}/branches/{branch}"))).await?;
        self.finish_interrupted(&held, ids).await?;
        Ok(held)
    }

    /// Makes a change of roles or databases in PostgreSQL and in the row of the branch.
    pub(super) async fn change(&self, held: &Held, ids: &BranchIds, intent: Intent) -> Result<(), Rejection> {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1)?;
        let mut possible = held.unless_deleted(self.check_possible(branch, &intent)).await;
        if possible.as_ref().is_err_and(|rejection| rejection.code == Code::Unavailable) {
            // A session that began just before PostgreSQL noticed a crash breaks; the next one waits for the recovery.
            possible = held.unless_deleted(self.check_possible(branch, &intent)).await;
        }
        possible?;
        let _flight = self.in_flight.enter(&branch.uid);
        self.put_intent(ids, Some(intent.clone())).await?;
        failpoint::reached(&intent.point("written"));
        self.finish(held, ids, branch, intent, Attempt::First).await
    }

    /// Finishes what was interrupted in a branch, unless an operation is working on it right now.
    pub(super) async fn ensure_whole(&self, ids: &BranchIds) -> Result<(), Rejection> {
        if self.is_interrupted(ids) {
            self.hold_branch(ids, "the end of an interrupted change").await.map(drop)
        } else {
            Ok(())
        }
    }

    /// Whether a change of roles or databases was begun in the branch and nobody is working on it.
    pub(super) fn is_interrupted(&self, ids: &BranchIds) -> bool {
        let state = self.snapshot();
        let branch = state.branch(&ids.0, &ids.1);
        branch.is_ok_and(|branch| branch.intent.is_some() && !self.in_flight.contains(&branch.uid))
    }

    /// Finishes every interrupted change. What cannot be finished now is tried again when the branch is used.
    pub(super) async fn finish_all_interrupted(&self) {
        let state = self.snapshot();
        let interrupted = state.branches.values().filter(|branch| branch.intent.is_some());
        join_all(interrupted.map(|branch| async {
            tracing::info!(branch = branch.name(), "finishing an interrupted change");
            if let Err(rejection) = self.ensure_whole(&branch.ids()).await {
                tracing::warn!(branch = branch.name(), %rejection, "an interrupted change cannot be finished yet");
            }
        }))
        .await;
    }

    async fn finish_interrupted(&self, held: &Held, ids: &BranchIds) -> Result<(), Rejection> {
        let state = self.snapshot();
        let Ok(branch) = state.branch(&ids.0, &ids.1) else { return Ok(()) };
        let Some(intent) = branch.intent.clone() else { return Ok(()) };
        match self.finish(held, ids, branch, intent, Attempt::Again).await {
            // Still there: nothing may build on the branch as it is.
            Err(rejection) if self.is_interrupted(ids) => Err(rejection),
            Err(rejection) => {
                tracing::warn!(branch = branch.name(), %rejection, "an interrupted change was given up");
                Ok(())
            }
            Ok(()) => Ok(()),
        }
    }

    /// Makes the change in PostgreSQL and acknowledges it, or gives it up where PostgreSQL refuses.
    async fn finish(
        &self,
        held: &Held,
        ids: &BranchIds,
        branch: &Branch,
        intent: Intent,
        attempt: Attempt,
    ) -> Result<(), Rejection> {
        let made = match self.make_unless_deleted(held, branch, &intent, attempt).await {
            // Whether a broken session made the change shows when it is made again.
            Err(Failure::Unknown(_)) => self.make_unless_deleted(held, branch, &intent, Attempt::Again).await,
            made => made,
        };
        match made {
            Ok(()) => {
                failpoint::reached(&intent.point("made"));
                self.commit(|state| {
                    state.change_branch(ids, |branch| {
                        branch.intent = None;
                        intent.acknowledge(branch);
                        Ok(())
                    })
                })
                .await
            }
            Err(Failure::Unknown(rejection)) => Err(rejection),
            Err(Failure::Refused(rejection)) => {
                self.put_intent(ids, None).await?;
                Err(rejection)
            }
        }
    }

    /// Only SQL is given up for a delete: a commit that is cut off would leave memory behind the disk.
    async fn make_unless_deleted(
        &self,
        held: &Held,
        branch: &Branch,
        intent: &Intent,
        attempt: Attempt,
    ) -> Result<(), Failure> {
        let made = held.unless_deleted(async { Ok(self.make(branch, intent, attempt).await) });
        made.await.unwrap_or_else(|deleted| Err(Failure::Unknown(deleted)))
    }

    async fn put_intent(&self, ids: &BranchIds, intent: Option<Intent>) -> Result<(), Rejection> {
        self.commit(|state| {
            state.change_branch(ids, |branch| {
                branch.intent = intent;
                Ok(())
            })
        })
        .await
    }

    /// Refuses to create what was created by SQL, and to begin anything while PostgreSQL cannot be reached.
    async fn check_possible(&self, branch: &Branch, intent: &Intent) -> Result<(), Rejection> {
        let mut session = self.session(branch, MAINTENANCE_DATABASE).await?;
        match intent {
            Intent::CreateRole { role } if session.roles().await?.contains(&role.postgres_role) => {
                Err(Rejection::bad_request("role with that name already exists"))
            }
            Intent::CreateDatabase { database }
                if session.all_databases().await?.contains(&database.postgres_database) =>
            {
                Err(Rejection::bad_request("database with that name already exists"))
            }
            _ => Ok(()),
        }
    }

    /// Makes the change in PostgreSQL.
    async fn make(&self, branch: &Branch, intent: &Intent, attempt: Attempt) -> Result<(), Failure> {
        let mut session = self.session(branch, MAINTENANCE_DATABASE).await.map_err(Failure::Unknown)?;
        match intent {
            Intent::CreateRole { role } => {
                let exists =
                    attempt == Attempt::Again && session.roles().await?.contains(&role.postgres_role);
                Ok(session.run(if exists { sql::alter_role(role) } else { sql::create_role(role) }).await?)
            }
            Intent::AlterRole { role } => Ok(session.run(sql::alter_role(role)).await?),
            Intent::DropRole { role, successor } => {
                self.make_role_drop(branch, session, role, successor.as_ref()).await
            }
            Intent::CreateDatabase { database } => {
                self.make_database(branch, session, database, attempt).await
            }
            Intent::AlterDatabase { before, after } => {
                let names = session.all_databases().await?;
                let there = |database: &Database| names.contains(&database.postgres_database);
                let renamed = attempt == Attempt::Again && !there(before) && there(after);
                let name = if renamed { &after.postgres_database } else { &before.postgres_database };
                Ok(alter_database(branch, session, name, before, after).await?)
            }
            Intent::DropDatabase { database } => {
                Ok(session.run(sql::drop_database(&database.postgres_database)).await?)
            }
        }
    }

    async fn make_role_drop(
        &self,
        branch: &Branch,
        mut session: Session,
        role: &Role,
        successor: Option<&Role>,
    ) -> Result<(), Failure> {
        if !session.roles().await?.contains(&role.postgres_role) {
            return Ok(());
        }
        let dropped = async {
            if let Some(successor) = successor {
                for database in session.databases().await? {
                    let mut inside = self.session(branch, &database).await.map_err(Failure::Unknown)?;
                    inside.run(sql::reassign(&role.postgres_role, &successor.postgres_role)).await?;
                    failpoint::reached("drop-role.reassigned-in-one");
                }
            }
            Ok(session.run(sql::drop_role(&role.postgres_role)).await?)
        };
        let dropped: Result<(), Failure> = dropped.await;
        if dropped.is_err() && successor.is_some() {
            // Databases change hands with the first database that is worked on.
            for database in branch.databases.values().filter(|database| database.role == role.id) {
                let own = sql::own_database(&database.postgres_database, &role.postgres_role);
                session.run(own).await.map_err(Failure::Unknown)?;
            }
        }
        dropped
    }

    async fn make_database(
        &self,
        branch: &Branch,
        mut session: Session,
        database: &Database,
        attempt: Attempt,
    ) -> Result<(), Failure> {
        let name = &database.postgres_database;
        let owner = &branch.role(&database.role)?.postgres_role;
        let exists = attempt == Attempt::Again && session.all_databases().await?.contains(name);
        let create = if exists { sql::own_database(name, owner) } else { sql::create_database(name, owner) };
        session.run(create).await?;
        failpoint::reached("create-database.without-grants");
        let mut inside = self.session(branch, name).await.map_err(Failure::Unknown)?;
        let opened = inside.run(sql::open_database(name, owner)).await.map_err(Failure::from);
        drop(inside);
        if matches!(opened, Err(Failure::Refused(_))) {
            session.run(sql::drop_database(name)).await.map_err(Failure::Unknown)?;
        }
        opened
    }
}

/// Changes the owner and the name of the database that is called `name` now, in one transaction.
async fn alter_database(
    branch: &Branch,
    mut session: Session,
    name: &str,
    before: &Database,
    after: &Database,
) -> Result<(), Rejection> {
    let mut statements = Vec::new();
    if before.role != after.role {
        statements.push(sql::own_database(name, &branch.role(&after.role)?.postgres_role));
    }
    if name != after.postgres_database {
        statements.push(sql::rename_database(name, &after.postgres_database));
    }
    if statements.is_empty() { Ok(()) } else { session.run(statements.join("; ")).await }
}
