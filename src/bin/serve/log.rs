//! A log that never holds up the server.
//!
//! Standard error may be a pipe that its reader has stopped to read. A write to it then waits for ever, and with it the
//! thread that logs. `tracing-appender` does not wait either, but panics at the end where standard output is closed.

use std::{
    io,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, TrySendError, sync_channel},
    },
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// Lines that wait to be written; further ones are dropped and counted.
const WAITING_LINES: usize = 4096;
/// For the last lines at the end of the program.
const LAST_LINES: Duration = Duration::from_millis(500);

/// Lines that a thread of its own writes. A cheap handle.
#[derive(Clone)]
pub(crate) struct Log {
    lines: SyncSender<Message>,
    dropped: Arc<AtomicU64>,
}

enum Message {
    Line(Vec<u8>),
    /// Answered when all lines before it are written.
    Flush(SyncSender<()>),
}

impl Log {
    /// Starts the thread that writes to `output`.
    pub(crate) fn start(output: impl io::Write + Send + 'static) -> io::Result<Self> {
        let (lines, waiting) = sync_channel(WAITING_LINES);
        let dropped = Arc::<AtomicU64>::default();
        let counted = Arc::clone(&dropped);
        thread::Builder::new()
            .name("lakebase-log".to_owned())
            .spawn(move || write_all(&waiting, output, &counted))?;
        Ok(Self { lines, dropped })
    }

    /// Adds a line, unless too many wait already.
    pub(crate) fn line(&self, line: Vec<u8>) {
        if let Err(TrySendError::Full(_)) = self.lines.try_send(Message::Line(line)) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Waits a moment for the lines to be written.
    pub(crate) fn flush(&self) {
        let (written, done) = sync_channel(1);
        if self.lines.try_send(Message::Flush(written)).is_ok() {
            // A reader that has stopped to read gets no more of it.
            let _ = done.recv_timeout(LAST_LINES);
        }
    }
}

fn write_all(waiting: &Receiver<Message>, mut output: impl io::Write, dropped: &AtomicU64) {
    for message in waiting {
        // A log that cannot be written fails nothing.
        match message {
            Message::Line(line) => {
                let lost = dropped.swap(0, Ordering::Relaxed);
                if lost > 0 {
                    let _ = writeln!(output, "{lost} lines of the log were dropped: its reader was too slow");
                }
                let _ = output.write_all(&line);
            }
            Message::Flush(written) => {
                let _ = written.send(());
            }
        }
    }
}

/// Each event arrives as one write.
pub(crate) struct Line(Log);

impl io::Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.line(bytes.to_vec());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Line;

    fn make_writer(&self) -> Line {
        Line(self.clone())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, mpsc};

    use super::*;

    /// Waits for a permit before each line.
    struct Slow {
        permits: mpsc::Receiver<()>,
        written: Arc<Mutex<String>>,
    }

    impl io::Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.permits.recv();
            self.written.lock().unwrap().push_str(std::str::from_utf8(bytes).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_reader_that_stops_holds_up_nothing_and_learns_what_it_missed() {
        let (permit, permits) = mpsc::channel();
        let written = Arc::<Mutex<String>>::default();
        let log = Log::start(Slow { permits, written: written.clone() }).unwrap();
        for n in 0..WAITING_LINES + 100 {
            log.line(format!("{n}\n").into_bytes());
        }
        log.flush();
        assert_eq!(*written.lock().unwrap(), "");
        drop(permit);
        // Waits for its place, which `Log::flush` does not.
        let (flushed, done) = sync_channel(1);
        log.lines.send(Message::Flush(flushed)).unwrap();
        done.recv().unwrap();
        let written = written.lock().unwrap();
        // A thread that starts late says twice what it missed: before its first line and before the next.
        let notices: Vec<usize> = written
            .lines()
            .filter_map(|line| line.strip_suffix(" lines of the log were dropped: its reader was too slow"))
            .map(|lost| lost.parse().unwrap())
            .collect();
        let lost: usize = notices.iter().sum();
        assert!((99..=100).contains(&lost), "{notices:?}");
        assert_eq!(written.lines().count(), WAITING_LINES + 100 - lost + notices.len());
    }
}
