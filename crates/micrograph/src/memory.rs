//! Memory: how much of it the pixels of one file may take.
//!
//! It changes no result, only whether a large file is read or refused. So it is one number for the program, which the
//! machine gives unless the user sets it.

use std::path::Path;
use std::sync::OnceLock;

/// Least that is allowed, whatever the machine has: 8192 × 8192 pixels as `f32` and as 16 bit, with room.
const LEAST_BYTES: u64 = 512 << 20;
/// Allowed where the system does not say how much is free.
const UNKNOWN_BYTES: u64 = 2 << 30;

static BUDGET: OnceLock<usize> = OnceLock::new();

/// Sets the budget to `bytes`; without effect once it was used.
pub fn set_budget(bytes: usize) {
    let _ = BUDGET.set(bytes); // the first value stays
}

/// Most bytes that the pixels of one file may take: what was set, else half of what the machine has free when
/// this is first called, at least 512 MiB.
pub fn budget() -> usize {
    *BUDGET.get_or_init(|| {
        let free = free_bytes(Path::new("/proc"), Path::new("/sys/fs/cgroup"));
        usize::try_from(half_of(free)).unwrap_or(usize::MAX)
    })
}

fn half_of(free: Option<u64>) -> u64 {
    free.map_or(UNKNOWN_BYTES, |free| free / 2).max(LEAST_BYTES)
}

/// Free memory of the machine, or of the container if that has less; `None` where the system does not say.
fn free_bytes(proc: &Path, cgroup: &Path) -> Option<u64> {
    let text = std::fs::read_to_string(proc.join("meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    let number =
        |name: &str| -> Option<u64> { std::fs::read_to_string(cgroup.join(name)).ok()?.trim().parse().ok() };
    // of version 2, else of version 1; "max" is no limit
    let limits =
        [("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes")];
    let limit = limits.iter().find_map(|(most, used)| Some(number(most)?.saturating_sub(number(used)?)));
    let free = kib.saturating_mul(1024);
    Some(limit.map_or(free, |limit| limit.min(free)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_of_what_is_free_may_be_used() {
        let folder = tempfile::tempdir().unwrap();
        let (proc, cgroup) = (folder.path().join("proc"), folder.path().join("cgroup"));
        for path in [&proc, &cgroup] {
            std::fs::create_dir(path).unwrap();
        }
        assert_eq!(half_of(free_bytes(&proc, &cgroup)), 2 << 30);
        std::fs::write(proc.join("meminfo"), "MemTotal: 9 kB\nMemAvailable:    8388608 kB\n").unwrap();
        assert_eq!(half_of(free_bytes(&proc, &cgroup)), 4 << 30);
        // a container with less
        std::fs::write(cgroup.join("memory.current"), "1073741824\n").unwrap();
        std::fs::write(cgroup.join("memory.max"), "4294967296\n").unwrap();
        assert_eq!(half_of(free_bytes(&proc, &cgroup)), 3 << 29);
        std::fs::write(cgroup.join("memory.max"), "max\n").unwrap();
        assert_eq!(half_of(free_bytes(&proc, &cgroup)), 4 << 30);
        // never less than before
        std::fs::write(proc.join("meminfo"), "MemAvailable: 1024 kB\n").unwrap();
        assert_eq!(half_of(free_bytes(&proc, &cgroup)), 512 << 20);
    }
}
