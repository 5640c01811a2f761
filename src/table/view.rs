//! One table as of a moment: its schema and a fixed set of SSTables.

use std::ops::{Bound, Deref, DerefMut};
use std::sync::Arc;

use parking_lot::Mutex;

use super::keys::KeyStream;
use crate::cql::{DecoratedKey, KeyOrder};
use crate::error::{Error, Result};
use crate::merge::{At, LiveRows, Position};
use crate::rows::PartitionStream;
use crate::schema::Table;
use crate::sstable::Reader;

/// Readers of single partitions are kept for the next lookup when a view has at most this many SSTables.
const POOLED_SSTABLES: usize = 8;
const POOL: usize = 8;

/// A stretch of a table in the order of partitions.
#[derive(Debug, Clone)]
pub struct ScanRange {
    /// Where it begins.
    pub start: Bound<DecoratedKey>,
    /// Where it ends.
    pub end: Bound<DecoratedKey>,
}

impl ScanRange {
    /// The whole table.
    pub const ALL: ScanRange = ScanRange { start: Bound::Unbounded, end: Bound::Unbounded };
}

/// An immutable snapshot of a table. Files that Cassandra deletes stay readable while it lives.
pub struct View {
    table: Arc<Table>,
    keys: KeyOrder,
    sstables: Vec<Arc<Reader>>,
    /// Why an SSTable is not among them that the table's rows need.
    unreadable: Option<Error>,
    /// Readers of single partitions, each with the time that it reads at.
    pool: Mutex<Vec<(i64, LiveRows)>>,
}

impl View {
    /// Of SSTables that were opened as ones of `table`, in any order.
    pub fn new(table: Arc<Table>, sstables: Vec<Arc<Reader>>) -> Self {
        let keys = KeyOrder::new(table.partitioner, &table.partition_key_type());
        View { table, keys, sstables, unreadable: None, pool: Mutex::new(Vec::new()) }
    }

    /// Says that an SSTable can't be read. Its rows and deletions would be missing without a sign, so that no merged rows are
    /// given then; the other SSTables can still be read each for itself.
    #[must_use]
    pub fn with_unreadable(mut self, why: Option<Error>) -> Self {
        self.unreadable = why;
        self
    }

    pub(super) fn unreadable(&self) -> Option<&Error> {
        self.unreadable.as_ref()
    }

    pub(super) fn check_complete(&self) -> Result<()> {
        match &self.unreadable {
            Some(e) => {
                Err(e.clone().context("an SSTable of the table can't be read (without its files the others can)"))
            }
            None => Ok(()),
        }
    }

    /// The table that its rows are of.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// The order of its partitions.
    pub fn key_order(&self) -> &KeyOrder {
        &self.keys
    }

    /// Those that are merged.
    pub fn sstables(&self) -> &[Arc<Reader>] {
        &self.sstables
    }

    /// The live rows of one partition, which the result stands at; `None` when no SSTable has the key. `key` is the
    /// partition key as serialized, several columns as db.marshal.CompositeType has them; `now` is in seconds since the
    /// epoch: what has expired then is not there. A partition that is wholly deleted has no rows.
    ///
    /// [`Kind::Corrupt`](crate::Kind::Corrupt) where the bytes that it needs are damaged; the error of an SSTable of the
    /// table that can't be opened, for without it the rows would be wrong.
    ///
    /// ```
    /// use sstablefs::table::{Database, Options};
    ///
    /// # fn main() -> sstablefs::Result<()> {
    /// let database = Database::open(&["testdata/oa/data".into()], &Options::default())?;
    /// let view = database.table("keys", "p1c1").expect("a table of the tests").view()?;
    /// let key = 0_i64.to_be_bytes(); // a timestamp: 1970-01-01
    /// let mut rows = view.partition(&key, 1_800_000_000)?.expect("a partition");
    /// let row = rows.next_row()?.expect("a row");
    /// assert_eq!(row.clustering_value(0), Some(&300_i16.to_be_bytes()[..]));
    /// assert!(rows.next_row()?.is_none());
    /// # Ok(())
    /// # }
    /// ```
    pub fn partition(&self, key: &[u8], now: i64) -> Result<Option<PartitionRows<'_>>> {
        self.check_complete()?;
        let key = self.keys.decorate(key);
        let mut positions = Vec::with_capacity(self.sstables.len());
        for sstable in &self.sstables {
            positions.push(sstable.lookup(&key)?);
        }
        if positions.iter().all(Option::is_none) {
            return Ok(None);
        }
        let mut rows = self.rows_at(&positions, now)?;
        self.enter(&mut rows, &key, &positions)?;
        Ok(Some(rows))
    }

    /// Moves to the partition asked for. The index has no checksum: what it led to must be that one, in each SSTable.
    pub(super) fn enter(&self, rows: &mut LiveRows, key: &DecoratedKey, positions: &[Option<u64>]) -> Result<()> {
        let found = rows.next_partition()? && rows.key().key == key.key;
        if !found || rows.sources() != positions.iter().flatten().count() {
            let names = self.sstables.iter().zip(positions).filter(|(_, p)| p.is_some());
            let names: Vec<String> = names.map(|(s, _)| s.descriptor().to_string()).collect();
            let message = "the index led to another partition than that of the key asked for";
            return Err(Error::corrupt(format!("{message} (one of {})", names.join(", "))));
        }
        Ok(())
    }

    fn rows_at(&self, positions: &[Option<u64>], now: i64) -> Result<PartitionRows<'_>> {
        if self.sstables.len() > POOLED_SSTABLES {
            let mut streams: Vec<Box<dyn PartitionStream>> = Vec::new();
            for (sstable, position) in self.sstables.iter().zip(positions) {
                if let Some(position) = *position {
                    streams.push(Box::new(sstable.scan(position, position.saturating_add(1))?));
                }
            }
            let rows = LiveRows::new(&self.table, &self.keys, streams, now);
            return Ok(PartitionRows { view: self, now, rows: Some(rows), pooled: false });
        }
        let kept = {
            let mut pool = self.pool.lock();
            let at = pool.iter().position(|(time, _)| *time == now);
            at.map(|at| pool.remove(at).1)
        };
        let mut rows = match kept {
            Some(rows) => rows,
            None => {
                let scan = |s: &Arc<Reader>| Ok(Box::new(s.scan(0, 0)?) as Box<dyn PartitionStream>);
                let streams = self.sstables.iter().map(scan).collect::<Result<Vec<_>>>()?;
                LiveRows::new(&self.table, &self.keys, streams, now)
            }
        };
        rows.restart(positions)?;
        Ok(PartitionRows { view: self, now, rows: Some(rows), pooled: true })
    }

    /// The live rows of all partitions in a range, in token order, as of `now` (seconds since the epoch). Memory does not
    /// grow with what is read. Behind an error nothing more is to be read.
    pub fn rows(&self, range: &ScanRange, now: i64) -> Result<LiveRows> {
        self.check_complete()?;
        let mut streams: Vec<Box<dyn PartitionStream>> = Vec::with_capacity(self.sstables.len());
        for sstable in &self.sstables {
            if let Some(scanner) = sstable.scan_range(&range.start, &range.end)? {
                streams.push(Box::new(scanner));
            }
        }
        Ok(LiveRows::new(&self.table, &self.keys, streams, now))
    }

    /// Goes on where reading of `range` stood: the result's first partition is that of the position, with the rows that
    /// are left of it, unless it was at its end.
    pub fn rows_after(&self, position: &Position, range: &ScanRange, now: i64) -> Result<LiveRows> {
        let key = || position.key.clone();
        let start = match position.at {
            At::Beginning => range.start.clone(),
            At::End => Bound::Excluded(key()),
            At::Start | At::Row(_) => Bound::Included(key()),
        };
        let mut rows = self.rows(&ScanRange { start, end: range.end.clone() }, now)?;
        rows.go_on_from(position.clone());
        Ok(rows)
    }

    /// The keys that SELECT DISTINCT returns at `now` (seconds since the epoch), behind `after`, in token order. Data is
    /// read only where the statistics don't rule out that a partition is dead.
    ///
    /// ```
    /// # use sstablefs::table::{Database, Options};
    /// # fn main() -> sstablefs::Result<()> {
    /// # let database = Database::open(&["testdata/oa/data".into()], &Options::default())?;
    /// # let view = database.table("keys", "p1c1").expect("a table of the tests").view()?;
    /// let mut keys = view.keys(None, 1_800_000_000)?;
    /// let mut count = 0;
    /// while let Some(key) = keys.next_key()? {
    ///     assert_eq!(key.key.len(), 8);
    ///     count += 1;
    /// }
    /// assert_eq!(count, 3);
    /// # Ok(())
    /// # }
    /// ```
    pub fn keys(&self, after: Option<&DecoratedKey>, now: i64) -> Result<KeyStream> {
        self.check_complete()?;
        KeyStream::new(&self.table, &self.keys, &self.sstables, after, now)
    }
}

/// The rows of one partition; goes back to its view when dropped, to be used again.
pub struct PartitionRows<'a> {
    view: &'a View,
    now: i64,
    rows: Option<LiveRows>,
    pooled: bool,
}

impl Deref for PartitionRows<'_> {
    type Target = LiveRows;
    fn deref(&self) -> &LiveRows {
        self.rows.as_ref().expect("present until dropped")
    }
}

impl DerefMut for PartitionRows<'_> {
    fn deref_mut(&mut self) -> &mut LiveRows {
        self.rows.as_mut().expect("present until dropped")
    }
}

impl Drop for PartitionRows<'_> {
    fn drop(&mut self) {
        if let Some(rows) = self.rows.take().filter(|_| self.pooled) {
            let mut pool = self.view.pool.lock();
            if pool.len() == POOL {
                // That of the longest ago: most probably of a time that nobody reads at any more.
                pool.remove(0);
            }
            pool.push((self.now, rows));
        }
    }
}
