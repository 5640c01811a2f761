//! Looks for bytes in short texts, eight at a time and without an early end: most texts have none of them.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Marks of eight bytes: the high bit of a byte that is looked for is set. Bytes above the lowest such one may be marked
/// without a reason, so that only whether there is a mark, and the lowest, are to be relied on.
#[derive(Debug, Clone, Copy)]
pub(super) struct Marks(u64);

impl Marks {
    /// Whether any byte is marked.
    #[inline]
    pub(super) fn any(self) -> bool {
        self.0 & HIGH != 0
    }
}

impl std::ops::BitOr for Marks {
    type Output = Self;
    #[inline]
    fn bitor(self, other: Self) -> Self {
        Marks(self.0 | other.0)
    }
}

/// Eight bytes, the first in the lowest place.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word(u64);

impl Word {
    /// Bytes that are `b`.
    #[inline]
    pub(super) fn is(self, b: u8) -> Marks {
        let differs = self.0 ^ (ONES * u64::from(b));
        Marks(differs.wrapping_sub(ONES) & !differs)
    }

    /// Bytes less than `b`, which is at most 0x80.
    #[inline]
    pub(super) fn below(self, b: u8) -> Marks {
        Marks(self.0.wrapping_sub(ONES * u64::from(b)) & !self.0)
    }

    /// Bytes that are not ASCII.
    #[inline]
    pub(super) fn beyond_ascii(self) -> Marks {
        Marks(self.0)
    }
}

/// The words of a text: whole ones, and the last eight bytes.
#[inline]
pub(super) fn any(bytes: &[u8], marks: impl Fn(Word) -> Marks) -> bool {
    let whole = |word: &[u8; 8]| marks(Word(u64::from_le_bytes(*word)));
    if let Some(last) = bytes.last_chunk::<8>() {
        let (words, _) = bytes.as_chunks::<8>();
        return words.iter().fold(whole(last), |all, word| all | whole(word)).any();
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk::<4>(), bytes.last_chunk::<4>()) {
        let word = u64::from(u32::from_le_bytes(*first)) | u64::from(u32::from_le_bytes(*last)) << 32;
        return marks(Word(word)).any();
    }
    match *bytes {
        [] => false,
        // What there is, again and again.
        [a, .., z] => whole(&[a, bytes[1], z, a, a, a, a, a]).any(),
        [a] => whole(&[a; 8]).any(),
    }
}

/// How many bytes stand in whole words without a mark at the begin of a text.
#[inline]
pub(super) fn unmarked(bytes: &[u8], marks: impl Fn(Word) -> Marks) -> usize {
    let (words, _) = bytes.as_chunks::<8>();
    words.iter().take_while(|word| !marks(Word(u64::from_le_bytes(**word))).any()).count() * 8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_found_at_every_place() {
        let marks = |w: Word| w.is(b'"') | w.below(0x20) | w.beyond_ascii();
        for len in 0..40 {
            assert!(!any(&vec![b'a'; len], marks));
            for at in 0..len {
                for b in 0..=255 {
                    let mut text = vec![b'a'; len];
                    text[at] = b;
                    let expected = b == b'"' || !(0x20..=0x7f).contains(&b);
                    assert_eq!(any(&text, marks), expected, "{b} at {at} of {len}");
                    assert!(!expected || unmarked(&text, marks) <= at);
                }
            }
        }
    }
}
