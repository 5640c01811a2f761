//! One partition: rows and markers in the order of clusterings, ranges that begin and end, values of their types.

use super::blocks::BlockCheck;
use super::values::Values;
use super::{Findings, Subject};
use crate::cql::Type;
use crate::error::Result;
use crate::rows::{ClusteringOrder, DeletionTime, Marker, Row, Unfiltered};
use crate::sstable::data::Decoder;
use crate::sstable::prefix::{ClusteringPrefix, PrefixBuffer};
use crate::sstable::statistics::{Collected, Collector};

/// Checks one partition after the other, in memory that is used again.
pub(super) struct PartitionCheck<'a> {
    subject: &'a Subject<'a>,
    order: ClusteringOrder,
    /// The order of a class that is not known is not checked: that of the tables of secondary indexes is one.
    has_order: bool,
    values: Values<'a>,
    collector: Collector,
    static_row: Row,
    row: Row,
    marker: Marker,
    last: PrefixBuffer,
}

impl<'a> PartitionCheck<'a> {
    pub(super) fn new(subject: &'a Subject<'a>) -> PartitionCheck<'a> {
        let order = ClusteringOrder::new(&subject.table.clustering);
        PartitionCheck {
            subject,
            values: Values::new(&subject.table),
            collector: Collector::new(order.clone(), subject.version),
            order,
            has_order: has_order(subject.clustering.types()),
            static_row: Row::default(),
            row: Row::default(),
            marker: Marker::default(),
            last: PrefixBuffer::default(),
        }
    }

    /// To be read with the partition's head.
    pub(super) fn static_row(&mut self) -> &mut Row {
        &mut self.static_row
    }

    pub(super) fn finish(self, last_key: &[u8]) -> Collected {
        self.collector.finish(None, last_key)
    }

    /// Reads what stands behind the head of the partition that begins at `start`; returns where it ends.
    pub(super) fn check(
        &mut self,
        findings: &mut Findings<'_>,
        decoder: &mut Decoder,
        key: &[u8],
        start: u64,
        deletion: &DeletionTime,
        mut blocks: Option<BlockCheck>,
    ) -> Result<u64> {
        let subject = self.subject;
        self.collector.begin_partition(deletion);
        if !self.static_row.is_empty() {
            if let Some(reason) = self.values.check_row(&self.static_row, true) {
                findings.add(subject.at(start, key, format!("the static row: {reason}")));
            }
            self.collector.static_row(&self.static_row);
        }
        let mut open = DeletionTime::LIVE;
        let mut first = true;
        loop {
            let at = decoder.position();
            let found = decoder.next(&mut self.row, &mut self.marker)?;
            let prefix: ClusteringPrefix<'_> = match found {
                Unfiltered::Row => (&self.row).into(),
                Unfiltered::Marker => (&self.marker).into(),
                Unfiltered::End => {
                    if let Some(blocks) = blocks {
                        blocks.end(findings, at - start);
                    }
                    break;
                }
            };
            let in_order =
                first || !self.has_order || self.order.compare(self.last.get().place(), prefix.place()).is_lt();
            first = false;
            if !in_order {
                findings.add(subject.at(at, key, "a row or range tombstone that is not behind the one before"));
            }
            if let Some(blocks) = &mut blocks {
                blocks.unfiltered(findings, at - start, &prefix, &open);
            }
            self.last.set(&prefix);
            if let Some(reason) = self.values.check_clustering(&prefix) {
                findings.add(subject.at(at, key, reason));
            }
            match found {
                Unfiltered::Row => {
                    if let Some(reason) = self.values.check_row(&self.row, false) {
                        findings.add(subject.at(at, key, reason));
                    }
                    self.collector.row(&self.row);
                }
                _ => {
                    if let Some(reason) = wrong_marker(&self.marker, &open) {
                        findings.add(subject.at(at, key, reason));
                    }
                    open = if self.marker.kind.opens() { self.marker.start } else { DeletionTime::LIVE };
                    self.collector.marker(&self.marker);
                }
            }
        }
        let end = decoder.position();
        if !open.is_live() {
            findings.add(subject.at(end, key, "a range tombstone does not end within its partition"));
        }
        self.collector.end_partition(key, end - start);
        Ok(end)
    }
}

fn has_order(types: &[(Type, bool)]) -> bool {
    !types.iter().any(|(ty, _)| matches!(ty, Type::Custom(_)))
}

/// What is wrong with a marker, where `open` is open before it.
fn wrong_marker(marker: &Marker, open: &DeletionTime) -> Option<&'static str> {
    match (marker.kind.closes(), open.is_live()) {
        (true, true) => Some("a range tombstone ends that did not begin"),
        (true, false) if marker.end != *open => Some("a range tombstone ends with another deletion than it began with"),
        (false, false) => Some("a range tombstone begins inside of another"),
        _ => None,
    }
}
