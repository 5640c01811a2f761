//! The rows of a whole table in slices.

use sstablefs::table::TokenSlices;

use super::crew::Crew;
use super::rows::Rows;
use super::sliced::{Sliced, Slices};

#[derive(Clone)]
pub(super) struct WholeTable {
    /// Of all partitions.
    rows: Rows,
    slices: TokenSlices,
}

impl WholeTable {
    pub(super) fn new(rows: Rows, crew: Crew, slice_data: u64) -> Sliced<Self> {
        let data = rows.view.sstables().iter().map(|s| s.data().len()).sum();
        let slices = TokenSlices::new(rows.view.key_order(), data, slice_data);
        Sliced::new(WholeTable { rows, slices }, crew)
    }
}

impl Slices for WholeTable {
    type Slice = Rows;

    fn count(&self) -> u64 {
        self.slices.count()
    }

    fn slice(&self, slice: u64) -> Rows {
        Rows { range: self.slices.range(slice), is_part: true, ..self.rows.clone() }
    }

    fn open(&self, out: &mut Vec<u8>) {
        self.rows.open(out);
    }

    fn close(&self, _: u64, out: &mut Vec<u8>) {
        self.rows.close(out);
    }

    fn separator(&self) -> usize {
        self.rows.separator()
    }
}
