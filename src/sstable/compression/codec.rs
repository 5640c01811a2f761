//! The compressors. Follows org.apache.cassandra.io.compress.{LZ4,Snappy,Deflate,Zstd,Noop}Compressor.
//!
//! ```text
//!   LZ4      i32 little-endian uncompressed length │ LZ4 block
//!   Snappy   raw Snappy (no frames)     Deflate   zlib stream     Zstd   one frame
//! ```

use std::cell::RefCell;

use crate::error::{Error, Result};

/// How the bytes of a chunk are compressed; the options that a table gives don't matter to reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Codec {
    /// LZ4Compressor: the length in 4 bytes, little-endian, then an LZ4 block.
    Lz4,
    /// SnappyCompressor: a raw Snappy block.
    Snappy,
    /// DeflateCompressor: zlib's format.
    Deflate,
    /// ZstdCompressor, since 4.0: a Zstandard frame.
    Zstd,
    /// NoopCompressor: chunks with checksums, as they are.
    Noop,
}

/// Decoders with state are kept, one of each a thread.
#[derive(Default)]
struct Decoders {
    inflate: Option<flate2::Decompress>,
    zstd: Option<zstd::bulk::Decompressor<'static>>,
}

thread_local! {
    static DECODERS: RefCell<Decoders> = RefCell::default();
}

impl Codec {
    /// From the class name in CompressionInfo.db or a table's compression options.
    pub fn from_class_name(name: &str) -> Result<Codec> {
        Ok(match name.rsplit('.').next().unwrap_or(name) {
            "LZ4Compressor" => Codec::Lz4,
            "SnappyCompressor" => Codec::Snappy,
            "DeflateCompressor" => Codec::Deflate,
            "ZstdCompressor" => Codec::Zstd,
            "NoopCompressor" => Codec::Noop,
            _ => {
                return Err(Error::unsupported(format!(
                    "the data is compressed with {name:?}; only LZ4, Snappy, Deflate and Zstd can be read"
                )));
            }
        })
    }

    /// The class name as Cassandra writes it into CompressionInfo.db.
    pub fn class_name(self) -> &'static str {
        match self {
            Codec::Lz4 => "LZ4Compressor",
            Codec::Snappy => "SnappyCompressor",
            Codec::Deflate => "DeflateCompressor",
            Codec::Zstd => "ZstdCompressor",
            Codec::Noop => "NoopCompressor",
        }
    }

    /// How many bytes one byte of a chunk can stand for at most.
    pub(super) fn most_expansion(self) -> u64 {
        match self {
            // A length is continued by bytes of 255.
            Codec::Lz4 => 256,
            // A copy of three bytes gives 64.
            Codec::Snappy => 64,
            Codec::Deflate => 1040,
            // A block of one repeated byte takes four and gives 128 KiB.
            Codec::Zstd => 1 << 15,
            Codec::Noop => 1,
        }
    }

    /// Decodes one chunk into `out`; `false` unless it fills `out` exactly.
    pub(super) fn decode(self, input: &[u8], out: &mut [u8]) -> bool {
        match self {
            Codec::Lz4 => {
                let Some((length, block)) = input.split_first_chunk::<4>() else { return false };
                u32::from_le_bytes(*length) as usize == out.len()
                    && lz4_flex::block::decompress_into(block, out).is_ok_and(|n| n == out.len())
            }
            Codec::Snappy => {
                snap::raw::decompress_len(input).is_ok_and(|n| n == out.len())
                    && snap::raw::Decoder::new().decompress(input, out).is_ok_and(|n| n == out.len())
            }
            Codec::Deflate => DECODERS.with_borrow_mut(|decoders| {
                let inflate = decoders.inflate.get_or_insert_with(|| flate2::Decompress::new(true));
                inflate.reset(true);
                let done = inflate.decompress(input, out, flate2::FlushDecompress::Finish);
                done.is_ok_and(|status| status == flate2::Status::StreamEnd) && inflate.total_out() == out.len() as u64
            }),
            Codec::Zstd => DECODERS.with_borrow_mut(|decoders| {
                if decoders.zstd.is_none() {
                    decoders.zstd = zstd::bulk::Decompressor::new().ok();
                }
                let Some(zstd) = &mut decoders.zstd else { return false };
                zstd.decompress_to_buffer(input, out).is_ok_and(|n| n == out.len())
            }),
            Codec::Noop => {
                let fits = input.len() == out.len();
                if fits {
                    out.copy_from_slice(input);
                }
                fits
            }
        }
    }
}
