//! Which version of a row's parts wins, and what of it is live. Follows org.apache.cassandra.db.rows.Row.Merger and
//! Cells.reconcile, with Row.purge at once: what comes out is what a SELECT sees, or with all tombstones when it is to be
//! written.

use std::cmp::Ordering;

use super::counter;
use crate::cql::{Comparator, Type};
use crate::rows::{Cell, ComplexDeletion, DeletionTime, Liveness, NO_DELETION_TIME, NO_TTL, Row};
use crate::schema::{Column, Table};

struct ColumnMerge {
    /// Order of the cells of a multi-cell column.
    paths: Option<Comparator>,
    counter: bool,
}

impl ColumnMerge {
    fn of(columns: &[Column]) -> Box<[ColumnMerge]> {
        let new = |c: &Column| ColumnMerge {
            paths: c.ty.path_type().map(|ty| Comparator::new(ty, false)),
            counter: c.ty == Type::Counter,
        };
        columns.iter().map(new).collect()
    }
}

pub(crate) struct Reconciler {
    statics: Box<[ColumnMerge]>,
    regulars: Box<[ColumnMerge]>,
    /// A view's row lives by its primary key's liveness alone (TableMetadata.enforceStrictLiveness).
    strict_liveness: bool,
    /// The moment to read at; `None` keeps what is deleted or expired.
    now: Option<i64>,
    cells: Vec<usize>,
    deletions: Vec<usize>,
    context: Vec<u8>,
    scratch: Vec<u8>,
}

/// What the merged row has beside its cells.
struct Head {
    liveness: Liveness,
    /// The row's own deletion, live where another one covers it.
    deletion: DeletionTime,
    shadowable: bool,
    /// The deletion that is in force for the cells.
    active: DeletionTime,
}

impl Head {
    fn of<'a>(rows: impl Iterator<Item = &'a Row>, mut active: DeletionTime) -> Head {
        let mut liveness = Liveness::EMPTY;
        let mut deletion = DeletionTime::LIVE;
        let mut shadowable = false;
        for row in rows {
            if row.liveness.supersedes(&liveness) {
                liveness = row.liveness;
            }
            if row.deletion.supersedes(&deletion) {
                deletion = row.deletion;
                shadowable = row.shadowable;
            }
        }
        // A later liveness undoes a shadowable deletion (Row.Deletion.isShadowedBy).
        if shadowable && liveness.timestamp > deletion.marked_for_delete_at || !deletion.supersedes(&active) {
            deletion = DeletionTime::LIVE;
            shadowable = false;
        } else {
            active = deletion;
        }
        if active.deletes(liveness.timestamp) {
            liveness = Liveness::EMPTY;
        }
        Head { liveness, deletion, shadowable, active }
    }
}

/// The deletion in force for the cells of a multi-cell column.
fn for_column(active: DeletionTime, complex: DeletionTime) -> DeletionTime {
    if complex.supersedes(&active) { complex } else { active }
}

impl Reconciler {
    /// What lives at `now`, seconds since the epoch; with `None` everything that no deletion covers.
    pub(crate) fn new(table: &Table, now: Option<i64>) -> Self {
        Reconciler {
            statics: ColumnMerge::of(&table.statics),
            regulars: ColumnMerge::of(&table.regulars),
            strict_liveness: table.view.as_ref().is_some_and(|view| view.strict_liveness),
            now,
            cells: Vec::new(),
            deletions: Vec::new(),
            context: Vec::new(),
            scratch: Vec::new(),
        }
    }

    /// Whether the only version of a row lives by its liveness alone, whatever cells it has.
    #[inline]
    pub(super) fn lives_without_cells(&self, row: &Row, active: DeletionTime) -> bool {
        self.now.is_some_and(|now| row.liveness.is_live(now) && !active.deletes(row.liveness.timestamp))
    }

    /// Leaves of the only version of a row what lives; `false` when that is nothing. `active` is the deletion that the
    /// partition and ranges put on it.
    /// Of a row that is to be written nothing is left out.
    #[inline]
    pub(super) fn only(&mut self, row: &mut Row, active: DeletionTime) -> bool {
        let Head { liveness, active, .. } = Head::of(std::iter::once(&*row), active);
        row.liveness = liveness;
        let Some(now) = self.now else { return !row.is_empty() };
        if row.complex_deletions.is_empty() {
            if active.is_live() {
                if !row.cells.iter().all(|c| c.local_deletion_time == NO_DELETION_TIME) {
                    row.cells.retain(|c| c.is_live(now));
                }
            } else {
                row.cells.retain(|c| !active.deletes(c.timestamp) && c.is_live(now));
            }
        } else {
            let deletions = &row.complex_deletions;
            row.cells.retain(|c| {
                let complex = deletions.iter().find(|d| d.column == c.column);
                let active = complex.map_or(active, |d| for_column(active, d.deletion));
                !active.deletes(c.timestamp) && c.is_live(now)
            });
            row.complex_deletions.clear();
        }
        self.finish(row)
    }

    /// Puts the live parts of `n` versions of a row into `out`, whose clustering is that of the first; `false` when
    /// nothing lives.
    pub(crate) fn merge<'a>(
        &mut self,
        n: usize,
        row: impl Fn(usize) -> &'a Row,
        is_static: bool,
        active: DeletionTime,
        out: &mut Row,
    ) -> bool {
        out.clear();
        let Head { liveness, deletion, shadowable, active } = Head::of((0..n).map(&row), active);
        out.liveness = liveness;
        out.deletion = deletion;
        out.shadowable = shadowable;
        let first = row(0);
        for i in 0..first.clustering.len() {
            let span = match first.clustering_value(i) {
                Some(value) => out.store(value),
                None => crate::rows::Span::NULL,
            };
            out.clustering.push(span);
        }
        self.cells.clear();
        self.cells.resize(n, 0);
        self.deletions.clear();
        self.deletions.resize(n, 0);
        loop {
            let next_cell = |i: usize| row(i).cells.get(self.cells[i]).map(|c| c.column);
            // A multi-cell column may have a deletion and no cell.
            let next_deletion = |i: usize| row(i).complex_deletions.get(self.deletions[i]).map(|d| d.column);
            let Some(column) = (0..n).flat_map(|i| [next_cell(i), next_deletion(i)]).flatten().min() else { break };
            let merge = if is_static { &self.statics } else { &self.regulars };
            match merge.get(usize::from(column)).map(|m| (m.paths.is_some(), m.counter)) {
                Some((true, _)) => self.complex(n, &row, is_static, column, active, out),
                Some((false, counter)) => {
                    match counter {
                        true => self.counter(n, &row, column, active, out),
                        false => self.simple(n, &row, column, active, out),
                    }
                    // No decoder gives a deletion of such a column; passed over so that the loop ends.
                    for i in 0..n {
                        let deletions = &row(i).complex_deletions;
                        self.deletions[i] += deletions[self.deletions[i]..].partition_point(|d| d.column <= column);
                    }
                }
                // No decoder gives such a column; passed over so that the loop ends.
                None => {
                    (0..n).for_each(|i| self.cells[i] = row(i).cells.len());
                    (0..n).for_each(|i| self.deletions[i] = row(i).complex_deletions.len());
                }
            }
        }
        self.finish(out)
    }

    fn simple<'a>(
        &mut self,
        n: usize,
        row: &impl Fn(usize) -> &'a Row,
        column: u16,
        active: DeletionTime,
        out: &mut Row,
    ) {
        let mut best: Option<(&Row, &Cell)> = None;
        for i in 0..n {
            let version = row(i);
            let Some(cell) = version.cells.get(self.cells[i]).filter(|c| c.column == column) else { continue };
            self.cells[i] += 1;
            if !active.deletes(cell.timestamp) {
                best = Some(best.map_or((version, cell), |best| reconcile(best, (version, cell))));
            }
        }
        self.push(best, out);
    }

    fn complex<'a>(
        &mut self,
        n: usize,
        row: &impl Fn(usize) -> &'a Row,
        is_static: bool,
        column: u16,
        active: DeletionTime,
        out: &mut Row,
    ) {
        let mut deletion = DeletionTime::LIVE;
        for i in 0..n {
            let deletions = &row(i).complex_deletions;
            while let Some(d) = deletions.get(self.deletions[i]).filter(|d| d.column <= column) {
                self.deletions[i] += 1;
                if d.column == column {
                    deletion = deletion.max(d.deletion);
                }
            }
        }
        if self.now.is_none() && deletion.supersedes(&active) {
            out.complex_deletions.push(ComplexDeletion { column, deletion });
        }
        let active = for_column(active, deletion);
        loop {
            let columns = if is_static { &self.statics } else { &self.regulars };
            let Some(paths) = columns.get(usize::from(column)).and_then(|c| c.paths.as_ref()) else { return };
            let mut best: Option<(&Row, &Cell)> = None;
            let mut least: Option<&[u8]> = None;
            for i in 0..n {
                let version = row(i);
                let Some(cell) = version.cells.get(self.cells[i]).filter(|c| c.column == column) else { continue };
                let path = version.path(cell);
                if least.is_none_or(|least| paths.compare(path, least) == Ordering::Less) {
                    least = Some(path);
                }
            }
            let Some(least) = least else { return };
            let mut taken = false;
            for i in 0..n {
                let version = row(i);
                let Some(cell) = version.cells.get(self.cells[i]).filter(|c| c.column == column) else { continue };
                if paths.compare(version.path(cell), least) != Ordering::Equal {
                    continue;
                }
                self.cells[i] += 1;
                taken = true;
                if !active.deletes(cell.timestamp) {
                    best = Some(best.map_or((version, cell), |best| reconcile(best, (version, cell))));
                }
            }
            self.push(best, out);
            if !taken {
                return;
            }
        }
    }

    /// Counter cells are added up shard by shard; a tombstone takes precedence whatever its timestamp.
    fn counter<'a>(
        &mut self,
        n: usize,
        row: &impl Fn(usize) -> &'a Row,
        column: u16,
        active: DeletionTime,
        out: &mut Row,
    ) {
        let mut best: Option<Cell> = None;
        self.context.clear();
        for i in 0..n {
            let version = row(i);
            let Some(&cell) = version.cells.get(self.cells[i]).filter(|c| c.column == column) else { continue };
            self.cells[i] += 1;
            if active.deletes(cell.timestamp) {
                continue;
            }
            let value = version.value(&cell);
            best = Some(match best {
                Some(best) if best.is_tombstone() => best,
                Some(_) if cell.is_tombstone() => cell,
                None => {
                    self.context.extend_from_slice(value);
                    cell
                }
                Some(best) => {
                    self.scratch.clear();
                    counter::merge(&self.context, value, &mut self.scratch);
                    std::mem::swap(&mut self.context, &mut self.scratch);
                    Cell { timestamp: best.timestamp.max(cell.timestamp), ..best }
                }
            });
        }
        if let Some(cell) = best.filter(|c| self.keeps(c)) {
            let value = out.store(&self.context);
            out.cells.push(Cell { value, ..cell });
        }
    }

    fn push(&self, best: Option<(&Row, &Cell)>, out: &mut Row) {
        if let Some((row, cell)) = best.filter(|(_, cell)| self.keeps(cell)) {
            let path = out.store(row.path(cell));
            let value = out.store(row.value(cell));
            out.cells.push(Cell { path, value, ..*cell });
        }
    }

    fn keeps(&self, cell: &Cell) -> bool {
        self.now.is_none_or(|now| cell.is_live(now))
    }

    #[inline]
    fn finish(&self, row: &mut Row) -> bool {
        let Some(now) = self.now else { return !row.is_empty() };
        if !row.liveness.is_live(now) {
            row.liveness = Liveness::EMPTY;
        }
        row.deletion = DeletionTime::LIVE;
        row.shadowable = false;
        !row.liveness.is_empty() || !self.strict_liveness && !row.cells.is_empty()
    }
}

/// Cells.resolveRegular: the later timestamp; on a tie a tombstone or expiring cell before a plain one, a tombstone before
/// an expiring one, the later local deletion time, the smaller TTL, the larger value.
fn reconcile<'a>(left: (&'a Row, &'a Cell), right: (&'a Row, &'a Cell)) -> (&'a Row, &'a Cell) {
    let rank = |cell: &Cell| {
        let ends = cell.local_deletion_time != NO_DELETION_TIME;
        let tombstone = ends && cell.ttl == NO_TTL;
        let time = if ends { cell.local_deletion_time } else { 0 };
        let ttl = if ends { -i64::from(cell.ttl) } else { 0 };
        (cell.timestamp, ends, tombstone, time, ttl)
    };
    let ordering = rank(left.1).cmp(&rank(right.1)).then_with(|| left.0.value(left.1).cmp(right.0.value(right.1)));
    if ordering.is_ge() { left } else { right }
}
