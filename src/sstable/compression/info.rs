//! CompressionInfo.db: where the chunks of a compressed file are. Follows
//! org.apache.cassandra.io.compress.CompressionMetadata.
//!
//! ```text
//!   UTF compressor class, without its package │ i32 options │ options * (UTF name, UTF value)
//!   i32 chunk length │ [na+: i32 largest compressed length] │ i64 uncompressed length of the data
//!   i32 chunks │ chunks * i64 offset of the chunk in Data.db
//! ```
//!
//! The last chunk may be empty: a writer that was flushed at a chunk's end adds one.

use super::codec::Codec;
use super::parameters::CompressionParameters;
use crate::bytes::Cursor;
use crate::error::{Error, Result};
use crate::sstable::read::{read_exact, small_in_memory};
use crate::sstable::version::Version;
use crate::storage::{Buffered, Source};

/// Offsets are kept in memory up to this many; beyond, they are read from the file as they are needed.
const OFFSETS_IN_MEMORY: u64 = 1 << 16;

/// The head can not be longer: the options are a handful of names and numbers.
const LONGEST_HEAD: u64 = 1 << 16;

/// CompressionInfo.db: codec, lengths and where each chunk begins (CompressionMetadata).
pub struct CompressionInfo {
    /// How the chunks are compressed.
    pub codec: Codec,
    /// As they stand in the file.
    pub options: Vec<(String, String)>,
    /// Bytes of data a chunk holds, but for the last: a power of two.
    pub chunk_length: u32,
    /// A chunk of this length or longer is stored as it is.
    pub max_compressed_length: u32,
    /// Length of the data when decompressed.
    pub data_length: u64,
    chunks: u64,
    offsets: Offsets,
}

enum Offsets {
    Memory(Box<[u64]>),
    File { source: Source, start: u64 },
}

impl CompressionInfo {
    /// Reads the head; of the offsets only as many as are asked for later. An error says what can't be, and at which
    /// byte.
    pub fn open(source: Source, version: Version) -> Result<CompressionInfo> {
        let source = small_in_memory(source)?;
        let mut head = vec![0; source.len().min(LONGEST_HEAD) as usize];
        read_exact(&*source, &mut head, 0)?;
        let mut cursor = Cursor::new(&head);

        let class = utf(&mut cursor)?;
        let codec = Codec::from_class_name(&class)?;
        let at = cursor.offset();
        let count = cursor.i32()?;
        if count < 0 {
            return Err(Error::corrupt(format!("{count} compression options")).at(at));
        }
        let mut options = Vec::new();
        for _ in 0..count {
            options.push((utf(&mut cursor)?, utf(&mut cursor)?));
        }

        let at = cursor.offset();
        let chunk_length = cursor.u32()?;
        if !chunk_length.is_power_of_two() || chunk_length > 1 << 28 {
            return Err(Error::corrupt(format!("a chunk length of {chunk_length} bytes")).at(at));
        }
        let at = cursor.offset();
        let max_compressed_length = if version.has_max_compressed_length() { cursor.i32()? } else { i32::MAX };
        if max_compressed_length < 0 {
            return Err(Error::corrupt(format!("a maximal compressed length of {max_compressed_length}")).at(at));
        }
        let at = cursor.offset();
        let data_length = cursor.u64()?;
        let chunks = u64::from(cursor.u32()?);
        let start = cursor.offset();
        if chunks == 0 || chunks * 8 != source.len() - start {
            return Err(Error::corrupt(format!(
                "{chunks} chunks are announced, but {} bytes of offsets follow",
                source.len() - start
            ))
            .at(start - 4));
        }
        let needed = data_length.div_ceil(u64::from(chunk_length));
        if chunks < needed || chunks > needed + 1 {
            return Err(Error::corrupt(format!(
                "{chunks} chunks of {chunk_length} bytes can not hold {data_length} bytes of data"
            ))
            .at(at));
        }

        let offsets = if chunks <= OFFSETS_IN_MEMORY {
            let mut raw = vec![0; chunks as usize * 8];
            read_exact(&*source, &mut raw, start)?;
            Offsets::Memory(raw.as_chunks().0.iter().map(|b| u64::from_be_bytes(*b)).collect())
        } else {
            Offsets::File { source, start }
        };
        Ok(CompressionInfo {
            codec,
            options,
            chunk_length,
            max_compressed_length: max_compressed_length as u32,
            data_length,
            chunks,
            offsets,
        })
    }

    /// How many chunks the data has.
    pub fn chunks(&self) -> u64 {
        self.chunks
    }

    /// Where chunk `index` begins in Data.db and where the next one does; the last ends with the file, at `file_length`.
    pub(super) fn chunk(&self, index: u64, file_length: u64) -> Result<(u64, u64)> {
        if index >= self.chunks {
            return Err(Error::corrupt(format!("chunk {index} of {} was asked for", self.chunks)));
        }
        let last = index + 1 == self.chunks;
        let (start, end) = match &self.offsets {
            Offsets::Memory(offsets) => {
                let index = index as usize;
                (offsets[index], if last { file_length } else { offsets[index + 1] })
            }
            Offsets::File { source, start } => {
                let mut raw = [0u8; 16];
                let wanted = if last { &mut raw[..8] } else { &mut raw[..] };
                read_exact(&**source, wanted, start + index * 8)?;
                let [first, second] = [0, 8].map(|i| u64::from_be_bytes(*raw[i..].first_chunk().unwrap_or(&[0; 8])));
                (first, if last { file_length } else { second })
            }
        };
        if start >= end || end > file_length {
            return Err(Error::corrupt(format!(
                "chunk {index} is said to be at bytes {start} to {end} of a file of {file_length} bytes: \
                 the file is cut short, or CompressionInfo.db is damaged"
            ))
            .at(start));
        }
        Ok((start, end))
    }
}

/// Writes the component for chunks of these lengths as they are stored.
pub(super) fn write(
    parameters: &CompressionParameters,
    data_length: u64,
    stored_lengths: &[u32],
    out: &mut Buffered,
) -> Result<()> {
    let too_much = || Error::unsupported("more than 2^31 chunks: use larger ones");
    let chunks = i32::try_from(stored_lengths.len()).map_err(|_| too_much())?;
    let head = out.buffer();
    write_utf(parameters.codec.class_name(), head)?;
    head.extend_from_slice(&(parameters.options.len() as i32).to_be_bytes());
    for (name, value) in &parameters.options {
        write_utf(name, head)?;
        write_utf(value, head)?;
    }
    head.extend_from_slice(&parameters.chunk_length.to_be_bytes());
    head.extend_from_slice(&parameters.max_compressed_length.to_be_bytes());
    head.extend_from_slice(&data_length.to_be_bytes());
    head.extend_from_slice(&chunks.to_be_bytes());
    let mut offset = 0u64;
    for length in stored_lengths {
        out.append(&offset.to_be_bytes())?;
        offset += u64::from(*length);
    }
    Ok(())
}

fn write_utf(text: &str, out: &mut Vec<u8>) -> Result<()> {
    let length = u16::try_from(text.len()).map_err(|_| Error::invalid("a compression option of more than 64 KiB"))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn utf(cursor: &mut Cursor<'_>) -> Result<String> {
    let at = cursor.offset();
    let bytes = cursor.short_bytes()?;
    String::from_utf8(bytes.to_vec()).map_err(|_| Error::corrupt("a name is not UTF-8").at(at))
}
