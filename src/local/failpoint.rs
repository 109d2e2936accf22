//! Named points between two durable steps, at which a test ends the process as a crash would.

/// Marks a point of interest to crash tests; does nothing outside of them.
#[cfg(not(test))]
pub(in crate::local) fn reached(_point: &str) {}

#[cfg(test)]
pub(crate) use armed::arm;
#[cfg(test)]
pub(in crate::local) use armed::reached;

#[cfg(test)]
mod armed {
    use std::sync::Mutex;

    static ARMED: Mutex<Option<String>> = Mutex::new(None);

    /// Ends this process by SIGKILL when it reaches `point`.
    pub(crate) fn arm(point: &str) {
        *ARMED.lock().unwrap() = Some(point.to_owned());
    }

    pub(in crate::local) fn reached(point: &str) {
        if ARMED.lock().unwrap().as_deref() == Some(point) {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            loop {
                std::thread::park();
            }
        }
    }
}
