//! The client, and the REST resources: handle, model and requests of each, and their shared parts.

pub(crate) mod backoff;
pub(crate) mod branch;
pub(crate) mod client;
pub(crate) mod created;
pub(crate) mod credential;
pub(crate) mod database;
pub(crate) mod endpoint;
pub(crate) mod expiry;
pub(crate) mod lsn;
pub(crate) mod mask;
pub(crate) mod name;
pub(crate) mod operation;
pub(crate) mod page;
pub(crate) mod project;
pub(crate) mod request;
pub(crate) mod resource;
pub(crate) mod role;
pub(crate) mod snapshot;
pub(crate) mod wait;
pub(crate) mod wire;
