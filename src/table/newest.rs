//! One row out of several SSTables, the newest first: those that are older than all that is asked for are left out. Follows
//! SinglePartitionReadCommand.queryMemtableAndSSTablesInTimestampOrder. It shows in what is returned: a row that is only
//! alive by an older cell of a column that is not asked for is gone.

use std::collections::HashMap;
use std::sync::Arc;

use super::View;
use super::slice::Candidate;
use crate::cql::DecoratedKey;
use crate::error::{Error, Result};
use crate::merge::{Names, Wanted};
use crate::rows::{
    Cell, ClusteringOrder, DeletionTime, Liveness, Marker, PartitionStream, Place, Row, SliceBound, Unfiltered,
};
use crate::sstable::Reader;

/// What is known of the row after some SSTables.
struct Known {
    deletion: DeletionTime,
    partition: DeletionTime,
    liveness: Liveness,
    /// Newest timestamps by column.
    regulars: HashMap<u16, i64>,
    statics: HashMap<u16, i64>,
}

impl Known {
    fn add_cells(into: &mut HashMap<u16, i64>, cells: &[Cell]) {
        for cell in cells {
            let newest = into.entry(cell.column).or_insert(cell.timestamp);
            *newest = cell.timestamp.max(*newest);
        }
    }

    fn has(cells: &HashMap<u16, i64>, wanted: &[u16], deletion: DeletionTime, older: i64) -> bool {
        wanted.iter().all(|column| cells.get(column).is_some_and(|&time| time > older && !deletion.deletes(time)))
    }

    /// Whether nothing of an SSTable matters that has no newer timestamp than this one.
    fn row_is_complete(&self, names: &Names, older: i64) -> bool {
        self.deletion.deletes(older)
            || !self.liveness.is_empty()
                && self.liveness.timestamp > older
                && !self.deletion.deletes(self.liveness.timestamp)
                && Self::has(&self.regulars, &names.regulars, self.deletion, older)
    }

    fn statics_are_complete(&self, names: &Names, older: i64) -> bool {
        names.statics.is_empty() || Self::has(&self.statics, &names.statics, self.partition, older)
    }
}

impl View {
    /// Takes those out of the candidates that are too old to matter for the only row of the slice. Those whose static
    /// row is needed all the same are told apart.
    pub(super) fn newest_only(
        &self,
        key: &DecoratedKey,
        wanted: &Wanted,
        candidates: &mut [Candidate],
    ) -> Result<Vec<bool>> {
        let mut statics_only = vec![false; candidates.len()];
        let Some(names) = &wanted.names else { return Ok(statics_only) };
        // A table without clustering columns has one row a partition, and no slices.
        let at = wanted.slice.start.clone().unwrap_or_else(|| SliceBound::new::<&[u8]>([], 0));
        let order = ClusteringOrder::new(&self.table().clustering);
        let newest = |i: usize| self.sstables()[i].statistics().stats.max_timestamp;
        let mut by_time: Vec<usize> =
            (0..candidates.len()).filter(|&i| matches!(candidates[i], Candidate::At(_))).collect();
        by_time.sort_by_key(|&i| std::cmp::Reverse(newest(i)));
        let mut known = Known {
            deletion: DeletionTime::LIVE,
            partition: DeletionTime::LIVE,
            liveness: Liveness::EMPTY,
            regulars: HashMap::new(),
            statics: HashMap::new(),
        };
        for (n, &i) in by_time.iter().enumerate() {
            if n > 0 && known.row_is_complete(names, newest(i)) {
                if known.statics_are_complete(names, newest(i)) {
                    by_time[n..].iter().for_each(|&i| candidates[i] = Candidate::OlderThanRow);
                    break;
                }
                statics_only[i] = true;
            }
            let Candidate::At(position) = candidates[i] else { continue };
            if n + 1 < by_time.len() {
                read(&self.sstables()[i], position, key, &at, &order, &mut known)?;
            }
        }
        Ok(statics_only)
    }
}

fn read(
    sstable: &Arc<Reader>,
    position: u64,
    key: &DecoratedKey,
    at: &SliceBound,
    order: &ClusteringOrder,
    known: &mut Known,
) -> Result<()> {
    let mut scanner = sstable.scan(position, position.saturating_add(1))?;
    if !scanner.next_partition()? || scanner.key().key != key.key {
        return Err(Error::corrupt(format!("the index of {} led to another partition", sstable.descriptor())));
    }
    known.partition = known.partition.max(scanner.deletion());
    known.deletion = known.deletion.max(scanner.deletion());
    Known::add_cells(&mut known.statics, &scanner.static_row().cells);
    let values = at.values();
    scanner.seek_row(&values)?;
    let target = SliceBound::new(values.iter().copied(), 0);
    let mut open = scanner.open_deletion();
    let (mut row, mut marker) = (Row::default(), Marker::default());
    loop {
        match scanner.next(&mut row, &mut marker)? {
            Unfiltered::Marker if order.compare(Place::of_marker(&marker), target.place()).is_lt() => {
                open = marker.start
            }
            Unfiltered::Row if order.compare(Place::of_row(&row), target.place()).is_lt() => {}
            found => {
                known.deletion = known.deletion.max(open);
                if found == Unfiltered::Row && order.compare(Place::of_row(&row), target.place()).is_eq() {
                    known.deletion = known.deletion.max(row.deletion);
                    if row.liveness.supersedes(&known.liveness) {
                        known.liveness = row.liveness;
                    }
                    Known::add_cells(&mut known.regulars, &row.cells);
                }
                return Ok(());
            }
        }
    }
}

/// A stream of whose partition only the head is left: its deletion and its static row.
pub(super) struct StaticOnly(pub(super) Box<dyn PartitionStream>);

impl PartitionStream for StaticOnly {
    fn next_partition(&mut self) -> Result<bool> {
        self.0.next_partition()
    }
    fn key(&self) -> &DecoratedKey {
        self.0.key()
    }
    fn deletion(&self) -> DeletionTime {
        self.0.deletion()
    }
    fn static_row(&self) -> &Row {
        self.0.static_row()
    }
    fn next(&mut self, _: &mut Row, _: &mut Marker) -> Result<Unfiltered> {
        Ok(Unfiltered::End)
    }
    fn seek_partition(&mut self, position: Option<u64>) -> Result<()> {
        self.0.seek_partition(position)
    }
}
