//! The calls that clients make, and how one is sent.

use std::time::{Duration, Instant};

use lakebase::Lakebase;
use proptest::{option, prelude::*};
use serde_json::{Value, json};

use super::rules::ErrorAnswer;
use crate::support::{child::LIMIT, fixture::parts};

const BASE: &str = "/api/2.0/postgres/";

/// A branch: the root of the project, or one of the client's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Branch {
    Root,
    Own(u8),
    /// An id that breaks the pattern.
    Malformed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expiration {
    Missing,
    Never,
    Days(u8),
    Past,
    TooLong,
    /// Two members of the oneof.
    Both,
}

/// A role: the owner of the project, or one of those that the clients make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Owner,
    Own(u8),
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Call {
    CreateBranch {
        id: Branch,
        source: Option<Branch>,
        expiry: Expiration,
        protected: Option<bool>,
        replace: bool,
    },
    DeleteBranch {
        id: Branch,
    },
    Protect {
        id: Branch,
        on: bool,
    },
    Expire {
        id: Branch,
        expiry: Expiration,
    },
    MakeDefault {
        id: Branch,
    },
    CreateRole {
        branch: Branch,
        role: u8,
        replace: bool,
    },
    DeleteRole {
        branch: Branch,
        role: u8,
        reassign: Option<Role>,
    },
    CreateDatabase {
        branch: Branch,
        id: u8,
        name: u8,
        owner: Role,
    },
    RenameDatabase {
        branch: Branch,
        id: u8,
        name: u8,
    },
    ReassignDatabase {
        branch: Branch,
        id: u8,
        owner: Role,
    },
    DeleteDatabase {
        branch: Branch,
        id: u8,
    },
    /// A second read-write endpoint.
    CreateEndpoint {
        branch: Branch,
    },
    DeletePrimary {
        branch: Branch,
    },
}

fn branch() -> impl Strategy<Value = Branch> {
    prop_oneof![2 => Just(Branch::Root), 6 => (0..4u8).prop_map(Branch::Own)]
}

fn expiration() -> impl Strategy<Value = Expiration> {
    prop_oneof![
        10 => Just(Expiration::Never),
        4 => (1..30u8).prop_map(Expiration::Days),
        1 => Just(Expiration::Missing),
        1 => Just(Expiration::Past),
        1 => Just(Expiration::TooLong),
        1 => Just(Expiration::Both),
    ]
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![1 => Just(Role::Owner), 3 => (0..3u8).prop_map(Role::Own)]
}

pub(crate) fn any() -> impl Strategy<Value = Call> {
    let new = prop_oneof![1 => Just(Branch::Root), 1 => Just(Branch::Malformed), 12 => (0..4u8).prop_map(Branch::Own)];
    let rarely = || prop::bool::weighted(0.2);
    prop_oneof![
        8 => (new, option::of(branch()), expiration(), option::weighted(0.3, any_bool()), rarely()).prop_map(
            |(id, source, expiry, protected, replace)| Call::CreateBranch { id, source, expiry, protected, replace }
        ),
        4 => branch().prop_map(|id| Call::DeleteBranch { id }),
        2 => (branch(), any_bool()).prop_map(|(id, on)| Call::Protect { id, on }),
        2 => (branch(), expiration()).prop_map(|(id, expiry)| Call::Expire { id, expiry }),
        2 => branch().prop_map(|id| Call::MakeDefault { id }),
        4 => (branch(), 0..3u8, rarely()).prop_map(|(branch, role, replace)| Call::CreateRole { branch, role, replace }),
        2 => (branch(), 0..3u8, option::of(role()))
            .prop_map(|(branch, role, reassign)| Call::DeleteRole { branch, role, reassign }),
        4 => (branch(), 0..3u8, 0..3u8, role())
            .prop_map(|(branch, id, name, owner)| Call::CreateDatabase { branch, id, name, owner }),
        2 => (branch(), 0..3u8, 0..3u8).prop_map(|(branch, id, name)| Call::RenameDatabase { branch, id, name }),
        1 => (branch(), 0..3u8, role()).prop_map(|(branch, id, owner)| Call::ReassignDatabase { branch, id, owner }),
        2 => (branch(), 0..3u8).prop_map(|(branch, id)| Call::DeleteDatabase { branch, id }),
        1 => branch().prop_map(|branch| Call::CreateEndpoint { branch }),
        1 => branch().prop_map(|branch| Call::DeletePrimary { branch }),
    ]
}

fn any_bool() -> impl Strategy<Value = bool> {
    prop::bool::ANY
}

/// The resource names of one client.
#[derive(Clone, Debug)]
pub(crate) struct Names {
    pub(crate) project: String,
    /// In front of the ids of the client's branches.
    pub(crate) prefix: String,
    pub(crate) owner: String,
}

impl Names {
    pub(crate) fn id(&self, branch: Branch) -> String {
        match branch {
            Branch::Root => "production".to_owned(),
            Branch::Own(n) => format!("{}b{n}", self.prefix),
            Branch::Malformed => "Not_An_Id".to_owned(),
        }
    }

    pub(crate) fn branch(&self, branch: Branch) -> String {
        format!("{}/branches/{}", self.project, self.id(branch))
    }

    pub(crate) fn role_id(&self, role: Role) -> String {
        match role {
            Role::Owner => self.owner.clone(),
            Role::Own(n) => format!("role-{n}"),
        }
    }

    fn role(&self, branch: Branch, role: Role) -> String {
        format!("{}/roles/{}", self.branch(branch), self.role_id(role))
    }
}

fn expiry_fields(expiry: Expiration) -> Value {
    match expiry {
        Expiration::Missing => json!({}),
        Expiration::Never => json!({"no_expiry": true}),
        // A ttl counts from the creation of the branch, also in an update.
        Expiration::Days(days) => json!({"ttl": format!("{}s", u64::from(days) * 86_400)}),
        Expiration::Past => json!({"expire_time": "2020-02-02T02:02:02Z"}),
        Expiration::TooLong => json!({"ttl": "31536000s"}),
        Expiration::Both => json!({"no_expiry": true, "ttl": "3600s"}),
    }
}

impl Call {
    /// Method and path with query, and the body.
    fn request(&self, names: &Names) -> (&'static str, String, Option<Value>) {
        match *self {
            Self::CreateBranch { id, source, expiry, protected, replace } => {
                let mut spec = expiry_fields(expiry);
                if let Some(source) = source {
                    spec["source_branch"] = names.branch(source).into();
                }
                if let Some(protected) = protected {
                    spec["is_protected"] = protected.into();
                }
                let replace = if replace { "&replace_existing=true" } else { "" };
                let path = format!("{}/branches?branch_id={}{replace}", names.project, names.id(id));
                ("POST", path, Some(json!({"spec": spec})))
            }
            Self::DeleteBranch { id } => ("DELETE", names.branch(id), None),
            Self::Protect { id, on } => {
                let path = format!("{}?update_mask=spec.is_protected", names.branch(id));
                ("PATCH", path, Some(json!({"spec": {"is_protected": on}})))
            }
            Self::Expire { id, expiry } => {
                let path = format!("{}?update_mask=spec.expiration", names.branch(id));
                ("PATCH", path, Some(json!({"spec": expiry_fields(expiry)})))
            }
            Self::MakeDefault { id } => {
                let path = format!("{}?update_mask=spec.default_branch", names.project);
                ("PATCH", path, Some(json!({"spec": {"default_branch": names.branch(id)}})))
            }
            Self::CreateRole { branch, role, replace } => {
                let replace = if replace { "&replace_existing=true" } else { "" };
                let path = format!("{}/roles?role_id=role-{role}{replace}", names.branch(branch));
                ("POST", path, Some(json!({"spec": {"postgres_role": format!("role_{role}")}})))
            }
            Self::DeleteRole { branch, role, reassign } => {
                let to = reassign.map(|to| format!("?reassign_owned_to={}", names.role(branch, to)));
                let path = format!("{}{}", names.role(branch, Role::Own(role)), to.unwrap_or_default());
                ("DELETE", path, None)
            }
            Self::CreateDatabase { branch, id, name, owner } => {
                let path = format!("{}/databases?database_id=db-{id}", names.branch(branch));
                let name = format!("db_{name}");
                let spec = json!({"postgres_database": name, "role": names.role(branch, owner)});
                ("POST", path, Some(json!({"spec": spec})))
            }
            Self::RenameDatabase { branch, id, name } => {
                let mask = "update_mask=spec.postgres_database";
                let path = format!("{}/databases/db-{id}?{mask}", names.branch(branch));
                ("PATCH", path, Some(json!({"spec": {"postgres_database": format!("db_{name}")}})))
            }
            Self::ReassignDatabase { branch, id, owner } => {
                let path = format!("{}/databases/db-{id}?update_mask=spec.role", names.branch(branch));
                ("PATCH", path, Some(json!({"spec": {"role": names.role(branch, owner)}})))
            }
            Self::DeleteDatabase { branch, id } => {
                ("DELETE", format!("{}/databases/db-{id}", names.branch(branch)), None)
            }
            Self::CreateEndpoint { branch } => {
                let path = format!("{}/endpoints?endpoint_id=second", names.branch(branch));
                ("POST", path, Some(json!({"spec": {"endpoint_type": "ENDPOINT_TYPE_READ_WRITE"}})))
            }
            Self::DeletePrimary { branch } => {
                ("DELETE", format!("{}/endpoints/primary", names.branch(branch)), None)
            }
        }
    }

    /// Sends the call, waits for its operation, and returns the error that it ends with.
    pub(crate) async fn send(&self, lakebase: &Lakebase, names: &Names) -> Result<(), ErrorAnswer> {
        let (method, path, body) = self.request(names);
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let mut request = lakebase.request(method.parse().expect("a method"), &format!("{BASE}{path}"), body);
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').expect("a pair");
            request = request.query(key, value);
        }
        let answer = |error: &lakebase::Error| {
            let (status, code, text) = parts(error);
            ErrorAnswer { status, code, text: if text.is_empty() { error.to_string() } else { text } }
        };
        let mut operation = request.await.map_err(|error| answer(&error))?;
        let deadline = Instant::now() + LIMIT;
        while operation["done"] != true {
            assert!(Instant::now() < deadline, "{self:?} does not end: {operation}");
            tokio::time::sleep(Duration::from_millis(20)).await;
            let name = operation["name"].as_str().expect("a name").to_owned();
            let read = lakebase.request(lakebase::builder::Method::Get, &format!("{BASE}{name}"), None).await;
            operation = read.map_err(|error| answer(&error))?;
        }
        match operation.get("error").filter(|error| !error.is_null()) {
            None => Ok(()),
            Some(error) => {
                let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
                // An operation carries a code and no status.
                Err(ErrorAnswer { status: 0, code: text("error_code"), text: text("message") })
            }
        }
    }
}
