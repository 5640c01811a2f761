//! Reads Data.db by uncompressed position, one chunk at a time. Follows
//! org.apache.cassandra.io.util.CompressedChunkReader and DataIntegrityMetadata.ChecksumValidator.
//!
//! ```text
//!   compressed Data.db     chunk │ u32 CRC32 of the chunk as stored │ chunk │ …
//!   plain Data.db          bytes;   CRC.db:  i32 piece length │ u32 CRC32 of each piece
//! ```

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};

use super::info::CompressionInfo;
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use crate::sstable::read::read_exact;
use crate::storage::Source;

/// Length of a piece of a plain file without CRC.db.
const PLAIN_PIECE: u32 = 1 << 16;

/// A damaged CRC.db must not make us read gigabytes at once; Cassandra uses 64 KiB.
const LARGEST_PIECE: i32 = 1 << 26;

/// CRC.db: a checksum for each piece of an uncompressed Data.db. May hold one more than there are pieces.
pub struct ChunkSums {
    piece_length: u32,
    count: u64,
    source: Source,
}

impl ChunkSums {
    /// Opens CRC.db: the length of a piece, and a CRC-32 of each.
    pub fn open(source: Source) -> Result<ChunkSums> {
        let mut head = [0; 4];
        read_exact(&*source, &mut head, 0)?;
        let length = i32::from_be_bytes(head);
        if !(1..=LARGEST_PIECE).contains(&length) {
            return Err(Error::corrupt(format!("pieces of {length} bytes")).at(0));
        }
        Ok(ChunkSums { piece_length: length as u32, count: (source.len() - 4) / 4, source })
    }

    fn sum(&self, index: u64) -> Result<u32> {
        if index >= self.count {
            return Err(Error::corrupt(format!("CRC.db has no checksum for piece {index}: it is cut short")));
        }
        let mut raw = [0; 4];
        read_exact(&*self.source, &mut raw, 4 + index * 4).map_err(|e| e.context("CRC.db"))?;
        Ok(u32::from_be_bytes(raw))
    }
}

/// The data of an SSTable, decompressed as it is read.
pub struct DataSource {
    data: Source,
    layout: Layout,
    /// Tells the sources apart that share a thread's buffers.
    id: u64,
}

enum Layout {
    Compressed(CompressionInfo),
    Plain { piece_length: u32, sums: Option<ChunkSums> },
}

/// What a thread keeps between reads.
#[derive(Default)]
struct Scratch {
    compressed: Vec<u8>,
    /// The chunk that [`DataSource::read_at`] decoded last, its source and its start.
    chunk: Vec<u8>,
    held: Option<(u64, u64)>,
}

/// Beyond this a thread's buffers are given back after use.
const SCRATCH_KEPT: usize = 1 << 20;

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

static NEXT_ID: AtomicU64 = AtomicU64::new(0);

impl DataSource {
    /// A compressed file, with what CompressionInfo.db says of it.
    pub fn compressed(data: Source, info: CompressionInfo) -> DataSource {
        Self::new(data, Layout::Compressed(info))
    }

    /// An uncompressed file, with the contents of CRC.db when there is one.
    pub fn plain(data: Source, sums: Option<ChunkSums>) -> DataSource {
        let piece_length = sums.as_ref().map_or(PLAIN_PIECE, |s| s.piece_length);
        Self::new(data, Layout::Plain { piece_length, sums })
    }

    /// By the components that exist: CompressionInfo.db decides.
    pub fn open(data: Source, info: Option<CompressionInfo>, sums: Option<ChunkSums>) -> DataSource {
        match info {
            Some(info) => Self::compressed(data, info),
            None => Self::plain(data, sums),
        }
    }

    fn new(data: Source, layout: Layout) -> DataSource {
        DataSource { data, layout, id: NEXT_ID.fetch_add(1, Ordering::Relaxed) }
    }

    /// Bytes of data, uncompressed.
    pub fn len(&self) -> u64 {
        match &self.layout {
            Layout::Compressed(info) => info.data_length,
            Layout::Plain { .. } => self.data.len(),
        }
    }

    /// Whether it has no data.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The largest number of bytes that one [`DataSource::read_chunk`] appends.
    pub fn chunk_length(&self) -> u32 {
        match &self.layout {
            Layout::Compressed(info) => info.chunk_length,
            Layout::Plain { piece_length, .. } => *piece_length,
        }
    }

    /// What CompressionInfo.db says; `None` for a file that is not compressed.
    pub fn compression(&self) -> Option<&CompressionInfo> {
        match &self.layout {
            Layout::Compressed(info) => Some(info),
            Layout::Plain { .. } => None,
        }
    }

    /// Bytes in the file of the chunks from `first` to before `end`, with their checksums.
    pub fn stored_bytes(&self, first: u64, end: u64) -> Result<u64> {
        if first >= end {
            return Ok(0);
        }
        match &self.layout {
            Layout::Compressed(info) => {
                let from = info.chunk(first, self.data.len())?.0;
                Ok(info.chunk(end - 1, self.data.len())?.1.saturating_sub(from))
            }
            Layout::Plain { piece_length, .. } => {
                let length = u64::from(*piece_length);
                Ok((end * length).min(self.len()).saturating_sub(first * length))
            }
        }
    }

    /// Appends the chunk that holds the byte at `position`; returns the position of its first byte, and its length.
    /// On an error `out` is as it was. Chunk lengths are as large as the file says.
    pub fn read_chunk(&self, position: u64, out: &mut Vec<u8>) -> Result<(u64, usize)> {
        let before = out.len();
        let start = position - position % u64::from(self.chunk_length());
        let done = SCRATCH.with_borrow_mut(|scratch| {
            if scratch.held == Some((self.id, start)) && position - start < scratch.chunk.len() as u64 {
                out.extend_from_slice(&scratch.chunk);
                return Ok((start, scratch.chunk.len()));
            }
            let done = self.read_into(position, &mut scratch.compressed, out);
            if scratch.compressed.capacity() > SCRATCH_KEPT {
                scratch.compressed = Vec::new();
            }
            done
        });
        if done.is_err() {
            out.truncate(before);
        }
        done
    }

    /// Reads up to `out.len()` bytes at `position`; fewer only at the end of the data. For small reads at random: the
    /// chunk stays decoded for the next read by this thread.
    pub fn read_at(&self, mut position: u64, out: &mut [u8]) -> Result<usize> {
        let mut done = 0;
        while done < out.len() && position < self.len() {
            let start = position - position % u64::from(self.chunk_length());
            let n = SCRATCH.with_borrow_mut(|scratch| -> Result<usize> {
                let Scratch { compressed, chunk, held } = scratch;
                if *held != Some((self.id, start)) {
                    chunk.clear();
                    *held = None;
                    self.read_into(position, compressed, chunk)?;
                    *held = Some((self.id, start));
                }
                let from = chunk.get((position - start) as usize..).unwrap_or_default();
                let n = from.len().min(out.len() - done);
                out[done..done + n].copy_from_slice(&from[..n]);
                if chunk.capacity() > SCRATCH_KEPT {
                    *scratch = Scratch::default();
                }
                Ok(n)
            })?;
            if n == 0 {
                break;
            }
            done += n;
            position += n as u64;
        }
        Ok(done)
    }

    fn read_into(&self, position: u64, compressed: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<(u64, usize)> {
        let total = self.len();
        if position >= total {
            return Err(Error::corrupt(format!(
                "byte {position} of the data was asked for, which has only {total} bytes: the file is cut short, \
                 or its index is damaged"
            )));
        }
        let chunk_length = u64::from(self.chunk_length());
        let index = position / chunk_length;
        let start = index * chunk_length;
        let length = chunk_length.min(total - start) as usize;
        match &self.layout {
            Layout::Plain { sums, .. } => {
                let piece = append(out, length);
                read_exact(&*self.data, piece, start)?;
                if let Some(sums) = sums {
                    check(piece, sums.sum(index)?, start)?;
                }
            }
            Layout::Compressed(info) => {
                let (offset, end) = info.chunk(index, self.data.len())?;
                let stored = (end - offset).saturating_sub(4) as usize;
                // No compressor makes a chunk much larger than it is; more means damage, not a reason to allocate.
                let most = info.chunk_length as usize + info.chunk_length as usize / 4 + 1024;
                if stored == 0 || stored > most.max(info.max_compressed_length as usize).min(most * 2) {
                    return Err(Error::corrupt(format!("chunk {index} has {stored} bytes")).at(offset));
                }
                if stored >= info.max_compressed_length as usize {
                    // Stored as it is; a short last chunk is padded to the limit.
                    compressed.clear();
                    read_exact(&*self.data, append(compressed, stored + 4), offset)?;
                    let chunk = checked(compressed, offset)?;
                    let padded = stored == info.max_compressed_length as usize;
                    let Some(plain) = chunk.get(..length).filter(|_| stored == length || padded) else {
                        return Err(
                            Error::corrupt(format!("chunk {index} has {stored} bytes instead of {length}")).at(offset)
                        );
                    };
                    out.extend_from_slice(plain);
                } else {
                    // A damaged length must not make us take memory that the chunk can't fill.
                    if length as u64 > stored as u64 * info.codec.most_expansion() {
                        return Err(Error::corrupt(format!(
                            "chunk {index} has {stored} bytes, too few for {length} compressed with {}",
                            info.codec.class_name()
                        ))
                        .at(offset));
                    }
                    compressed.clear();
                    read_exact(&*self.data, append(compressed, stored + 4), offset)?;
                    let chunk = checked(compressed, offset)?;
                    if !info.codec.decode(chunk, append(out, length)) {
                        return Err(Error::corrupt(format!(
                            "chunk {index} is not {length} bytes compressed with {}",
                            info.codec.class_name()
                        ))
                        .at(offset));
                    }
                }
            }
        }
        Ok((start, length))
    }
}

/// Makes `n` more bytes of `out` and returns them.
fn append(out: &mut Vec<u8>, n: usize) -> &mut [u8] {
    let before = out.len();
    out.resize(before + n, 0);
    &mut out[before..]
}

/// Splits the checksum from a stored chunk, and compares it.
fn checked(stored: &[u8], offset: u64) -> Result<&[u8]> {
    let mut cursor = Cursor::with_base(stored, offset);
    let chunk = cursor.take(stored.len().saturating_sub(4))?;
    check(chunk, cursor.u32()?, offset)?;
    Ok(chunk)
}

fn check(bytes: &[u8], expected: u32, offset: u64) -> Result<()> {
    let actual = crc32fast::hash(bytes);
    if actual != expected {
        return Err(Error::corrupt(format!(
            "the checksum of {} bytes is {actual:08x} and should be {expected:08x}: the data is damaged",
            bytes.len()
        ))
        .at(offset));
    }
    Ok(())
}
