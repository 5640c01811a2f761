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
use crate::sstable::version::Version;

/// 2015-09-22, from which the smallest values are counted.
const EPOCH_SECONDS: i32 = 1_442_880_000;
const EPOCH_MICROS: i64 = EPOCH_SECONDS as i64 * 1_000_000;

/// What the rows of Data.db are encoded against (SerializationHeader.Component).
#[derive(Debug, Clone, PartialEq)]
pub struct SerializationHeader {
    /// Microseconds since the epoch: timestamps are stored as what is added to it.
    pub min_timestamp: i64,
    /// Beyond the range of an i32 it wraps, as it does in Cassandra: what is added to it has to be taken modulo 2^32.
    pub min_local_deletion_time: i64,
    /// Seconds: TTLs are stored as what is added to it.
    pub min_ttl: i32,
    /// Of the whole partition key: [`Type::Composite`] where it has several columns.
    pub key_type: Type,
    /// Type and whether it is reversed.
    pub clustering: Vec<(Type, bool)>,
    /// In the order in which rows have them.
    pub statics: Vec<HeaderColumn>,
    /// In the order in which rows have them.
    pub regulars: Vec<HeaderColumn>,
}

/// A column of Data.db.
#[derive(Debug, Clone, PartialEq)]
pub struct HeaderColumn {
    /// As it is in the file, without quotes.
    pub name: String,
    /// From its Java class name; columns that were dropped since are among them, too.
    pub ty: Type,
}

impl SerializationHeader {
    /// 3.0 to 3.5 wrote frozen user types without saying so (CASSANDRA-15035), 3.6 brought ones that are not. Frozen are
    /// those that stand where a multi-cell column can't, before others of one cell or out of the order of names; and in
    /// ma, which of these releases only 3.6 shares, all. A schema knows better.
    pub(super) fn freeze_user_types(&mut self, version: Version) {
        if version.has_metadata_checksum() {
            return;
        }
        // As Column::storage_order has the names.
        let place = |c: &HeaderColumn| (c.name.bytes().next().map(|b| b as i8), c.name.clone());
        for columns in [&mut self.statics, &mut self.regulars] {
            for i in (0..columns.len()).rev() {
                let behind = &columns[i + 1..];
                let is_last = behind.iter().all(|c| c.ty.is_multi_cell() && place(c) > place(&columns[i]));
                let is_user = matches!(columns[i].ty, Type::User(_)) && columns[i].ty.is_multi_cell();
                if is_user && (version == Version::MA || !is_last) {
                    columns[i].ty = columns[i].ty.freeze();
                }
            }
        }
    }

    /// Reads it at the cursor, which stands behind it then. [`Kind::Corrupt`](crate::Kind::Corrupt) where it is cut, or the
    /// name of a type can't be read.
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

    /// Appends its bytes.
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::cql::UserType;
    use crate::sstable::version::Format;

    /// Which of these columns of user type U, or of text or list, are multi-cell in a header of this version.
    fn multi_cell(version: &str, columns: &str) -> String {
        let user = UserType { keyspace: String::new(), name: String::new(), fields: Vec::new(), multi_cell: true };
        let ty = |kind: &str| match kind {
            "U" => Type::User(Arc::new(user.clone())),
            "list" => Type::List { element: Box::new(Type::Int), multi_cell: true },
            _ => Type::Text,
        };
        let columns = columns.split(' ').filter_map(|c| c.split_once(':'));
        let mut header = SerializationHeader {
            min_timestamp: 0,
            min_local_deletion_time: 0,
            min_ttl: 0,
            key_type: Type::Int,
            clustering: Vec::new(),
            statics: Vec::new(),
            regulars: columns.map(|(name, kind)| HeaderColumn { name: name.to_owned(), ty: ty(kind) }).collect(),
        };
        header.freeze_user_types(Version::parse(version, Format::Big).unwrap());
        let multi = header.regulars.iter().filter(|c| c.ty.is_multi_cell()).map(|c| c.name.as_str());
        multi.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn frozen_user_types_are_told_by_their_place() {
        // As 3.7 and later write them.
        assert_eq!(multi_cell("mb", "z:text a:U l:list z:U"), "a l z");
        // As 3.0 does, with all of them frozen.
        assert_eq!(multi_cell("mc", "a:U z:text l:list"), "l");
        assert_eq!(multi_cell("mc", "m:U l:list"), "l");
        assert_eq!(multi_cell("mc", "m:U l:U z:text"), "");
        assert_eq!(multi_cell("mc", "m:U l:U"), "l");
        assert_eq!(multi_cell("ma", "z:text a:U l:list z:U"), "l");
        assert_eq!(multi_cell("na", "a:U z:text"), "a");
    }
}
