//! Data as it is stored: compressed chunks or plain pieces, each with a checksum, read by position.

mod codec;
mod info;
mod source;

pub use codec::Codec;
pub use info::CompressionInfo;
pub use source::{ChunkSums, DataSource};
