//! One open SSTable: ties its components together.

use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use super::compression::{ChunkSums, CompressionInfo, DataSource};
use super::data::{Decoder, Layout};
use super::data_index::{DataEntries, DataIndex};
use super::descriptor::{Component, Descriptor};
use super::filter::BloomFilter;
use super::index::{IndexEntry, IndexIter, PartitionIndex, RowBlock};
use super::prefix::{self, ClusteringTypes};
use super::reverse::ReverseScanner;
use super::scanner::Scanner;
use super::statistics::{LARGEST_STATISTICS, Statistics};
use crate::cql::{DecoratedKey, KeyOrder};
use crate::error::{Error, Kind, Result};
use crate::rows::{DeletionTime, NO_DELETION_TIME, Row, SliceBound};
use crate::schema::Table;
use crate::storage::{FileSource, Open, Source, open_file, read_all};

/// A larger filter is not kept in memory: lookups go to the index at once.
pub(super) const LARGEST_FILTER: u64 = 256 << 20;

/// An SSTable that is open for reading. Its files stay readable after their names are gone. Follows
/// org.apache.cassandra.io.sstable.format.SSTableReader.
///
/// ```
/// use std::path::Path;
/// use std::sync::Arc;
///
/// use sstablefs::rows::{Marker, PartitionStream, Row, Unfiltered};
/// use sstablefs::sstable::{Descriptor, Reader};
/// # use sstablefs::table::{Database, Options};
///
/// # fn main() -> sstablefs::Result<()> {
/// # let database = Database::open(&["testdata/oa/data".into()], &Options::default())?;
/// # let table = database.table("keys", "p1c1").expect("a table of the tests").schema()?;
/// let folder = "testdata/oa/data/keys/p1c1-865b9210e9d511f1b9bf01d82adbc4e5";
/// let descriptor = Descriptor::of_data_file(&Path::new(folder).join("oa-2-big-Data.db"))?;
/// let sstable = Arc::new(Reader::open(&descriptor, &table)?);
///
/// // Everything that is in it, unmerged, with its deletions.
/// let mut data = sstable.scan_all()?;
/// let (mut row, mut marker) = (Row::default(), Marker::default());
/// let (mut rows, mut deleted) = (0, 0);
/// while data.next_partition()? {
///     while let Unfiltered::Row = data.next(&mut row, &mut marker)? {
///         rows += 1;
///         deleted += u32::from(!row.deletion.is_live());
///     }
/// }
/// assert_eq!((rows, deleted), (5, 2));
/// # Ok(())
/// # }
/// ```
pub struct Reader {
    descriptor: Descriptor,
    table: Arc<Table>,
    statistics: Arc<Statistics>,
    data_path: PathBuf,
    data: Arc<DataSource>,
    layout: Arc<Layout>,
    keys: KeyOrder,
    index: Option<PartitionIndex>,
    /// Takes the place of an index that is lost.
    data_index: DataIndex,
    clustering: Arc<ClusteringTypes>,
    /// Memory for lookups.
    entry: Mutex<IndexEntry>,
    filter: Option<BloomFilter>,
    all_live: bool,
    /// What is missing or odd without keeping it from being read.
    notes: Vec<String>,
}

/// Whether an SSTable has a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// The bloom filter says no.
    FilteredOut,
    /// The index does not have the key.
    Absent,
    /// At a position in the data.
    Present(u64),
}

/// A component that need not be there.
fn optional(open: Open<'_>, path: &Path) -> Result<Option<Source>> {
    match open(path) {
        Ok(file) => Ok(Some(file)),
        Err(e) if e.kind() == Kind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Reads Statistics.db: enough to know the types of an SSTable without a schema.
pub fn read_statistics(descriptor: &Descriptor) -> Result<Statistics> {
    let path = descriptor.component(Component::Statistics);
    let file = FileSource::open(&path).map_err(|e| match e.kind() {
        Kind::NotFound => Error::not_found("missing: without its header the SSTable can't be read").in_file(&path),
        _ => e,
    })?;
    let bytes = read_all(&file, LARGEST_STATISTICS).map_err(|e| Error::io(e, &path))?;
    Statistics::parse(&bytes, descriptor.version).map_err(|e| e.in_file(&path))
}

impl Reader {
    /// Opens an SSTable as one of `table`, whose columns must agree with the SSTable's header.
    pub fn open(descriptor: &Descriptor, table: &Arc<Table>) -> Result<Reader> {
        let statistics = Arc::new(read_statistics(descriptor)?);
        Self::open_with(descriptor, table, statistics)
    }

    /// Opens an SSTable whose Statistics.db has been read.
    pub fn open_with(descriptor: &Descriptor, table: &Arc<Table>, statistics: Arc<Statistics>) -> Result<Reader> {
        Self::open_through(&open_file, descriptor, table, statistics)
    }

    /// The same, with files opened in another way.
    pub fn open_through(
        open: Open<'_>,
        descriptor: &Descriptor,
        table: &Arc<Table>,
        statistics: Arc<Statistics>,
    ) -> Result<Reader> {
        let data_path = descriptor.component(Component::Data);
        let file = open(&data_path)?;
        let mut notes = Vec::new();
        let info_path = descriptor.component(Component::CompressionInfo);
        let info = match optional(open, &info_path)? {
            Some(source) => Some(CompressionInfo::open(source, descriptor.version).map_err(|e| e.in_file(&info_path))?),
            None => {
                // Data.db is the first to go and the last to come: a file that went just now was not left out.
                open(&data_path)?;
                if optional(open, &info_path)?.is_some() {
                    return Err(Error::not_found("went and came back while the SSTable was opened").in_file(&info_path));
                }
                None
            }
        };
        let sums_path = descriptor.component(Component::Crc);
        // Only a plain file has one.
        let sums = match info.is_none().then(|| optional(open, &sums_path)).transpose()?.flatten() {
            Some(source) => Some(ChunkSums::open(source).map_err(|e| e.in_file(&sums_path))?),
            None => None,
        };
        let data = Arc::new(DataSource::open(file, info, sums));
        let layout = Arc::new(
            Layout::new(&statistics.header, table, descriptor.version)
                .map_err(|e| e.in_file(descriptor.component(Component::Statistics)))?,
        );
        let keys = KeyOrder::new(table.partitioner, &statistics.header.key_type);
        let index =
            PartitionIndex::open_through(open, descriptor, &data, &keys, &mut notes).or_else(|e| match e.kind() {
                Kind::Corrupt => {
                    notes.push(format!("{e}: not used, partitions are found by reading the data"));
                    Ok(None)
                }
                _ => Err(e),
            })?;
        let data_index = DataIndex::new(data.clone(), layout.clone(), keys.clone());
        let filter = Self::filter(open, descriptor, &statistics, &mut notes)?;
        let stats = &statistics.stats;
        let no_deletions =
            stats.min_local_deletion_time == NO_DELETION_TIME && stats.max_local_deletion_time == NO_DELETION_TIME;
        let dropped = |name: &str| table.dropped.contains_key(name);
        let columns = statistics.header.statics.iter().chain(&statistics.header.regulars);
        let all_live = no_deletions && !columns.map(|c| c.name.as_str()).any(dropped);
        Ok(Reader {
            descriptor: descriptor.clone(),
            table: table.clone(),
            data_path,
            data,
            layout,
            keys,
            index,
            data_index,
            clustering: Arc::new(ClusteringTypes::new(&statistics.header.clustering)),
            entry: Mutex::new(IndexEntry::default()),
            statistics,
            filter,
            all_live,
            notes,
        })
    }

    fn filter(
        open: Open<'_>,
        descriptor: &Descriptor,
        statistics: &Statistics,
        notes: &mut Vec<String>,
    ) -> Result<Option<BloomFilter>> {
        let path = descriptor.component(Component::Filter);
        let Some(source) = optional(open, &path)? else {
            // A table with bloom_filter_fp_chance = 1 has none.
            if statistics.bloom_filter_fp_chance < 1.0 {
                notes.push(format!("{}: missing, each lookup goes to the index", path.display()));
            }
            return Ok(None);
        };
        let parsed = read_all(&*source, LARGEST_FILTER)
            .map_err(|e| Error::io(e, &path))
            .and_then(|bytes| BloomFilter::parse(&bytes, descriptor.version).map_err(|e| e.in_file(&path)));
        match parsed {
            Ok(filter) => Ok(Some(filter)),
            Err(e) => {
                notes.push(format!("{e}: not used, each lookup goes to the index"));
                Ok(None)
            }
        }
    }

    /// Where its files are and what they are called.
    pub fn descriptor(&self) -> &Descriptor {
        &self.descriptor
    }

    /// The table as it is read: the schema's columns.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// What Statistics.db says.
    pub fn statistics(&self) -> &Arc<Statistics> {
        &self.statistics
    }

    /// Data.db, uncompressed.
    pub fn data(&self) -> &Arc<DataSource> {
        &self.data
    }

    /// The order of its partitions.
    pub fn key_order(&self) -> &KeyOrder {
        &self.keys
    }

    /// What is missing or damaged without keeping it from being read, a sentence each.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Nothing in it is deleted or expires, so that each partition has something that a SELECT shows.
    pub fn is_all_live(&self) -> bool {
        self.all_live
    }

    pub(super) fn decoder(&self) -> Decoder {
        Decoder::new(self.data.clone(), self.layout.clone())
    }

    pub(super) fn locate(&self, error: Error) -> Error {
        error.in_file(&self.data_path)
    }

    /// Position in the data of a partition; `None` when the SSTable does not have the key.
    pub fn lookup(&self, key: &DecoratedKey) -> Result<Option<u64>> {
        Ok(match self.find(key)? {
            Presence::Present(position) => Some(position),
            Presence::FilteredOut | Presence::Absent => None,
        })
    }

    /// Asks filter and index for a partition, as BigTableReader.getRowIndexEntry and BtiTableReader.getExactPosition do.
    pub fn find(&self, key: &DecoratedKey) -> Result<Presence> {
        if self.filter.as_ref().is_some_and(|filter| !filter.may_contain(&key.key)) {
            return Ok(Presence::FilteredOut);
        }
        let position = match &self.index {
            None => self.data_index.position(key)?,
            Some(index) => {
                let mut shared = self.entry.try_lock();
                let mut own = IndexEntry::default();
                let entry = shared.as_deref_mut().unwrap_or(&mut own);
                index.lookup(key, entry)?.then_some(entry.position)
            }
        };
        Ok(position.map_or(Presence::Absent, Presence::Present))
    }

    /// Position in the data of the first partition that is not before `key`, or that is behind it.
    pub fn position_of(&self, key: &DecoratedKey, behind: bool) -> Result<u64> {
        let mut entries = self.index_from(Some(key))?;
        let mut entry = IndexEntry::default();
        while entries.next_entry(&mut entry)? {
            let token = self.keys.token(&entry.key);
            let ordering = self.keys.compare_raw((token, &entry.key), (key.token, &key.key));
            if ordering.is_gt() || ordering.is_eq() && !behind {
                return Ok(entry.position);
            }
        }
        Ok(self.data.len())
    }

    /// Index entries in order, from the first that is not before `key`.
    pub fn index_from(&self, key: Option<&DecoratedKey>) -> Result<Entries> {
        Ok(match &self.index {
            Some(index) => Entries(From::Index(index.iter_from(key)?)),
            None => Entries(From::Data(self.data_index.iter_from(key)?)),
        })
    }

    /// The partitions that begin at positions from `start`, where one begins, to before `end`. Positions are bytes of the
    /// uncompressed data, as [`lookup`](Self::lookup) gives them.
    pub fn scan(self: &Arc<Self>, start: u64, end: u64) -> Result<Scanner> {
        Scanner::new(self.clone(), start.min(self.data.len()), end)
    }

    /// The partition at a position, from its end, or from the bound, to its first row.
    pub fn scan_reversed(self: &Arc<Self>, position: u64, end: Option<&SliceBound>) -> ReverseScanner {
        ReverseScanner::new(self.clone(), position, end.cloned())
    }

    /// The deletion of the partition that begins at a position of the uncompressed data.
    pub fn partition_deletion(&self, position: u64) -> Result<DeletionTime> {
        let mut decoder = self.decoder();
        decoder.seek(position).map_err(|e| self.locate(e))?;
        let (mut key, mut static_row) = (Vec::new(), Row::default());
        decoder.partition(&mut key, &mut static_row).map_err(|e| self.locate(decoder.locate(e)))
    }

    /// The partitions of a range of keys; `None` where there are none.
    pub fn scan_range(
        self: &Arc<Self>,
        start: &Bound<DecoratedKey>,
        end: &Bound<DecoratedKey>,
    ) -> Result<Option<Scanner>> {
        let from = match start {
            Bound::Unbounded => 0,
            Bound::Included(key) => self.position_of(key, false)?,
            Bound::Excluded(key) => self.position_of(key, true)?,
        };
        let to = match end {
            Bound::Unbounded => u64::MAX,
            Bound::Included(key) => self.position_of(key, true)?,
            Bound::Excluded(key) => self.position_of(key, false)?,
        };
        if from > to {
            return Err(self.locate(Error::corrupt("the index has keys and positions in different orders").at(from)));
        }
        if from == to {
            return Ok(None);
        }
        Scanner::of_range(self.clone(), (from, to), (start.clone(), end.clone())).map(Some)
    }

    /// All partitions, in the order of the SSTable.
    pub fn scan_all(self: &Arc<Self>) -> Result<Scanner> {
        self.scan(0, u64::MAX)
    }

    /// The block of the row index that a row with this clustering is in or behind; `None` where the partition has no row
    /// index.
    pub(super) fn row_block(&self, key: &DecoratedKey, clustering: &[Option<&[u8]>]) -> Result<Option<RowBlock>> {
        let Some(index) = &self.index else { return Ok(None) };
        let mut entry = IndexEntry::default();
        if !index.lookup(key, &mut entry)? {
            return Ok(None);
        }
        let Some(handle) = entry.row_index else { return Ok(None) };
        index.rows(handle, &self.clustering)?.block_at_or_before(&prefix::Bound { values: clustering, side: 0 })
    }

    pub(super) fn clustering_types(&self) -> &Arc<ClusteringTypes> {
        &self.clustering
    }

    /// The partition index; `None` when it is lost.
    pub fn index(&self) -> Option<&PartitionIndex> {
        self.index.as_ref()
    }
}

/// Index entries in order, from the index or, where that is lost, from the data.
pub struct Entries(From);

enum From {
    Index(IndexIter),
    Data(DataEntries),
}

impl Entries {
    /// Fills in the next entry; `false` behind the last.
    pub fn next_entry(&mut self, entry: &mut IndexEntry) -> Result<bool> {
        match &mut self.0 {
            From::Index(entries) => entries.next_entry(entry),
            From::Data(entries) => entries.next_entry(entry),
        }
    }
}
