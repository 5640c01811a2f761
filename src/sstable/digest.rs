//! Digest.crc32: the checksum of the whole Data.db. Follows org.apache.cassandra.io.util.ChecksumWriter and
//! DataIntegrityMetadata.FileDigestValidator.
//!
//! ```text
//!   the CRC32 of all bytes of Data.db as they are stored, chunk checksums included, in decimal
//! ```

use super::read::read_exact;
use crate::error::{Error, Result};
use crate::storage::Source;

/// Digest.crc32: the CRC-32 of Data.db, as decimal text in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Digest(pub u32);

/// Read at a time.
const STEP: usize = 1 << 18;

impl Digest {
    /// `data` is the file; an error unless it is a number of 32 bits.
    pub fn parse(data: &[u8]) -> Result<Digest> {
        let text = std::str::from_utf8(data).unwrap_or_default().trim_end_matches(['\n', '\r']);
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(sum) if digits => Ok(Digest(sum)),
            _ => Err(Error::corrupt("it is not the decimal digits of a CRC32")),
        }
    }

    /// What the file holds.
    pub fn text(self) -> String {
        self.0.to_string()
    }

    /// The checksum of a file.
    pub fn of(data: &Source) -> Result<Digest> {
        let mut crc = crc32fast::Hasher::new();
        let mut buffer = vec![0; STEP.min(data.len() as usize)];
        let mut at = 0;
        while at < data.len() {
            let n = (data.len() - at).min(STEP as u64) as usize;
            read_exact(&**data, &mut buffer[..n], at)?;
            crc.update(&buffer[..n]);
            at += n as u64;
        }
        Ok(Digest(crc.finalize()))
    }

    /// Compares with the checksum of Data.db, which is read from end to end: [`Kind::Corrupt`](crate::Kind::Corrupt) where it is
    /// another.
    pub fn check(self, data: &Source) -> Result<()> {
        let Digest(actual) = Self::of(data)?;
        if actual != self.0 {
            return Err(Error::corrupt(format!(
                "the checksum of the whole file is {actual} and should be {}: the file is damaged",
                self.0
            )));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_digits_of_a_checksum_are_one() {
        assert_eq!(Digest::parse(b"4294967295").unwrap(), Digest(u32::MAX));
        assert_eq!(Digest::parse(b"12\n").unwrap(), Digest(12));
        for bad in [&b""[..], b"+1", b"-1", b"1 2", b"4294967296", b"0x1", b"\xff"] {
            assert!(Digest::parse(bad).is_err(), "{bad:?}");
        }
    }
}
