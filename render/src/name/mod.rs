//! Partition keys as text and as file names, and back.
//!
//! ```text
//!   key bytes -> key text             AbstractType.getString: what `sstabledump -k` takes
//!             -> percent-encoded      '/', '%', NUL, control characters, a leading '.'
//!             -> NAME.json
//!        or   -> START~TOKEN.json     where the text alone can't be the name
//! ```
//! The second form stands for a key whose name would be longer than a file system allows, and for the rare one whose
//! text reads back as another key (a varint with leading zeros, an empty text). A text that looks like this form by
//! chance has its '~' encoded. So each key has one name, and no two have the same, but for keys that share token and
//! start.

mod encode;

use sstablefs::cql::{KeyOrder, Partitioner, Token, Type};
use sstablefs::schema::Table;
use sstablefs::{Error, Result};

use self::encode::{decode, encode, fit};
use crate::value::{TextValue, parse_text};

/// The longest name of a file, in bytes.
pub const MAX_NAME: usize = 255;

/// Names of the partition keys of one table.
///
/// ```
/// use sstablefs::cql::{Token, Type};
/// use sstablefs_render::KeyNames;
///
/// # fn main() -> sstablefs::Result<()> {
/// let names = KeyNames::of_type(Type::Text);
/// let mut name = Vec::new();
/// names.write_name(Token::Murmur3(0), b"a/b", "json", &mut name)?;
/// assert_eq!(name, b"a%2Fb.json");
/// assert_eq!(names.candidates("a%2Fb").key.as_deref(), Some(&b"a/b"[..]));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct KeyNames {
    ty: Type,
    text: TextValue,
    /// Tokens of keys whose partitioner has none.
    hash: KeyOrder,
}

/// What a file name without its extension may stand for. The first that exists counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidates {
    /// A key of this token, in decimal, whose own name is the one that was asked for.
    pub token: Option<i128>,
    /// The key that the name says, as serialized.
    pub key: Option<Vec<u8>>,
}

impl KeyNames {
    /// Of a table's partition keys.
    pub fn new(table: &Table) -> Self {
        Self::of_type(table.partition_key_type())
    }

    /// Of partition keys of a type.
    pub fn of_type(ty: Type) -> Self {
        let text = TextValue::new(&ty);
        let hash = KeyOrder::new(Partitioner::Murmur3, &ty);
        KeyNames { ty, text, hash }
    }

    /// Appends the text of a key as serialized, in UTF-8: what `sstabledump -k` takes (AbstractType.getString). An error where
    /// the bytes are no value of the key's type.
    pub fn write_text(&self, key: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.text.write(key, out)
    }

    /// The key, as serialized, that a text names (AbstractType.fromString). `Kind::Invalid` where it names none.
    pub fn parse_text(&self, text: &str) -> Result<Vec<u8>> {
        parse_text(&self.ty, text)
    }

    /// The number that stands for a key in a long name: its token, or for partitioners without numbers the one that
    /// Murmur3Partitioner would give it.
    pub fn token_number(&self, token: Token, key: &[u8]) -> i128 {
        match token {
            Token::Murmur3(token) => token.into(),
            Token::Random(token) => token as i128,
            Token::Key => match self.hash.token(key) {
                Token::Murmur3(token) => token.into(),
                _ => 0,
            },
        }
    }

    /// Appends the name of a key's file: with a dot and the extension at most [`MAX_NAME`] bytes of UTF-8.
    pub fn write_name(&self, token: Token, key: &[u8], extension: &str, out: &mut Vec<u8>) -> Result<()> {
        let mut text = Vec::new();
        self.text.write(key, &mut text)?;
        let text = String::from_utf8(text).map_err(|_| Error::corrupt("the text of a key is not UTF-8"))?;
        let room = MAX_NAME.saturating_sub(extension.len() + 1);
        let start = out.len();
        encode(&text, out);
        let reads_back = || parse_text(&self.ty, &text).is_ok_and(|parsed| parsed == key);
        if out.len() - start > room || text.is_empty() || !reads_back() {
            let suffix = format!("~{}", self.token_number(token, key));
            let length = fit(&out[start..], room.saturating_sub(suffix.len()));
            out.truncate(start + length);
            out.extend_from_slice(suffix.as_bytes());
        }
        out.push(b'.');
        out.extend_from_slice(extension.as_bytes());
        Ok(())
    }

    /// What a name without its extension may stand for.
    pub fn candidates(&self, name: &str) -> Candidates {
        let token = encode::token_suffix(name);
        let key = decode(name).and_then(|text| parse_text(&self.ty, &text).ok());
        Candidates { token, key }
    }
}

#[cfg(test)]
mod tests;
