//! Data.db from its first partition to its last, side by side with the index. Behind a fault it goes on at the next
//! partition that the index knows.

use std::sync::Arc;

use super::blocks::BlockCheck;
use super::entries::Entries;
use super::partition::PartitionCheck;
use super::{Fault, Findings, Subject, Verified, stats};
use crate::cql::{DecoratedKey, Token, validate};
use crate::error::{Error, Result};
use crate::rows::DeletionTime;
use crate::sstable::data::{Decoder, Layout};
use crate::sstable::descriptor::Component;
use crate::sstable::filter::BloomFilter;
use crate::sstable::index::IndexEntry;

/// A larger filter is not made again: memory has a bound.
const LARGEST_REBUILT: usize = 16 << 20;

pub(super) fn check(findings: &mut Findings<'_>, subject: &Subject<'_>, verified: &mut Verified) {
    let mut entries = Entries::open(findings, subject);
    if subject.options.quick {
        while entries.advance(findings) {
            verified.partitions += 1;
            findings.watch.partition(&entries.entry.key, entries.entry.position);
            let token = subject.order.token(&entries.entry.key);
            check_key(findings, subject, &entries.entry.key, token);
        }
        return;
    }
    let layout = match Layout::new(&subject.statistics.header, &subject.table, subject.version) {
        Ok(layout) => Arc::new(layout),
        Err(e) => return findings.error(Component::Statistics, &e),
    };
    let none = || DecoratedKey { token: Token::Key, key: Vec::new() };
    let mut walk = Walk {
        subject,
        decoder: Decoder::new(subject.data.clone(), layout),
        has_entry: entries.advance(findings),
        entries,
        partition: PartitionCheck::new(subject),
        key: none(),
        has_key: false,
        previous: none(),
        has_previous: false,
        found: IndexEntry::default(),
        filter: subject.filter.as_ref().filter(|filter| filter.size() <= LARGEST_REBUILT).map(BloomFilter::emptied),
        lost: None,
        complete: true,
    };
    walk.run(findings, verified);
    let Walk { partition, complete, previous, filter, .. } = walk;
    if complete {
        if let (Some(own), Some(real)) = (&subject.filter, &filter)
            && !own.is_same(real)
        {
            findings.fault(Component::Filter, None, "it is not the filter of the keys in the data");
        }
        let collected = partition.finish(&previous.key);
        verified.rows = collected.stats.total_rows.max(0) as u64;
        stats::check(findings, subject, &collected);
    }
}

/// What can be said of a key by itself.
fn check_key(findings: &mut Findings<'_>, subject: &Subject<'_>, key: &[u8], token: Token) {
    let fault =
        |component, reason: String| Fault { component, offset: None, position: None, key: Some(key.to_vec()), reason };
    if subject.filter.as_ref().is_some_and(|filter| !filter.may_contain(key)) {
        findings.add(fault(Component::Filter, "the filter does not have the key: lookups don't find it".to_owned()));
    }
    if !subject.is_in_ranges(token) {
        let reason = format!("the token {token} is outside of the ranges that were given");
        findings.add(fault(Component::Data, reason));
    }
}

struct Walk<'a> {
    subject: &'a Subject<'a>,
    decoder: Decoder,
    entries: Entries<'a>,
    /// There is a next entry.
    has_entry: bool,
    partition: PartitionCheck<'a>,
    key: DecoratedKey,
    /// The key of the partition has been read.
    has_key: bool,
    previous: DecoratedKey,
    has_previous: bool,
    /// Memory for lookups.
    found: IndexEntry,
    /// Made again of the keys that are found.
    filter: Option<BloomFilter>,
    lost: Option<Lost>,
    /// Each partition has been read.
    complete: bool,
}

/// Partitions that one error keeps from being read.
struct Lost {
    error: Error,
    /// Of the first.
    position: u64,
    key: Option<Vec<u8>>,
    others: u64,
}

impl Walk<'_> {
    fn run(&mut self, findings: &mut Findings<'_>, verified: &mut Verified) {
        let length = self.subject.data.len();
        let mut position = 0;
        if length == 0 {
            findings.fault(Component::Data, None, "is empty");
        }
        while position < length {
            self.has_key = false;
            match self.partition(findings, position) {
                Ok(end) => {
                    verified.partitions += 1;
                    position = end;
                }
                Err(e) => {
                    self.complete = false;
                    let error = self.decoder.locate(e);
                    self.lose(findings, position, error);
                    while self.has_entry && self.entries.entry.position <= position {
                        self.has_entry = self.entries.advance(findings);
                    }
                    if !self.has_entry {
                        break;
                    }
                    position = self.entries.entry.position;
                }
            }
            if verified.partitions.is_multiple_of(256) {
                findings.watch.progress(0.5 + 0.5 * position as f64 / length as f64);
            }
        }
        self.tell_lost(findings);
        while self.has_entry {
            self.no_partition(findings);
        }
    }

    /// Checks the partition at `position`; returns where it ends.
    fn partition(&mut self, findings: &mut Findings<'_>, position: u64) -> Result<u64> {
        self.decoder.seek(position)?;
        let deletion = self.decoder.partition(&mut self.key.key, self.partition.static_row())?;
        self.has_key = true;
        findings.watch.partition(&self.key.key, position);
        self.key.token = self.subject.order.token(&self.key.key);
        self.check_key(findings, position);
        let head = self.decoder.position() - position;
        let blocks = self.meet_entry(findings, position, head, &deletion);
        self.has_previous = true;
        let end = self.partition.check(findings, &mut self.decoder, &self.key.key, position, &deletion, blocks);
        // The next key is compared with this one.
        std::mem::swap(&mut self.key, &mut self.previous);
        end
    }

    fn check_key(&mut self, findings: &mut Findings<'_>, position: u64) {
        let subject = self.subject;
        if self.has_previous && subject.order.compare(&self.previous, &self.key).is_ge() {
            findings.add(subject.at(position, &self.key.key, "the key is not behind that of the partition before"));
        }
        let ty = &subject.statistics.header.key_type;
        // The table of an index of a collection's elements has the collection's type and the elements as keys.
        if let Some(Err(e)) = (!ty.is_multi_cell()).then(|| validate(ty, &self.key.key)) {
            findings.add(subject.at(position, &self.key.key, format!("the key is not of its type: {}", e.message())));
        }
        check_key(findings, subject, &self.key.key, self.key.token);
        if let Some(filter) = &mut self.filter {
            filter.add(&self.key.key);
        }
        let Some(trie) = self.entries.trie() else { return };
        let reason = match trie.lookup(&self.key, &mut self.found) {
            Ok(true) if self.found.position == position => return,
            Ok(true) => format!("a lookup of the key leads to byte {} of the data", self.found.position),
            Ok(false) => "a lookup does not find the key".to_owned(),
            Err(e) => format!("a lookup of the key fails: {}", e.message()),
        };
        let key = Some(self.key.key.clone());
        findings.add(Fault { component: Component::Partitions, offset: None, position: Some(position), key, reason });
    }

    /// Compares with the index; returns the blocks of the partition, where it has any.
    fn meet_entry(
        &mut self,
        findings: &mut Findings<'_>,
        position: u64,
        head: u64,
        deletion: &DeletionTime,
    ) -> Option<BlockCheck> {
        while self.has_entry && self.entries.entry.position < position {
            self.no_partition(findings);
        }
        let component = self.entries.component();
        let fault = |offset, reason: &str| Fault {
            component,
            offset,
            position: Some(position),
            key: Some(self.key.key.clone()),
            reason: reason.to_owned(),
        };
        if !self.has_entry || self.entries.entry.position > position {
            // Where entries can't be read it has been said.
            if self.entries.complete {
                findings.add(fault(None, "the partition is not in the index"));
            }
            return None;
        }
        let entry = &self.entries.entry;
        if entry.key != self.key.key {
            findings.add(fault(self.entries.at, "the index has another key for this partition"));
        }
        match entry.deletion {
            Some(own) if own == *deletion => {}
            Some(_) => findings.add(fault(self.entries.at, "the index has another deletion for this partition")),
            // Index.db has it for partitions of several blocks only.
            None if entry.row_index.is_some() || component == Component::Partitions => {
                findings
                    .add(Fault { component: Component::Rows, ..fault(None, "the entry is cut short in its deletion") });
            }
            None => {}
        }
        let blocks = BlockCheck::open(findings, self.subject, &self.entries, &self.key.key, position, head);
        self.has_entry = self.entries.advance(findings);
        blocks
    }

    /// The entry leads to no partition.
    fn no_partition(&mut self, findings: &mut Findings<'_>) {
        // Unless it is inside one that can't be read.
        let reason = "leads to a place in the data where no partition begins";
        findings.add(Fault {
            component: self.entries.component(),
            offset: self.entries.at,
            position: Some(self.entries.entry.position),
            key: Some(self.entries.entry.key.clone()),
            reason: reason.to_owned(),
        });
        self.has_entry = self.entries.advance(findings);
    }

    fn lose(&mut self, findings: &mut Findings<'_>, position: u64, error: Error) {
        if let Some(lost) = &mut self.lost
            && lost.error.offset() == error.offset()
            && lost.error.message() == error.message()
        {
            lost.others += 1;
            return;
        }
        self.tell_lost(findings);
        let entry = Some(&self.entries.entry).filter(|entry| self.has_entry && entry.position == position);
        // Its key was swapped away when its rows were read.
        let own = self.has_key.then(|| self.previous.key.clone());
        self.lost = Some(Lost { error, position, key: own.or(entry.map(|e| e.key.clone())), others: 0 });
    }

    fn tell_lost(&mut self, findings: &mut Findings<'_>) {
        let Some(Lost { error, position, key, others }) = self.lost.take() else { return };
        let what = match others {
            0 => "the partition can't be read to its end".to_owned(),
            n => format!("the partition and {n} behind it can't be read"),
        };
        let of_file = error.offset().filter(|at| self.subject.bad_chunks.contains(at));
        let mut fault = self.subject.at(error.offset().unwrap_or(position), &[], "");
        if of_file.is_some() {
            (fault.offset, fault.position) = (of_file, Some(position));
        }
        fault.key = key;
        fault.reason = format!("{}: {what}", error.message());
        findings.add(fault);
    }
}

impl Subject<'_> {
    /// A fault in the data, at a position of the uncompressed bytes.
    pub(super) fn at(&self, position: u64, key: &[u8], reason: impl Into<String>) -> Fault {
        let is_plain = self.data.compression().is_none();
        Fault {
            component: Component::Data,
            offset: is_plain.then_some(position),
            position: (!is_plain).then_some(position),
            key: Some(key.to_vec()),
            reason: reason.into(),
        }
    }
}
