//! Splits the values of frozen collections, tuples and vectors, and reads counters.
//!
//! ```text
//!   list, set    count i32, then per element: length i32, bytes
//!   map          count i32, then per entry: key and value as elements
//!   tuple, UDT   per field: length i32 (negative for null), bytes; trailing fields may be absent
//!   vector       dimension elements, fixed-length ones without a length, others behind an unsigned vint
//!   counter      n i16, n * i16, then per shard: id 16 bytes, clock i64, count i64
//! ```
//! Follows CollectionSerializer, TupleType, VectorType and CounterContext.

use sstablefs::bytes::Cursor;
use sstablefs::{Error, Result};

/// Calls `each` with the position and the bytes of each element of a frozen list or set; for a map, of each key and
/// value in turn (`parts` 2).
pub(super) fn collection<'a>(
    value: &'a [u8],
    parts: usize,
    mut each: impl FnMut(usize, Option<&'a [u8]>) -> Result<()>,
) -> Result<()> {
    let mut cursor = Cursor::new(value);
    let count = usize::try_from(cursor.i32()?).map_err(|_| Error::corrupt("a collection has a negative size"))?;
    for i in 0..count.saturating_mul(parts) {
        let element = cursor.int_bytes()?;
        each(i, element)?;
    }
    Ok(())
}

/// Calls `each` for every one of the `fields` of a tuple or user type; absent ones at the end are null.
pub(super) fn fields<'a>(
    value: &'a [u8],
    fields: usize,
    mut each: impl FnMut(usize, Option<&'a [u8]>) -> Result<()>,
) -> Result<()> {
    let mut cursor = Cursor::new(value);
    for i in 0..fields {
        let field = if cursor.is_empty() { None } else { cursor.int_bytes()? };
        each(i, field)?;
    }
    Ok(())
}

/// Calls `each` for every element of a vector.
pub(super) fn vector<'a>(
    value: &'a [u8],
    dimension: usize,
    element_length: Option<usize>,
    mut each: impl FnMut(usize, &'a [u8]) -> Result<()>,
) -> Result<()> {
    let mut cursor = Cursor::new(value);
    for i in 0..dimension {
        let element = match element_length {
            Some(n) => cursor.take(n)?,
            None => cursor.vint_bytes()?,
        };
        each(i, element)?;
    }
    Ok(())
}

/// The first `N` bytes of a fixed-length value, as Java's buffers read them.
#[inline]
pub(super) fn fixed<const N: usize>(value: &[u8], what: &str) -> Result<[u8; N]> {
    match value.first_chunk::<N>() {
        Some(bytes) => Ok(*bytes),
        None => Err(Error::corrupt(format!("a value of type {what} has {} bytes instead of {N}", value.len()))),
    }
}

/// The value of a counter: the sum of its shards.
pub(crate) fn counter_total(context: &[u8]) -> Result<i64> {
    const SHARD: usize = 32;
    let mut cursor = Cursor::new(context);
    let header = cursor.i16()?.unsigned_abs();
    cursor.skip(usize::from(header) * 2)?;
    let shards = cursor.rest().chunks_exact(SHARD);
    if !shards.remainder().is_empty() {
        return Err(Error::corrupt("a counter ends in the middle of a shard"));
    }
    Ok(shards.fold(0i64, |total, shard| {
        let count = shard.last_chunk::<8>().map_or(0, |b| i64::from_be_bytes(*b));
        total.wrapping_add(count)
    }))
}
