//! The rows of several streams as a SELECT sees them at a moment: merged, without what is deleted or expired.

use std::cmp::Ordering;
use std::sync::Arc;

use super::heap::IndexHeap;
use super::input::Input;
use super::position::{At, Clustering, Position};
use super::reconcile::Reconciler;
use super::wanted::Wanted;
use crate::cql::{DecoratedKey, KeyOrder, Token};
use crate::error::Result;
use crate::rows::{ClusteringOrder, DeletionTime, PartitionStream, Place, Row, SliceBound, Unfiltered};
use crate::schema::Table;

/// A reader of live rows, partition by partition. Reuses its memory from row to row.
pub struct LiveRows {
    inputs: Vec<Input>,
    keys: KeyOrder,
    order: ClusteringOrder,
    reconciler: Reconciler,
    /// Inputs at partitions behind the current one, by key.
    waiting: IndexHeap,
    /// Inputs in the current partition.
    current: Vec<usize>,
    /// Those of them that are not at its end, by place; unused when there is only one.
    rows: IndexHeap,
    group: Vec<usize>,
    key: DecoratedKey,
    deletion: DeletionTime,
    /// Largest deletion that is open in the current inputs, with that of the partition.
    active: DeletionTime,
    static_row: Row,
    row: Row,
    /// Input that holds the row last given, when it was not merged into `row`.
    given: Option<usize>,
    /// Rows up to this one are passed over, in the partition that is entered next.
    resume: Option<Clustering>,
    wanted: Wanted,
    /// Rows before the slice may be passed over by way of the row index, in the partition that is entered next.
    seek: bool,
    /// Rows before the slice may still come.
    skipping: bool,
    /// The end of the slice is behind: no row of the partition is left to be asked for.
    ended: bool,
    /// Where reading goes on from, as long as nothing has been read.
    beginning: Position,
    /// The only input stands at a row that is to be given next.
    pending: bool,
    at: Reading,
}

/// What was asked for last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    Nothing,
    Start,
    Row,
    End,
}

impl LiveRows {
    /// Merges streams of one table's partitions, as of `now` (seconds since the epoch).
    pub fn new(table: &Arc<Table>, keys: &KeyOrder, streams: Vec<Box<dyn PartitionStream>>, now: i64) -> Self {
        LiveRows {
            inputs: streams.into_iter().map(Input::new).collect(),
            keys: keys.clone(),
            order: ClusteringOrder::new(&table.clustering),
            reconciler: Reconciler::new(table, Some(now)),
            waiting: IndexHeap::default(),
            current: Vec::new(),
            rows: IndexHeap::default(),
            group: Vec::new(),
            key: DecoratedKey { token: Token::Key, key: Vec::new() },
            deletion: DeletionTime::LIVE,
            active: DeletionTime::LIVE,
            static_row: Row::default(),
            row: Row::default(),
            given: None,
            resume: None,
            wanted: Wanted::default(),
            seek: false,
            skipping: false,
            ended: false,
            beginning: Position { key: DecoratedKey { token: Token::Key, key: Vec::new() }, at: At::Beginning },
            pending: false,
            at: Reading::Nothing,
        }
    }

    /// Starts anew with one partition, of which each stream has what begins at its position.
    pub fn restart(&mut self, positions: &[Option<u64>]) -> Result<()> {
        self.waiting.clear();
        self.current.clear();
        self.given = None;
        self.resume = None;
        self.pending = false;
        self.at = Reading::Nothing;
        for (i, input) in self.inputs.iter_mut().enumerate() {
            input.stream.seek_partition(positions.get(i).copied().flatten())?;
        }
        Ok(())
    }

    /// Whether the partition has anything that a SELECT shows: a live static cell or a live row.
    pub fn partition_is_live(&mut self) -> Result<bool> {
        Ok(!self.static_row.is_empty() || self.next_row()?.is_some())
    }

    /// Says that the streams begin at the position's partition, or behind it when it is at its end; rows up to the
    /// position are passed over.
    pub fn go_on_from(&mut self, position: Position) {
        if let At::Row(row) = &position.at {
            self.resume = Some(row.clone());
        }
        self.beginning = position;
    }

    /// Says what is asked for, before anything is read.
    /// With `seek` the first partition is entered through its row index.
    pub fn want(&mut self, wanted: Wanted, seek: bool) {
        self.order.set_reversed(wanted.reversed);
        self.seek = seek && !wanted.reversed;
        for input in &mut self.inputs {
            input.stream.decode_to(wanted.depth);
        }
        self.wanted = wanted;
    }

    /// Where a partition's rows end that are asked for.
    fn last(&self) -> Option<&SliceBound> {
        let slice = &self.wanted.slice;
        if self.wanted.reversed { slice.start.as_ref() } else { slice.end.as_ref() }
    }

    /// Where they begin.
    fn first(&self) -> Option<&SliceBound> {
        let slice = &self.wanted.slice;
        if self.wanted.reversed { slice.end.as_ref() } else { slice.start.as_ref() }
    }

    /// Whether the row that was found stands before the first that is asked for.
    #[cold]
    fn is_early(&mut self) -> bool {
        let place = Place::of_row(self.given_row());
        self.skipping = self.first().is_some_and(|first| self.order.compare(place, first.place()).is_lt());
        self.skipping
    }

    /// Whether an input stands behind the last row that is asked for.
    #[inline]
    fn is_past(&self, i: usize) -> bool {
        self.last().is_some_and(|last| self.order.compare(self.inputs[i].place(), last.place()).is_gt())
    }

    /// Moves to the next partition, whether it has live rows or not; `false` behind the last.
    pub fn next_partition(&mut self) -> Result<bool> {
        self.given = None;
        self.pending = false;
        let first = self.at == Reading::Nothing;
        if !first {
            self.at = Reading::End;
            for at in 0..self.current.len() {
                self.enter(self.current[at])?;
            }
        } else {
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
        self.at = Reading::Start;
        self.start_partition()?;
        Ok(true)
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

    fn start_partition(&mut self) -> Result<()> {
        let resume = self.resume.take();
        let seek = std::mem::take(&mut self.seek);
        self.ended = false;
        self.skipping = self.first().is_some();
        self.deletion = DeletionTime::LIVE;
        for &i in &self.current {
            let input = &mut self.inputs[i];
            self.deletion = self.deletion.max(input.stream.deletion());
            if let Some(resume) = &resume {
                input.stream.seek_row(&resume.values())?;
            }
            if let Some(start) = self.wanted.slice.start.as_ref().filter(|_| seek) {
                input.stream.seek_row(&start.values())?;
            }
            input.open = input.stream.open_deletion();
        }
        self.merge_static();
        self.update_active();
        self.rows.clear();
        if self.current.len() > 1 {
            for at in 0..self.current.len() {
                self.pull(self.current[at])?;
            }
        }
        if let Some(resume) = resume {
            self.skip_to(&resume)?;
        }
        Ok(())
    }

    fn merge_static(&mut self) {
        self.group.clear();
        self.group.extend(self.current.iter().filter(|&&i| !self.inputs[i].stream.static_row().is_empty()));
        self.static_row.clear();
        if self.group.is_empty() {
            return;
        }
        let (inputs, group) = (&self.inputs, &self.group);
        let row = |i: usize| inputs[group[i]].stream.static_row();
        if !self.reconciler.merge(group.len(), row, true, self.deletion, &mut self.static_row) {
            self.static_row.clear();
        }
    }

    fn update_active(&mut self) {
        let open = self.current.iter().map(|&i| self.inputs[i].open);
        self.active = open.fold(self.deletion, DeletionTime::max);
    }

    /// Takes the next unfiltered of an input and puts it among those that are to come.
    fn pull(&mut self, i: usize) -> Result<()> {
        if self.inputs[i].pull(&self.wanted)? {
            let (inputs, order) = (&self.inputs, &self.order);
            self.rows.push(i, |a, b| order.compare(inputs[a].place(), inputs[b].place()));
        }
        Ok(())
    }

    /// The key of the partition that it stands in.
    pub fn key(&self) -> &DecoratedKey {
        &self.key
    }

    /// How many of the streams have something of the partition.
    pub fn sources(&self) -> usize {
        self.current.len()
    }

    /// The live cells of the static row; empty where there are none.
    pub fn static_row(&self) -> &Row {
        &self.static_row
    }

    /// The next live row of the partition, `None` behind its last. It has its live cells only, and is valid until the next
    /// call. After an error the stream can't be read on.
    #[inline]
    pub fn next_row(&mut self) -> Result<Option<&Row>> {
        let found = loop {
            let found = if let [only] = self.current[..] { self.next_of_one(only)? } else { self.next_of_many()? };
            if !(found && self.skipping && self.is_early()) {
                break found;
            }
        };
        self.at = if found { Reading::Row } else { Reading::End };
        Ok(if found { Some(self.given_row()) } else { None })
    }

    /// As [`next_row`](Self::next_row), for those who look at the row with [`row`](Self::row) beside key and static row.
    pub fn next_live(&mut self) -> Result<bool> {
        Ok(self.next_row()?.is_some())
    }

    /// The row that was given last; `None` where there is none.
    pub fn row(&self) -> Option<&Row> {
        (self.at == Reading::Row).then(|| self.given_row())
    }

    #[inline]
    fn given_row(&self) -> &Row {
        match self.given {
            Some(i) => &self.inputs[i].row,
            None => &self.row,
        }
    }

    #[inline]
    fn next_of_one(&mut self, only: usize) -> Result<bool> {
        self.given = Some(only);
        if self.ended {
            return Ok(false);
        }
        let has_last = self.last().is_some();
        loop {
            if self.pending {
                self.pending = false;
            } else {
                self.inputs[only].pull(&self.wanted)?;
            }
            if has_last && self.inputs[only].at != Unfiltered::End && self.is_past(only) {
                self.ended = true;
                return Ok(false);
            }
            let input = &mut self.inputs[only];
            match input.at {
                Unfiltered::End => return Ok(false),
                Unfiltered::Marker => {
                    input.open = input.marker.start;
                    self.active = self.deletion.max(input.open);
                }
                Unfiltered::Row => {
                    if self.only(only)? {
                        return Ok(true);
                    }
                }
            }
        }
    }

    /// Leaves of the row of an input, which no other has, what lives; cells may be left to be decoded later.
    #[inline]
    fn only(&mut self, i: usize) -> Result<bool> {
        let input = &mut self.inputs[i];
        if input.row.undecoded.is_some() && !self.reconciler.lives_without_cells(&input.row, self.active) {
            input.complete(&self.wanted, true)?;
        }
        Ok(self.reconciler.only(&mut input.row, self.active))
    }

    /// Completes the row that was given last, of which so far only what tells whether it is wanted had to be there.
    pub fn complete_row(&mut self) -> Result<()> {
        let Some(i) = self.given.filter(|_| self.at == Reading::Row) else { return Ok(()) };
        let input = &mut self.inputs[i];
        if input.row.undecoded.is_some() {
            input.complete(&self.wanted, false)?;
            // It lives by its liveness: what was taken away before can't come back.
            self.reconciler.only(&mut input.row, self.active);
        }
        Ok(())
    }

    fn next_of_many(&mut self) -> Result<bool> {
        // The input whose row was given is pulled only now: the caller had the row until here.
        if let Some(given) = self.given.take() {
            self.pull(given)?;
        }
        loop {
            if self.ended || !self.next_group() {
                return Ok(false);
            }
            let first = self.group[0];
            if self.is_past(first) {
                self.ended = true;
                return Ok(false);
            }
            if self.inputs[first].at == Unfiltered::Marker {
                for at in 0..self.group.len() {
                    let i = self.group[at];
                    self.inputs[i].open = self.inputs[i].marker.start;
                    self.pull(i)?;
                }
                self.update_active();
                continue;
            }
            if self.group.len() == 1 {
                if self.only(first)? {
                    self.given = Some(first);
                    return Ok(true);
                }
                self.pull(first)?;
                continue;
            }
            for &i in &self.group {
                self.inputs[i].complete(&self.wanted, true)?;
            }
            let (inputs, group) = (&self.inputs, &self.group);
            let row = |i: usize| &inputs[group[i]].row;
            let live = self.reconciler.merge(group.len(), row, false, self.active, &mut self.row);
            for at in 0..self.group.len() {
                self.pull(self.group[at])?;
            }
            if live {
                return Ok(true);
            }
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
        // Values that compare equal may differ in their bytes (decimals 1.0 and 1.00): always the same stream's are shown.
        self.group.sort_unstable();
        true
    }

    /// Passes over the rows up to and with the given one, and leaves the first behind it to be read.
    fn skip_to(&mut self, row: &Clustering) -> Result<()> {
        let target = row.place();
        if let [only] = self.current[..] {
            let input = &mut self.inputs[only];
            while input.pull(&self.wanted)? {
                if input.at == Unfiltered::Marker {
                    input.open = input.marker.start;
                } else if let ordering @ (Ordering::Equal | Ordering::Greater) =
                    self.order.compare(Place::of_row(&input.row), target)
                {
                    self.pending = ordering.is_gt();
                    break;
                }
            }
            self.pending |= input.at == Unfiltered::End;
            self.update_active();
            return Ok(());
        }
        loop {
            let Some(next) = self.rows.peek() else { return Ok(()) };
            if self.order.compare(self.inputs[next].place(), target).is_gt() {
                return Ok(());
            }
            self.next_group();
            for at in 0..self.group.len() {
                let i = self.group[at];
                if self.inputs[i].at == Unfiltered::Marker {
                    self.inputs[i].open = self.inputs[i].marker.start;
                }
                self.pull(i)?;
            }
            self.update_active();
        }
    }

    /// Where reading stands.
    pub fn position(&self) -> Position {
        let at = match self.at {
            Reading::Row => At::Row(Clustering::of(self.given_row())),
            Reading::End => At::End,
            Reading::Nothing => return self.beginning.clone(),
            Reading::Start => At::Start,
        };
        Position { key: self.key.clone(), at }
    }
}
