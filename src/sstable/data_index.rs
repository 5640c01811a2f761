//! Finding partitions without an index: by reading the data itself, for SSTables that have lost theirs.

use std::sync::Arc;

use parking_lot::Mutex;

use super::data::{Decoder, Layout};
use super::index::IndexEntry;
use crate::cql::{DecoratedKey, KeyOrder};
use crate::error::Result;
use crate::rows::Row;
use crate::sstable::compression::DataSource;

/// One partition in so many is remembered.
const SAMPLE: u64 = 256;

/// Keys in order, each with its position.
type Samples = Arc<[(DecoratedKey, u64)]>;

/// Where some of the partitions begin, found by one pass over the data at first use.
pub(super) struct DataIndex {
    data: Arc<DataSource>,
    layout: Arc<Layout>,
    keys: KeyOrder,
    samples: Mutex<Option<Samples>>,
}

/// Index entries read from the data.
pub(super) struct DataEntries {
    decoder: Decoder,
    static_row: Row,
}

impl DataIndex {
    pub(super) fn new(data: Arc<DataSource>, layout: Arc<Layout>, keys: KeyOrder) -> Self {
        DataIndex { data, layout, keys, samples: Mutex::new(None) }
    }

    fn entries_at(&self, position: u64) -> Result<DataEntries> {
        let mut decoder = Decoder::new(self.data.clone(), self.layout.clone());
        decoder.seek(position)?;
        Ok(DataEntries { decoder, static_row: Row::default() })
    }

    fn samples(&self) -> Result<Samples> {
        let mut samples = self.samples.lock();
        if let Some(samples) = &*samples {
            return Ok(samples.clone());
        }
        let mut entries = self.entries_at(0)?;
        let mut entry = IndexEntry::default();
        let mut found = Vec::new();
        let mut n = 0;
        while entries.next_entry(&mut entry)? {
            if n % SAMPLE == 0 {
                found.push((self.keys.decorate(&entry.key), entry.position));
            }
            n += 1;
        }
        let found: Samples = found.into();
        *samples = Some(found.clone());
        Ok(found)
    }

    pub(super) fn iter_from(&self, key: Option<&DecoratedKey>) -> Result<DataEntries> {
        let Some(key) = key else { return self.entries_at(0) };
        let samples = self.samples()?;
        let after = samples.partition_point(|(sample, _)| self.keys.compare(sample, key).is_le());
        let start = after.checked_sub(1).and_then(|i| samples.get(i)).map_or(0, |(_, position)| *position);
        let mut entry = IndexEntry::default();
        let mut entries = self.entries_at(start)?;
        loop {
            let position = entries.position();
            if !entries.next_entry(&mut entry)? || self.keys.compare(&self.keys.decorate(&entry.key), key).is_ge() {
                return self.entries_at(position);
            }
        }
    }

    pub(super) fn position(&self, key: &DecoratedKey) -> Result<Option<u64>> {
        let mut entry = IndexEntry::default();
        let found = self.iter_from(Some(key))?.next_entry(&mut entry)? && entry.key == key.key;
        Ok(found.then_some(entry.position))
    }
}

impl DataEntries {
    /// Where the next entry is looked for.
    fn position(&mut self) -> u64 {
        self.decoder.position()
    }

    pub(super) fn next_entry(&mut self, entry: &mut IndexEntry) -> Result<bool> {
        if self.decoder.at_end() {
            return Ok(false);
        }
        entry.position = self.decoder.position();
        entry.row_index = None;
        entry.deletion = Some(self.decoder.partition(&mut entry.key, &mut self.static_row)?);
        self.decoder.skip_partition()?;
        Ok(true)
    }
}
