//! Summary.db: every n-th key of Index.db with its position. Follows
//! org.apache.cassandra.io.sstable.indexsummary.IndexSummary and IndexSummaryComponent.
//!
//! ```text
//!   i32 min index interval │ i32 samples │ i64 length of the samples │ i32 sampling level │ i32 samples at full level
//!   samples * u32 little-endian offset of the sample, from here on
//!   samples * (key, as long as the next offset leaves │ u64 little-endian position in Index.db)
//!   i32 length, first key │ i32 length, last key
//! ```

use std::path::{Path, PathBuf};

use crate::bytes::Cursor;
use crate::error::{Error, Result};
use crate::sstable::pages::PagedFile;
use crate::sstable::read::{read_exact, small_in_memory};
use crate::storage::{Buffered, Source};

/// A larger summary stays in its file, and is searched there through the shared pages.
const LARGEST_IN_MEMORY: u64 = 1 << 20;
const HEAD: u64 = 24;
/// Downsampling.BASE_SAMPLING_LEVEL
const FULL_SAMPLING: u64 = 128;

/// Takes a sample of the entries of Index.db as they are written (IndexSummaryBuilder at full sampling).
pub(super) struct SummaryWriter {
    interval: u32,
    keys: u64,
    next: u64,
    offsets: Vec<u32>,
    entries: Vec<u8>,
}

/// Samples are found by offsets of an i32.
const LARGEST_SUMMARY: usize = i32::MAX as usize;

impl SummaryWriter {
    pub(super) fn new(min_index_interval: u32) -> SummaryWriter {
        SummaryWriter {
            interval: min_index_interval.max(1),
            keys: 0,
            next: 0,
            offsets: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// An entry that is at `position` of Index.db. From where the samples would be too many on, there are none.
    #[inline]
    pub(super) fn add(&mut self, key: &[u8], position: u64) {
        if self.keys == self.next && self.entries.len() + key.len() + 8 <= LARGEST_SUMMARY {
            self.offsets.push(self.entries.len() as u32);
            self.entries.extend_from_slice(key);
            self.entries.extend_from_slice(&position.to_le_bytes());
            self.next += u64::from(self.interval);
        }
        self.keys += 1;
    }

    pub(super) fn finish(self, first: &[u8], last: &[u8], out: &mut Buffered) -> Result<()> {
        let table = self.offsets.len() * 4;
        let head = out.buffer();
        head.extend_from_slice(&self.interval.to_be_bytes());
        head.extend_from_slice(&(self.offsets.len() as u32).to_be_bytes());
        head.extend_from_slice(&((table + self.entries.len()) as u64).to_be_bytes());
        head.extend_from_slice(&(FULL_SAMPLING as u32).to_be_bytes());
        head.extend_from_slice(&(self.keys.div_ceil(u64::from(self.interval)) as u32).to_be_bytes());
        for offset in &self.offsets {
            out.append(&(offset.wrapping_add(table as u32)).to_le_bytes())?;
        }
        out.append(&self.entries)?;
        for key in [first, last] {
            out.append(&(key.len() as u32).to_be_bytes())?;
            out.append(key)?;
        }
        Ok(())
    }
}

/// The samples of Index.db that Summary.db keeps (IndexSummary).
pub struct Summary {
    samples: usize,
    min_index_interval: u32,
    sampling_level: u32,
    full_samples: u32,
    store: Store,
    first: Box<[u8]>,
    last: Box<[u8]>,
    path: PathBuf,
}

/// Offsets and samples as in the file, so that one block of memory holds them.
enum Store {
    Memory(Box<[u8]>),
    File { file: PagedFile, length: u64 },
}

impl Summary {
    /// `path` is for errors.
    pub fn open(source: Source, path: &Path) -> Result<Summary> {
        Self::read(source, path).map_err(|e| e.in_file(path))
    }

    fn read(source: Source, path: &Path) -> Result<Summary> {
        let source = small_in_memory(source)?;
        let mut head = [0; HEAD as usize];
        read_exact(&*source, &mut head, 0)?;
        let mut cursor = Cursor::new(&head);
        let min_index_interval = cursor.u32()?;
        let samples = cursor.u32()?;
        let length = cursor.u64()?;
        let sampling_level = cursor.u32()?;
        let full_samples = cursor.u32()?;
        if samples == 0 || length > source.len() - HEAD || u64::from(samples) * 12 > length {
            return Err(Error::corrupt(format!(
                "{samples} samples in {length} bytes are announced in a file of {} bytes",
                source.len()
            ))
            .at(4));
        }
        if !(1..=FULL_SAMPLING).contains(&u64::from(sampling_level)) {
            return Err(Error::corrupt(format!("a sampling level of {sampling_level}")).at(16));
        }
        let mut tail = vec![0; (source.len() - HEAD - length).min(1 << 18) as usize];
        read_exact(&*source, &mut tail, HEAD + length)?;
        let mut cursor = Cursor::with_base(&tail, HEAD + length);
        let (first, last) =
            (cursor.int_bytes()?.unwrap_or_default().into(), cursor.int_bytes()?.unwrap_or_default().into());

        let store = if length <= LARGEST_IN_MEMORY {
            let mut block = vec![0; length as usize];
            read_exact(&*source, &mut block, HEAD)?;
            Store::Memory(block.into())
        } else {
            Store::File { file: PagedFile::new(source, path.to_owned()), length }
        };
        let summary = Summary {
            samples: samples as usize,
            min_index_interval,
            sampling_level,
            full_samples,
            store,
            first,
            last,
            path: path.to_owned(),
        };
        let mut scratch = Vec::new();
        if summary.sample(0, &mut scratch)?.1 != 0 {
            return Err(Error::corrupt("the first sample is not at the start of the index").at(HEAD));
        }
        Ok(summary)
    }

    /// Made from an index that has no summary: samples of key and position, which ascend.
    pub(super) fn build(samples: &[(Vec<u8>, u64)], interval: u32, last: &[u8]) -> Summary {
        let mut block = Vec::new();
        let mut offset = samples.len() * 4;
        for (key, _) in samples {
            block.extend((offset as u32).to_le_bytes());
            offset += key.len() + 8;
        }
        for (key, position) in samples {
            block.extend(key);
            block.extend(position.to_le_bytes());
        }
        Summary {
            samples: samples.len(),
            min_index_interval: interval,
            sampling_level: FULL_SAMPLING as u32,
            full_samples: samples.len() as u32,
            store: Store::Memory(block.into()),
            first: samples.first().map(|s| s.0.as_slice()).unwrap_or_default().into(),
            last: last.into(),
            path: PathBuf::new(),
        }
    }

    /// That it contradicts the index.
    pub(super) fn wrong(&self, i: usize) -> Error {
        Error::corrupt(format!(
            "sample {i} is not what Index.db has: the file is damaged or of another SSTable; without it the index is read \
             by itself"
        ))
        .at(HEAD + i as u64 * 4)
        .in_file(&self.path)
    }

    /// Where in the file it is said where a sample is.
    pub(in crate::sstable) fn offset_of(&self, i: usize) -> u64 {
        HEAD + i as u64 * 4
    }

    pub(in crate::sstable) fn len(&self) -> usize {
        self.samples
    }

    pub(in crate::sstable) fn first_last(&self) -> (&[u8], &[u8]) {
        (&self.first, &self.last)
    }

    /// Partitions from one sample to the next, where none was left out to save memory.
    pub(in crate::sstable) fn full_interval(&self) -> Option<u32> {
        (u64::from(self.sampling_level) == FULL_SAMPLING).then_some(self.min_index_interval)
    }

    pub(in crate::sstable) fn min_index_interval(&self) -> u32 {
        self.min_index_interval
    }

    pub(in crate::sstable) fn samples_at_full_sampling(&self) -> u32 {
        self.full_samples
    }

    /// How many partitions a sample stands for, about.
    pub(super) fn interval(&self) -> u64 {
        (FULL_SAMPLING * u64::from(self.min_index_interval)).div_ceil(u64::from(self.sampling_level))
    }

    /// Key and position of a sample; `scratch` holds the key when it is not in memory.
    pub(in crate::sstable) fn sample<'a>(&'a self, i: usize, scratch: &'a mut Vec<u8>) -> Result<(&'a [u8], u64)> {
        let bad = || {
            Error::corrupt(format!("sample {i} is not inside the samples")).at(HEAD + i as u64 * 4).in_file(&self.path)
        };
        let entry = match &self.store {
            Store::Memory(block) => {
                let offset = |i: usize| {
                    let raw = block.get(i * 4..)?.first_chunk::<4>()?;
                    Some(u32::from_le_bytes(*raw) as usize)
                };
                let end = if i + 1 < self.samples { offset(i + 1) } else { Some(block.len()) };
                offset(i).zip(end).and_then(|(start, end)| block.get(start..end)).ok_or_else(bad)?
            }
            Store::File { file, length } => {
                let mut raw = [0; 8];
                file.read_at(HEAD + i as u64 * 4, &mut raw)?;
                let offset = |i: usize| u64::from(u32::from_le_bytes([raw[i], raw[i + 1], raw[i + 2], raw[i + 3]]));
                let start = offset(0);
                let end = if i + 1 < self.samples { offset(4) } else { *length };
                if start > end || end > *length || end - start > u64::from(u16::MAX) + 8 {
                    return Err(bad());
                }
                scratch.resize((end - start) as usize, 0);
                file.read_at(HEAD + start, scratch)?;
                scratch.as_slice()
            }
        };
        let (key, position) = entry.split_last_chunk::<8>().ok_or_else(bad)?;
        Ok((key, u64::from_le_bytes(*position)))
    }
}
