//! Memory that the machine has left.

/// Whether the machine has little memory that could be used without swapping: less than a tenth. Systems that do not
/// say so have enough.
pub(super) fn is_short() -> bool {
    std::fs::read_to_string("/proc/meminfo").is_ok_and(|text| is_short_by(&text))
}

fn is_short_by(text: &str) -> bool {
    let kilobytes = |name: &str| -> Option<u64> {
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        value.trim().trim_end_matches("kB").trim_end().parse().ok()
    };
    let (total, available) = (kilobytes("MemTotal"), kilobytes("MemAvailable"));
    total.zip(available).is_some_and(|(total, available)| available < total / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_short_when_less_than_a_tenth_is_available() {
        let text = |available: u64| {
            format!("MemTotal:        1000000 kB\nMemFree: 7 kB\nMemAvailable:   {available} kB\n")
        };
        assert!(is_short_by(&text(99_999)) && !is_short_by(&text(100_000)));
        assert!(!is_short_by("MemTotal: 1000 kB\n") && !is_short_by(""));
    }
}
