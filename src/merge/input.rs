//! One of the streams that are merged.

use super::wanted::Wanted;
use crate::error::Result;
use crate::rows::{DeletionTime, Marker, PartitionStream, Place, Row, Unfiltered};

/// One of the streams, with the unfiltered that it stands at.
pub(super) struct Input {
    pub(super) stream: Box<dyn PartitionStream>,
    pub(super) at: Unfiltered,
    pub(super) row: Row,
    pub(super) marker: Marker,
    /// Deletion of the range that is open behind what was last taken.
    pub(super) open: DeletionTime,
}

impl Input {
    pub(super) fn new(stream: Box<dyn PartitionStream>) -> Input {
        Input { stream, at: Unfiltered::End, row: Row::default(), marker: Marker::default(), open: DeletionTime::LIVE }
    }

    #[inline]
    pub(super) fn place(&self) -> Place<'_> {
        match self.at {
            Unfiltered::Marker => Place::of_marker(&self.marker),
            _ => Place::of_row(&self.row),
        }
    }

    #[inline]
    pub(super) fn pull(&mut self, wanted: &Wanted) -> Result<bool> {
        self.at = self.stream.next(&mut self.row, &mut self.marker)?;
        if let (Unfiltered::Row, Some(queried)) = (self.at, &wanted.queried) {
            queried.strip(&mut self.row);
        }
        Ok(self.at != Unfiltered::End)
    }

    /// Decodes what the stream left out of the row.
    pub(super) fn complete(&mut self, wanted: &Wanted, everything: bool) -> Result<()> {
        if self.row.undecoded.is_some() {
            self.stream.complete(&mut self.row, everything)?;
            if let Some(queried) = &wanted.queried {
                queried.strip(&mut self.row);
            }
        }
        Ok(())
    }
}
