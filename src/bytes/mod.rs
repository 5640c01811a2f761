//! Bytes in and out: the cursor that can not panic, variable-length integers, checksums.

mod cursor;
pub mod vint;

pub use cursor::{Cursor, Truncated};

use crate::error::{Error, Result};

/// Appends bytes behind their length as u16 (ByteBufferUtil.writeWithShortLength).
pub fn write_short_bytes(bytes: &[u8], out: &mut Vec<u8>) -> Result<()> {
    let length = u16::try_from(bytes.len())
        .map_err(|_| Error::invalid(format!("{} bytes where the format has room for 65535", bytes.len())))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(bytes);
    Ok(())
}
