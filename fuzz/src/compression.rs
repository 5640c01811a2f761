//! CompressionInfo.db with its chunks, and CRC.db with its pieces.

use std::sync::Arc;

use sstablefs::Result;
use sstablefs::sstable::{ChunkSums, CompressionInfo, DataSource, Version};
use sstablefs::storage::MemorySource;

use crate::checksums;
use crate::parts::split;

/// Data.db, CompressionInfo.db, CRC.db.
pub const PARTS: usize = 3;

/// So many chunks are read.
const CHUNKS: u64 = 64;

pub fn run(data: &[u8]) {
    let Some((version, parts)) = split::<PARTS>(data) else { return };
    let _ = read(version, parts);
}

fn read(version: Version, [data, info, sums]: [&[u8]; PARTS]) -> Result<()> {
    let source = |bytes: &[u8]| Arc::new(MemorySource(bytes.to_vec()));
    let source = match info.is_empty() {
        true => DataSource::open(source(data), None, Some(ChunkSums::open(source(sums))?)),
        false => {
            let opened = CompressionInfo::open(source(info), version)?;
            let offsets = &info[info.len() - opened.chunks() as usize * 8..];
            let offsets: Vec<u64> = offsets.as_chunks().0.iter().map(|raw| u64::from_be_bytes(*raw)).collect();
            DataSource::open(source(&checksums::chunks(data, &offsets)), Some(opened), None)
        }
    };
    let length = u64::from(source.chunk_length());
    let mut out = Vec::new();
    let mut small = [0; 300];
    for chunk in 0..source.len().div_ceil(length).min(CHUNKS) {
        let position = chunk * length;
        if let Ok((start, n)) = source.read_chunk(position, &mut out) {
            assert!(start == position && n == out.len() && n as u64 <= length);
        }
        let _ = source.read_at(position + length / 2, &mut small);
        let _ = source.stored_bytes(chunk, chunk + 1);
        out = Vec::new();
    }
    for position in [source.len(), u64::MAX] {
        assert!(source.read_chunk(position, &mut out).is_err());
    }
    Ok(())
}
