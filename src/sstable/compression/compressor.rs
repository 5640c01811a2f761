//! Compresses chunks, in the forms that `codec.rs` shows.

use std::io;

use flate2::{Compress, Compression, FlushCompress, Status};
use zstd::zstd_safe::CParameter;

use super::codec::Codec;
use super::parameters::CompressionParameters;
use crate::error::{Error, Kind, Result};

/// ZstdCompressor.DEFAULT_COMPRESSION_LEVEL.
const ZSTD_LEVEL: i32 = 3;

/// A compressor with its state, which is reused.
pub(super) enum Compressor {
    Lz4,
    Snappy(Box<snap::raw::Encoder>),
    Deflate(Compress),
    Zstd(zstd::bulk::Compressor<'static>),
    Noop,
}

impl Compressor {
    pub(super) fn new(parameters: &CompressionParameters) -> Result<Self> {
        Ok(match parameters.codec {
            Codec::Lz4 => Compressor::Lz4,
            Codec::Snappy => Compressor::Snappy(Box::new(snap::raw::Encoder::new())),
            Codec::Deflate => Compressor::Deflate(Compress::new(Compression::default(), true)),
            Codec::Zstd => {
                let level = parameters.level()?.unwrap_or(ZSTD_LEVEL);
                let mut zstd = zstd::bulk::Compressor::new(level).map_err(failed)?;
                zstd.set_parameter(CParameter::ChecksumFlag(true)).map_err(failed)?;
                Compressor::Zstd(zstd)
            }
            Codec::Noop => Compressor::Noop,
        })
    }

    /// The largest result for `n` bytes.
    fn bound(&self, n: usize) -> usize {
        match self {
            Compressor::Lz4 => 4 + lz4_flex::block::get_maximum_output_size(n),
            Compressor::Snappy(_) => snap::raw::max_compress_len(n),
            Compressor::Deflate(_) => n + n / 1000 + 64,
            Compressor::Zstd(_) => zstd::zstd_safe::compress_bound(n),
            Compressor::Noop => n,
        }
    }

    /// Appends the compressed bytes to `out`.
    pub(super) fn compress(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<()> {
        let start = out.len();
        out.resize(start + self.bound(input.len()), 0);
        let target = &mut out[start..];
        let written = match self {
            Compressor::Lz4 => {
                let (length, block) = target.split_at_mut(4);
                length.copy_from_slice(&(input.len() as u32).to_le_bytes());
                4 + lz4_flex::block::compress_into(input, block).map_err(failed)?
            }
            Compressor::Snappy(snappy) => snappy.compress(input, target).map_err(failed)?,
            Compressor::Deflate(deflate) => {
                deflate.reset();
                match deflate.compress(input, target, FlushCompress::Finish).map_err(failed)? {
                    Status::StreamEnd => deflate.total_out() as usize,
                    _ => return Err(failed("deflate needs more room than it should")),
                }
            }
            Compressor::Zstd(zstd) => zstd.compress_to_buffer(input, target).map_err(failed)?,
            Compressor::Noop => {
                target.copy_from_slice(input);
                input.len()
            }
        };
        out.truncate(start + written);
        Ok(())
    }
}

fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
    Error::new(Kind::Io, format!("a chunk could not be compressed: {}", io::Error::other(error)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_compressed_is_decoded() {
        let text: Vec<u8> = (0..20_000u32).flat_map(|i| (i % 700).to_string().into_bytes()).collect();
        let noise: Vec<u8> = (0..16_384u64).map(|i| (i.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 50) as u8).collect();
        for codec in [Codec::Lz4, Codec::Snappy, Codec::Deflate, Codec::Zstd, Codec::Noop] {
            let mut compressor = Compressor::new(&CompressionParameters::new(codec)).unwrap();
            let mut out = vec![7];
            for input in [&text[..16_384], &noise, &text[..1], b"", &text] {
                out.truncate(1);
                compressor.compress(input, &mut out).unwrap();
                let mut back = vec![0; input.len()];
                assert!(codec.decode(&out[1..], &mut back), "{codec:?}");
                assert!(back == input && out[0] == 7, "{codec:?}");
            }
        }
    }
}
