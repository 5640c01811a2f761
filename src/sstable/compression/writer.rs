//! Writes Data.db by uncompressed position, with what belongs to its bytes: CompressionInfo.db or CRC.db, and the digest.
//! Follows org.apache.cassandra.io.compress.CompressedSequentialWriter and io.util.ChecksummedSequentialWriter; the layout
//! is the one that `source.rs` shows.

use super::compressor::Compressor;
use super::info;
use super::parameters::CompressionParameters;
use crate::error::{Error, Result};
use crate::sstable::digest::Digest;
use crate::storage::{Buffered, Output};
use crate::worker::Worker;

/// Of an uncompressed file (SequentialWriterOption's buffer size).
const PIECE: usize = 64 << 10;

/// Chunks are collected up to this before they are written.
const WRITE_AT_ONCE: usize = 256 << 10;

/// Data is compressed on another core from this position on, in pieces of about [`PORTION`].
const WORTH_A_THREAD: u64 = 1 << 20;
const PORTION: usize = 256 << 10;
/// Portions that are on their way.
const PORTIONS: usize = 3;

/// What is known when all is written.
pub(crate) struct WrittenData {
    pub(crate) digest: Digest,
    /// Bytes of data.
    pub(crate) length: u64,
    /// Bytes of Data.db.
    pub(crate) stored: u64,
    /// Compressed to uncompressed bytes, checksums not counted.
    pub(crate) ratio: Option<f64>,
}

pub(crate) struct DataWriter {
    store: Store,
    compressed: bool,
    chunk_length: usize,
    /// Data of the chunks that are not full, and full ones that wait for more.
    pending: Vec<u8>,
    /// How long `pending` may become.
    portion: usize,
    /// Position of the first byte of `pending`.
    base: u64,
}

/// Where chunks become bytes of the file.
enum Store {
    Here(Box<Stored>),
    Beside(Beside),
    /// An error ended it.
    Gone,
}

/// On another core.
struct Beside {
    worker: Worker<Box<Stored>, Vec<u8>, Result<Portion>>,
    /// Bytes of the file, of the portions that are known to be done.
    stored: u64,
    /// Bytes of data in the others.
    open: u64,
    /// Memory to use again.
    spare: Vec<Vec<u8>>,
}

/// What became of a portion.
struct Portion {
    data: Vec<u8>,
    /// Bytes of the file so far.
    stored: u64,
}

/// The file, and what belongs to its bytes.
struct Stored {
    output: Box<dyn Output>,
    digest: crc32fast::Hasher,
    chunk_length: usize,
    kind: Kind,
}

enum Kind {
    Compressed(Chunks),
    Plain { sums: Buffered },
}

struct Chunks {
    parameters: CompressionParameters,
    compressor: Compressor,
    info: Box<dyn Output>,
    /// Bytes of each chunk as it is stored, its checksum counted.
    lengths: Vec<u32>,
    /// Stored chunks that are not written.
    stored: Vec<u8>,
    compressed_length: u64,
}

impl DataWriter {
    /// `info` becomes CompressionInfo.db.
    pub(crate) fn compressed(
        data: Box<dyn Output>,
        info: Box<dyn Output>,
        parameters: CompressionParameters,
    ) -> Result<Self> {
        let compressor = Compressor::new(&parameters)?;
        let length = parameters.chunk_length as usize;
        let (lengths, stored, compressed_length) = (Vec::new(), Vec::new(), 0);
        let chunks = Chunks { parameters, compressor, info, lengths, stored, compressed_length };
        Ok(Self::new(data, Kind::Compressed(chunks), length))
    }

    /// `sums` becomes CRC.db.
    pub(crate) fn plain(data: Box<dyn Output>, sums: Box<dyn Output>) -> Result<Self> {
        let mut sums = Buffered::new(sums);
        sums.append(&(PIECE as i32).to_be_bytes())?;
        Ok(Self::new(data, Kind::Plain { sums }, PIECE))
    }

    fn new(output: Box<dyn Output>, kind: Kind, chunk_length: usize) -> Self {
        let compressed = matches!(kind, Kind::Compressed(_));
        let store = Store::Here(Box::new(Stored { output, digest: crc32fast::Hasher::new(), chunk_length, kind }));
        DataWriter { store, compressed, chunk_length, pending: Vec::new(), portion: chunk_length, base: 0 }
    }

    /// Where the next byte will stand in the uncompressed data.
    #[inline]
    pub(crate) fn position(&self) -> u64 {
        self.base + self.pending.len() as u64
    }

    /// Whether Data.db has so many bytes; those of chunks that wait are not counted.
    pub(crate) fn has_stored(&mut self, limit: u64) -> Result<bool> {
        match &mut self.store {
            Store::Here(stored) => Ok(stored.length() >= limit),
            Store::Beside(beside) => {
                // No chunk becomes twice as long. What is still open is waited for only where it matters.
                while beside.stored < limit && beside.stored + 2 * beside.open >= limit && beside.settle()? {}
                Ok(beside.stored >= limit)
            }
            Store::Gone => Err(gone()),
        }
    }

    /// To append to, and nothing else; then call [`DataWriter::pass_on`].
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    /// Writes the chunks that are full.
    #[inline]
    pub(crate) fn pass_on(&mut self) -> Result<()> {
        if self.pending.len() > self.portion { self.write_chunks() } else { Ok(()) }
    }

    #[cold]
    fn write_chunks(&mut self) -> Result<()> {
        // One chunk stays: the last of the file may be full, but not empty.
        let full = (self.pending.len() - 1) / self.chunk_length * self.chunk_length;
        self.base += full as u64;
        match &mut self.store {
            Store::Here(stored) => {
                stored.write(&self.pending[..full])?;
                self.pending.copy_within(full.., 0);
                self.pending.truncate(self.pending.len() - full);
                // One large row must not cost its memory for ever.
                self.pending.shrink_to((4 * self.chunk_length).max(WRITE_AT_ONCE));
                if self.compressed && self.base >= WORTH_A_THREAD && self.portion == self.chunk_length {
                    self.start_beside();
                }
                Ok(())
            }
            Store::Beside(beside) => {
                let mut next = beside.spare.pop().unwrap_or_default();
                next.clear();
                next.extend_from_slice(&self.pending[full..]);
                self.pending.truncate(full);
                beside.give(std::mem::replace(&mut self.pending, next))
            }
            Store::Gone => Err(gone()),
        }
    }

    fn start_beside(&mut self) {
        let Store::Here(stored) = std::mem::replace(&mut self.store, Store::Gone) else { return };
        self.portion = self.chunk_length.max(PORTION);
        let known = stored.length();
        let work = |stored: &mut Box<Stored>, data: Vec<u8>| {
            stored.write(&data)?;
            Ok(Portion { data, stored: stored.length() })
        };
        self.store = match Worker::start(PORTIONS, stored, work) {
            Ok(worker) => Store::Beside(Beside { worker, stored: known, open: 0, spare: Vec::new() }),
            Err(stored) => Store::Here(stored),
        };
    }

    /// Writes what is left, and the component that belongs to the data; syncs both.
    pub(crate) fn finish(self) -> Result<WrittenData> {
        let length = self.position();
        let mut stored = match self.store {
            Store::Here(stored) => stored,
            Store::Beside(mut beside) => {
                while beside.settle()? {}
                beside.worker.finish()?
            }
            Store::Gone => return Err(gone()),
        };
        stored.write(&self.pending)?;
        stored.finish(length)
    }
}

impl Beside {
    fn give(&mut self, data: Vec<u8>) -> Result<()> {
        if self.worker.open() >= PORTIONS {
            self.settle()?;
        }
        self.open += data.len() as u64;
        self.worker.give(data)
    }

    /// Waits for the oldest portion; `false` when none is open.
    fn settle(&mut self) -> Result<bool> {
        let Some(portion) = self.worker.take()? else { return Ok(false) };
        let mut portion = portion?;
        self.stored = portion.stored;
        self.open -= portion.data.len() as u64;
        portion.data.shrink_to(4 * PORTION);
        self.spare.push(portion.data);
        Ok(true)
    }
}

impl Stored {
    /// Bytes of the file so far.
    fn length(&self) -> u64 {
        let waiting = match &self.kind {
            Kind::Compressed(chunks) => chunks.stored.len(),
            Kind::Plain { .. } => 0,
        };
        self.output.len() + waiting as u64
    }

    /// Writes chunks, of which only the last of the file is not full.
    fn write(&mut self, data: &[u8]) -> Result<()> {
        for chunk in data.chunks(self.chunk_length) {
            match &mut self.kind {
                Kind::Plain { sums } => {
                    sums.append(&crc32fast::hash(chunk).to_be_bytes())?;
                    self.digest.update(chunk);
                    self.output.append(chunk)?;
                }
                Kind::Compressed(chunks) => {
                    let start = chunks.store(chunk)?;
                    self.digest.update(&chunks.stored[start..]);
                    if chunks.stored.len() >= WRITE_AT_ONCE {
                        self.output.append(&chunks.stored)?;
                        chunks.stored.clear();
                    }
                }
            }
        }
        Ok(())
    }

    fn finish(mut self, length: u64) -> Result<WrittenData> {
        let ratio = match self.kind {
            Kind::Plain { sums } => {
                sums.finish()?;
                None
            }
            Kind::Compressed(chunks) => {
                let Chunks { parameters, info, lengths, stored, compressed_length, .. } = chunks;
                self.output.append(&stored)?;
                let mut info = Buffered::new(info);
                info::write(&parameters, length, &lengths, &mut info)?;
                info.finish()?;
                Some(compressed_length as f64 / length as f64)
            }
        };
        self.output.sync()?;
        Ok(WrittenData { digest: Digest(self.digest.finalize()), length, stored: self.output.len(), ratio })
    }
}

fn gone() -> Error {
    Error::invalid("data can't be written on after an error")
}

impl Chunks {
    /// Appends a chunk and its checksum to `stored`; returns where.
    fn store(&mut self, chunk: &[u8]) -> Result<usize> {
        let start = self.stored.len();
        self.compressor.compress(chunk, &mut self.stored)?;
        let longest = self.parameters.max_compressed_length as usize;
        if self.stored.len() - start >= longest {
            self.stored.truncate(start);
            self.stored.extend_from_slice(chunk);
            if chunk.len() < longest {
                // Readers tell a chunk that is not compressed by its length alone.
                self.stored.resize(start + longest, 0);
            }
        }
        self.compressed_length += (self.stored.len() - start) as u64;
        let sum = crc32fast::hash(&self.stored[start..]);
        self.stored.extend_from_slice(&sum.to_be_bytes());
        self.lengths.push((self.stored.len() - start) as u32);
        Ok(start)
    }
}
