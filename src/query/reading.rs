//! Goes through the rows that a query has to look at.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::expr::Current;
use super::prepare::Query;
use crate::cql::{DecoratedKey, Token};
use crate::error::Result;
use crate::merge::{LiveRows, Wanted};
use crate::rows::Slice;
use crate::table::View;

/// Where a query reads, and how far it is.
pub(super) struct Reading {
    view: Arc<View>,
    pub(super) now: i64,
    source: Source,
    /// Whether a partition is entered and not done.
    in_partition: bool,
    rows_in_partition: u64,
    /// Results of the partition at hand.
    pub(super) partition_count: u64,
    /// Where it is told how far the reading is.
    pub(super) watched: Option<Arc<AtomicU64>>,
}

pub(super) enum Source {
    Keys(Box<Lookups>),
    Range(Box<LiveRows>),
}

/// Partitions that are looked up one behind the other, and the slices of each.
pub(super) struct Lookups {
    keys: VecDeque<Vec<u8>>,
    slices: Vec<Slice>,
    /// Of the key at hand: the next slice.
    next: usize,
    key: Option<DecoratedKey>,
    wanted: Wanted,
    rows: Option<LiveRows>,
}

impl Lookups {
    pub(super) fn new(keys: Vec<Vec<u8>>, slices: Vec<Slice>, wanted: Wanted) -> Self {
        Lookups { keys: keys.into(), slices, next: 0, key: None, wanted, rows: None }
    }

    /// Goes to the next slice that there may be rows of; tells whether it is of the same partition as before.
    fn advance(&mut self, view: &View, now: i64) -> Result<Option<bool>> {
        self.rows = None;
        let mut same = true;
        loop {
            let Some(key) = self.key.as_ref().filter(|_| self.next < self.slices.len()) else {
                let Some(key) = self.keys.pop_front() else { return Ok(None) };
                self.key = Some(view.key_order().decorate(&key));
                (self.next, same) = (0, false);
                continue;
            };
            self.wanted.slice = self.slices[self.next].clone();
            self.next += 1;
            if let Some(rows) = view.slice(key, &self.wanted, now)? {
                self.rows = Some(rows);
                return Ok(Some(same));
            }
        }
    }
}

impl Reading {
    pub(super) fn new(view: Arc<View>, now: i64, source: Source) -> Self {
        Reading { view, now, source, in_partition: false, rows_in_partition: 0, partition_count: 0, watched: None }
    }

    /// Moves to the next row, over partitions, and calls `each` if the row is accepted; `false` behind the last.
    pub(super) fn advance(&mut self, query: &Query, each: impl FnOnce(&Current<'_>) -> Result<()>) -> Result<bool> {
        if !self.in_partition {
            let Some(same) = self.next_partition()? else { return Ok(false) };
            self.in_partition = true;
            self.rows_in_partition = 0;
            if !same {
                self.partition_count = 0;
            }
        }
        let now = self.now;
        let first = self.rows_in_partition == 0;
        self.rows_in_partition += 1;
        let Some(live) = self.live_mut() else {
            self.in_partition = false;
            return Ok(true);
        };
        if query.distinct {
            self.in_partition = false;
            return self.distinct(query, each);
        }
        // The row is lent by the reader, beside whose key and static row it is looked at.
        let found = live.next_live()?;
        if !found {
            self.in_partition = false;
            let Some(live) = self.live() else { return Ok(true) };
            if first && query.shows_static_rows && !live.static_row().is_empty() {
                let current = query.current(live, None, now);
                if query.accepts(&current)? {
                    each(&current)?;
                }
            }
            return Ok(true);
        }
        if let Some(live) = self.live_mut()
            && query.accepts(&query.current(live, live.row(), now))?
        {
            live.complete_row()?;
            each(&query.current(live, live.row(), now))?;
        }
        Ok(true)
    }

    fn distinct(&mut self, query: &Query, each: impl FnOnce(&Current<'_>) -> Result<()>) -> Result<bool> {
        let now = self.now;
        let Some(live) = self.live_mut() else { return Ok(true) };
        if live.partition_is_live()? {
            let current = query.current(live, None, now);
            if query.accepts(&current)? {
                each(&current)?;
            }
        }
        Ok(true)
    }

    fn live(&self) -> Option<&LiveRows> {
        match &self.source {
            Source::Keys(lookups) => lookups.rows.as_ref(),
            Source::Range(rows) => Some(rows),
        }
    }

    fn live_mut(&mut self) -> Option<&mut LiveRows> {
        match &mut self.source {
            Source::Keys(lookups) => lookups.rows.as_mut(),
            Source::Range(rows) => Some(rows),
        }
    }

    /// Passes over what is left of the partition.
    pub(super) fn leave_partition(&mut self) {
        self.in_partition = false;
        if let Source::Keys(lookups) = &mut self.source {
            lookups.next = lookups.slices.len();
        }
    }

    /// Goes on to the next partition, or another slice of the same (`true`); `None` behind the last.
    fn next_partition(&mut self) -> Result<Option<bool>> {
        match &mut self.source {
            Source::Range(rows) => {
                let more = rows.next_partition()?;
                if let (true, Some(part), Token::Murmur3(token)) = (more, &self.watched, &rows.key().token) {
                    // Tokens are spread evenly.
                    part.store(token.wrapping_sub(i64::MIN) as u64, Relaxed);
                }
                Ok(more.then_some(false))
            }
            Source::Keys(lookups) => lookups.advance(&self.view, self.now),
        }
    }
}
