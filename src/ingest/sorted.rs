//! A memtable's changes as a stream of partitions.

use super::memtable::{Entry, Kind, Memtable, set_key};
use super::{range_record, ranges, record};
use crate::cql::{DecoratedKey, Token};
use crate::error::{Error, Result};
use crate::merge::Reconciler;
use crate::rows::{DeletionTime, Marker, PartitionStream, Place, Row, Unfiltered};

/// The partitions of a [`Memtable`] in the order of an SSTable, with the changes of each row merged.
pub struct Sorted<'a> {
    memtable: &'a Memtable,
    entries: &'a [Entry],
    reconciler: Reconciler,
    /// Of the partition: the entries of its rows that are left.
    rows: &'a [Entry],
    markers: std::vec::IntoIter<Marker>,
    next_marker: Option<Marker>,
    /// The next row, when it was looked at.
    next_row: Option<()>,
    row: Row,
    versions: Vec<Row>,
    key: DecoratedKey,
    deletion: DeletionTime,
    static_row: Row,
}

impl<'a> Sorted<'a> {
    pub(super) fn new(memtable: &'a Memtable) -> Self {
        Sorted {
            memtable,
            entries: memtable.entries(),
            reconciler: Reconciler::new(memtable.table(), None),
            rows: &[],
            markers: Vec::new().into_iter(),
            next_marker: None,
            next_row: None,
            row: Row::default(),
            versions: Vec::new(),
            key: DecoratedKey { token: Token::Key, key: Vec::new() },
            deletion: DeletionTime::LIVE,
            static_row: Row::default(),
        }
    }

    /// How many partitions are left.
    pub fn count(&self) -> u64 {
        let mut pairs = self.entries.windows(2);
        let changes = pairs.by_ref().filter(|pair| !self.memtable.same_key(&pair[0], &pair[1])).count();
        changes as u64 + u64::from(!self.entries.is_empty())
    }

    /// Merges the versions of a row into `out`.
    fn merge(&mut self, entries: &[Entry], is_static: bool, out: &mut Row) {
        let clustering = if is_static { 0 } else { self.memtable.table().clustering.len() };
        if let [only] = entries {
            return record::read(self.memtable.record(only), clustering, out);
        }
        self.versions.resize_with(entries.len().max(self.versions.len()), Row::default);
        for (entry, version) in entries.iter().zip(&mut self.versions) {
            record::read(self.memtable.record(entry), clustering, version);
        }
        let versions = &self.versions;
        self.reconciler.merge(entries.len(), |i| &versions[i], is_static, DeletionTime::LIVE, out);
    }

    /// Takes the entries at the front that are of one kind.
    fn take(entries: &mut &'a [Entry], kind: Kind) -> &'a [Entry] {
        let (taken, rest) = entries.split_at(entries.partition_point(|e| e.kind <= kind));
        *entries = rest;
        taken
    }

    fn look_at_row(&mut self) {
        let Some(first) = self.rows.first() else { return };
        let memtable = self.memtable;
        let same = self.rows.iter().position(|e| !memtable.same_row(first, e)).unwrap_or(self.rows.len());
        let (versions, rest) = self.rows.split_at(same);
        self.rows = rest;
        let mut row = std::mem::take(&mut self.row);
        self.merge(versions, false, &mut row);
        self.row = row;
        self.next_row = Some(());
    }
}

impl PartitionStream for Sorted<'_> {
    fn next_partition(&mut self) -> Result<bool> {
        let Some(first) = self.entries.first() else { return Ok(false) };
        let memtable = self.memtable;
        let end = self.entries.iter().position(|e| !memtable.same_key(first, e));
        let length = end.unwrap_or(self.entries.len());
        let (mut partition, rest) = self.entries.split_at(length);
        self.entries = rest;
        set_key(&mut self.key, memtable.key(first.key));
        let deletions = Self::take(&mut partition, Kind::Deletion).iter();
        self.deletion = deletions
            .fold(DeletionTime::LIVE, |deletion, e| deletion.max(range_record::read_deletion(memtable.record(e))));
        let statics = Self::take(&mut partition, Kind::Static);
        let mut static_row = std::mem::take(&mut self.static_row);
        static_row.clear();
        if !statics.is_empty() {
            self.merge(statics, true, &mut static_row);
        }
        self.static_row = static_row;
        let ends = Self::take(&mut partition, Kind::Range).iter().flat_map(|e| range_record::read(memtable.record(e)));
        self.markers = ranges::markers(memtable.order(), ends.collect()).into_iter();
        self.next_marker = self.markers.next();
        self.rows = partition;
        self.next_row = None;
        Ok(true)
    }

    fn key(&self) -> &DecoratedKey {
        &self.key
    }

    fn deletion(&self) -> DeletionTime {
        self.deletion
    }

    fn static_row(&self) -> &Row {
        &self.static_row
    }

    fn next(&mut self, row: &mut Row, marker: &mut Marker) -> Result<Unfiltered> {
        if self.next_row.is_none() {
            self.look_at_row();
        }
        let order = self.memtable.order();
        let marker_first = match (&self.next_marker, self.next_row) {
            (Some(next), Some(())) => order.compare(Place::of_marker(next), Place::of_row(&self.row)).is_lt(),
            (next, _) => next.is_some(),
        };
        if let Some(next) = self.next_marker.take_if(|_| marker_first) {
            *marker = next;
            self.next_marker = self.markers.next();
            return Ok(Unfiltered::Marker);
        }
        if self.next_row.take().is_none() {
            return Ok(Unfiltered::End);
        }
        std::mem::swap(row, &mut self.row);
        Ok(Unfiltered::Row)
    }

    fn seek_partition(&mut self, _position: Option<u64>) -> Result<()> {
        Err(Error::invalid("a memtable is only read from its beginning"))
    }
}
