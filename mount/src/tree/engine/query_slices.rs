//! The answer to a query in slices: where all partitions are looked at, by all cores.

use sstablefs::table::TokenSlices;

use super::crew::Crew;
use super::query::QueryText;
use super::sliced::{Sliced, Slices};

#[derive(Clone)]
pub(super) struct QuerySlices {
    text: QueryText,
    slices: TokenSlices,
}

impl QuerySlices {
    /// `None` for an answer that has to be made as a whole.
    pub(super) fn new(text: &QueryText, crew: &Crew, slice_data: u64) -> Option<Sliced<Self>> {
        // What is wrong with the question is told when it is read.
        let slices = text.slices(slice_data).ok().flatten()?;
        Some(Sliced::new(QuerySlices { text: text.clone(), slices }, crew.clone()))
    }
}

impl Slices for QuerySlices {
    type Slice = QueryText;

    fn count(&self) -> u64 {
        self.slices.count()
    }

    fn slice(&self, slice: u64) -> QueryText {
        self.text.part(self.slices.range(slice))
    }

    fn open(&self, out: &mut Vec<u8>) {
        self.text.open(out);
    }

    fn close(&self, rows: u64, out: &mut Vec<u8>) {
        self.text.close(rows, out);
    }

    fn separator(&self) -> usize {
        self.text.separator()
    }
}
