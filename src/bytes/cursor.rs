//! The one way to read file bytes: every access is checked, none can panic.

use super::vint;

/// The slice ended before the field did. Small and free of allocation: the row decoder meets it
/// whenever a row continues in the next chunk. Becomes a `Corrupt` error when it is final.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Truncated {
    /// Offset, counted from the cursor's base, of the field that did not fit.
    pub at: u64,
}

type Result<T> = std::result::Result<T, Truncated>;

/// A position in a slice. `base` is the slice's own offset in its file, for error texts.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a> {
    data: &'a [u8],
    pos: usize,
    base: u64,
}

macro_rules! big_endian {
    ($($name:ident $type:ty),*) => {$(
        /// The next bytes as a big-endian number; an error when fewer are left.
        #[inline]
        pub fn $name(&mut self) -> Result<$type> {
            let bytes = self.take(size_of::<$type>())?;
            let mut raw = [0; size_of::<$type>()];
            raw.copy_from_slice(bytes);
            Ok(<$type>::from_be_bytes(raw))
        }
    )*};
}

impl<'a> Cursor<'a> {
    /// At the first byte of `data`; offsets in errors count from there.
    pub fn new(data: &'a [u8]) -> Self {
        Cursor { data, pos: 0, base: 0 }
    }

    /// At the first byte of `data`, which lies at `base` of its file: offsets in errors are those of the file.
    pub fn with_base(data: &'a [u8], base: u64) -> Self {
        Cursor { data, pos: 0, base }
    }

    /// Bytes consumed so far.
    #[inline]
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Offset in the file: base and position.
    pub fn offset(&self) -> u64 {
        self.base + self.pos as u64
    }

    /// How many bytes are left.
    #[inline]
    pub fn remaining(&self) -> usize {
        self.data.len() - self.pos
    }

    /// Whether no byte is left.
    pub fn is_empty(&self) -> bool {
        self.remaining() == 0
    }

    /// The bytes not read yet.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        &self.data[self.pos..]
    }

    /// What is said where the bytes end too early: an error at the place that was reached.
    pub fn truncated(&self) -> Truncated {
        Truncated { at: self.offset() }
    }

    /// The next `n` bytes.
    #[inline]
    pub fn take(&mut self, n: usize) -> Result<&'a [u8]> {
        match self.rest().get(..n) {
            Some(bytes) => {
                self.pos += n;
                Ok(bytes)
            }
            None => Err(self.truncated()),
        }
    }

    /// Steps over `n` bytes; an error when fewer are left.
    #[inline]
    pub fn skip(&mut self, n: usize) -> Result<()> {
        self.take(n).map(|_| ())
    }

    /// Moves to an absolute position in the slice.
    pub fn seek(&mut self, pos: usize) -> Result<()> {
        if pos > self.data.len() {
            return Err(self.truncated());
        }
        self.pos = pos;
        Ok(())
    }

    /// The next byte; an error at the end.
    #[inline]
    pub fn u8(&mut self) -> Result<u8> {
        match self.data.get(self.pos) {
            Some(&b) => {
                self.pos += 1;
                Ok(b)
            }
            None => Err(self.truncated()),
        }
    }

    big_endian!(u16 u16, u32 u32, u64 u64, i16 i16, i32 i32, i64 i64, f64 f64);

    /// A byte as Java's DataOutput.writeBoolean has it: anything but 0 is true.
    pub fn bool(&mut self) -> Result<bool> {
        Ok(self.u8()? != 0)
    }

    /// Unsigned variable-length integer, as VIntCoding.readUnsignedVInt.
    #[inline]
    pub fn vint(&mut self) -> Result<u64> {
        match vint::read(self.rest()) {
            Some((value, len)) => {
                self.pos += len;
                Ok(value)
            }
            None => Err(self.truncated()),
        }
    }

    /// A length as unsigned vint; does not promise that the bytes are there.
    #[inline]
    pub fn vint_len(&mut self) -> Result<usize> {
        let value = self.vint()?;
        usize::try_from(value).map_err(|_| self.truncated())
    }

    /// Bytes behind their length as unsigned vint (ByteBufferUtil.readWithVIntLength).
    #[inline]
    pub fn vint_bytes(&mut self) -> Result<&'a [u8]> {
        let n = self.vint_len()?;
        self.take(n)
    }

    /// Bytes behind their length as u16 (ByteBufferUtil.readWithShortLength, DataInput.readUTF).
    #[inline]
    pub fn short_bytes(&mut self) -> Result<&'a [u8]> {
        let n = self.u16()?;
        self.take(n as usize)
    }

    /// Bytes behind their length as i32 (ByteBufferUtil.readWithLength); negative is `None`.
    #[inline]
    pub fn int_bytes(&mut self) -> Result<Option<&'a [u8]>> {
        let n = self.i32()?;
        if n < 0 { Ok(None) } else { self.take(n as usize).map(Some) }
    }
}
