//! The partitions of one SSTable, read one behind the other.

use std::ops::Bound;
use std::sync::Arc;

use super::data::Decoder;
use super::reader::Reader;
use crate::cql::{DecoratedKey, Token};
use crate::error::{Error, Result};
use crate::rows::{DeletionTime, Depth, Marker, PartitionStream, Row, Unfiltered};

/// Reads the partitions that begin in a stretch of Data.db.
pub struct Scanner {
    reader: Arc<Reader>,
    decoder: Decoder,
    end: u64,
    /// What the index led here for: it has no checksum, so the keys found must agree.
    expected: Expected,
    in_partition: bool,
    started: bool,
    /// Position of the partition in Data.db.
    partition_start: u64,
    key: DecoratedKey,
    previous: DecoratedKey,
    deletion: DeletionTime,
    open: DeletionTime,
    static_row: Row,
}

/// Which keys a scanner has to find.
enum Expected {
    Any,
    /// Those of a range, up to a partition that begins at the end of the stretch.
    Range(Bound<DecoratedKey>, Bound<DecoratedKey>),
}

impl Scanner {
    /// The partitions of a range of keys, which the index says lie from `start` to `end`.
    pub(super) fn of_range(
        reader: Arc<Reader>,
        (start, end): (u64, u64),
        keys: (Bound<DecoratedKey>, Bound<DecoratedKey>),
    ) -> Result<Self> {
        let mut scanner = Self::new(reader, start, end)?;
        scanner.expected = Expected::Range(keys.0, keys.1);
        Ok(scanner)
    }

    pub(super) fn new(reader: Arc<Reader>, start: u64, end: u64) -> Result<Self> {
        let mut decoder = reader.decoder();
        decoder.seek(start).map_err(|e| reader.locate(e))?;
        Ok(Scanner {
            reader,
            decoder,
            end,
            expected: Expected::Any,
            in_partition: false,
            started: false,
            partition_start: start,
            key: DecoratedKey { token: Token::Key, key: Vec::new() },
            previous: DecoratedKey { token: Token::Key, key: Vec::new() },
            deletion: DeletionTime::LIVE,
            open: DeletionTime::LIVE,
            static_row: Row::default(),
        })
    }

    /// Position in the uncompressed data: of the partition's start; behind the last one, where it ended.
    pub fn partition_position(&self) -> u64 {
        self.partition_start
    }

    /// Position in the uncompressed data: of what comes next.
    pub fn position(&self) -> u64 {
        self.decoder.position()
    }

    /// The SSTable that it reads.
    pub fn reader(&self) -> &Arc<Reader> {
        &self.reader
    }

    fn advance(&mut self) -> Result<bool> {
        if self.in_partition {
            self.decoder.skip_partition()?;
            self.in_partition = false;
        }
        let position = self.decoder.position();
        self.partition_start = position;
        if position >= self.end || self.decoder.at_end() {
            let between =
                matches!(self.expected, Expected::Range(..)) && position != self.end.min(self.reader.data().len());
            return if between { Err(self.wrong_index(position)) } else { Ok(false) };
        }
        std::mem::swap(&mut self.key, &mut self.previous);
        self.deletion = self.decoder.partition(&mut self.key.key, &mut self.static_row)?;
        self.key.token = self.reader.key_order().token(&self.key.key);
        if self.started && self.reader.key_order().compare(&self.previous, &self.key).is_ge() {
            return Err(Error::corrupt("a partition whose key is not behind that of the one before").at(position));
        }
        if let Expected::Range(start, end) = &self.expected {
            let order = self.reader.key_order();
            let in_range = match start {
                Bound::Included(key) => order.compare(&self.key, key).is_ge(),
                Bound::Excluded(key) => order.compare(&self.key, key).is_gt(),
                Bound::Unbounded => true,
            } && match end {
                Bound::Included(key) => order.compare(&self.key, key).is_le(),
                Bound::Excluded(key) => order.compare(&self.key, key).is_lt(),
                Bound::Unbounded => true,
            };
            if !in_range {
                return Err(self.wrong_index(position));
            }
        }
        self.started = true;
        self.in_partition = true;
        self.open = DeletionTime::LIVE;
        Ok(true)
    }

    fn wrong_index(&self, position: u64) -> Error {
        Error::corrupt("the index led to another place than that of the keys asked for").at(position)
    }
}

impl PartitionStream for Scanner {
    fn next_partition(&mut self) -> Result<bool> {
        self.advance().map_err(|e| self.reader.locate(self.decoder.locate(e)))
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
        if !self.in_partition {
            return Ok(Unfiltered::End);
        }
        match self.decoder.next(row, marker) {
            Ok(found) => {
                self.in_partition = found != Unfiltered::End;
                Ok(found)
            }
            Err(e) => Err(self.reader.locate(self.decoder.locate(e))),
        }
    }

    fn seek_partition(&mut self, position: Option<u64>) -> Result<()> {
        self.in_partition = false;
        self.started = false;
        self.expected = Expected::Any;
        match position {
            Some(position) => {
                self.decoder.seek(position).map_err(|e| self.reader.locate(e))?;
                self.end = position.saturating_add(1);
            }
            None => self.end = 0,
        }
        Ok(())
    }

    fn seek_row(&mut self, clustering: &[Option<&[u8]>]) -> Result<()> {
        let Some(block) = self.reader.row_block(&self.key, clustering)? else { return Ok(()) };
        let position = self.partition_start.saturating_add(block.offset);
        if position > self.decoder.position() {
            self.decoder.seek(position).map_err(|e| self.reader.locate(e))?;
            self.open = block.open_marker.unwrap_or(DeletionTime::LIVE);
        }
        Ok(())
    }

    fn decode_to(&mut self, depth: Depth) {
        self.decoder.decode_to(depth);
    }

    fn complete(&mut self, row: &mut Row, everything: bool) -> Result<()> {
        self.decoder.complete(row, everything).map_err(|e| self.reader.locate(self.decoder.locate(e)))
    }
}
