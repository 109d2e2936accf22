//! Memory, descriptors, threads and children of a process, from `/proc`.

use std::{fmt, fs};

use super::support::Result;

pub(crate) struct Census {
    /// Bytes that are resident and of no file.
    pub(crate) memory: u64,
    pub(crate) descriptors: usize,
    threads: usize,
    children: usize,
}

impl Census {
    pub(crate) fn take(pid: u32) -> Result<Self> {
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
            line.split_whitespace().next().and_then(|number| number.parse::<u64>().ok()).unwrap_or_default()
        };
        Ok(Self {
            memory: field("RssAnon:") * 1024,
            descriptors: fs::read_dir(format!("/proc/{pid}/fd"))?.count(),
            threads: field("Threads:").try_into()?,
            children: fs::read_dir("/proc")?.flatten().filter(|entry| is_child(&entry.path(), pid)).count(),
        })
    }
}

fn is_child(process: &std::path::Path, of: u32) -> bool {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1));
    parent == Some(&of.to_string())
}

impl fmt::Display for Census {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let megabytes = self.memory as f64 / f64::from(1 << 20);
        let Self { descriptors, threads, children, .. } = self;
        write!(f, "{megabytes:7.1} MB {descriptors:6} descriptors {threads:4} threads {children:4} computes")
    }
}
