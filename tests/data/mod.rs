//! Comparison of rows on real databases: `EXCEPT` is the truth, and the SQL of a difference removes it.

mod apply;
mod branches;
mod drift;
mod generated;
mod mask;
mod mask_checks;
mod sides;
mod values;
mod ways;
