//! Which bytes of which files a lookup, a slice, a reversed slice and a miss may read, on wide partitions that a real
//! Cassandra wrote: what lies beyond fails the test.

mod data;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::Mutex;

use sstablefs::query::Statement;
use sstablefs::sstable::{Reader, read_statistics};
use sstablefs::storage::{FileSource, ReadAt, Source};
use sstablefs::table::{Database, Options, View};

/// Stretches that were read, by the component's name.
type Log = Arc<Mutex<Vec<(String, u64, u64)>>>;

struct Recorded {
    file: FileSource,
    component: String,
    log: Log,
}

impl ReadAt for Recorded {
    fn len(&self) -> u64 {
        self.file.len()
    }

    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let n = self.file.read_at(buf, offset)?;
        self.log.lock().unwrap().push((self.component.clone(), offset, offset + n as u64));
        Ok(n)
    }
}

struct Table {
    view: Arc<View>,
    log: Log,
}

/// Opens sizes.wide of a version with files that note what is read of them.
fn open(version: &str) -> Table {
    let database = Database::open(&[data::root().join(version).join("data")], &Options::default()).unwrap();
    let view = database.table("sizes", "wide").unwrap().view().unwrap();
    let log = Log::default();
    let recorded = |path: &Path| {
        let component = path.file_name().unwrap().to_str().unwrap().rsplit('-').next().unwrap().to_owned();
        Ok(Arc::new(Recorded { file: FileSource::open(path)?, component, log: log.clone() }) as Source)
    };
    let readers = view.sstables().iter().map(|sstable| {
        let statistics = Arc::new(read_statistics(sstable.descriptor()).unwrap());
        Arc::new(Reader::open_through(&recorded, sstable.descriptor(), view.table(), statistics).unwrap())
    });
    let view = Arc::new(View::new(view.table().clone(), readers.collect()));
    log.lock().unwrap().clear();
    Table { view, log }
}

impl Table {
    /// Runs a statement; how many rows it gave, how many bytes of each component were read, each byte once, and how many
    /// chunks of the data.
    fn run(&self, statement: &str) -> (usize, BTreeMap<String, u64>, u64) {
        let query = Arc::new(Statement::parse(statement).unwrap().bind(self.view.table()).unwrap());
        self.log.lock().unwrap().clear();
        let mut rows = query.run(&self.view, 1_800_000_000).unwrap();
        let mut count = 0;
        while rows.next_row().unwrap().is_some() {
            count += 1;
        }
        let mut stretches = self.log.lock().unwrap().clone();
        stretches.sort();
        stretches.dedup();
        let chunks = stretches.iter().filter(|(component, ..)| component == "Data.db").count() as u64;
        let mut read: BTreeMap<String, u64> = BTreeMap::new();
        let mut end = (String::new(), 0);
        for (component, from, to) in stretches {
            let from = if end.0 == component { from.max(end.1) } else { from };
            *read.entry(component.clone()).or_default() += to.saturating_sub(from);
            end = (component.clone(), to.max(if end.0 == component { end.1 } else { 0 }));
        }
        (count, read, chunks)
    }

    /// Fails when more than so many chunks of the data are read, or bytes of an index, or anything of another component.
    fn check(&self, statement: &str, rows: usize, most_chunks: u64, most_bytes: u64) {
        let (count, read, chunks) = self.run(statement);
        assert_eq!(count, rows, "{statement}");
        assert!(chunks <= most_chunks, "{statement}: {chunks} chunks of Data.db, {most_chunks} at most; all: {read:?}");
        for (component, bytes) in &read {
            let most = match component.as_str() {
                "Data.db" => u64::MAX,
                "Index.db" | "Partitions.db" | "Rows.db" => most_bytes,
                _ => 0,
            };
            assert!(*bytes <= most, "{statement}: {bytes} bytes of {component}, {most} at most; all: {read:?}");
        }
    }
}

/// Bytes of an index: the interval of the summary and the row index of the partition, or pages of tries.
const INDEX: u64 = 16 << 10;

#[test]
fn a_read_stays_within_its_ranges() {
    for version in ["nb", "oa", "da"] {
        let table = open(version);
        let chunks: u64 =
            table.view.sstables().iter().map(|s| s.data().len() / u64::from(s.data().chunk_length())).sum();
        assert!(chunks > 50, "{version}: {chunks} chunks are no wide partition");
        // A partition of one block, with all of its interval of the index.
        table.check("SELECT * FROM sizes.wide WHERE k = 'small'", 10, 1, INDEX);
        // One row of a wide partition: a chunk of each of two SSTables with its head, and one with the row.
        table.check("SELECT * FROM sizes.wide WHERE k = 'big' AND c = 4001 AND d = 'd2'", 1, 3, INDEX);
        // A few rows in the middle, in the order of the table and against it.
        for order in ["", " ORDER BY c ASC", " ORDER BY c DESC"] {
            let slice = format!("SELECT * FROM sizes.wide WHERE k = 'big' AND c >= 4001 AND c < 4011{order}");
            table.check(&slice, 10, 3, INDEX);
        }
        // Ten rows from either end: LIMIT ends it early.
        table.check("SELECT * FROM sizes.wide WHERE k = 'big' LIMIT 10", 10, 2, INDEX);
        table.check("SELECT * FROM sizes.wide WHERE k = 'big' ORDER BY c DESC LIMIT 10", 10, 3, INDEX);
        // Rows here and there: as many reads, not all between.
        let spread = "SELECT * FROM sizes.wide WHERE k = 'big' AND c IN (1, 4001) AND d IN ('d1', 'd2')";
        table.check(spread, 2, 3, INDEX);
        // Bounds of several columns at once.
        let tuple = "SELECT * FROM sizes.wide WHERE k = 'big' AND (c, d) > (4001, 'd1') AND (c, d) <= (4003, 'd9')";
        table.check(tuple, 3, 3, INDEX);
        // A key that is not there: the bloom filter is in memory.
        table.check("SELECT * FROM sizes.wide WHERE k = 'no such key'", 0, 0, 0);
        // Bounds that exclude each other: nothing at all.
        table.check("SELECT * FROM sizes.wide WHERE k = 'big' AND c > 10 AND c < 5", 0, 0, 0);
    }
}
