//! What users and official clients see of the crate.

mod official_clients;
