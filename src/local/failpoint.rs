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

    /// The point, and how many times it is still passed.
    static ARMED: Mutex<Option<(String, u32)>> = Mutex::new(None);

    /// Ends this process by SIGKILL when it reaches `point`; `point#2` is the second time.
    pub(crate) fn arm(point: &str) {
        let (point, time) = point.split_once('#').unwrap_or((point, "1"));
        *ARMED.lock().unwrap() = Some((point.to_owned(), time.parse::<u32>().unwrap() - 1));
    }

    /// Whether the process is to end here.
    fn is_last(point: &str) -> bool {
        match ARMED.lock().unwrap().as_mut() {
            Some((armed, 0)) => armed == point,
            Some((armed, passes)) if armed == point => {
                *passes -= 1;
                false
            }
            _ => false,
        }
    }

    pub(in crate::local) fn reached(point: &str) {
        if is_last(point) {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            loop {
                std::thread::park();
            }
        }
    }
}
