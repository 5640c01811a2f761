//! Rows of system_schema.
//!
//! ```text
//!   rows * (u8 table │ values * (u8 length of the column's name + 1 │ name │ u16 length │ value) │ 0)
//! ```

use sstablefs::schema::Detail;
use sstablefs::schema::system::{SYSTEM_TABLES, SystemRow, SystemRows};

pub fn run(data: &[u8]) {
    let (keyspaces, _) = read(data).unwrap_or_default().build();
    for keyspace in keyspaces {
        let _ = keyspace.to_cql(Detail::Internals);
    }
}

fn read(mut data: &[u8]) -> Option<SystemRows> {
    let mut rows = SystemRows::default();
    while let Some((&table, rest)) = data.split_first() {
        data = rest;
        let mut row = SystemRow::default();
        while let Some((&length, rest)) = data.split_first().filter(|(length, _)| **length > 0) {
            let (name, rest) = rest.split_at_checked(usize::from(length) - 1)?;
            let (length, rest) = rest.split_first_chunk::<2>()?;
            let (value, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            row.0.insert(String::from_utf8_lossy(name).into_owned(), value.to_vec());
            data = rest;
        }
        data = data.get(1..).unwrap_or_default();
        rows.of(SYSTEM_TABLES[usize::from(table) % SYSTEM_TABLES.len()].0)?.push(row);
    }
    Some(rows)
}

/// A row as an input has it.
pub fn write(table: u8, row: &SystemRow, out: &mut Vec<u8>) {
    out.push(table);
    for (name, value) in &row.0 {
        out.push(name.len() as u8 + 1);
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(&(value.len() as u16).to_be_bytes());
        out.extend_from_slice(value);
    }
    out.push(0);
}
