//! The entries of the partition index in their order, each with its place; goes on behind faults where it can.

use std::sync::Arc;

use super::summary::SummaryCheck;
use super::{Findings, Subject};
use crate::cql::{DecoratedKey, Token};
use crate::sstable::big::BigIndex;
use crate::sstable::bti::BtiIndex;
use crate::sstable::descriptor::Component;
use crate::sstable::index::{IndexEntry, IndexIter, PartitionIndex, RowIndex};

pub(super) struct Entries<'a> {
    subject: &'a Subject<'a>,
    index: Option<PartitionIndex>,
    iter: Option<IndexIter>,
    summary: Option<SummaryCheck>,
    /// The next entry.
    pub(super) entry: IndexEntry,
    /// Where in Index.db it is.
    pub(super) at: Option<u64>,
    key: DecoratedKey,
    previous: DecoratedKey,
    first_key: Option<Vec<u8>>,
    has_previous: bool,
    /// No fault has hidden an entry.
    pub(super) complete: bool,
}

impl<'a> Entries<'a> {
    pub(super) fn open(findings: &mut Findings<'_>, subject: &'a Subject<'a>) -> Entries<'a> {
        let component = if subject.version.is_bti() { Component::Partitions } else { Component::Index };
        let index = open(findings, subject, component);
        let summary = match &index {
            Some(PartitionIndex::Big(_)) => SummaryCheck::open(findings, subject.min_index_interval),
            _ => None,
        };
        let iter = index.as_ref().and_then(|index| match index.iter_from(None) {
            Ok(iter) => Some(iter),
            Err(e) => {
                findings.error(component, &e);
                None
            }
        });
        let none = || DecoratedKey { token: Token::Key, key: Vec::new() };
        let complete = iter.is_some();
        Entries {
            subject,
            index,
            iter,
            summary,
            entry: IndexEntry::default(),
            at: None,
            key: none(),
            previous: none(),
            first_key: None,
            has_previous: false,
            complete,
        }
    }

    pub(super) fn component(&self) -> Component {
        if self.subject.version.is_bti() { Component::Partitions } else { Component::Index }
    }

    /// The index, where it is one that is asked for each key.
    pub(super) fn trie(&self) -> Option<&BtiIndex> {
        match &self.index {
            Some(PartitionIndex::Bti(index)) => Some(index),
            _ => None,
        }
    }

    /// Bytes of the partition before its rows, where the entry says it.
    pub(super) fn head(&self) -> Option<u64> {
        self.iter.as_ref().and_then(IndexIter::head)
    }

    /// Opens the row index of the entry.
    pub(super) fn rows(&self) -> Option<crate::Result<RowIndex>> {
        let handle = self.entry.row_index?;
        self.index.as_ref().map(|index| index.rows(handle, &self.subject.clustering))
    }

    /// Goes to the next entry that can be read; `false` behind the last.
    pub(super) fn advance(&mut self, findings: &mut Findings<'_>) -> bool {
        loop {
            let Some(iter) = &mut self.iter else { return false };
            self.at = iter.offset();
            match iter.next_entry(&mut self.entry) {
                Ok(true) => break,
                Ok(false) => {
                    self.iter = None;
                    self.finish(findings);
                    return false;
                }
                Err(e) => {
                    findings.error(self.component(), &e);
                    self.complete = false;
                    self.resume();
                }
            }
        }
        std::mem::swap(&mut self.key, &mut self.previous);
        self.key.key.clear();
        self.key.key.extend_from_slice(&self.entry.key);
        self.key.token = self.subject.order.token(&self.entry.key);
        if self.has_previous && self.subject.order.compare(&self.previous, &self.key).is_ge() {
            let reason = "the key is not behind that of the entry before";
            findings.fault(self.component(), self.at, reason);
        }
        self.has_previous = true;
        if self.first_key.is_none() {
            self.first_key = Some(self.entry.key.clone());
        }
        if let (Some(summary), Some(at)) = (&mut self.summary, self.at) {
            summary.entry(findings, at, &self.entry.key);
        }
        true
    }

    /// Behind an entry that can't be read: at the one that the summary knows next, or none.
    fn resume(&mut self) {
        let Some(iter) = &mut self.iter else { return };
        // It went on by itself, as it does where only the order is wrong.
        if iter.offset() != self.at || iter.offset().is_none() && iter.goes_on() {
            return;
        }
        let behind = match (&mut self.summary, self.at) {
            (Some(summary), Some(at)) => summary.entry_behind(at).unwrap_or(None),
            _ => None,
        };
        match behind {
            Some(offset) => iter.resume_at(offset),
            None => self.iter = None,
        }
    }

    fn finish(&mut self, findings: &mut Findings<'_>) {
        let Some(first) = self.first_key.take() else {
            findings.fault(self.component(), None, "the index is empty");
            return;
        };
        if let Some(summary) = self.summary.take() {
            summary.finish(findings, &first, &self.key.key);
        }
        if let Some(PartitionIndex::Bti(index)) = &self.index {
            let own = index.first_last();
            for (what, own, right) in [("first", own.0, &first), ("last", own.1, &self.key.key)] {
                if own != right.as_slice() {
                    let reason = format!("its {what} key is not that of its {what} entry");
                    findings.fault(Component::Partitions, None, reason);
                }
            }
        }
    }
}

fn open(findings: &mut Findings<'_>, subject: &Subject<'_>, component: Component) -> Option<PartitionIndex> {
    let path = |component| findings.descriptor.component(component);
    let (main, rows, data) = (path(component), path(Component::Rows), path(Component::Data));
    let Some(source) = findings.open(component) else {
        findings.fault(component, None, "is missing");
        return None;
    };
    let (order, version) = (subject.order.clone(), subject.version);
    if !version.is_bti() {
        return Some(PartitionIndex::Big(BigIndex::without_summary((source, main), order, version)));
    }
    let rows = findings.open(Component::Rows).map(|source| (source, rows));
    match BtiIndex::open((source, main), rows, (Arc::clone(&subject.data), data), order, version) {
        Ok(index) => Some(PartitionIndex::Bti(index)),
        Err(e) => {
            findings.error(component, &e);
            None
        }
    }
}
