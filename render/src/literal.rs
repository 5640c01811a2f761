//! Fixed texts that are appended again and again.

const BLOCK: usize = 32;

/// A text that stands between values. It is kept in whole blocks: these are copied by a few instructions, where a copy
/// of any length is a call.
#[derive(Debug, Clone)]
pub(crate) struct Literal {
    blocks: Box<[[u8; BLOCK]]>,
    len: usize,
}

impl Literal {
    pub(crate) fn new(text: &[u8]) -> Self {
        let block = |part: &[u8]| {
            let mut block = [0; BLOCK];
            block[..part.len()].copy_from_slice(part);
            block
        };
        Literal { blocks: text.chunks(BLOCK).map(block).collect(), len: text.len() }
    }

    /// Appends the text.
    #[inline]
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        let start = out.len();
        for block in &self.blocks {
            out.extend_from_slice(block);
        }
        out.truncate(start + self.len);
    }
}

impl<T: AsRef<[u8]>> From<T> for Literal {
    fn from(text: T) -> Self {
        Self::new(text.as_ref())
    }
}

#[cfg(test)]
mod tests {
    use super::Literal;

    #[test]
    fn texts_of_any_length_are_appended_as_they_are() {
        let text: Vec<u8> = (0..200).collect();
        for len in 0..text.len() {
            let mut out = b"before".to_vec();
            Literal::new(&text[..len]).write(&mut out);
            assert_eq!(out, [b"before", &text[..len]].concat());
        }
    }
}
