//! Loops over the files of a mount.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::json;

use crate::Outcome;

/// Opens, reads and closes each of the files that `names` lists, so many times over: the median nanoseconds of one, for each
/// round.
pub(crate) fn opens(folder: &str, names: &str, rounds: &str) -> Outcome {
    let names = fs::read_to_string(names)?;
    let paths: Vec<PathBuf> = names.lines().map(|name| Path::new(folder).join(name)).collect();
    let rounds: usize = rounds.parse()?;
    let mut buffer = vec![0; 1 << 20];
    let mut nanos = Vec::with_capacity(rounds);
    let mut bytes = 0;
    for _ in 0..rounds {
        bytes = 0;
        let mut taken = Vec::with_capacity(paths.len());
        for path in &paths {
            let started = Instant::now();
            let mut file = File::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
            bytes += file.read(&mut buffer).map_err(|e| format!("{}: {e}", path.display()))?;
            drop(file);
            taken.push(started.elapsed().as_nanos() as u64);
        }
        nanos.push(median(&mut taken));
    }
    Ok(json!({ "nanos": nanos, "bytes": bytes, "files": paths.len() }))
}

/// Of single operations, so that one that had to wait for a processor does not count for all.
pub(crate) fn median(taken: &mut [u64]) -> u64 {
    taken.sort_unstable();
    taken.get(taken.len() / 2).copied().unwrap_or(0)
}

/// Lists a folder without looking at its files.
pub(crate) fn list(folder: &str) -> Outcome {
    let started = Instant::now();
    let (mut names, mut bytes) = (0_u64, 0);
    for entry in fs::read_dir(folder)? {
        names += 1;
        bytes += entry?.file_name().len();
    }
    Ok(json!({ "seconds": started.elapsed().as_secs_f64(), "names": names, "bytes": bytes }))
}
