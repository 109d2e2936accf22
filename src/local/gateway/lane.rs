//! The thread that copies.

use std::{io, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// A thread with a runtime of its own, on which sessions run.
///
/// A session does little but wake and copy, thousands of times a second. On a runtime of several threads each
/// wake-up may go to another thread, which cost a third more processor time per query when measured.
#[derive(Debug)]
pub(super) struct Lane {
    handle: Handle,
    /// The thread ends when this is dropped.
    _stop: oneshot::Sender<()>,
}

impl Lane {
    /// # Errors
    ///
    /// When the system gives no thread, or nothing to wait for sockets with.
    pub(super) fn start() -> io::Result<Lane> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        thread::Builder::new().name("lakebase-gateway".to_owned()).spawn(move || {
            // Ends with an error when the sender is dropped; what runs then is dropped with the runtime.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Lane { handle, _stop: stop })
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}
