//! Makes the checksums of a changed file right, as one who means harm would.

use sstablefs::sstable::Version;

fn put(file: &mut [u8], at: usize, from: std::ops::Range<usize>) {
    if let Some(bytes) = file.get(from) {
        let sum = crc32fast::hash(bytes).to_be_bytes();
        if let Some(place) = file.get_mut(at..at + 4) {
            place.copy_from_slice(&sum);
        }
    }
}

fn u32_at(file: &[u8], at: usize) -> Option<usize> {
    Some(u32::from_be_bytes(*file.get(at..)?.first_chunk()?) as usize)
}

/// Statistics.db: see src/sstable/statistics/mod.rs for its layout.
pub fn statistics(file: &[u8], version: Version) -> Vec<u8> {
    let mut file = file.to_vec();
    if !version.has_metadata_checksum() {
        return file;
    }
    let Some(count) = u32_at(&file, 0).filter(|&n| n <= 8) else { return file };
    put(&mut file, 4, 0..4);
    let end = 8 + count * 8;
    let mut starts: Vec<usize> = (0..count).filter_map(|i| u32_at(&file, 8 + i * 8 + 4)).collect();
    starts.sort_unstable();
    for (i, &start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).copied().unwrap_or(file.len());
        if end >= start + 4 && end <= file.len() {
            put(&mut file, end - 4, start..end - 4);
        }
    }
    let mut sum = crc32fast::Hasher::new();
    sum.update(&file[..4]);
    sum.update(file.get(8..end).unwrap_or_default());
    if let Some(place) = file.get_mut(end..end + 4) {
        place.copy_from_slice(&sum.finalize().to_be_bytes());
    }
    file
}

/// Data.db in chunks that begin at `offsets`.
pub fn chunks(file: &[u8], offsets: &[u64]) -> Vec<u8> {
    let mut file = file.to_vec();
    for (i, &start) in offsets.iter().enumerate() {
        let end = offsets.get(i + 1).copied().unwrap_or(file.len() as u64);
        if end <= file.len() as u64 && start.saturating_add(4) <= end {
            put(&mut file, end as usize - 4, start as usize..end as usize - 4);
        }
    }
    file
}
