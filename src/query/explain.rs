//! What a query would read, told by the indexes before any row is read.

use super::execute::left_out;
use super::plan::{self, Access};
use super::prepare::Query;
use crate::cql::{KeyOrder, names};
use crate::error::Result;
use crate::rows::ClusteringOrder;
use crate::sstable::{Cost, Presence, Reader};
use crate::table::View;

/// How the partitions are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadKind {
    /// Each by its key.
    Keys,
    TokenRange,
    FullScan,
}

impl ReadKind {
    pub fn name(self) -> &'static str {
        match self {
            ReadKind::Keys => "keys",
            ReadKind::TokenRange => "token range",
            ReadKind::FullScan => "full scan",
        }
    }
}

/// Why an SSTable is read or left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    Read,
    BloomFilter,
    NotInIndex,
    OutsideTokenRange,
    OutsideClusterings,
    OlderThanDeletion,
    NothingAsked,
}

impl Reason {
    pub fn text(self) -> &'static str {
        match self {
            Reason::Read => "read",
            Reason::BloomFilter => "bloom filter: no such key",
            Reason::NotInIndex => "index: no such key",
            Reason::OutsideTokenRange => "index: no key in the token range",
            Reason::OutsideClusterings => "statistics: no rows between the clustering bounds",
            Reason::OlderThanDeletion => "timestamps: all older than the deletion of the partition",
            Reason::NothingAsked => "no row can match",
        }
    }
}

/// What would be read of an SSTable.
#[derive(Debug, Clone)]
pub struct SstablePlan {
    /// Version, id and format.
    pub id: String,
    pub reason: Reason,
    /// Of those looked up, how many it has; of a range it is not counted.
    pub partitions: Option<u64>,
    pub cost: Cost,
}

impl SstablePlan {
    pub fn is_read(&self) -> bool {
        self.reason == Reason::Read
    }
}

#[derive(Debug, Clone)]
pub struct Explanation {
    /// keyspace.table
    pub table: String,
    pub read: ReadKind,
    /// Partitions looked up by key.
    pub keys: Option<u64>,
    /// Relations that the indexes answer: keys, tokens and clustering slices.
    pub indexed: Vec<String>,
    /// Relations that each row read is held against.
    pub filter: Vec<String>,
    /// Only a stretch of each partition's rows is read.
    pub slice: bool,
    pub reversed: bool,
    /// All rows are held in memory to be sorted.
    pub sorts: bool,
    pub sstables: Vec<SstablePlan>,
}

impl Explanation {
    pub fn sstables_read(&self) -> usize {
        self.sstables.iter().filter(|s| s.is_read()).count()
    }

    pub fn total(&self) -> Cost {
        let sum = |of: fn(&Cost) -> u64| self.sstables.iter().map(|s| of(&s.cost)).sum();
        Cost { chunks: sum(|c| c.chunks), bytes: sum(|c| c.bytes) }
    }
}

impl Query {
    /// What [`run`](Self::run) would read at most: LIMIT may end it earlier. Takes the indexes' word only.
    pub fn explain(&self, view: &View, _now: i64) -> Result<Explanation> {
        let plan = plan::plan(&self.table, &self.conditions)?;
        let relations = || self.relations.iter().cloned().zip(&plan.decided);
        let read = match &plan.access {
            Access::Keys(_) => ReadKind::Keys,
            Access::Range(_) if plan.has_token_bounds => ReadKind::TokenRange,
            Access::Range(_) => ReadKind::FullScan,
        };
        let table = &self.table;
        let order = ClusteringOrder::new(&table.clustering);
        let slice = !plan.slice.is_all() && matches!(plan.access, Access::Keys(_));
        let mut sstables = Vec::new();
        for reader in view.sstables() {
            let id = reader.descriptor().to_string();
            let (reason, partitions, mut stretches) = match &plan.access {
                _ if plan.slice.is_empty(&order) => (Reason::NothingAsked, None, Vec::new()),
                Access::Keys(keys) => keys_of(reader, view.key_order(), keys, &plan, &order)?,
                Access::Range(range) => match reader.range_extent(&range.start, &range.end)? {
                    Some(stretch) => (Reason::Read, None, vec![stretch]),
                    None => (Reason::OutsideTokenRange, None, Vec::new()),
                },
            };
            sstables.push(SstablePlan { id, reason, partitions, cost: reader.cost(&mut stretches)? });
        }
        Ok(Explanation {
            table: format!("{}.{}", names::identifier(&table.keyspace), names::identifier(&table.name)),
            read,
            keys: match &plan.access {
                Access::Keys(keys) => Some(keys.len() as u64),
                Access::Range(_) => None,
            },
            indexed: relations().filter(|(_, decided)| **decided).map(|(text, _)| text).collect(),
            filter: relations().filter(|(_, decided)| !**decided).map(|(text, _)| text).collect(),
            slice,
            reversed: self.reversed,
            sorts: !self.sort_by.is_empty(),
            sstables,
        })
    }
}

type Found = (Reason, Option<u64>, Vec<(u64, u64)>);

fn keys_of(
    reader: &Reader,
    keys: &KeyOrder,
    wanted: &[Vec<u8>],
    plan: &plan::Plan,
    order: &ClusteringOrder,
) -> Result<Found> {
    if left_out(reader, &plan.slice, order) {
        return Ok((Reason::OutsideClusterings, Some(0), Vec::new()));
    }
    let (mut stretches, mut partitions, mut in_filter) = (Vec::new(), 0, false);
    for key in wanted {
        match reader.partition_extent(&keys.decorate(key), &plan.slice, &mut stretches)? {
            Presence::Present(_) => partitions += 1,
            Presence::Absent => in_filter = true,
            Presence::FilteredOut => {}
        }
    }
    let reason = match (partitions, in_filter) {
        (1.., _) => Reason::Read,
        (_, true) => Reason::NotInIndex,
        (_, false) => Reason::BloomFilter,
    };
    Ok((reason, Some(partitions), stretches))
}
