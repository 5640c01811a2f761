//! Positioned reads whose errors say where.

use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::storage::{MemorySource, ReadAt, Source};

/// Reads exactly `out.len()` bytes. A file that ends before is damaged; any other failure is the system's.
pub(super) fn read_exact(source: &dyn ReadAt, out: &mut [u8], offset: u64) -> Result<()> {
    source.read_exact_at(out, offset).map_err(|e| {
        let what = format!("can not read {} bytes: {e}", out.len());
        match e.kind() {
            std::io::ErrorKind::UnexpectedEof => Error::corrupt(what),
            _ => Error::new(Kind::Io, what),
        }
        .at(offset)
    })
}

/// A file up to this length is read at once.
const SMALL: u64 = 1 << 14;

/// For a file that is read from front to end, piece by piece: a small one is read into memory first.
pub(super) fn small_in_memory(source: Source) -> Result<Source> {
    if source.len() > SMALL {
        return Ok(source);
    }
    let mut bytes = vec![0; source.len() as usize];
    read_exact(&*source, &mut bytes, 0)?;
    Ok(Arc::new(MemorySource(bytes)))
}
