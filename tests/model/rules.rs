//! The rules of the API for branches, roles and databases, on a plain map.

use std::collections::BTreeMap;

use super::call::{Branch as BranchRef, Call, Expiration, Names};

/// An error answer.
#[derive(Clone, Debug)]
pub(crate) struct ErrorAnswer {
    pub(crate) status: u16,
    pub(crate) code: String,
    pub(crate) text: String,
}

impl std::fmt::Display for ErrorAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}: {}", self.status, self.code, self.text)
    }
}

/// A rule that a call violates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A value that no state allows.
    Value,
    /// The present state forbids it.
    State,
    Missing,
}

impl Violation {
    pub(crate) fn explains(self, answer: &ErrorAnswer) -> bool {
        let (status, code) = match self {
            Self::Value => (400, "INVALID_PARAMETER_VALUE"),
            Self::State => (400, "BAD_REQUEST"),
            Self::Missing => (404, "NOT_FOUND"),
        };
        answer.code == code && (answer.status == status || answer.status == 0)
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Branch {
    pub(crate) source: Option<String>,
    pub(crate) protected: bool,
    pub(crate) expires: bool,
    pub(crate) roles: Vec<String>,
    /// By id: the name in PostgreSQL and the id of the owner.
    pub(crate) databases: BTreeMap<String, (String, String)>,
}

/// The branches of a project as its rules leave them.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    names: Names,
    pub(crate) branches: BTreeMap<String, Branch>,
    pub(crate) default: String,
}

impl Model {
    pub(crate) fn new(names: Names, first_database: (String, String)) -> Self {
        let databases = [(first_database.0, (first_database.1, names.owner.clone()))].into();
        let root = Branch { roles: vec![names.owner.clone()], databases, ..Branch::default() };
        let id = names.id(BranchRef::Root);
        Self { names, branches: [(id.clone(), root)].into(), default: id }
    }

    /// Applies the call, or returns the rules that it violates; the service names one of them.
    pub(crate) fn apply(&mut self, call: &Call) -> Vec<Violation> {
        let mut next = self.clone();
        let violations = next.change(call);
        if violations.is_empty() {
            *self = next;
        }
        violations
    }

    fn change(&mut self, call: &Call) -> Vec<Violation> {
        let names = self.names.clone();
        match *call {
            Call::CreateBranch { id, source, expiry, protected, replace } => {
                let source = source.map_or_else(|| self.default.clone(), |source| names.id(source));
                self.create_branch(id, source, expiry, protected, replace)
            }
            Call::DeleteBranch { id } => self.delete_branch(&names.id(id)),
            Call::Protect { id, on } => self.update(&names.id(id), Some(on), None),
            Call::Expire { id, expiry } => match expiry {
                Expiration::Missing if self.branches.contains_key(&names.id(id)) => vec![Violation::Value],
                expiry => self.update(&names.id(id), None, Some(expiry)),
            },
            Call::MakeDefault { id } => match self.branches.get(&names.id(id)) {
                None => vec![Violation::Missing],
                Some(branch) if branch.expires => vec![Violation::State],
                Some(_) => {
                    self.default = names.id(id);
                    vec![]
                }
            },
            Call::CreateEndpoint { branch } | Call::DeletePrimary { branch } => {
                let known = self.branches.contains_key(&names.id(branch));
                vec![if known { Violation::State } else { Violation::Missing }]
            }
            Call::CreateRole { branch, .. }
            | Call::DeleteRole { branch, .. }
            | Call::CreateDatabase { branch, .. }
            | Call::RenameDatabase { branch, .. }
            | Call::ReassignDatabase { branch, .. }
            | Call::DeleteDatabase { branch, .. } => match self.branches.get_mut(&names.id(branch)) {
                None => vec![Violation::Missing],
                Some(branch) => branch.change(call, &names),
            },
        }
    }

    fn create_branch(
        &mut self,
        id: BranchRef,
        source: String,
        expiry: Expiration,
        protected: Option<bool>,
        replace: bool,
    ) -> Vec<Violation> {
        if id == BranchRef::Malformed {
            return vec![Violation::Value];
        }
        let id = self.names.id(id);
        if expiry == Expiration::Missing {
            return vec![Violation::State];
        }
        if self.branches.contains_key(&id) {
            if replace {
                return self.update(&id, protected, Some(expiry));
            }
            // Which of the rules is named is not recorded.
            return vec![Violation::State, Violation::Value, Violation::Missing];
        }
        let mut violations = value_of(expiry);
        let Some(parent) = self.branches.get(&source) else {
            violations.push(Violation::Missing);
            return violations;
        };
        let expires = matches!(expiry, Expiration::Days(_));
        let protected = protected.unwrap_or(false);
        let rival = protected && self.protected_beside(&id);
        if parent.expires || (protected && expires) || rival {
            violations.push(Violation::State);
        }
        let branch = Branch { source: Some(source), protected, expires, ..parent.clone() };
        self.branches.insert(id, branch);
        violations
    }

    fn protected_beside(&self, id: &str) -> bool {
        self.branches.iter().any(|(other, branch)| other != id && branch.protected)
    }

    fn has_children(&self, id: &str) -> bool {
        self.branches.values().any(|branch| branch.source.as_deref() == Some(id))
    }

    fn update(&mut self, id: &str, protected: Option<bool>, expiry: Option<Expiration>) -> Vec<Violation> {
        let Some(old) = self.branches.get(id) else { return vec![Violation::Missing] };
        let mut violations = expiry.map(value_of).unwrap_or_default();
        let mut new = old.clone();
        new.protected = protected.unwrap_or(new.protected);
        if let Some(expiry) = expiry {
            new.expires = matches!(expiry, Expiration::Days(_));
        }
        let fixed = new.source.is_none() || new.protected || self.default == id || self.has_children(id);
        if new.expires && fixed || new.protected && !old.protected && self.protected_beside(id) {
            violations.push(Violation::State);
        }
        self.branches.insert(id.to_owned(), new);
        violations
    }

    fn delete_branch(&mut self, id: &str) -> Vec<Violation> {
        let Some(branch) = self.branches.get(id) else { return vec![Violation::Missing] };
        if branch.source.is_none() || branch.protected || self.default == id || self.has_children(id) {
            return vec![Violation::State];
        }
        self.branches.remove(id);
        vec![]
    }
}

/// The rules that the value of an expiry breaks by itself.
fn value_of(expiry: Expiration) -> Vec<Violation> {
    match expiry {
        Expiration::Missing | Expiration::Past | Expiration::TooLong => vec![Violation::State],
        Expiration::Both => vec![Violation::Value],
        Expiration::Never | Expiration::Days(_) => vec![],
    }
}

impl Branch {
    fn change(&mut self, call: &Call, names: &Names) -> Vec<Violation> {
        let database = |id: u8| format!("db-{id}");
        match *call {
            Call::CreateRole { role, replace, .. } => self.create_role(format!("role-{role}"), replace),
            Call::DeleteRole { role, reassign, .. } => {
                self.delete_role(&format!("role-{role}"), reassign.map(|role| names.role_id(role)))
            }
            Call::CreateDatabase { id, name, owner, .. } => {
                let (id, name, owner) = (database(id), format!("db_{name}"), names.role_id(owner));
                let mut violations = self.check_owner(&owner);
                if self.databases.iter().any(|(other, (taken, _))| *other == id || *taken == name) {
                    violations.push(Violation::State);
                }
                self.databases.insert(id, (name, owner));
                violations
            }
            Call::RenameDatabase { id, name, .. } => {
                let (id, name) = (database(id), format!("db_{name}"));
                let taken = self.databases.iter().any(|(other, (taken, _))| *other != id && *taken == name);
                match self.databases.get_mut(&id) {
                    None => vec![Violation::Missing],
                    Some(_) if taken => vec![Violation::State],
                    Some(database) => {
                        database.0 = name;
                        vec![]
                    }
                }
            }
            Call::ReassignDatabase { id, owner, .. } => {
                let owner = names.role_id(owner);
                let violations = self.check_owner(&owner);
                match self.databases.get_mut(&database(id)) {
                    None => vec![Violation::Missing],
                    Some(database) => {
                        database.1 = owner;
                        violations
                    }
                }
            }
            Call::DeleteDatabase { id, .. } => match self.databases.remove(&database(id)) {
                None => vec![Violation::Missing],
                Some(_) => vec![],
            },
            _ => vec![],
        }
    }

    fn check_owner(&self, id: &String) -> Vec<Violation> {
        if self.roles.contains(id) { vec![] } else { vec![Violation::Missing] }
    }

    fn create_role(&mut self, id: String, replace: bool) -> Vec<Violation> {
        match (self.roles.contains(&id), replace) {
            (true, true) => vec![],
            (true, false) => vec![Violation::State],
            (false, _) => {
                self.roles.push(id);
                vec![]
            }
        }
    }

    fn delete_role(&mut self, id: &String, reassign: Option<String>) -> Vec<Violation> {
        if !self.roles.contains(id) {
            return vec![Violation::Missing];
        }
        match reassign {
            Some(to) if to == *id => return vec![Violation::Value],
            Some(to) if !self.roles.contains(&to) => return vec![Violation::Missing],
            Some(to) => {
                for (_, owner) in self.databases.values_mut().filter(|(_, owner)| owner == id) {
                    *owner = to.clone();
                }
            }
            // Objects of a role keep it until they are given to another one.
            None if self.databases.values().any(|(_, owner)| owner == id) => return vec![Violation::State],
            None => {}
        }
        self.roles.retain(|role| role != id);
        vec![]
    }
}

/// Whether a call concerns the client's own branches alone, so that other clients of the project do not see it.
pub(crate) fn is_private(call: &Call) -> bool {
    let own = |branch: &BranchRef| !matches!(branch, BranchRef::Root);
    match call {
        Call::CreateBranch { id, protected, .. } => own(id) && protected.is_none(),
        Call::DeleteBranch { id } | Call::Expire { id, .. } => own(id),
        Call::Protect { .. } | Call::MakeDefault { .. } => false,
        Call::CreateRole { branch, .. }
        | Call::DeleteRole { branch, .. }
        | Call::CreateDatabase { branch, .. }
        | Call::RenameDatabase { branch, .. }
        | Call::ReassignDatabase { branch, .. }
        | Call::DeleteDatabase { branch, .. }
        | Call::CreateEndpoint { branch }
        | Call::DeletePrimary { branch } => own(branch),
    }
}

/// The name in PostgreSQL of a role that the clients make.
pub(crate) fn postgres_role(id: &str) -> Option<String> {
    id.strip_prefix("role-").map(|n| format!("role_{n}"))
}
