//! A table cut by token, to be read by several at once.

use std::ops::Bound;

use super::ScanRange;
use crate::cql::{DecoratedKey, KeyOrder, Token};

/// Ranges of tokens that follow each other and together are all of them. Only where keys are ordered by a hash are the
/// tokens spread evenly; elsewhere there is one range.
#[derive(Debug, Clone, Copy)]
pub struct TokenSlices {
    count: u64,
}

impl TokenSlices {
    /// For `data` bytes, about `slice_data` in each.
    pub fn new(keys: &KeyOrder, data: u64, slice_data: u64) -> Self {
        let hashed = matches!(keys.token(&[]), Token::Murmur3(_));
        TokenSlices { count: if hashed { (data / slice_data.max(1)).clamp(1, 1 << 32) } else { 1 } }
    }

    /// How many there are: at least one.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The tokens of a slice, of which the first is 0.
    pub fn range(&self, slice: u64) -> ScanRange {
        let border = |i: u64| {
            // The tokens from the least on, in equal parts.
            let token = (u128::from(i) << 64) / u128::from(self.count);
            let token = i64::MIN.wrapping_add(token as i64);
            DecoratedKey { token: Token::Murmur3(token), key: Vec::new() }
        };
        let start = if slice == 0 { Bound::Unbounded } else { Bound::Included(border(slice)) };
        let end = if slice + 1 >= self.count { Bound::Unbounded } else { Bound::Excluded(border(slice + 1)) };
        ScanRange { start, end }
    }
}
