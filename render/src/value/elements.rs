//! What renderers need to take values apart: elements in order, fixed-length bytes, counters.
//!
//! ```text
//!   counter   n i16, n * i16, then per shard: id 16 bytes, clock i64, count i64
//! ```
//! Follows org.apache.cassandra.db.context.CounterContext.

use sstablefs::bytes::Cursor;
use sstablefs::cql::elements::Elements;
use sstablefs::{Error, Result};

/// Calls `each` with the position and the bytes of each element, of a map with those of each key and value in turn.
#[inline]
pub(super) fn for_each<'a>(
    mut elements: Elements<'a>,
    mut each: impl FnMut(usize, Option<&'a [u8]>) -> Result<()>,
) -> Result<()> {
    let mut i = 0;
    while let Some(element) = elements.next_element()? {
        each(i, element)?;
        i += 1;
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
