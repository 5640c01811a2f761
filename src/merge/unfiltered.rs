//! Several streams as one, with all tombstones: what is written when SSTables or memtables become one.
//! Follows org.apache.cassandra.db.rows.UnfilteredRowIterators.merge and RangeTombstoneMarker.Merger.

use std::cmp::Ordering;
use std::sync::Arc;

use super::heap::IndexHeap;
use super::reconcile::Reconciler;
use crate::cql::{DecoratedKey, KeyOrder, Token};
use crate::error::Result;
use crate::rows::{BoundKind, ClusteringOrder, DeletionTime, Marker, PartitionStream, Place, Row, Unfiltered};
use crate::schema::Table;

struct Input<S> {
    stream: S,
    at: Unfiltered,
    row: Row,
    marker: Marker,
    /// Deletion of the range that is open behind what was last taken.
    open: DeletionTime,
}

impl<S> Input<S> {
    fn place(&self) -> Place<'_> {
        match self.at {
            Unfiltered::Marker => Place::of_marker(&self.marker),
            _ => Place::of_row(&self.row),
        }
    }
}

/// The merge of streams of one table's partitions. What a deletion covers is left out, the deletions stay.
pub struct Merged<S> {
    inputs: Vec<Input<S>>,
    keys: KeyOrder,
    order: ClusteringOrder,
    reconciler: Reconciler,
    /// Inputs at partitions behind the current one, by key.
    waiting: IndexHeap,
    /// Inputs in the current partition.
    current: Vec<usize>,
    /// Those of them that are not at its end, by place.
    rows: IndexHeap,
    group: Vec<usize>,
    started: bool,
    key: DecoratedKey,
    deletion: DeletionTime,
    /// The range that is open in the result.
    open: DeletionTime,
    static_row: Row,
}

impl<S: PartitionStream> Merged<S> {
    /// Merges streams of one table whose partitions are in the order of `keys`. Nothing is read yet.
    pub fn new(table: &Arc<Table>, keys: &KeyOrder, streams: impl IntoIterator<Item = S>) -> Self {
        let input = |stream| Input {
            stream,
            at: Unfiltered::End,
            row: Row::default(),
            marker: Marker::default(),
            open: DeletionTime::LIVE,
        };
        Merged {
            inputs: streams.into_iter().map(input).collect(),
            keys: keys.clone(),
            order: ClusteringOrder::new(&table.clustering),
            reconciler: Reconciler::new(table, None),
            waiting: IndexHeap::default(),
            current: Vec::new(),
            rows: IndexHeap::default(),
            group: Vec::new(),
            started: false,
            key: DecoratedKey { token: Token::Key, key: Vec::new() },
            deletion: DeletionTime::LIVE,
            open: DeletionTime::LIVE,
            static_row: Row::default(),
        }
    }

    fn enter(&mut self, i: usize) -> Result<()> {
        if self.inputs[i].stream.next_partition()? {
            let (inputs, keys) = (&self.inputs, &self.keys);
            self.waiting.push(i, |a, b| keys.compare(inputs[a].stream.key(), inputs[b].stream.key()));
        }
        Ok(())
    }

    fn pop_waiting(&mut self) -> Option<usize> {
        let (inputs, keys) = (&self.inputs, &self.keys);
        self.waiting.pop(|a, b| keys.compare(inputs[a].stream.key(), inputs[b].stream.key()))
    }

    /// Takes the next unfiltered of an input and puts it among those that are to come.
    fn pull(&mut self, i: usize) -> Result<()> {
        let input = &mut self.inputs[i];
        input.at = input.stream.next(&mut input.row, &mut input.marker)?;
        if input.at != Unfiltered::End {
            let (inputs, order) = (&self.inputs, &self.order);
            self.rows.push(i, |a, b| order.compare(inputs[a].place(), inputs[b].place()));
        }
        Ok(())
    }

    fn start_partition(&mut self) -> Result<()> {
        self.deletion = DeletionTime::LIVE;
        for &i in &self.current {
            let input = &mut self.inputs[i];
            self.deletion = self.deletion.max(input.stream.deletion());
            input.open = DeletionTime::LIVE;
        }
        self.open = DeletionTime::LIVE;
        self.merge_static();
        self.rows.clear();
        if self.current.len() > 1 {
            for at in 0..self.current.len() {
                self.pull(self.current[at])?;
            }
        }
        Ok(())
    }

    fn merge_static(&mut self) {
        self.group.clear();
        self.group.extend(self.current.iter().filter(|&&i| !self.inputs[i].stream.static_row().is_empty()));
        self.static_row.clear();
        if !self.group.is_empty() {
            let (inputs, group) = (&self.inputs, &self.group);
            let row = |i: usize| inputs[group[i]].stream.static_row();
            self.reconciler.merge(group.len(), row, true, self.deletion, &mut self.static_row);
        }
    }

    /// Takes all inputs that stand at the least place into `group`.
    fn next_group(&mut self) -> bool {
        let (inputs, order) = (&self.inputs, &self.order);
        let compare = |a: usize, b: usize| order.compare(inputs[a].place(), inputs[b].place());
        self.group.clear();
        let Some(first) = self.rows.pop(compare) else { return false };
        self.group.push(first);
        while self.rows.peek().is_some_and(|next| compare(first, next).is_eq()) {
            self.group.extend(self.rows.pop(compare));
        }
        self.group.sort_unstable();
        true
    }

    /// The largest deletion that is open in the inputs, unless that of the partition covers it.
    fn largest_open(&self) -> DeletionTime {
        let open = self.current.iter().fold(DeletionTime::LIVE, |open, &i| open.max(self.inputs[i].open));
        if open.supersedes(&self.deletion) { open } else { DeletionTime::LIVE }
    }

    /// The marker that the group's markers come to; `false` when they change nothing.
    fn merge_markers(&mut self, out: &mut Marker) -> bool {
        for &i in &self.group {
            self.inputs[i].open = self.inputs[i].marker.start;
        }
        let (before, after) = (self.open, self.largest_open());
        if before == after {
            return false;
        }
        self.open = after;
        let marker = &self.inputs[self.group[0]].marker;
        out.clone_from(marker);
        out.end = before;
        out.start = after;
        out.kind = BoundKind::between(marker.kind.before_rows(), !before.is_live(), !after.is_live());
        true
    }

    fn next_of_many(&mut self, row: &mut Row, marker: &mut Marker) -> Result<Unfiltered> {
        while self.next_group() {
            let first = self.group[0];
            let found = if self.inputs[first].at == Unfiltered::Marker {
                self.merge_markers(marker).then_some(Unfiltered::Marker)
            } else {
                let active = self.deletion.max(self.open);
                let found = if self.group.len() == 1 && active.is_live() {
                    std::mem::swap(row, &mut self.inputs[first].row);
                    true
                } else {
                    let (inputs, group) = (&self.inputs, &self.group);
                    self.reconciler.merge(group.len(), |i| &inputs[group[i]].row, false, active, row)
                };
                found.then_some(Unfiltered::Row)
            };
            for at in 0..self.group.len() {
                self.pull(self.group[at])?;
            }
            if let Some(found) = found {
                return Ok(found);
            }
        }
        Ok(Unfiltered::End)
    }
}

impl<S: PartitionStream> PartitionStream for Merged<S> {
    fn next_partition(&mut self) -> Result<bool> {
        if self.started {
            for at in 0..self.current.len() {
                self.enter(self.current[at])?;
            }
        } else {
            self.started = true;
            for i in 0..self.inputs.len() {
                self.enter(i)?;
            }
        }
        self.current.clear();
        let Some(first) = self.pop_waiting() else { return Ok(false) };
        self.current.push(first);
        while let Some(next) = self.waiting.peek() {
            let key = |i: usize| self.inputs[i].stream.key();
            if self.keys.compare(key(first), key(next)) != Ordering::Equal {
                break;
            }
            let next = self.pop_waiting();
            self.current.extend(next);
        }
        let key = self.inputs[first].stream.key();
        self.key.token = key.token;
        self.key.key.clear();
        self.key.key.extend_from_slice(&key.key);
        self.start_partition()?;
        Ok(true)
    }

    fn key(&self) -> &DecoratedKey {
        &self.key
    }

    fn deletion(&self) -> DeletionTime {
        self.deletion
    }

    fn static_row(&self) -> &Row {
        match self.current[..] {
            [only] => self.inputs[only].stream.static_row(),
            _ => &self.static_row,
        }
    }

    fn next(&mut self, row: &mut Row, marker: &mut Marker) -> Result<Unfiltered> {
        match self.current[..] {
            [only] => self.inputs[only].stream.next(row, marker),
            _ => self.next_of_many(row, marker),
        }
    }

    fn seek_partition(&mut self, position: Option<u64>) -> Result<()> {
        // Positions are those of a single stream: a merge of several has none.
        self.waiting.clear();
        self.current.clear();
        self.rows.clear();
        self.started = position.is_some();
        match &mut self.inputs[..] {
            [only] => {
                only.stream.seek_partition(position)?;
                self.started = false;
                Ok(())
            }
            _ => Err(crate::Error::invalid("a merge of several streams can't be entered at a position")),
        }
    }
}
