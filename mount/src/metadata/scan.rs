//! What only reading all rows of an SSTable tells. Follows SSTableMetadataViewer.printScannedOverview, sstablemetadata's `-s`.

use std::sync::Arc;

use sstablefs::Result;
use sstablefs::rows::{Marker, PartitionStream, Row, Unfiltered};
use sstablefs::schema::Column;
use sstablefs::sstable::{Descriptor, Reader, Statistics};
use sstablefs::table::inferred;
use sstablefs_render::KeyNames;

/// So many partitions of each kind are named.
const LEADERS: usize = 5;
/// A timestamp, a TTL and a local deletion time, as Cassandra has them in memory.
const CELL: usize = 8 + 4 + 8;
const DELETION: usize = 12;

/// What an SSTable has, counted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// Of the data, uncompressed.
    pub bytes: u64,
    /// How many partitions.
    pub partitions: u64,
    /// Rows, static ones counted.
    pub rows: u64,
    /// Deleted partitions, markers of range tombstones, and deleted cells of regular columns.
    pub tombstones: u64,
    /// Cells of regular columns, deleted ones counted.
    pub cells: u64,
    /// The partitions with the most rows.
    pub widest: Vec<Leader>,
    /// The partitions with the most bytes, as Cassandra counts them for rows in memory.
    pub largest: Vec<Leader>,
    /// The partitions with the most tombstones; none that has no tombstone.
    pub tombstone_leaders: Vec<Leader>,
}

/// A partition that leads in something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leader {
    /// Its key, as sstabledump's `-k` takes it.
    pub key: String,
    /// How much it has of it: rows, bytes or tombstones.
    pub value: u64,
}

/// The largest values and the keys that have them; of equal ones those that came first.
#[derive(Default)]
struct Leaders(Vec<(u64, Vec<u8>)>);

impl Leaders {
    fn add(&mut self, value: u64, key: &[u8]) {
        let at = self.0.partition_point(|(other, _)| *other >= value);
        if at < LEADERS {
            self.0.insert(at, (value, key.to_vec()));
            self.0.truncate(LEADERS);
        }
    }

    fn named(self, names: &KeyNames) -> Result<Vec<Leader>> {
        let named = |(value, key): (u64, Vec<u8>)| {
            let mut text = Vec::new();
            names.write_text(&key, &mut text)?;
            Ok(Leader { key: String::from_utf8_lossy(&text).into_owned(), value })
        };
        self.0.into_iter().map(named).collect()
    }
}

impl Scan {
    /// Reads all rows; `progress` is told how much of the data is done, from 0 to 1.
    pub fn read(descriptor: &Descriptor, statistics: &Arc<Statistics>, progress: &mut dyn FnMut(f64)) -> Result<Scan> {
        let table = Arc::new(inferred::dump_table(statistics)?);
        let reader = Arc::new(Reader::open_with(descriptor, &table, statistics.clone())?);
        let mut scan = Scan { bytes: reader.data().len(), ..Scan::default() };
        let (mut widest, mut largest, mut tombstones) = (Leaders::default(), Leaders::default(), Leaders::default());
        let (mut row, mut marker) = (Row::default(), Marker::default());
        let mut rows = reader.scan_all()?;
        while rows.next_partition()? {
            let (mut wide, mut size, mut dead) = (0, 0, 0);
            if !rows.static_row().is_empty() {
                wide += 1;
                size += data_size(rows.static_row(), &table.statics);
            }
            dead += u64::from(!rows.deletion().is_live());
            loop {
                match rows.next(&mut row, &mut marker)? {
                    Unfiltered::Row => {
                        wide += 1;
                        size += data_size(&row, &table.regulars);
                        scan.cells += row.cells.len() as u64;
                        dead += row.cells.iter().filter(|cell| cell.is_tombstone()).count() as u64;
                    }
                    Unfiltered::Marker => dead += 1,
                    Unfiltered::End => break,
                }
            }
            scan.partitions += 1;
            scan.rows += wide;
            scan.tombstones += dead;
            let key = &rows.key().key;
            widest.add(wide, key);
            largest.add(size, key);
            tombstones.add(dead, key);
            progress(rows.position() as f64 / scan.bytes.max(1) as f64);
        }
        tombstones.0.retain(|(count, _)| *count > 0);
        let names = KeyNames::of_type(statistics.header.key_type.clone());
        (scan.widest, scan.largest) = (widest.named(&names)?, largest.named(&names)?);
        scan.tombstone_leaders = tombstones.named(&names)?;
        Ok(scan)
    }
}

/// BTreeRow.dataSize: values, and the times beside them at their full width.
fn data_size(row: &Row, columns: &[Column]) -> u64 {
    let clustering: usize = row.clustering.iter().filter(|span| !span.is_null()).map(|span| span.len as usize).sum();
    let liveness = if row.liveness.is_expiring() { CELL } else { 8 };
    let cells: usize = row.cells.iter().map(|cell| CELL + cell.value.len as usize + cell.path.len as usize).sum();
    // A column of several cells has a deletion, which may be live.
    let mut complex: Vec<u16> = row.complex_deletions.iter().map(|deletion| deletion.column).collect();
    let is_complex = |column: &u16| columns.get(usize::from(*column)).is_some_and(|column| column.ty.is_multi_cell());
    complex.extend(row.cells.iter().map(|cell| cell.column).filter(is_complex));
    complex.sort_unstable();
    complex.dedup();
    (clustering + liveness + DELETION + 1 + cells + DELETION * complex.len()) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_the_largest_lead() {
        let mut leaders = Leaders::default();
        [3u64, 9, 1, 9, 0, 4, 7, 9].iter().enumerate().for_each(|(i, value)| leaders.add(*value, &[i as u8]));
        let found: Vec<_> = leaders.0.iter().map(|(value, key)| (*value, key[0])).collect();
        assert_eq!(found, [(9, 1), (9, 3), (9, 7), (7, 6), (4, 5)]);
    }
}
