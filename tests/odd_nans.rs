//! NaNs with other bits than Java's own as clustering values. Cassandra compares all NaNs as equal (FloatType,
//! Float.compareTo), but the row index of da has them in the order of their bits (ByteSource.signedFixedLengthFloat). Where the
//! two contradict each other, 5.0.6 writes an index with which it can't read the partition any more; we refuse to write it.

use std::path::PathBuf;
use std::sync::Arc;

use sstablefs::Kind;
use sstablefs::ingest::Memtable;
use sstablefs::rows::{Cell, Liveness, NO_DELETION_TIME, NO_TTL, Row, Sink, Span};
use sstablefs::schema::ddl;
use sstablefs::sstable::{Descriptor, SstableId, Version, Writer, WriterOptions, Written};
use sstablefs::storage::MemoryFolder;

/// Writes rows of these (c, d), each a block of its own in the row index; how many there are then.
fn write(version: Version, rows: &[(u32, i32)]) -> sstablefs::Result<u64> {
    let text = "CREATE TABLE ks.t (k int, c float, d int, v text, PRIMARY KEY (k, c, d))";
    let table = ddl::parse(text, None).unwrap()["ks"].tables["t"].clone();
    let mut memtable = Memtable::new(&table);
    for (c, d) in rows {
        let mut row = Row::default();
        for value in [c.to_be_bytes(), d.to_be_bytes()] {
            let value = row.store(&value);
            row.clustering.push(value);
        }
        row.liveness = Liveness { timestamp: 1000, ttl: NO_TTL, local_expiration_time: NO_DELETION_TIME };
        let value = row.store(&vec![b'x'; 70_000]);
        let (column, ttl, timestamp, local_deletion_time) = (0, NO_TTL, 1000, NO_DELETION_TIME);
        row.cells.push(Cell { column, ttl, timestamp, local_deletion_time, value, path: Span::default() });
        memtable.row(&1i32.to_be_bytes(), &row)?;
    }
    let descriptor = Descriptor { dir: PathBuf::new(), version, id: SstableId::Sequence(1) };
    let header = memtable.header().header(&table);
    let mut sorted = memtable.sorted();
    let options = WriterOptions::of_table(&table, version, header, sorted.count())?;
    let mut writer = Writer::new(Arc::new(MemoryFolder::default()), &descriptor, &table, options)?;
    writer.append_all(&mut sorted)?;
    Ok(writer.finish()?.map_or(0, |written: Written| written.rows))
}

#[test]
fn nans_are_one_value() {
    for version in [Version::NB, Version::OA, Version::DA] {
        assert_eq!(
            write(version, &[(0x7fc0_0000, 1), (0x7fc0_0001, 1), (0xffc0_0000, 1), (0x7fff_ffff, 1)]).unwrap(),
            1
        );
    }
}

#[test]
fn nans_that_the_index_of_da_can_not_order_are_refused() {
    let against_the_bits = [(0x7fc0_0002, 0), (0x7fc0_0001, 1), (0x7fc0_0000, 2)];
    // By its sign before all others, by the order of Java behind them.
    let negative = [(0x3f80_0000, 0), (0x7f80_0000, 1), (0xffc0_0000, 2)];
    for rows in [against_the_bits, negative] {
        for version in [Version::NB, Version::OA] {
            assert_eq!(write(version, &rows).unwrap(), 3, "{version}");
        }
        let error = write(Version::DA, &rows).unwrap_err();
        assert!(error.kind() == Kind::Invalid && error.to_string().contains("not in ascending order"), "{error}");
    }
    assert_eq!(write(Version::DA, &[(0x3f80_0000, 0), (0x7fc0_0000, 1), (0x7fc0_0001, 2)]).unwrap(), 3);
}
