//! Bytes in memory: tests, and platforms that hand files over as buffers.

use std::io;

use super::ReadAt;

#[derive(Debug, Clone, Default)]
pub struct MemorySource(pub Vec<u8>);

impl ReadAt for MemorySource {
    fn len(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let n = buf.len().min(self.0.len() - start);
        buf[..n].copy_from_slice(&self.0[start..start + n]);
        Ok(n)
    }
}
