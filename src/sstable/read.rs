//! Positioned reads whose errors say where.

use crate::error::{Error, Kind, Result};
use crate::storage::ReadAt;

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
