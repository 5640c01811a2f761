//! What a query would read, told by the indexes before any row is read.

use std::sync::Arc;

use super::plan::{self, Access};
use super::prepare::Query;
use crate::cql::names;
use crate::error::Result;
use crate::rows::Slice;
use crate::sstable::{Cost, Reader};
use crate::table::{Candidate, ScanRange, View};

/// How the partitions are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadKind {
    /// Each by its key.
    Keys,
    /// Those between two tokens.
    TokenRange,
    /// All.
    FullScan,
}

impl ReadKind {
    /// In words: `keys`, `token range`, `full scan`.
    pub fn name(self) -> &'static str {
        match self {
            ReadKind::Keys => "keys",
            ReadKind::TokenRange => "token range",
            ReadKind::FullScan => "full scan",
        }
    }
}

/// Why an SSTable is read or left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// It has to be read.
    Read,
    /// Its newest timestamp is before the deletion of the partition that another SSTable has (max_timestamp in
    /// Statistics.db).
    OlderThanDeletion,
    /// Statistics.db says that it has no row between the clusterings that are asked for.
    OutsideClusterings,
    /// The partition index does not have the key.
    NotInIndex,
    /// The bloom filter says that it does not have the key.
    BloomFilter,
    /// It has no key between the tokens that are asked for.
    OutsideTokenRange,
    /// The conditions exclude each other, so that nothing is read at all.
    NothingAsked,
}

impl Reason {
    /// In words, as `--explain` prints it.
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
    /// Whether it is read, and why.
    pub reason: Reason,
    /// Of those looked up, how many it has; of a range it is not counted.
    pub partitions: Option<u64>,
    /// What is read of its data: 0 unless it is read.
    pub cost: Cost,
}

impl SstablePlan {
    /// Whether anything of its data is read.
    pub fn is_read(&self) -> bool {
        self.reason == Reason::Read
    }
}

/// What a query would read, and how.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// keyspace.table
    pub table: String,
    /// How the partitions are found.
    pub read: ReadKind,
    /// Partitions looked up by key.
    pub keys: Option<u64>,
    /// Relations that the indexes answer: keys, tokens and clustering slices.
    pub indexed: Vec<String>,
    /// Relations that each row read is held against.
    pub filter: Vec<String>,
    /// Only a stretch of each partition's rows is read.
    pub slice: bool,
    /// Rows are read from the end of each partition.
    pub reversed: bool,
    /// All rows are held in memory to be sorted.
    pub sorts: bool,
    /// One an SSTable of the table, also those that are left out.
    pub sstables: Vec<SstablePlan>,
}

impl Explanation {
    /// How many SSTables have to be read.
    pub fn sstables_read(&self) -> usize {
        self.sstables.iter().filter(|s| s.is_read()).count()
    }

    /// Chunks and bytes of all SSTables together.
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
        let narrowed = plan.slices.first().is_none_or(|slice| !slice.is_all());
        let slice = narrowed && matches!(plan.access, Access::Keys(_));
        let sstables = match &plan.access {
            _ if plan.slices.is_empty() => nothing(view),
            Access::Keys(keys) => of_keys(view, keys, &plan.slices)?,
            Access::Range(range) => of_range(view, range)?,
        };
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

fn nothing(view: &View) -> Vec<SstablePlan> {
    let plan = |reason, id| SstablePlan { id, reason, partitions: None, cost: Cost::default() };
    view.sstables().iter().map(|s| plan(Reason::NothingAsked, s.descriptor().to_string())).collect()
}

fn of_range(view: &View, range: &ScanRange) -> Result<Vec<SstablePlan>> {
    let plan = |reader: &Arc<Reader>| {
        let stretch = reader.range_extent(&range.start, &range.end)?;
        let reason = if stretch.is_some() { Reason::Read } else { Reason::OutsideTokenRange };
        let cost = reader.cost(&mut stretch.into_iter().collect::<Vec<_>>())?;
        Ok(SstablePlan { id: reader.descriptor().to_string(), reason, partitions: None, cost })
    };
    view.sstables().iter().map(plan).collect()
}

/// Each SSTable is read for the first reason that any of the keys and slices gives.
fn of_keys(view: &View, keys: &[Vec<u8>], slices: &[Slice]) -> Result<Vec<SstablePlan>> {
    let count = view.sstables().len();
    let mut stretches = vec![Vec::new(); count];
    let mut partitions = vec![0; count];
    let mut reasons: Vec<Option<Reason>> = vec![None; count];
    for key in keys {
        let key = view.key_order().decorate(key);
        let mut read = vec![false; count];
        for slice in slices {
            for (i, candidate) in view.candidates(&key, slice, true)?.into_iter().enumerate() {
                let reason = match candidate {
                    Candidate::At(_) => Reason::Read,
                    Candidate::OlderThanDeletion | Candidate::OlderThanRow => Reason::OlderThanDeletion,
                    Candidate::OutsideClusterings => Reason::OutsideClusterings,
                    Candidate::Absent => Reason::NotInIndex,
                    Candidate::FilteredOut => Reason::BloomFilter,
                };
                if reason == Reason::Read {
                    view.sstables()[i].partition_extent(&key, slice, &mut stretches[i])?;
                    read[i] = true;
                }
                reasons[i] = Some(reasons[i].map_or(reason, |before| before.min(reason)));
            }
        }
        read.iter().zip(&mut partitions).for_each(|(read, n)| *n += u64::from(*read));
    }
    let mut plans = Vec::with_capacity(count);
    for (i, reader) in view.sstables().iter().enumerate() {
        plans.push(SstablePlan {
            id: reader.descriptor().to_string(),
            reason: reasons[i].unwrap_or(Reason::NothingAsked),
            partitions: Some(partitions[i]),
            cost: reader.cost(&mut stretches[i])?,
        });
    }
    Ok(plans)
}
