//! A row and a range tombstone marker, each in a reusable structure that owns its bytes.
//!
//! A scan fills one `Row` again and again: after the first rows nothing is allocated. Clustering values, cell paths
//! and cell values are spans into `bytes`.

use super::deletion::{DeletionTime, Liveness, NO_DELETION_TIME, NO_TTL};

/// A part of [`Row::bytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    /// Its first byte.
    pub start: u32,
    /// How many bytes.
    pub len: u32,
}

impl Span {
    /// Stands for a null clustering value, which is not the empty one.
    pub const NULL: Self = Span { start: u32::MAX, len: 0 };

    /// Whether it stands for null.
    #[inline]
    pub fn is_null(&self) -> bool {
        self.start == u32::MAX
    }

    /// The bytes themselves; none where the span is not in `bytes`.
    #[inline]
    pub fn of<'a>(&self, bytes: &'a [u8]) -> &'a [u8] {
        bytes.get(self.start as usize..self.start as usize + self.len as usize).unwrap_or(&[])
    }
}

/// One cell. Follows org.apache.cassandra.db.rows.Cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cell {
    /// Index of the column among the table's statics or regulars.
    pub column: u16,
    /// Seconds: 0 when the cell does not expire.
    pub ttl: i32,
    /// Microseconds.
    pub timestamp: i64,
    /// Seconds: when a tombstone was written or when the cell expires; [`NO_DELETION_TIME`] for a plain cell.
    pub local_deletion_time: i64,
    /// The value as serialized; empty for a tombstone.
    pub value: Span,
    /// Key of the element in a multi-cell column; empty otherwise.
    pub path: Span,
}

impl Cell {
    /// Whether it is deleted rather than expired.
    #[inline]
    pub fn is_tombstone(&self) -> bool {
        self.local_deletion_time != NO_DELETION_TIME && self.ttl == NO_TTL
    }

    /// Whether it has a TTL.
    #[inline]
    pub fn is_expiring(&self) -> bool {
        self.ttl != NO_TTL
    }

    /// Whether a SELECT at `now` (seconds) sees it.
    #[inline]
    pub fn is_live(&self, now: i64) -> bool {
        self.local_deletion_time == NO_DELETION_TIME || self.ttl != NO_TTL && now < self.local_deletion_time
    }
}

/// Deletion of all earlier elements of a multi-cell column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ComplexDeletion {
    /// Index of the column among the table's statics or regulars.
    pub column: u16,
    /// Elements up to its timestamp are deleted.
    pub deletion: DeletionTime,
}

/// Where the cells of a row begin that are left to be decoded, should they be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Undecoded {
    /// Position in [`Row::bytes`].
    pub(crate) at: u32,
    /// Which of the SSTable's columns comes there.
    pub(crate) column: u16,
    pub(crate) complex_deletions: bool,
    /// A bit for each of the SSTable's columns that the row has nothing of.
    pub(crate) missing: u64,
}

/// A regular or static row. Cells stand in the order of their columns, those of one column in the order of their paths.
#[derive(Debug, Clone)]
pub struct Row {
    /// One span a clustering column; empty for a static row.
    pub clustering: Vec<Span>,
    /// Set by INSERT; empty where the row was only updated.
    pub liveness: Liveness,
    /// Deletes what the row had up to its timestamp.
    pub deletion: DeletionTime,
    /// A row deletion of a materialized view that a later liveness undoes (Row.Deletion.isShadowable).
    pub shadowable: bool,
    /// Column by column, in each by path.
    pub cells: Vec<Cell>,
    /// One a multi-cell column at most, in the order of columns.
    pub complex_deletions: Vec<ComplexDeletion>,
    /// What the spans of clustering, cells and paths lie in.
    pub bytes: Vec<u8>,
    /// What [`PartitionStream::complete`](super::PartitionStream::complete) has to decode; only where a
    /// [`Depth`](super::Depth) was asked for.
    pub undecoded: Option<Undecoded>,
}

impl Default for Row {
    fn default() -> Self {
        Row {
            clustering: Vec::new(),
            liveness: Liveness::EMPTY,
            deletion: DeletionTime::LIVE,
            shadowable: false,
            cells: Vec::new(),
            complex_deletions: Vec::new(),
            bytes: Vec::new(),
            undecoded: None,
        }
    }
}

impl Row {
    /// Makes it an empty row again, keeping its memory.
    #[inline]
    pub fn clear(&mut self) {
        self.clustering.clear();
        self.liveness = Liveness::EMPTY;
        self.deletion = DeletionTime::LIVE;
        self.shadowable = false;
        self.cells.clear();
        self.complex_deletions.clear();
        self.bytes.clear();
        self.undecoded = None;
    }

    /// Nothing in it: no liveness, no deletion, no cell (Row.isEmpty).
    pub fn is_empty(&self) -> bool {
        self.liveness.is_empty()
            && self.deletion.is_live()
            && self.cells.is_empty()
            && self.complex_deletions.is_empty()
    }

    /// The value of a cell, as serialized.
    #[inline]
    pub fn value(&self, cell: &Cell) -> &[u8] {
        cell.value.of(&self.bytes)
    }

    /// The path of a cell: the key of an element, empty in a column of a single cell.
    #[inline]
    pub fn path(&self, cell: &Cell) -> &[u8] {
        cell.path.of(&self.bytes)
    }

    /// The i-th clustering value; `None` when it is null.
    #[inline]
    pub fn clustering_value(&self, i: usize) -> Option<&[u8]> {
        let span = self.clustering.get(i)?;
        if span.is_null() { None } else { Some(span.of(&self.bytes)) }
    }

    /// The cells of one column (adjacent by the order of cells).
    pub fn column_cells(&self, column: u16) -> &[Cell] {
        // Where all columns before it have one cell, its place is its number.
        let guess = usize::from(column);
        let start = match self.cells.get(..=guess) {
            Some([.., last]) if last.column == column && (guess == 0 || self.cells[guess - 1].column < column) => guess,
            _ => self.cells.partition_point(|c| c.column < column),
        };
        let len = self.cells[start..].partition_point(|c| c.column == column);
        &self.cells[start..start + len]
    }

    /// Copies bytes in and returns where they are.
    #[inline]
    pub fn store(&mut self, bytes: &[u8]) -> Span {
        let span = Span { start: self.bytes.len() as u32, len: bytes.len() as u32 };
        self.bytes.extend_from_slice(bytes);
        span
    }
}

/// What a range tombstone marker's clustering prefix is. Values are those on disk (ClusteringPrefix.Kind.ordinal).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum BoundKind {
    /// Ends a range before the rows of its prefix.
    ExclusiveEnd = 0,
    /// Begins a range with the rows of its prefix.
    InclusiveStart = 1,
    /// One range ends before the prefix, the next starts with it.
    ExclusiveEndInclusiveStart = 2,
    /// One range ends with the prefix, the next starts behind it.
    InclusiveEndExclusiveStart = 5,
    /// Ends a range with the rows of its prefix.
    InclusiveEnd = 6,
    /// Begins a range behind the rows of its prefix.
    ExclusiveStart = 7,
}

impl BoundKind {
    /// As the byte in Data.db says it (ClusteringPrefix.Kind.ordinal); `None` for a row's and for what no marker has.
    pub fn from_ordinal(ordinal: u8) -> Option<Self> {
        Some(match ordinal {
            0 => Self::ExclusiveEnd,
            1 => Self::InclusiveStart,
            2 => Self::ExclusiveEndInclusiveStart,
            5 => Self::InclusiveEndExclusiveStart,
            6 => Self::InclusiveEnd,
            7 => Self::ExclusiveStart,
            _ => return None,
        })
    }

    /// Whether one range ends and another begins here.
    pub fn is_boundary(self) -> bool {
        matches!(self, Self::ExclusiveEndInclusiveStart | Self::InclusiveEndExclusiveStart)
    }

    /// The kind of a marker with a range open on its sides, which stands before or behind the rows with its prefix.
    /// One of the ranges is open.
    pub fn between(before_rows: bool, open_before: bool, open_behind: bool) -> Self {
        match (before_rows, open_before, open_behind) {
            (true, false, _) => Self::InclusiveStart,
            (false, false, _) => Self::ExclusiveStart,
            (true, true, false) => Self::ExclusiveEnd,
            (false, true, false) => Self::InclusiveEnd,
            (true, true, true) => Self::ExclusiveEndInclusiveStart,
            (false, true, true) => Self::InclusiveEndExclusiveStart,
        }
    }

    /// Whether a range is open behind it.
    pub fn opens(self) -> bool {
        !matches!(self, Self::ExclusiveEnd | Self::InclusiveEnd)
    }

    /// Whether it ends a range.
    pub fn closes(self) -> bool {
        !matches!(self, Self::InclusiveStart | Self::ExclusiveStart)
    }

    /// Where it stands relative to rows that begin with its prefix: before (`true`) or behind them.
    pub fn before_rows(self) -> bool {
        matches!(self, Self::ExclusiveEnd | Self::InclusiveStart | Self::ExclusiveEndInclusiveStart)
    }
}

/// A range tombstone marker: one end of a range, or the boundary between two adjacent ones.
#[derive(Debug, Clone)]
pub struct Marker {
    /// What begins or ends here, on which side of the rows.
    pub kind: BoundKind,
    /// A clustering prefix: may have fewer values than the table has clustering columns.
    pub clustering: Vec<Span>,
    /// Deletion of the range that ends here, [`DeletionTime::LIVE`] when none does.
    pub end: DeletionTime,
    /// Deletion of the range that starts here, [`DeletionTime::LIVE`] when none does.
    pub start: DeletionTime,
    /// What the clustering's spans lie in.
    pub bytes: Vec<u8>,
}

impl Default for Marker {
    fn default() -> Self {
        Marker {
            kind: BoundKind::InclusiveStart,
            clustering: Vec::new(),
            end: DeletionTime::LIVE,
            start: DeletionTime::LIVE,
            bytes: Vec::new(),
        }
    }
}

impl Marker {
    /// The i-th value of the prefix; `None` when it is null or the prefix is shorter.
    pub fn clustering_value(&self, i: usize) -> Option<&[u8]> {
        let span = self.clustering.get(i)?;
        if span.is_null() { None } else { Some(span.of(&self.bytes)) }
    }
}
