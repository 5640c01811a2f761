//! Bytes in and out: the cursor that can not panic, variable-length integers, checksums.

mod cursor;
pub mod vint;

pub use cursor::{Cursor, Truncated};
