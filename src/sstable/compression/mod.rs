//! Data as it is stored: compressed chunks or plain pieces, each with a checksum, read by position.

mod codec;
mod compressor;
mod info;
mod parameters;
mod source;
mod writer;

pub use codec::Codec;
pub use info::CompressionInfo;
pub use parameters::CompressionParameters;
pub use source::{ChunkSums, DataSource};
pub(crate) use writer::{DataWriter, WrittenData};
