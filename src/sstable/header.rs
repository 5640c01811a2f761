//! The serialization header of Statistics.db: what the rows of Data.db are encoded against. Follows
//! org.apache.cassandra.db.SerializationHeader.Component and org.apache.cassandra.db.rows.EncodingStats.
//!
//! ```text
//!   vint min timestamp - EPOCH │ vint32 min local deletion time - EPOCH │ vint32 min TTL
//!   type of the partition key │ vint n │ n * clustering type
//!   vint n │ n * (vint-length name, type) of the static columns │ the same of the regular columns
//!   type: vint-length Java class name
//! ```

use crate::bytes::{Cursor, vint};
use crate::cql::{Type, java};
use crate::error::{Error, Result};
use crate::schema::{Column, Table};

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

impl SerializationHeader {
    /// For any data of the table: all of its columns, and times from 2015 on (EncodingStats.NO_STATS).
    pub fn of_table(table: &Table) -> SerializationHeader {
        SerializationHeader {
            min_timestamp: EPOCH_MICROS,
            min_local_deletion_time: i64::from(EPOCH_SECONDS),
            min_ttl: 0,
            key_type: table.partition_key_type(),
            clustering: table.clustering.iter().map(|c| (c.ty.clone(), c.reversed)).collect(),
            statics: table.statics.iter().map(HeaderColumn::from).collect(),
            regulars: table.regulars.iter().map(HeaderColumn::from).collect(),
        }
    }

    pub fn write(&self, out: &mut Vec<u8>) {
        vint::write(self.min_timestamp.wrapping_sub(EPOCH_MICROS) as u64, out);
        let seconds = self.min_local_deletion_time.wrapping_sub(i64::from(EPOCH_SECONDS)) as i32;
        vint::write(i64::from(seconds) as u64, out);
        vint::write(i64::from(self.min_ttl) as u64, out);
        write_type(&self.key_type, false, out);
        write_types(&self.clustering, out);
        for columns in [&self.statics, &self.regulars] {
            vint::write(columns.len() as u64, out);
            for column in columns {
                vint::write(column.name.len() as u64, out);
                out.extend_from_slice(column.name.as_bytes());
                write_type(&column.ty, false, out);
            }
        }
    }
}

pub(super) fn write_types(types: &[(Type, bool)], out: &mut Vec<u8>) {
    vint::write(types.len() as u64, out);
    types.iter().for_each(|(ty, reversed)| write_type(ty, *reversed, out));
}

fn write_type(ty: &Type, reversed: bool, out: &mut Vec<u8>) {
    let name = java::name(ty, reversed);
    vint::write(name.len() as u64, out);
    out.extend_from_slice(name.as_bytes());
}

impl From<&Column> for HeaderColumn {
    fn from(column: &Column) -> Self {
        HeaderColumn { name: column.name.clone(), ty: column.ty.clone() }
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
