//! What the kernel tells of the process that closes a file.

use std::fs;

/// Flag of a task in its stat file: it ends because of a signal.
const PF_SIGNALED: u64 = 0x400;
/// No chain of processes is longer than this.
const ANCESTORS: usize = 64;

/// Whether the process, or one that it comes from, has another descriptor with which `ino` can be written. While a
/// process closes a descriptor, that one is not among them any more. Nothing is seen of processes of others.
pub(super) fn is_open_elsewhere(process: u32, ino: u64) -> bool {
    let mut process = process;
    for _ in 0..ANCESTORS {
        if process <= 1 {
            return false;
        }
        if has_open(process, ino) {
            return true;
        }
        let Some(stat) = Stat::of(process) else { return false };
        process = stat.parent;
    }
    false
}

/// Whether the process ends because of a signal, so that what it wrote is not all that it wanted to.
pub(super) fn is_killed(process: u32) -> bool {
    process > 0 && Stat::of(process).is_some_and(|stat| stat.flags & PF_SIGNALED != 0)
}

fn has_open(process: u32, ino: u64) -> bool {
    let Ok(entries) = fs::read_dir(format!("/proc/{process}/fdinfo")) else { return false };
    // Asks no file system, as stat would.
    entries.flatten().any(|entry| fs::read_to_string(entry.path()).is_ok_and(|info| writes(&info, ino)))
}

/// `info` has lines like `flags: 0100001` (octal) and `ino: 12`.
fn writes(info: &str, ino: u64) -> bool {
    let field = |name: &str| info.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let can_write = || {
        let flags = field("flags:").and_then(|flags| i32::from_str_radix(flags, 8).ok());
        flags.is_some_and(|flags| flags & libc::O_ACCMODE != libc::O_RDONLY)
    };
    field("ino:").and_then(|number| number.parse().ok()) == Some(ino) && can_write()
}

struct Stat {
    parent: u32,
    flags: u64,
}

impl Stat {
    fn of(process: u32) -> Option<Stat> {
        Stat::parse(&fs::read_to_string(format!("/proc/{process}/stat")).ok()?)
    }

    /// `12 (name) S 1 …`: the name may hold anything. The parent is the 2nd field behind it, the flags are the 7th.
    fn parse(text: &str) -> Option<Stat> {
        let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
        let parent = fields.nth(1)?.parse().ok()?;
        let flags = fields.nth(4)?.parse().ok()?;
        Some(Stat { parent, flags })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::MetadataExt;
    use std::process::{Command, Stdio};

    #[test]
    fn descriptors_of_a_process_and_of_its_parents_are_seen() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let ino = file.as_file().metadata().unwrap().ino();
        let me = std::process::id();
        assert!(is_open_elsewhere(me, ino));
        let mut child = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        assert!(is_open_elsewhere(child.id(), ino), "held by its parent");
        child.kill().unwrap();
        child.wait().unwrap();
        let path = file.into_temp_path();
        assert!(!is_open_elsewhere(me, ino), "closed");
        let reading = std::fs::File::open(&path).unwrap();
        assert!(!is_open_elsewhere(me, ino), "only read");
        drop(reading);
        assert!(!is_open_elsewhere(0, ino) && !is_open_elsewhere(u32::MAX, ino));
    }

    #[test]
    fn fields_of_a_process() {
        let stat = Stat::parse("7 (a) b (c)) S 3 7 7 34816 9 4195328 1 2").unwrap();
        assert_eq!((stat.parent, stat.flags), (3, 4195328));
        assert!(!is_killed(std::process::id()) && !is_killed(0));
    }
}
