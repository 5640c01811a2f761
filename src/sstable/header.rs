//! The serialization header of Statistics.db: what the rows of Data.db are encoded against. Follows
//! org.apache.cassandra.db.SerializationHeader.Component and org.apache.cassandra.db.rows.EncodingStats.
//!
//! ```text
//!   vint min timestamp - EPOCH │ vint32 min local deletion time - EPOCH │ vint32 min TTL
//!   type of the partition key │ vint n │ n * clustering type
//!   vint n │ n * (vint-length name, type) of the static columns │ the same of the regular columns
//!   type: vint-length Java class name
//! ```

use crate::bytes::Cursor;
use crate::cql::{Type, java};
use crate::error::{Error, Result};

/// 2015-09-22, from which the smallest values are counted.
const EPOCH_SECONDS: i32 = 1_442_880_000;
const EPOCH_MICROS: i64 = EPOCH_SECONDS as i64 * 1_000_000;

#[derive(Debug, Clone, PartialEq)]
pub struct SerializationHeader {
    pub min_timestamp: i64,
    /// Beyond the range of an i32 it wraps, as it does in Cassandra: what is added to it has to be taken modulo 2^32.
    pub min_local_deletion_time: i64,
    pub min_ttl: i32,
    pub key_type: Type,
    /// Type and whether it is reversed.
    pub clustering: Vec<(Type, bool)>,
    /// In the order in which rows have them.
    pub statics: Vec<HeaderColumn>,
    pub regulars: Vec<HeaderColumn>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct HeaderColumn {
    pub name: String,
    pub ty: Type,
}

impl SerializationHeader {
    pub fn parse(cursor: &mut Cursor<'_>) -> Result<SerializationHeader> {
        let min_timestamp = EPOCH_MICROS.wrapping_add(cursor.vint()? as i64);
        let min_local_deletion_time = i64::from(EPOCH_SECONDS.wrapping_add(vint32(cursor)?));
        let min_ttl = vint32(cursor)?;
        let (key_type, _) = read_type(cursor)?;
        Ok(SerializationHeader {
            min_timestamp,
            min_local_deletion_time,
            min_ttl,
            key_type,
            clustering: read_types(cursor)?,
            statics: read_columns(cursor)?,
            regulars: read_columns(cursor)?,
        })
    }
}

/// An int that was written sign-extended. Scylla writes the largest long where nothing is deleted; 3.x took its lower
/// bits, 5.0 refuses it.
fn vint32(cursor: &mut Cursor<'_>) -> Result<i32> {
    Ok(cursor.vint()? as i32)
}

/// A list of types as AbstractTypeSerializer writes it.
pub(super) fn read_types(cursor: &mut Cursor<'_>) -> Result<Vec<(Type, bool)>> {
    (0..read_count(cursor)?).map(|_| read_type(cursor)).collect()
}

fn read_columns(cursor: &mut Cursor<'_>) -> Result<Vec<HeaderColumn>> {
    let mut columns = Vec::new();
    for _ in 0..read_count(cursor)? {
        let at = cursor.offset();
        let name = String::from_utf8(cursor.vint_bytes()?.to_vec())
            .map_err(|_| Error::corrupt("the name of a column is not UTF-8").at(at))?;
        let (ty, _) = read_type(cursor)?;
        columns.push(HeaderColumn { name, ty });
    }
    Ok(columns)
}

/// A number of things of at least one byte each.
fn read_count(cursor: &mut Cursor<'_>) -> Result<usize> {
    let at = cursor.offset();
    let count = cursor.vint_len()?;
    if count > cursor.remaining() {
        return Err(Error::corrupt(format!("{count} types or columns are announced")).at(at));
    }
    Ok(count)
}

fn read_type(cursor: &mut Cursor<'_>) -> Result<(Type, bool)> {
    let at = cursor.offset();
    let name = std::str::from_utf8(cursor.vint_bytes()?)
        .map_err(|_| Error::corrupt("the name of a type is not UTF-8").at(at))?;
    java::parse(name).map_err(|e| e.at(at))
}
