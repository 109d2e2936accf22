//! Child processes; every wait has a time limit.

use std::{
    io::{BufRead as _, BufReader, Read},
    path::Path,
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than any program takes here, also on a busy machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(120);

/// Waits for the end of a process; kills it and panics at the limit.
#[track_caller]
pub(crate) fn ended(child: &mut Child, limit: Duration) -> ExitStatus {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if Instant::now() >= deadline {
            let _ = child.kill();
            panic!("process {} does not end within {limit:?}", child.id());
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn output(command: &mut Command) -> Output {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    output_of(child.unwrap_or_else(|error| panic!("{}: {error}", Path::new(command.get_program()).display())))
}

/// Reads a process to its end.
#[track_caller]
pub(crate) fn output_of(mut child: Child) -> Output {
    fn read(stream: Option<impl Read + Send + 'static>) -> thread::JoinHandle<Vec<u8>> {
        thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(mut stream) = stream {
                let _ = stream.read_to_end(&mut bytes);
            }
            bytes
        })
    }
    let (stdout, stderr) = (read(child.stdout.take()), read(child.stderr.take()));
    let status = ended(&mut child, LIMIT);
    Output { status, stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap() }
}

/// The first line of a stream that matches; none when the stream ends before.
#[track_caller]
pub(crate) fn line(stream: impl Read + Send + 'static, wanted: fn(&str) -> bool) -> Option<String> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        // Read to the end, so that the process never writes into a closed pipe.
        for line in BufReader::new(stream).lines().map_while(Result::ok).filter(|line| wanted(line)) {
            let _ = sender.send(line);
        }
    });
    match receiver.recv_timeout(LIMIT) {
        Ok(line) => Some(line),
        Err(mpsc::RecvTimeoutError::Disconnected) => None,
        Err(mpsc::RecvTimeoutError::Timeout) => panic!("no line within {LIMIT:?}"),
    }
}

pub(crate) fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Ends a process that has no handler for the signal.
///
/// Only SIGKILL is certain to: a process that was started under `nohup`, or by a shell in the background, inherits that
/// SIGINT is ignored.
#[track_caller]
pub(crate) fn kill(mut child: Child, by: Signal) {
    signal(&child, by);
    let deadline = Instant::now() + Duration::from_secs(5);
    while by != Signal::KILL && child.try_wait().unwrap().is_none() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(5));
    }
    let _ = child.kill();
    assert!(!ended(&mut child, LIMIT).success());
}

/// The program of the crate that Cargo built for the tests.
pub(crate) fn lakebase_local() -> Command {
    Command::new(env!("CARGO_BIN_EXE_lakebase-local"))
}
