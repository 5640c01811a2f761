//! Writes Data.db by uncompressed position, with what belongs to its bytes: CompressionInfo.db or CRC.db, and the digest.
//! Follows org.apache.cassandra.io.compress.CompressedSequentialWriter and io.util.ChecksummedSequentialWriter; the layout
//! is the one that `source.rs` shows.

use super::compressor::Compressor;
use super::info;
use super::parameters::CompressionParameters;
use crate::error::Result;
use crate::sstable::digest::Digest;
use crate::storage::{Buffered, Output};

/// Of an uncompressed file (SequentialWriterOption's buffer size).
const PIECE: usize = 64 << 10;

/// Chunks are collected up to this before they are written.
const WRITE_AT_ONCE: usize = 256 << 10;

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
    output: Box<dyn Output>,
    digest: crc32fast::Hasher,
    kind: Kind,
    /// Data of the chunks that are not full.
    pending: Vec<u8>,
    /// Position of the first byte of `pending`.
    base: u64,
}

enum Kind {
    Compressed(Box<Chunks>),
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
        let (lengths, stored, compressed_length) = (Vec::new(), Vec::new(), 0);
        let chunks = Chunks { parameters, compressor, info, lengths, stored, compressed_length };
        Ok(Self::new(data, Kind::Compressed(Box::new(chunks))))
    }

    /// `sums` becomes CRC.db.
    pub(crate) fn plain(data: Box<dyn Output>, sums: Box<dyn Output>) -> Result<Self> {
        let mut sums = Buffered::new(sums);
        sums.append(&(PIECE as i32).to_be_bytes())?;
        Ok(Self::new(data, Kind::Plain { sums }))
    }

    fn new(output: Box<dyn Output>, kind: Kind) -> Self {
        DataWriter { output, digest: crc32fast::Hasher::new(), kind, pending: Vec::new(), base: 0 }
    }

    /// Where the next byte will stand in the uncompressed data.
    #[inline]
    pub(crate) fn position(&self) -> u64 {
        self.base + self.pending.len() as u64
    }

    /// Bytes of Data.db so far.
    pub(crate) fn stored(&self) -> u64 {
        let waiting = match &self.kind {
            Kind::Compressed(chunks) => chunks.stored.len(),
            Kind::Plain { .. } => 0,
        };
        self.output.len() + waiting as u64
    }

    /// To append to, and nothing else; then call [`DataWriter::pass_on`].
    #[inline]
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        &mut self.pending
    }

    #[inline]
    fn chunk_length(&self) -> usize {
        match &self.kind {
            Kind::Compressed(chunks) => chunks.parameters.chunk_length as usize,
            Kind::Plain { .. } => PIECE,
        }
    }

    /// Writes the chunks that are full.
    #[inline]
    pub(crate) fn pass_on(&mut self) -> Result<()> {
        if self.pending.len() > self.chunk_length() { self.write_chunks() } else { Ok(()) }
    }

    #[cold]
    fn write_chunks(&mut self) -> Result<()> {
        let length = self.chunk_length();
        let mut pending = std::mem::take(&mut self.pending);
        let mut start = 0;
        // One chunk stays: the last of the file may be full, but not empty.
        while pending.len() - start > length {
            self.write_chunk(&pending[start..start + length])?;
            start += length;
        }
        pending.copy_within(start.., 0);
        pending.truncate(pending.len() - start);
        // One large row must not cost its memory for ever.
        pending.shrink_to((4 * length).max(WRITE_AT_ONCE));
        self.base += start as u64;
        self.pending = pending;
        Ok(())
    }

    fn write_chunk(&mut self, chunk: &[u8]) -> Result<()> {
        match &mut self.kind {
            Kind::Plain { sums } => {
                sums.append(&crc32fast::hash(chunk).to_be_bytes())?;
                self.digest.update(chunk);
                self.output.append(chunk)
            }
            Kind::Compressed(chunks) => {
                let start = chunks.store(chunk)?;
                self.digest.update(&chunks.stored[start..]);
                if chunks.stored.len() >= WRITE_AT_ONCE {
                    self.output.append(&chunks.stored)?;
                    chunks.stored.clear();
                }
                Ok(())
            }
        }
    }

    /// Writes what is left, and the component that belongs to the data; syncs both.
    pub(crate) fn finish(mut self) -> Result<WrittenData> {
        let length = self.position();
        let pending = std::mem::take(&mut self.pending);
        self.write_chunk(&pending)?;
        let ratio = match self.kind {
            Kind::Plain { sums } => {
                sums.finish()?;
                None
            }
            Kind::Compressed(chunks) => {
                let Chunks { parameters, info, lengths, stored, compressed_length, .. } = *chunks;
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
