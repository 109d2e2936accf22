//! The program of mitosis-db, which its daemon is started from.

use std::process::ExitCode;

fn main() -> ExitCode {
    mitosis::cli::main()
}
