//! The engine against real PostgreSQL.
