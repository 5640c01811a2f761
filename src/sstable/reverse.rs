//! One partition of an SSTable, read from its end. Follows org.apache.cassandra.io.sstable.format.big.SSTableReversedIterator:
//! a block is decoded forwards, and its rows are given backwards.

use std::sync::Arc;

use super::data::Decoder;
use super::index::{IndexEntry, RowIndex};
use super::prefix;
use super::reader::Reader;
use crate::cql::{DecoratedKey, Token};
use crate::error::{Error, Result};
use crate::rows::{ClusteringOrder, DeletionTime, Marker, PartitionStream, Place, Row, SliceBound, Unfiltered};

/// Without a row index a partition is cut into blocks of this length.
const BLOCK: u64 = 1 << 16;

/// Partitions whose rows are read from the end, block by block of the row index (SSTableReversedIterator).
pub struct ReverseScanner {
    reader: Arc<Reader>,
    decoder: Decoder,
    order: ClusteringOrder,
    /// Of the partition in Data.db, as long as it is not entered.
    position: Option<u64>,
    start: u64,
    /// Nothing behind it is read.
    end: Option<SliceBound>,
    key: DecoratedKey,
    deletion: DeletionTime,
    open: DeletionTime,
    static_row: Row,
    blocks: Blocks,
    /// Where the block begins that was decoded last: that before it ends there.
    boundary: u64,
    items: Vec<Item>,
    /// So many items are to be given, the last first.
    left: usize,
}

/// Where blocks begin before the one at hand.
enum Blocks {
    Index(RowIndex),
    /// Positions, with the deletion that is open there.
    List(Vec<(u64, DeletionTime)>),
}

#[derive(Default)]
struct Item {
    is_marker: bool,
    row: Row,
    marker: Marker,
}

impl Item {
    fn place(&self) -> Place<'_> {
        if self.is_marker { Place::of_marker(&self.marker) } else { Place::of_row(&self.row) }
    }
}

impl ReverseScanner {
    pub(super) fn new(reader: Arc<Reader>, position: u64, end: Option<SliceBound>) -> Self {
        ReverseScanner {
            decoder: reader.decoder(),
            order: ClusteringOrder::new(&reader.table().clustering),
            reader,
            position: Some(position),
            start: position,
            end,
            key: DecoratedKey { token: Token::Key, key: Vec::new() },
            deletion: DeletionTime::LIVE,
            open: DeletionTime::LIVE,
            static_row: Row::default(),
            blocks: Blocks::List(Vec::new()),
            boundary: 0,
            items: Vec::new(),
            left: 0,
        }
    }

    fn enter(&mut self, position: u64) -> Result<()> {
        self.start = position;
        self.decoder.seek(position)?;
        self.deletion = self.decoder.partition(&mut self.key.key, &mut self.static_row)?;
        self.key.token = self.reader.key_order().token(&self.key.key);
        self.left = 0;
        let mut entry = IndexEntry::default();
        if let Some(index) = self.reader.index()
            && index.lookup(&self.key, &mut entry)?
            && let Some(handle) = entry.row_index
        {
            let mut rows = index.rows(handle, self.reader.clustering_types())?;
            let values = self.end.as_ref().map(|end| (end.values(), end.side()));
            let bound = values.as_ref().map(|(values, side)| prefix::Bound { values, side: *side });
            let Some(block) = rows.last_block_before(bound.as_ref())? else { return Ok(()) };
            let following = following(&mut rows)?;
            self.blocks = Blocks::Index(rows);
            let begins = position.saturating_add(block.offset);
            let ends = following.map_or(u64::MAX, |offset| position.saturating_add(offset));
            return self.decode(begins, ends, block.open_marker.unwrap_or(DeletionTime::LIVE), false);
        }
        self.blocks = Blocks::List(Vec::new());
        self.decode(self.decoder.position(), u64::MAX, DeletionTime::LIVE, true)
    }

    /// Decodes from one position to before another, or to the end of what is asked for. When it is cut into blocks, these
    /// are put on the list, and the last is kept.
    fn decode(&mut self, begins: u64, ends: u64, mut open: DeletionTime, cut: bool) -> Result<()> {
        if begins < self.start || begins >= ends {
            return Err(Error::corrupt("the blocks of a row index are not in order").at(begins));
        }
        self.decoder.seek(begins)?;
        self.boundary = begins;
        self.left = 0;
        let mut open_at_boundary = open;
        loop {
            let position = self.decoder.position();
            if position >= ends {
                break;
            }
            if cut && position - self.boundary >= BLOCK {
                let Blocks::List(list) = &mut self.blocks else { break };
                list.push((self.boundary, open_at_boundary));
                (self.boundary, self.left) = (position, 0);
                open_at_boundary = open;
            }
            if self.left == self.items.len() {
                self.items.push(Item::default());
            }
            let item = &mut self.items[self.left];
            item.is_marker = match self.decoder.next(&mut item.row, &mut item.marker)? {
                Unfiltered::End => break,
                Unfiltered::Marker => true,
                Unfiltered::Row => false,
            };
            if self.end.as_ref().is_some_and(|end| self.order.compare(item.place(), end.place()).is_gt()) {
                break;
            }
            self.left += 1;
            if item.is_marker {
                open = item.marker.start;
            }
        }
        self.open = open;
        Ok(())
    }

    /// Decodes the block before; `false` when there is none.
    fn previous(&mut self) -> Result<bool> {
        let (begins, open) = match &mut self.blocks {
            Blocks::Index(rows) => match rows.previous_block()? {
                Some(block) => {
                    (self.start.saturating_add(block.offset), block.open_marker.unwrap_or(DeletionTime::LIVE))
                }
                None => return Ok(false),
            },
            Blocks::List(list) => match list.pop() {
                Some(block) => block,
                None => return Ok(false),
            },
        };
        self.decode(begins, self.boundary, open, false)?;
        Ok(true)
    }

    fn advance(&mut self, row: &mut Row, marker: &mut Marker) -> Result<Unfiltered> {
        while self.left == 0 {
            if !self.previous()? {
                return Ok(Unfiltered::End);
            }
        }
        self.left -= 1;
        let item = &mut self.items[self.left];
        if !item.is_marker {
            std::mem::swap(row, &mut item.row);
            return Ok(Unfiltered::Row);
        }
        std::mem::swap(marker, &mut item.marker);
        // What ends here begins here when it is read backwards.
        std::mem::swap(&mut marker.start, &mut marker.end);
        Ok(Unfiltered::Marker)
    }
}

/// Where the block behind the last one given begins; the place stays.
fn following(rows: &mut RowIndex) -> Result<Option<u64>> {
    rows.next_block()?;
    let following = rows.next_block()?;
    if following.is_some() {
        rows.previous_block()?;
    }
    rows.previous_block()?;
    Ok(following.map(|block| block.offset))
}

impl PartitionStream for ReverseScanner {
    fn next_partition(&mut self) -> Result<bool> {
        let Some(position) = self.position.take() else { return Ok(false) };
        self.enter(position).map_err(|e| self.reader.locate(self.decoder.locate(e)))?;
        Ok(true)
    }

    fn key(&self) -> &DecoratedKey {
        &self.key
    }

    fn deletion(&self) -> DeletionTime {
        self.deletion
    }

    fn open_deletion(&self) -> DeletionTime {
        self.open
    }

    fn static_row(&self) -> &Row {
        &self.static_row
    }

    fn next(&mut self, row: &mut Row, marker: &mut Marker) -> Result<Unfiltered> {
        self.advance(row, marker).map_err(|e| self.reader.locate(self.decoder.locate(e)))
    }

    fn seek_partition(&mut self, position: Option<u64>) -> Result<()> {
        self.position = position;
        self.left = 0;
        self.blocks = Blocks::List(Vec::new());
        Ok(())
    }
}
