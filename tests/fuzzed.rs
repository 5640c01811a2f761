//! Inputs that fuzzing found (`scripts/fuzz`), each with what it did before.

mod allocation;

use std::sync::Arc;

use sstablefs::Kind;
use sstablefs::sstable::{CompressionInfo, DataSource, Version};
use sstablefs::storage::MemorySource;

/// Was given 100 MB, as the lengths in CompressionInfo.db want it, for 21 bytes that can't hold so much.
#[test]
fn a_few_bytes_are_not_given_the_memory_of_a_large_chunk() {
    let stored = b"\x5f\x2c\x00\x01\x10\x24\x00\x08\x23\x00\x08\x00\x3f\x00\x00\x03\x01";
    for codec in ["SnappyCompressor", "LZ4Compressor", "DeflateCompressor", "ZstdCompressor", "NoopCompressor"] {
        let mut data = stored.to_vec();
        data.extend(crc32fast::hash(stored).to_be_bytes());
        let mut info = (codec.len() as u16).to_be_bytes().to_vec();
        info.extend(codec.as_bytes());
        for field in [0u32, 1 << 28, i32::MAX as u32, 0, 100_663_391, 1, 0, 0] {
            info.extend(field.to_be_bytes());
        }
        let info = CompressionInfo::open(Arc::new(MemorySource(info)), Version::NB).unwrap();
        let source = DataSource::compressed(Arc::new(MemorySource(data)), info);
        assert_eq!(source.read_chunk(0, &mut Vec::new()).unwrap_err().kind(), Kind::Corrupt, "{codec}");
        let largest = allocation::largest();
        assert!(largest < 2 << 20, "{codec}: {largest} bytes");
    }
}
