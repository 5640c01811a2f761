//! Masks. Follows org.apache.cassandra.cql3.functions.masking.

use md5::{Digest, Md5};
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512, Sha512_224, Sha512_256};

use super::time;
use crate::cql::Type;
use crate::error::{Error, Result};
use crate::query::literal;

/// What mask_default shows in place of a value of a type (AbstractType.getMaskedValue).
pub(super) fn default_value(ty: &Type) -> Vec<u8> {
    match ty {
        Type::Ascii | Type::Text => b"****".to_vec(),
        Type::BigInt | Type::Counter | Type::Double | Type::Time | Type::Timestamp | Type::LegacyTimestamp => {
            vec![0; 8]
        }
        Type::Boolean | Type::TinyInt | Type::Varint => vec![0],
        Type::Date => time::date_of(0),
        // A scale and a zero.
        Type::Decimal => vec![0; 5],
        Type::Duration => vec![0; 3],
        Type::Float | Type::Int | Type::Inet => vec![0; 4],
        Type::SmallInt => vec![0; 2],
        Type::TimeUuid | Type::LegacyTimeUuid => time::min_uuid(0),
        Type::Uuid | Type::LexicalUuid => vec![0; 16],
        Type::List { .. } | Type::Set { .. } | Type::Map { .. } => vec![0; 4],
        Type::Tuple(types) => literal::fields(&types.iter().map(|ty| Some(default_value(ty))).collect::<Vec<_>>()),
        Type::User(user) => {
            literal::fields(&user.fields.iter().map(|(_, ty)| Some(default_value(ty))).collect::<Vec<_>>())
        }
        Type::Vector { element, dimension } => {
            literal::vector(element, &vec![default_value(element); usize::from(*dimension)])
        }
        Type::Blob | Type::Empty | Type::Composite(_) | Type::Custom(_) => Vec::new(),
    }
}

/// The digest of a value; algorithms have the names that Java gives them.
pub(super) fn hash(value: &[u8], algorithm: Option<&[u8]>) -> Result<Vec<u8>> {
    let name = String::from_utf8_lossy(algorithm.unwrap_or(b"SHA-256")).to_uppercase();
    Ok(match name.as_str() {
        "MD5" => Md5::digest(value).to_vec(),
        "SHA" | "SHA-1" | "SHA1" => Sha1::digest(value).to_vec(),
        "SHA-224" | "SHA224" => Sha224::digest(value).to_vec(),
        "SHA-256" | "SHA256" => Sha256::digest(value).to_vec(),
        "SHA-384" | "SHA384" => Sha384::digest(value).to_vec(),
        "SHA-512" | "SHA512" => Sha512::digest(value).to_vec(),
        "SHA-512/224" => Sha512_224::digest(value).to_vec(),
        "SHA-512/256" => Sha512_256::digest(value).to_vec(),
        _ => return Err(Error::invalid(format!("there is no hash algorithm {name}"))),
    })
}

/// mask_inner (`true`) and mask_outer: characters are those of Java, of two bytes.
pub(super) fn partial(inner: bool, text: &[u8], begin: i32, end: i32, padding: Option<&[u8]>) -> Result<Vec<u8>> {
    let padding = match padding {
        None => u16::from(b'*'),
        Some(text) => match String::from_utf8_lossy(text).encode_utf16().collect::<Vec<_>>()[..] {
            [only] => only,
            _ => return Err(Error::invalid("the padding of a mask is one character")),
        },
    };
    let mut units: Vec<u16> = String::from_utf8_lossy(text).encode_utf16().collect();
    let (begin, last) = (i64::from(begin), units.len() as i64 - 1 - i64::from(end));
    for (i, unit) in units.iter_mut().enumerate() {
        if (i as i64 >= begin && i as i64 <= last) == inner {
            *unit = padding;
        }
    }
    // Half a pair is written as a question mark.
    let text: String = char::decode_utf16(units).map(|c| c.unwrap_or('?')).collect();
    Ok(text.into_bytes())
}
