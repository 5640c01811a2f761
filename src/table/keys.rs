//! The keys of a table, streamed from the indexes of its SSTables.

use std::sync::Arc;

use crate::cql::{DecoratedKey, KeyOrder, Token};
use crate::error::Result;
use crate::merge::LiveRows;
use crate::rows::PartitionStream;
use crate::schema::Table;
use crate::sstable::{Entries, IndexEntry, Reader};

struct Input {
    entries: Entries,
    entry: IndexEntry,
    token: Token,
    /// The SSTable holds no deletion and nothing that expires: each of its partitions has something live.
    all_live: bool,
    ended: bool,
}

impl Input {
    fn advance(&mut self, order: &KeyOrder) -> Result<()> {
        self.ended = !self.entries.next_entry(&mut self.entry)?;
        if !self.ended {
            self.token = order.token(&self.entry.key);
        }
        Ok(())
    }
}

/// Keys in token order. Data is read only for a key that may be dead: one that an SSTable with deletions or TTLs has.
pub struct KeyStream {
    order: KeyOrder,
    inputs: Vec<Input>,
    rows: LiveRows,
    positions: Vec<Option<u64>>,
    key: DecoratedKey,
    after: Option<DecoratedKey>,
}

impl KeyStream {
    pub(super) fn new(
        table: &Arc<Table>,
        order: &KeyOrder,
        sstables: &[Arc<Reader>],
        after: Option<&DecoratedKey>,
        now: i64,
    ) -> Result<Self> {
        let mut inputs = Vec::with_capacity(sstables.len());
        let mut streams: Vec<Box<dyn PartitionStream>> = Vec::with_capacity(sstables.len());
        for sstable in sstables {
            let mut input = Input {
                entries: sstable.index_from(after)?,
                entry: IndexEntry::default(),
                token: Token::Key,
                all_live: sstable.is_all_live(),
                ended: false,
            };
            input.advance(order)?;
            inputs.push(input);
            streams.push(Box::new(sstable.scan(0, 0)?));
        }
        Ok(KeyStream {
            order: order.clone(),
            positions: vec![None; inputs.len()],
            inputs,
            rows: LiveRows::new(table, order, streams, now),
            key: DecoratedKey { token: Token::Key, key: Vec::new() },
            after: after.cloned(),
        })
    }

    /// The next key, with its token; `None` behind the last.
    pub fn next_key(&mut self) -> Result<Option<&DecoratedKey>> {
        loop {
            if !self.take_least()? {
                return Ok(None);
            }
            if self.after.as_ref().is_some_and(|after| self.order.compare(&self.key, after).is_le()) {
                continue;
            }
            self.after = None;
            if self.is_live()? {
                return Ok(Some(&self.key));
            }
        }
    }

    fn is_live(&mut self) -> Result<bool> {
        let may_be_dead = |(input, position): (&Input, &Option<u64>)| position.is_some() && !input.all_live;
        if !self.inputs.iter().zip(&self.positions).any(may_be_dead) {
            return Ok(true);
        }
        self.rows.restart(&self.positions)?;
        Ok(self.rows.next_partition()? && self.rows.partition_is_live()?)
    }

    /// Takes the least key, with its positions in those SSTables that have it.
    fn take_least(&mut self) -> Result<bool> {
        let mut least: Option<usize> = None;
        self.positions.fill(None);
        for (i, input) in self.inputs.iter().enumerate().filter(|(_, input)| !input.ended) {
            let ordering = least.map(|l| {
                let least = &self.inputs[l];
                self.order.compare_raw((input.token, &input.entry.key), (least.token, &least.entry.key))
            });
            match ordering {
                None | Some(std::cmp::Ordering::Less) => {
                    self.positions[..i].fill(None);
                    self.positions[i] = Some(input.entry.position);
                    least = Some(i);
                }
                Some(std::cmp::Ordering::Equal) => self.positions[i] = Some(input.entry.position),
                Some(std::cmp::Ordering::Greater) => {}
            }
        }
        let Some(least) = least else { return Ok(false) };
        self.key.token = self.inputs[least].token;
        std::mem::swap(&mut self.key.key, &mut self.inputs[least].entry.key);
        for (input, position) in self.inputs.iter_mut().zip(&self.positions) {
            if position.is_some() {
                input.advance(&self.order)?;
            }
        }
        Ok(true)
    }
}
