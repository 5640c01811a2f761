//! Statistics.db, as it is read, shown and written.

use std::path::PathBuf;
use std::sync::Arc;

use sstablefs::Result;
use sstablefs::sstable::statistics::cardinality;
use sstablefs::sstable::{Descriptor, SstableId, Statistics, Version};
use sstablefs_mount::metadata::{Metadata, Surroundings, TextStyle, TimeUnit, to_json, to_text};

use crate::checksums;
use crate::parts::split;

/// Statistics.db.
pub const PARTS: usize = 1;

pub fn run(data: &[u8]) {
    if let Some((version, [file])) = split::<PARTS>(data) {
        let _ = read(version, &checksums::statistics(file, version));
    }
}

fn read(version: Version, file: &[u8]) -> Result<()> {
    let statistics = Arc::new(Statistics::parse(file, version)?);
    let _ = sstablefs::table::inferred::dump_table(&statistics);
    let cardinality = cardinality::estimate(&statistics.cardinality).ok().flatten();
    let descriptor = Descriptor { dir: PathBuf::from("/"), version, id: SstableId::Sequence(1) };
    let metadata = Metadata { descriptor, statistics: statistics.clone(), compressor: None, range: None, cardinality, scan: None };
    let around = Surroundings { now: 1_800_000_000, utc_offset: &|_| 3600, timestamps: TimeUnit::default() };
    let _ = to_text(&metadata, &around, TextStyle::default());
    let _ = to_json(&metadata, &around);
    if let Ok(written) = statistics.write(version) {
        // May fail: the file can have other clustering types in its header than with its bounds.
        let _ = Statistics::parse(&written, version);
    }
    Ok(())
}
