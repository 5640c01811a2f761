//! The row index of a partition against its rows: each block begins with a row or marker, is found by what is in it, and
//! knows which range tombstone is open where it begins.

use super::entries::Entries;
use super::{Fault, Findings, Subject};
use crate::error::{Error, Result};
use crate::rows::DeletionTime;
use crate::sstable::descriptor::Component;
use crate::sstable::index::{Edge, RowBlock, RowIndex};
use crate::sstable::prefix::{Bound, ClusteringPrefix, PrefixBuffer};

/// Meets the blocks of a partition in their order.
pub(super) struct BlockCheck {
    component: Component,
    /// Of the entry in Index.db.
    offset: Option<u64>,
    position: u64,
    key: Vec<u8>,
    /// `None` behind a fault.
    rows: Option<RowIndex>,
    /// The same, for lookups.
    lookups: RowIndex,
    /// How many it should have, and how many have begun.
    count: u32,
    begun: u32,
    /// Where the block begins that the rows are in, and the next.
    current: Option<u64>,
    next: Option<RowBlock>,
    first: PrefixBuffer,
    last: PrefixBuffer,
}

impl BlockCheck {
    /// `head`: bytes of the partition before its rows. `None` where it has no row index, or none that can be read.
    pub(super) fn open(
        findings: &mut Findings<'_>,
        subject: &Subject<'_>,
        entries: &Entries<'_>,
        key: &[u8],
        position: u64,
        head: u64,
    ) -> Option<BlockCheck> {
        let component = if subject.version.is_bti() { Component::Rows } else { Component::Index };
        let handle = entries.entry.row_index?;
        let opened = || -> Result<(RowIndex, RowIndex, Option<RowBlock>)> {
            let missing = || Error::corrupt("the row index can't be opened");
            let (mut rows, lookups) = (entries.rows().ok_or_else(missing)??, entries.rows().ok_or_else(missing)??);
            let next = rows.next_block()?;
            Ok((rows, lookups, next))
        };
        let fault = |offset, reason: String| Fault {
            component,
            offset,
            position: Some(position),
            key: Some(key.to_vec()),
            reason,
        };
        let (rows, lookups, next) = match opened() {
            Ok(opened) => opened,
            Err(e) => {
                findings.add(fault(e.offset(), e.message().to_owned()));
                return None;
            }
        };
        if let Some(own) = entries.head().filter(|own| *own != head) {
            let reason = format!("the head of the partition has {head} bytes, not {own}");
            findings.add(fault(entries.at, reason));
        }
        Some(BlockCheck {
            component,
            offset: entries.at,
            position,
            key: key.to_vec(),
            rows: Some(rows),
            lookups,
            count: handle.blocks(),
            begun: 0,
            current: None,
            next,
            first: PrefixBuffer::default(),
            last: PrefixBuffer::default(),
        })
    }

    /// A row or marker at `at` of the partition, before which `open` is open.
    pub(super) fn unfiltered(
        &mut self,
        findings: &mut Findings<'_>,
        at: u64,
        prefix: &ClusteringPrefix<'_>,
        open: &DeletionTime,
    ) {
        if self.current.is_none() && self.next.is_none_or(|next| next.offset != at) {
            self.fault(findings, format!("the first row is at byte {at} of the partition and no block begins there"));
            self.current = Some(at);
        }
        while let Some(next) = self.next.filter(|next| next.offset <= at) {
            self.finish_block(findings, next.offset, false, open);
            if next.offset < at {
                self.fault(findings, format!("a block begins at byte {} of the partition, and no row", next.offset));
            }
            let open = Some(*open).filter(|open| !open.is_live());
            if next.open_marker != open {
                let reason =
                    format!("the block at byte {} has another range tombstone open than the rows", next.offset);
                self.fault(findings, reason);
            }
            self.current = Some(next.offset);
            self.begun += 1;
            self.first.set(prefix);
            self.check_lookup(findings, next.offset, true);
            self.advance(findings);
        }
        self.last.set(prefix);
    }

    /// The rows end at `at`.
    pub(super) fn end(mut self, findings: &mut Findings<'_>, at: u64) {
        self.finish_block(findings, at, true, &DeletionTime::LIVE);
        if let Some(next) = self.next {
            self.fault(findings, format!("a block begins at byte {} of the partition, behind its rows", next.offset));
        } else if self.begun != self.count && self.rows.is_some() {
            self.fault(findings, format!("the row index has {} blocks and should have {}", self.begun, self.count));
        }
        let own = self.rows.as_ref().and_then(RowIndex::end);
        if own.is_some_and(|own| own != at) {
            self.fault(findings, format!("the rows end at byte {at} of the partition, not where the row index says"));
        }
    }

    /// The block ends at `end`, where `open` is open; `is_last`: of the partition.
    fn finish_block(&mut self, findings: &mut Findings<'_>, end: u64, is_last: bool, open: &DeletionTime) {
        let Some(start) = self.current else { return };
        self.check_lookup(findings, start, false);
        let Some(i) = self.begun.checked_sub(1) else { return };
        let edges = self.rows.as_mut().and_then(|rows| rows.edges(i).transpose());
        let edges = match edges {
            Some(Ok(edges)) => edges,
            Some(Err(e)) => return self.error(findings, &e),
            None => return,
        };
        let (first, last) = (Edge::of(&self.first.get()), Edge::of(&self.last.get()));
        if edges.first != first || edges.last != last {
            self.fault(findings, format!("block {i} begins or ends with another clustering than its rows"));
        }
        // A last block that was not full has the mark of the partition's end, too.
        let width = end.saturating_sub(start) as i64;
        if edges.width != width && !(is_last && edges.width == width + 1) {
            self.fault(findings, format!("block {i} has {width} bytes, not {}", edges.width));
        }
        let open = Some(*open).filter(|open| !open.is_live());
        if edges.end_open_marker != open {
            self.fault(findings, format!("block {i} has another range tombstone open at its end than the rows"));
        }
    }

    /// What is at the beginning or the end of a block has to be looked for there.
    fn check_lookup(&mut self, findings: &mut Findings<'_>, block: u64, first: bool) {
        let prefix = if first { self.first.get() } else { self.last.get() };
        let edge = Edge::of(&prefix);
        let values: Vec<Option<&[u8]>> = edge.values.iter().map(Option::as_deref).collect();
        let side = edge.kind.map_or(0, |kind| if kind.before_rows() { -1 } else { 1 });
        match self.lookups.block_at_or_before(&Bound { values: &values, side }) {
            Ok(Some(found)) if found.offset == block => {}
            Ok(_) => {
                let what = if first { "first" } else { "last" };
                self.fault(findings, format!("a lookup of the {what} row of the block at byte {block} goes elsewhere"));
            }
            Err(e) => self.error(findings, &e),
        }
    }

    fn advance(&mut self, findings: &mut Findings<'_>) {
        let next = self.rows.as_mut().map_or(Ok(None), RowIndex::next_block);
        let before = self.current.unwrap_or(0);
        self.next = match next {
            Ok(Some(next)) if next.offset <= before => {
                self.fault(findings, "the blocks are not in order");
                self.rows = None;
                None
            }
            Ok(next) => next,
            Err(e) => {
                self.error(findings, &e);
                self.rows = None;
                None
            }
        };
    }

    fn error(&self, findings: &mut Findings<'_>, error: &Error) {
        let offset = error.offset().or(self.offset);
        findings.add(Fault { offset, ..self.make(error.message()) });
    }

    fn fault(&self, findings: &mut Findings<'_>, reason: impl Into<String>) {
        findings.add(self.make(reason));
    }

    fn make(&self, reason: impl Into<String>) -> Fault {
        Fault {
            component: self.component,
            offset: self.offset,
            position: Some(self.position),
            key: Some(self.key.clone()),
            reason: reason.into(),
        }
    }
}
