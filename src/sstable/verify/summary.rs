//! Summary.db against Index.db: each sample leads to the entry of its key.

use super::Findings;
use crate::error::{Error, Result};
use crate::sstable::big::Summary;
use crate::sstable::descriptor::Component;

/// Follows the entries of the index, to meet the samples in their order.
pub(super) struct SummaryCheck {
    summary: Summary,
    next: usize,
    /// Entries so far.
    entries: u64,
    /// None of them was passed over.
    counts: bool,
    scratch: Vec<u8>,
}

impl SummaryCheck {
    /// `interval`: the table's min_index_interval, where it is known.
    pub(super) fn open(findings: &mut Findings<'_>, interval: Option<f64>) -> Option<SummaryCheck> {
        let Some(source) = findings.open(Component::Summary) else {
            findings.note("Summary.db is missing: Cassandra makes it anew, until then the index is read instead");
            return None;
        };
        match Summary::open(source, &findings.descriptor.component(Component::Summary)) {
            Ok(summary) => {
                let own = summary.min_index_interval();
                if interval.is_some_and(|interval| interval != f64::from(own)) {
                    let reason = format!("it was made for a min_index_interval of {own}, the table has another");
                    findings.fault(Component::Summary, Some(0), reason);
                }
                Some(SummaryCheck { summary, next: 0, entries: 0, counts: true, scratch: Vec::new() })
            }
            Err(e) => {
                findings.error(Component::Summary, &e);
                None
            }
        }
    }

    /// An entry of the index that is at `at` of Index.db.
    pub(super) fn entry(&mut self, findings: &mut Findings<'_>, at: u64, key: &[u8]) {
        let number = self.entries;
        self.entries += 1;
        while self.next < self.summary.len() {
            let expected = self.summary.full_interval().map(|interval| self.next as u64 * u64::from(interval));
            let wrong = match self.summary.sample(self.next, &mut self.scratch) {
                Ok((_, position)) if position > at => return,
                Ok((_, position)) if position < at => self.wrong_place(position),
                Ok((sample, _)) if sample == key => {
                    if expected.is_some_and(|expected| expected != number) && self.counts {
                        self.counts = false;
                        let wrong =
                            self.error(format!("sample {} is of entry {number}: not at its interval", self.next));
                        findings.error(Component::Summary, &wrong);
                    }
                    self.next += 1;
                    return;
                }
                Ok(_) => self.error(format!("sample {} has another key than the entry of the index", self.next)),
                Err(e) => e,
            };
            findings.error(Component::Summary, &wrong);
            self.next += 1;
        }
    }

    /// Where the sample behind `at` says that an entry is.
    pub(super) fn entry_behind(&mut self, at: u64) -> Result<Option<u64>> {
        self.counts = false;
        for i in self.next..self.summary.len() {
            let (_, position) = self.summary.sample(i, &mut self.scratch)?;
            if position > at {
                return Ok(Some(position));
            }
        }
        Ok(None)
    }

    /// Behind the last entry.
    pub(super) fn finish(mut self, findings: &mut Findings<'_>, first: &[u8], last: &[u8]) {
        while self.next < self.summary.len() {
            let wrong = match self.summary.sample(self.next, &mut self.scratch) {
                Ok((_, position)) => self.wrong_place(position),
                Err(e) => e,
            };
            findings.error(Component::Summary, &wrong);
            self.next += 1;
        }
        let interval = u64::from(self.summary.min_index_interval());
        let samples = self.entries.checked_div(interval).map(|n| n + u64::from(!self.entries.is_multiple_of(interval)));
        if self.counts && samples != Some(self.summary.samples_at_full_sampling().into()) {
            let reason = "its interval and its number of samples are not those of the index";
            findings.fault(Component::Summary, Some(0), reason);
        }
        let own = self.summary.first_last();
        for (what, own, right) in [("first", own.0, first), ("last", own.1, last)] {
            if own != right {
                findings.fault(Component::Summary, None, format!("its {what} key is not the {what} of the index"));
            }
        }
    }

    fn wrong_place(&self, position: u64) -> Error {
        self.error(format!("sample {} leads to byte {position} of Index.db, where no entry begins", self.next))
    }

    fn error(&self, reason: String) -> Error {
        Error::corrupt(reason).at(self.summary.offset_of(self.next))
    }
}
