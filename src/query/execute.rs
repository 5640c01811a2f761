//! Runs a query on a view, row by row.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::aggregate::State;
use super::expr::{Current, Expr};
use super::plan::{self, Access};
use super::prepare::Query;
use super::reading::{Lookups, Reading, Source};
use crate::cql::{Comparator, DecoratedKey, Token};
use crate::error::Result;
use crate::merge::{LiveRows, Wanted};
use crate::rows::{Row, Slice};
use crate::table::{ScanRange, TokenSlices, View};

/// The values of a row, one a column of the result.
pub type ResultRow = Vec<Option<Vec<u8>>>;

/// A stream of result rows.
pub struct ResultRows {
    query: Arc<Query>,
    reading: Reading,
    /// Results so far.
    count: u64,
    group: Option<Group>,
    sorted: Option<std::vec::IntoIter<ResultRow>>,
    done: bool,
}

/// The group at hand: its first row and what the aggregates have seen.
struct Group {
    key: Vec<Option<Vec<u8>>>,
    first: Option<First>,
    states: Vec<State>,
}

impl Group {
    fn is_of(&self, key: &DecoratedKey) -> bool {
        self.first.as_ref().is_some_and(|first| first.key == *key)
    }
}

struct First {
    key: DecoratedKey,
    static_row: Row,
    row: Option<Row>,
}

impl Query {
    /// Starts reading as of `now`, seconds since the epoch: what has expired or was deleted then is not there. `view` is one of
    /// the table that the query is bound to.
    pub fn run(self: &Arc<Self>, view: &Arc<View>, now: i64) -> Result<ResultRows> {
        self.run_within(view, None, now)
    }

    /// Cuts the answer into answers of some tokens each, to be made by several at once: one behind the other they are the
    /// answer. `None` where it has to be made as a whole.
    pub fn slices(&self, view: &View, slice_data: u64) -> Result<Option<TokenSlices>> {
        if self.has_groups() || !self.sort_by.is_empty() || self.limit != u64::MAX {
            return Ok(None);
        }
        let plan = plan::plan(&self.table, &self.conditions)?;
        let whole = matches!(plan.access, Access::Range(ScanRange { start: Bound::Unbounded, end: Bound::Unbounded }));
        let data = view.sstables().iter().map(|s| s.data().len()).sum();
        let slices = TokenSlices::new(view.key_order(), data, slice_data);
        Ok((whole && slices.count() > 1).then_some(slices))
    }

    /// The answer of one of the [`slices`](Self::slices).
    pub fn run_slice(self: &Arc<Self>, view: &Arc<View>, slice: &ScanRange, now: i64) -> Result<ResultRows> {
        self.run_within(view, Some(slice), now)
    }

    fn run_within(self: &Arc<Self>, view: &Arc<View>, slice: Option<&ScanRange>, now: i64) -> Result<ResultRows> {
        let mut plan = plan::plan(&self.table, &self.conditions)?;
        let reversed = self.reversed && !self.distinct;
        if reversed {
            plan.slices.reverse();
        }
        let names = self.asked.names.clone().filter(|_| plan.single_rows && !self.distinct);
        let mut wanted =
            Wanted { slice: Slice::default(), reversed, queried: self.asked.queried.clone(), names, depth: self.depth };
        let lookups = |keys: Vec<Vec<u8>>, slices, wanted| Source::Keys(Box::new(Lookups::new(keys, slices, wanted)));
        let source = match plan.access {
            _ if plan.slices.is_empty() => lookups(Vec::new(), Vec::new(), wanted),
            Access::Keys(keys) => lookups(keys, plan.slices, wanted),
            Access::Range(range) => {
                let mut rows = view.rows(slice.unwrap_or(&range), now)?;
                // From the first to the last: all partitions are gone through once.
                wanted.slice.start = plan.slices.first().and_then(|slice| slice.start.clone());
                wanted.slice.end = plan.slices.last().and_then(|slice| slice.end.clone());
                rows.want(wanted, false);
                Source::Range(Box::new(rows))
            }
        };
        Ok(ResultRows {
            query: self.clone(),
            reading: Reading::new(view.clone(), now, source),
            count: 0,
            group: None,
            sorted: None,
            done: false,
        })
    }

    fn has_groups(&self) -> bool {
        !self.group_by.is_empty() || !self.aggregates.is_empty()
    }

    pub(super) fn current<'a>(&self, rows: &'a LiveRows, row: Option<&'a Row>, now: i64) -> Current<'a> {
        let key_columns = self.table.partition_key.len();
        Current {
            key: rows.key(),
            key_columns,
            static_row: rows.static_row(),
            row,
            now,
            aggregates: &[],
            texts: self.texts.0,
        }
    }

    pub(super) fn accepts(&self, current: &Current<'_>) -> Result<bool> {
        for condition in &self.conditions {
            if !condition.accepts(current)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    fn values(&self, current: &Current<'_>) -> Result<ResultRow> {
        evaluate(&self.selected, current)
    }
}

fn evaluate(exprs: &[Expr], current: &Current<'_>) -> Result<ResultRow> {
    exprs.iter().map(|e| Ok(e.eval(current)?.map(|v| v.into_owned()))).collect()
}

impl ResultRows {
    /// Has `part` set to how far the reading is, of `u64::MAX`, at each partition: a single row may need all of them. It
    /// stays as it is where that is not known.
    pub fn watch(&mut self, part: Arc<AtomicU64>) {
        self.reading.watched = Some(part);
    }

    /// The next row of the result, `None` behind the last: a value a column, as serialized for the column's type, `None` for
    /// null. Damage is [`Kind::Corrupt`](crate::Kind::Corrupt); what a function or cast can't do with a value is
    /// [`Kind::Invalid`](crate::Kind::Invalid).
    pub fn next_row(&mut self) -> Result<Option<ResultRow>> {
        if !self.query.sort_by.is_empty() {
            return self.next_sorted();
        }
        if self.count >= self.query.limit {
            return Ok(None);
        }
        let row = self.next_unsorted()?;
        self.count += u64::from(row.is_some());
        Ok(row)
    }

    fn next_unsorted(&mut self) -> Result<Option<ResultRow>> {
        if self.query.has_groups() { self.next_group() } else { self.next_plain(|_, _| Ok(())) }
    }

    fn next_sorted(&mut self) -> Result<Option<ResultRow>> {
        if self.sorted.is_none() {
            let query = self.query.clone();
            let mut all: Vec<(ResultRow, ResultRow)> = Vec::new();
            if query.has_groups() {
                while let Some(row) = self.next_group()? {
                    all.push((Vec::new(), row));
                }
            } else {
                loop {
                    let mut key = Vec::new();
                    let row = self.next_plain(|query, current| {
                        for (expr, _) in &query.sort_by {
                            key.push(expr.eval(current)?.map(|v| v.into_owned()));
                        }
                        Ok(())
                    })?;
                    let Some(row) = row else { break };
                    all.push((key, row));
                }
                let orders: Vec<(Comparator, bool)> =
                    query.sort_by.iter().map(|(e, descending)| (Comparator::new(&e.ty, false), *descending)).collect();
                all.sort_by(|(a, _), (b, _)| {
                    let mut parts = a.iter().zip(b).zip(&orders);
                    parts
                        .find_map(|((a, b), (order, descending))| {
                            let (ordering, turned) = match (a, b) {
                                (Some(a), Some(b)) => (order.compare(a, b), *descending),
                                // The server turns its whole comparison where it reads backwards.
                                (a, b) => (a.is_some().cmp(&b.is_some()), query.reversed),
                            };
                            let ordering = if turned { ordering.reverse() } else { ordering };
                            ordering.is_ne().then_some(ordering)
                        })
                        .unwrap_or(Ordering::Equal)
                });
            }
            let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
            all.truncate(limit);
            self.sorted = Some(all.into_iter().map(|(_, row)| row).collect::<Vec<_>>().into_iter());
        }
        Ok(self.sorted.as_mut().and_then(Iterator::next))
    }

    /// The next row that is accepted, without groups.
    fn next_plain(&mut self, mut seen: impl FnMut(&Query, &Current<'_>) -> Result<()>) -> Result<Option<ResultRow>> {
        let ResultRows { query, reading, .. } = self;
        loop {
            if reading.partition_count >= query.per_partition_limit {
                reading.leave_partition();
            }
            let mut found = None;
            let more = reading.advance(query, |current| {
                seen(query, current)?;
                found = Some(query.values(current)?);
                Ok(())
            })?;
            if !more {
                return Ok(None);
            }
            if found.is_some() {
                reading.partition_count += 1;
                return Ok(found);
            }
        }
    }

    /// Collects rows until the next group begins, and gives the one that is complete.
    fn next_group(&mut self) -> Result<Option<ResultRow>> {
        let query = self.query.clone();
        loop {
            if self.done {
                return Ok(None);
            }
            let mut group = self.group.take();
            let mut complete = None;
            let mut began = false;
            let by_partition = !query.group_by.is_empty();
            let last = self.count.saturating_add(1) >= query.limit && query.sort_by.is_empty();
            let more = self.reading.advance(&query, |current| {
                if last && by_partition && group.as_ref().is_some_and(|g| !g.is_of(current.key)) {
                    // Nothing of another partition is looked at: the last group is complete.
                    complete = group.take();
                    return Ok(());
                }
                let key = evaluate(&query.group_by, current)?;
                if group.as_ref().is_none_or(|g| g.key != key || by_partition && !g.is_of(current.key)) {
                    complete = group.take();
                    began = true;
                    let first = First {
                        key: current.key.clone(),
                        static_row: current.static_row.clone(),
                        row: current.row.cloned(),
                    };
                    let states = vec![State::default(); query.aggregates.len()];
                    group = Some(Group { key, first: Some(first), states });
                }
                if let Some(group) = &mut group {
                    for (aggregate, state) in query.aggregates.iter().zip(&mut group.states) {
                        aggregate.add(state, current)?;
                    }
                }
                Ok(())
            })?;
            self.group = group;
            if began {
                self.reading.partition_count += 1;
            }
            if more {
                let over = self.reading.partition_count > query.per_partition_limit && !query.group_by.is_empty();
                if over && began {
                    // This group is one too many: the rest of the partition is passed over.
                    self.group = None;
                    self.reading.leave_partition();
                }
                match complete {
                    Some(group) => return self.finish(&group).map(Some),
                    None => continue,
                }
            }
            self.done = true;
            return match self.group.take() {
                Some(group) => self.finish(&group).map(Some),
                // Aggregates of no rows at all are a row, too.
                None if query.group_by.is_empty() => {
                    let states = vec![State::default(); query.aggregates.len()];
                    self.finish(&Group { key: Vec::new(), first: None, states }).map(Some)
                }
                None => Ok(None),
            };
        }
    }

    fn finish(&self, group: &Group) -> Result<ResultRow> {
        let query = &self.query;
        let results: Vec<_> =
            query.aggregates.iter().zip(&group.states).map(|(a, s)| a.result(s)).collect::<Result<_>>()?;
        let none =
            First { key: DecoratedKey { token: Token::Key, key: Vec::new() }, static_row: Row::default(), row: None };
        let first = group.first.as_ref().unwrap_or(&none);
        let current = Current {
            key: &first.key,
            key_columns: query.table.partition_key.len(),
            static_row: &first.static_row,
            row: first.row.as_ref(),
            now: self.reading.now,
            aggregates: &results,
            texts: query.texts.0,
        };
        if group.first.is_none() {
            return Ok(query.selected.iter().map(|e| e.of_nothing(&results)).collect());
        }
        query.values(&current)
    }
}
