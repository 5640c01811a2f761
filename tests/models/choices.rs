//! Tables of random types, with random keys, values and cells, from random bytes.

use std::cmp::Ordering;
use std::sync::Arc;

use sstablefs::cql::{Comparator, Type, UserType};
use sstablefs::rows::{Cell, ComplexDeletion, DeletionTime, NO_DELETION_TIME, Row};
use sstablefs::schema::{Column, ColumnKind, Table};
use sstablefs::sstable::Version;

/// Random choices, byte by byte: zeros behind the end, so that fewer bytes make a simpler case.
pub(crate) struct Choices<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether there are deletions: then all data is newer, so that a merge leaves nothing out.
    pub(crate) deletes: bool,
}

impl Choices<'_> {
    pub(crate) fn byte(&mut self) -> u8 {
        let Some((&first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        first
    }

    pub(crate) fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    pub(crate) fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == n - 1
    }

    fn bytes(&mut self, n: usize) -> Vec<u8> {
        (0..n).map(|_| self.byte()).collect()
    }

    fn long(&mut self) -> i64 {
        i64::from_be_bytes(std::array::from_fn(|_| self.byte()))
    }

    pub(crate) fn timestamp(&mut self) -> i64 {
        match self.below(5) {
            _ if self.deletes => NEWER + i64::from(self.byte()) * [1, 1_000_000_000_000][self.below(2)],
            0 => i64::from(self.byte()),
            1 | 2 => 1_700_000_000_000_000 + self.long() % 1_000_000,
            3 => self.long().max(i64::MIN + 1),
            _ => [0, -1, i64::MAX, i64::MIN + 1][self.below(4)],
        }
    }

    /// What a version can hold.
    pub(crate) fn seconds(&mut self, version: Version) -> i64 {
        let latest = version.latest_deletion_time();
        match self.below(4) {
            0 => i64::from(self.byte()),
            1 => [0, latest][self.below(2)],
            _ => self.long().rem_euclid(latest),
        }
    }

    /// Those of a later rank are newer.
    pub(crate) fn deletion(&mut self, version: Version, rank: i64) -> DeletionTime {
        let marked_for_delete_at = rank * 300 + i64::from(self.byte());
        DeletionTime { marked_for_delete_at, local_deletion_time: self.seconds(version) }
    }
}

/// Ranks of deletions.
pub(crate) const PARTITION: i64 = 0;
pub(crate) const RANGE: i64 = 1;
pub(crate) const ROW: i64 = 2;
const COMPLEX: i64 = 3;
/// Microseconds: behind all deletions.
const NEWER: i64 = 1200;

const PLAIN: [Type; 19] = [
    Type::Int,
    Type::Text,
    Type::Ascii,
    Type::BigInt,
    Type::Blob,
    Type::Boolean,
    Type::Date,
    Type::Decimal,
    Type::Double,
    Type::Float,
    Type::Inet,
    Type::SmallInt,
    Type::Time,
    Type::Timestamp,
    Type::TimeUuid,
    Type::TinyInt,
    Type::Uuid,
    Type::Varint,
    Type::Duration,
];

fn ty(choices: &mut Choices<'_>, depth: usize, is_key: bool) -> Type {
    let plain = |choices: &mut Choices<'_>| PLAIN[choices.below(PLAIN.len() - usize::from(is_key))].clone();
    if depth == 0 || !choices.one_in(3) {
        return plain(choices);
    }
    let inner = |choices: &mut Choices<'_>| ty(choices, depth - 1, is_key);
    match choices.below(6) {
        0 => Type::List { element: Box::new(inner(choices)), multi_cell: false },
        1 => Type::Set { element: Box::new(ty(choices, depth - 1, true)), multi_cell: false },
        2 => Type::Map {
            key: Box::new(ty(choices, depth - 1, true)),
            value: Box::new(inner(choices)),
            multi_cell: false,
        },
        3 => Type::Tuple((0..1 + choices.below(3)).map(|_| inner(choices)).collect()),
        4 => Type::User(Arc::new(UserType {
            keyspace: "ks".to_owned(),
            name: "udt".to_owned(),
            fields: (0..1 + choices.below(3)).map(|i| (format!("f{i}"), inner(choices))).collect(),
            multi_cell: false,
        })),
        _ => Type::Vector { element: Box::new(Type::Float), dimension: 1 + choices.below(3) as u16 },
    }
}

/// Of a column that is not in the key: of several cells, now and then.
fn column_type(choices: &mut Choices<'_>) -> Type {
    match choices.below(6) {
        0 => Type::List { element: Box::new(ty(choices, 1, false)), multi_cell: true },
        1 => Type::Set { element: Box::new(ty(choices, 1, true)), multi_cell: true },
        2 => {
            let key = Box::new(ty(choices, 1, true));
            Type::Map { key, value: Box::new(ty(choices, 1, false)), multi_cell: true }
        }
        _ => ty(choices, 2, false),
    }
}

fn elements(choices: &mut Choices<'_>, types: &[&Type], with_count: bool) -> Vec<u8> {
    let rounds = if with_count { choices.below(3) } else { 1 };
    let mut out = if with_count { (rounds as i32).to_be_bytes().to_vec() } else { Vec::new() };
    for ty in (0..rounds).flat_map(|_| types) {
        if !with_count && choices.one_in(6) {
            out.extend((-1i32).to_be_bytes());
            continue;
        }
        let element = value(choices, ty);
        out.extend((element.len() as i32).to_be_bytes());
        out.extend(element);
    }
    out
}

pub(crate) fn value(choices: &mut Choices<'_>, ty: &Type) -> Vec<u8> {
    match ty {
        Type::Ascii | Type::Text => {
            let length = choices.below(6) * choices.below(6);
            choices.bytes(length).into_iter().map(|b| b & 0x7f).collect()
        }
        Type::Blob => {
            let length = choices.below(6) * choices.below(40);
            choices.bytes(length)
        }
        Type::Boolean => vec![choices.byte() & 1],
        Type::Decimal => {
            let scale = [0, 0, choices.byte() & 1, choices.byte()];
            let length = 1 + choices.below(3);
            [&scale[..], &choices.bytes(length)].concat()
        }
        Type::Duration => choices.bytes(3).into_iter().map(|b| b & 0x7e).collect(),
        Type::Inet => {
            let length = [4, 16][choices.below(2)];
            choices.bytes(length)
        }
        Type::SmallInt => choices.bytes(2),
        Type::TinyInt => choices.bytes(1),
        Type::Time => (choices.long().rem_euclid(86_400_000_000_000)).to_be_bytes().to_vec(),
        Type::TimeUuid | Type::Uuid => {
            let mut bytes = choices.bytes(16);
            bytes[6] = if *ty == Type::TimeUuid { 0x10 } else { 0x40 } | bytes[6] & 0xf;
            bytes[8] = 0x80 | bytes[8] & 0x3f;
            bytes
        }
        Type::Varint => {
            let length = 1 + choices.below(9);
            choices.bytes(length)
        }
        Type::List { element, .. } | Type::Set { element, .. } => elements(choices, &[element], true),
        Type::Map { key, value, .. } => elements(choices, &[key, value], true),
        Type::Tuple(types) => elements(choices, &types.iter().collect::<Vec<_>>(), false),
        Type::User(user) => elements(choices, &user.fields.iter().map(|f| &f.1).collect::<Vec<_>>(), false),
        // Java compares all that are no number as equal, and tries have them in the order of their bits.
        Type::Float => {
            let number = f32::from_bits(choices.long() as u32);
            if number.is_nan() { f32::NAN.to_be_bytes().to_vec() } else { number.to_be_bytes().to_vec() }
        }
        Type::Double => {
            let number = f64::from_bits(choices.long() as u64);
            if number.is_nan() { f64::NAN.to_be_bytes().to_vec() } else { number.to_be_bytes().to_vec() }
        }
        Type::Vector { element, dimension } => (0..*dimension).flat_map(|_| value(choices, element)).collect(),
        ty => choices.bytes(ty.fixed_length().unwrap_or(4)),
    }
}

pub(crate) fn table(choices: &mut Choices<'_>) -> Arc<Table> {
    let mut table = Table::new("ks", "t");
    for i in 0..1 + choices.below(3) {
        let ty = ty(choices, 1, true);
        table.partition_key.push(Column::new(format!("k{i}"), ty, ColumnKind::PartitionKey));
    }
    for i in 0..choices.below(4) {
        let ty = ty(choices, 1, true);
        let reversed = choices.one_in(2);
        table.clustering.push(Column { reversed, ..Column::new(format!("c{i}"), ty, ColumnKind::Clustering) });
    }
    if !table.clustering.is_empty() {
        for i in 0..choices.below(3) {
            let ty = column_type(choices);
            table.statics.push(Column::new(format!("s{i}"), ty, ColumnKind::Static));
        }
    }
    let many = if choices.one_in(8) { 60 } else { 0 };
    for i in 0..many + choices.below(6) {
        let ty = column_type(choices);
        table.regulars.push(Column::new(format!("r{i}"), ty, ColumnKind::Regular));
    }
    table.sort_columns();
    Arc::new(table)
}

pub(crate) fn key(choices: &mut Choices<'_>, table: &Table) -> Vec<u8> {
    let part = |choices: &mut Choices<'_>, column: &Column| value(choices, &column.ty);
    if let [only] = table.partition_key.as_slice() {
        let mut key = part(choices, only);
        // A key has bytes.
        if key.is_empty() {
            key.push(1);
        }
        return key;
    }
    let mut out = Vec::new();
    for column in &table.partition_key {
        let value = part(choices, column);
        out.extend((value.len() as u16).to_be_bytes());
        out.extend(value);
        out.push(0);
    }
    out
}

pub(crate) fn cells(choices: &mut Choices<'_>, columns: &[Column], version: Version, row: &mut Row) {
    for (i, column) in columns.iter().enumerate() {
        if choices.one_in(3) {
            continue;
        }
        let i = i as u16;
        let mut paths: Vec<Vec<u8>> = vec![Vec::new()];
        let mut value_type = column.ty.clone();
        if column.ty.is_multi_cell() {
            if choices.deletes && choices.one_in(3) {
                row.complex_deletions.push(ComplexDeletion { column: i, deletion: choices.deletion(version, COMPLEX) });
            }
            let path_type = column.ty.path_type().expect("it has several cells").clone();
            value_type = column.ty.cell_value_type().clone();
            let order = Comparator::new(&path_type, false);
            paths = (0..choices.below(4)).map(|_| value(choices, &path_type)).collect();
            paths.sort_by(|a, b| order.compare(a, b));
            paths.dedup_by(|a, b| order.compare(a, b) == Ordering::Equal);
        }
        for path in paths {
            let kind = choices.below(5);
            let bytes = match kind {
                0 => Vec::new(),
                1 => Vec::new(),
                _ => value(choices, &value_type),
            };
            let (ttl, local_deletion_time) = match kind {
                // Plain and empty, a tombstone, expiring, plain.
                1 => (0, choices.seconds(version)),
                2 => {
                    let ttl = 1 + choices.long().rem_euclid(630_720_000);
                    // An earlier one is taken for one that overflowed (Cell.decodeLocalDeletionTime).
                    (ttl as i32, choices.seconds(version).max(ttl))
                }
                _ => (0, NO_DELETION_TIME),
            };
            let (path, value) = (row.store(&path), row.store(&bytes));
            row.cells.push(Cell { column: i, ttl, timestamp: choices.timestamp(), local_deletion_time, value, path });
        }
    }
}
