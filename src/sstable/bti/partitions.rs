//! Partitions.db: a trie of the shortest prefixes that tell the partition keys apart. Follows
//! org.apache.cassandra.io.sstable.format.bti.PartitionIndex, BtiTableReader and TrieIndexEntry.
//!
//! ```text
//!   trie pages │ u16 length, first key │ u16 length, last key │ footer: i64 offset of the first key │ i64 keys │ i64 root
//!
//!   payload: flags 1 to 7:  signed position of that many bytes
//!            flags 8 to 15: u8 low byte of the key's filter hash │ signed position of flags - 7 bytes
//!   position p: of the entry in Rows.db, or if negative ~p of the partition in Data.db
//!   entry in Rows.db: u16 length, key │ vint position in Data.db │ signed vint root of its trie, from behind the key
//!                     vint32 blocks │ deletion time
//! ```

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use super::node::{sized_int, sized_int_len, write_sized_int};
use super::rows::BtiRows;
use super::trie::{Payload, Trie};
use super::trie_writer::{TrieWriter, Value, common_prefix};
use crate::bytes::{Cursor, vint, write_short_bytes};
use crate::cql::{DecoratedKey, KeyOrder, murmur3_128};
use crate::error::{Error, Result};
use crate::rows::DeletionTime;
use crate::sstable::compression::DataSource;
use crate::sstable::deletion_time::{LONGEST_DELETION_TIME, read_deletion_time, write_deletion_time};
use crate::sstable::index::{IndexEntry, Named, RowIndexHandle};
use crate::sstable::pages::PagedFile;
use crate::sstable::prefix::ClusteringTypes;
use crate::sstable::version::Version;
use crate::storage::Buffered;

const FOOTER: u64 = 24;
const HASH_FLAG: u8 = 8;
/// Bytes of an entry behind its key.
const LONGEST_ENTRY: usize = 3 * 9 + LONGEST_DELETION_TIME;

/// Writes Partitions.db (PartitionIndexBuilder).
pub(super) struct PartitionsWriter {
    out: Buffered,
    trie: TrieWriter<Place>,
    order: KeyOrder,
    first: Vec<u8>,
    /// The key before, which enters the trie when it is known how much of it tells it from the next.
    last: Vec<u8>,
    last_place: Option<Place>,
    comparable: Vec<u8>,
    last_comparable: Vec<u8>,
    /// How much of the last key tells it from the one before.
    needed: usize,
}

/// What a key leads to.
#[derive(Clone, Copy)]
struct Place {
    position: i64,
    hash: u8,
}

impl Value for Place {
    fn flags(&self) -> u8 {
        HASH_FLAG - 1 + sized_int_len(self.position) as u8
    }

    fn size(&self) -> usize {
        1 + sized_int_len(self.position)
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.push(self.hash);
        write_sized_int(self.position, sized_int_len(self.position), out);
    }
}

impl PartitionsWriter {
    pub(super) fn new(out: Buffered, order: KeyOrder) -> PartitionsWriter {
        PartitionsWriter {
            out,
            trie: TrieWriter::new(),
            order,
            first: Vec::new(),
            last: Vec::new(),
            last_place: None,
            comparable: Vec::new(),
            last_comparable: Vec::new(),
            needed: 0,
        }
    }

    /// `position`: in Rows.db, or the complement of the one in Data.db.
    pub(super) fn add(&mut self, key: &DecoratedKey, position: i64) -> Result<()> {
        self.comparable.clear();
        self.order.byte_comparable(key.token, &key.key, &mut self.comparable)?;
        match self.last_place {
            None => self.first.extend_from_slice(&key.key),
            Some(place) => {
                let needed = common_prefix(&self.last_comparable, &self.comparable) + 1;
                self.add_last(needed.max(self.needed), place)?;
                self.needed = needed;
            }
        }
        std::mem::swap(&mut self.comparable, &mut self.last_comparable);
        self.last.clear();
        self.last.extend_from_slice(&key.key);
        self.last_place = Some(Place { position, hash: murmur3_128(&key.key)[1] as u8 });
        Ok(())
    }

    fn add_last(&mut self, length: usize, place: Place) -> Result<()> {
        let length = length.min(self.last_comparable.len());
        self.trie.add(&self.last_comparable[..length], place, &mut self.out)
    }

    pub(super) fn finish(mut self) -> Result<()> {
        let place = self.last_place.ok_or_else(|| Error::invalid("an SSTable without partitions can't be written"))?;
        self.add_last(self.needed, place)?;
        let keys = self.trie.count();
        let root = self.trie.complete(&mut self.out)?;
        let first_key = self.out.position();
        for key in [&self.first, &self.last] {
            write_short_bytes(key, self.out.buffer())?;
        }
        for number in [first_key, keys, root] {
            self.out.append(&number.to_be_bytes())?;
        }
        self.out.finish()?;
        Ok(())
    }
}

/// The entry in Rows.db of a partition whose trie has its root at `root` of that file, where the entry is at `at`.
pub(super) fn write_rows_entry(
    key: &[u8],
    position: u64,
    (at, root, blocks): (u64, u64, u32),
    deletion: &DeletionTime,
    version: Version,
    out: &mut Vec<u8>,
) -> Result<()> {
    write_short_bytes(key, out)?;
    vint::write(position, out);
    let base = at + 2 + key.len() as u64;
    vint::write(vint::zigzag(root as i64 - base as i64), out);
    vint::write(u64::from(blocks), out);
    write_deletion_time(deletion, version, out);
    Ok(())
}

/// Partitions.db with its Rows.db: a trie of the keys, each as far as it is unique (BtiTableReader). Cheap to clone.
#[derive(Clone)]
pub struct BtiIndex(Arc<Inner>);

struct Inner {
    partitions: Arc<PagedFile>,
    /// Missing when no partition is large.
    rows: Option<Arc<PagedFile>>,
    data: (Arc<DataSource>, PathBuf),
    order: KeyOrder,
    version: Version,
    root: u64,
    keys: u64,
    first: DecoratedKey,
    last: DecoratedKey,
}

/// What a thread keeps between lookups.
#[derive(Default)]
struct Scratch {
    comparable: Vec<u8>,
    bytes: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::default();
}

impl BtiIndex {
    /// `data` is asked for the keys, of which the trie has only prefixes.
    pub fn open(
        partitions: Named,
        rows: Option<Named>,
        data: (Arc<DataSource>, PathBuf),
        order: KeyOrder,
        version: Version,
    ) -> Result<BtiIndex> {
        let paged = |(source, path): Named| Arc::new(PagedFile::new(source, path));
        let (partitions, rows) = (paged(partitions), rows.map(paged));
        let inner = Inner::open(partitions.clone(), rows, data, order, version);
        Ok(BtiIndex(Arc::new(inner.map_err(|e| e.in_file(partitions.path()))?)))
    }

    /// The smallest and the largest key, as serialized, from the footer.
    pub fn first_last(&self) -> (&[u8], &[u8]) {
        (&self.0.first.key, &self.0.last.key)
    }

    /// How many keys there are, from the footer.
    pub fn keys(&self) -> u64 {
        self.0.keys
    }

    /// Looks a key up; `false` where it is not there. What the trie keeps of a key only makes it likely: the key
    /// itself is read in Rows.db or Data.db.
    pub fn lookup(&self, key: &DecoratedKey, entry: &mut IndexEntry) -> Result<bool> {
        let inner = &*self.0;
        if inner.order.compare(key, &inner.first).is_lt() || inner.order.compare(key, &inner.last).is_gt() {
            return Ok(false);
        }
        SCRATCH.with_borrow_mut(|scratch| inner.lookup(key, entry, scratch)).map_err(|e| inner.locate(e))
    }

    /// The entries from a key on, or from the first.
    pub fn iter_from(&self, from: Option<&DecoratedKey>) -> Result<BtiEntries> {
        let inner = &*self.0;
        let mut entries = BtiEntries {
            index: self.clone(),
            trie: Some(Trie::new(inner.partitions.clone(), inner.root)),
            bytes: Vec::new(),
            here: false,
            seen: from.is_none().then_some(0),
            position: None,
        };
        if let Some(from) = from {
            entries.seek(from).map_err(|e| inner.locate(e))?;
        }
        Ok(entries)
    }

    pub(in crate::sstable) fn rows(&self, root: u64, types: &Arc<ClusteringTypes>) -> Result<BtiRows> {
        let rows = self.0.rows.clone().ok_or_else(no_rows)?;
        BtiRows::open(rows.clone(), root, types.clone(), self.0.version).map_err(|e| e.in_file(rows.path()))
    }
}

fn no_rows() -> Error {
    Error::corrupt("Partitions.db leads to Rows.db, which is missing")
}

fn position((flags, payload): Payload<'_>) -> Result<i64> {
    let (skip, length) = if flags >= HASH_FLAG { (1, flags - (HASH_FLAG - 1)) } else { (0, flags) };
    match payload.get(skip..skip + usize::from(length)) {
        Some(bytes) => Ok(sized_int(bytes)),
        None => Err(Error::corrupt("a payload of Partitions.db crosses the end of its page")),
    }
}

impl Inner {
    fn open(
        partitions: Arc<PagedFile>,
        rows: Option<Arc<PagedFile>>,
        data: (Arc<DataSource>, PathBuf),
        order: KeyOrder,
        version: Version,
    ) -> Result<Inner> {
        let length = partitions.len();
        let body = length
            .checked_sub(FOOTER)
            .ok_or_else(|| Error::corrupt(format!("{length} bytes are too few for a partition index")))?;
        let mut footer = [0; FOOTER as usize];
        partitions.read_at(body, &mut footer)?;
        let mut cursor = Cursor::with_base(&footer, body);
        let (first_key, keys, root) = (cursor.u64()?, cursor.u64()?, cursor.u64()?);
        // Each key takes at least a byte of the trie.
        if first_key > body || root >= first_key || keys > first_key {
            return Err(Error::corrupt(format!(
                "{keys} keys, the first at byte {first_key}, and a root at byte {root} are announced in {length} bytes"
            ))
            .at(body));
        }
        let mut ends = vec![0; (body - first_key).min(1 << 18) as usize];
        partitions.read_at(first_key, &mut ends)?;
        let mut cursor = Cursor::with_base(&ends, first_key);
        let (first, last) = (order.decorate(cursor.short_bytes()?), order.decorate(cursor.short_bytes()?));
        Ok(Inner { partitions, rows, data, order, version, root, keys, first, last })
    }

    fn locate(&self, error: Error) -> Error {
        error.in_file(self.partitions.path())
    }

    fn lookup(&self, key: &DecoratedKey, entry: &mut IndexEntry, scratch: &mut Scratch) -> Result<bool> {
        let Scratch { comparable, bytes } = scratch;
        comparable.clear();
        self.order.byte_comparable(key.token, &key.key, comparable)?;
        let mut trie = Trie::new(self.partitions.clone(), self.root);
        let Some((flags, payload)) = trie.exact(comparable)? else { return Ok(false) };
        if flags >= HASH_FLAG && payload.first() != Some(&(murmur3_128(&key.key)[1] as u8)) {
            return Ok(false);
        }
        let position = position((flags, payload))?;
        self.read(position, entry, bytes, Some(&key.key))
    }

    fn read(&self, position: i64, entry: &mut IndexEntry, bytes: &mut Vec<u8>, wanted: Option<&[u8]>) -> Result<bool> {
        self.read_entry(position, entry, bytes, wanted).map_err(|e| match &self.rows {
            _ if position < 0 => e.in_file(&self.data.1),
            Some(rows) => e.in_file(rows.path()),
            None => e,
        })
    }

    /// Reads the entry that a position leads to; `false` when it is not the one of `wanted`.
    fn read_entry(
        &self,
        position: i64,
        entry: &mut IndexEntry,
        bytes: &mut Vec<u8>,
        wanted: Option<&[u8]>,
    ) -> Result<bool> {
        let in_data = position < 0;
        let start = if in_data { !position } else { position } as u64;
        let behind = if in_data { LONGEST_DELETION_TIME } else { LONGEST_ENTRY };
        // A guess that holds for most keys; a longer key is read again.
        let mut length = 2 + wanted.map_or(64, <[u8]>::len) + behind;
        loop {
            bytes.resize(length, 0);
            let n = if in_data {
                self.data.0.read_at(start, bytes)?
            } else {
                self.rows.as_ref().ok_or_else(no_rows)?.read_at(start, bytes)?
            };
            bytes.truncate(n);
            let Some(head) = bytes.first_chunk::<2>() else {
                let file = if in_data { "Data.db" } else { "Rows.db" };
                return Err(Error::corrupt(format!("Partitions.db leads to byte {start} of {file}, behind its end")));
            };
            let key_length = usize::from(u16::from_be_bytes(*head));
            if wanted.is_some_and(|w| w.len() != key_length) {
                return Ok(false);
            }
            if n < length || 2 + key_length + behind <= length {
                break;
            }
            length = 2 + key_length + behind;
        }
        let mut cursor = Cursor::with_base(bytes, start);
        let key = cursor.short_bytes()?;
        if wanted.is_some_and(|w| w != key) {
            return Ok(false);
        }
        entry.key.clear();
        entry.key.extend_from_slice(key);
        entry.position = start;
        entry.row_index = None;
        if !in_data {
            let base = cursor.offset();
            entry.position = cursor.vint()?;
            let root = base.checked_add_signed(vint::unzigzag(cursor.vint()?));
            let blocks = cursor.vint()?;
            let (Some(root), Ok(blocks)) = (root, u32::try_from(blocks)) else {
                return Err(Error::corrupt(format!("a row index of {blocks} blocks")).at(base));
            };
            if root >= start {
                return Err(Error::corrupt(format!("the root of a row index is at byte {root}, behind it")).at(base));
            }
            entry.row_index = Some(RowIndexHandle::Bti { root, blocks });
        }
        entry.deletion = read_deletion_time(&mut cursor, self.version)?;
        Ok(true)
    }
}

/// Entries in the order of the index. Keys are read from Data.db or Rows.db as they come.
pub struct BtiEntries {
    index: BtiIndex,
    /// `None` at the end.
    trie: Option<Trie>,
    bytes: Vec<u8>,
    /// The trie is at the next entry already.
    here: bool,
    /// How many entries came, when all are asked for.
    seen: Option<u64>,
    /// In Data.db, of the entry before.
    position: Option<u64>,
}

impl BtiEntries {
    /// Fills in the next entry; `false` behind the last.
    pub fn next_entry(&mut self, entry: &mut IndexEntry) -> Result<bool> {
        self.advance(entry).map_err(|e| self.index.0.locate(e))
    }

    fn advance(&mut self, entry: &mut IndexEntry) -> Result<bool> {
        let Some(trie) = &mut self.trie else { return Ok(false) };
        let inner = &*self.index.0;
        let more = std::mem::take(&mut self.here)
            || match trie.next() {
                Ok(more) => more,
                Err(e) => {
                    // There is no way on.
                    self.trie = None;
                    return Err(e);
                }
            };
        if !more {
            self.trie = None;
            // The trie has no checksum, but the count tells when a part of it can no longer be reached.
            return match self.seen {
                Some(seen) if seen != inner.keys => {
                    Err(Error::corrupt(format!("the trie has {seen} keys and should have {}", inner.keys)))
                }
                _ => Ok(false),
            };
        }
        self.seen = self.seen.map(|seen| seen + 1);
        inner.read(position(trie.payload()?)?, entry, &mut self.bytes, None)?;
        if self.position.replace(entry.position).is_some_and(|before| before >= entry.position) {
            return Err(Error::corrupt("the positions of partitions are not in order"));
        }
        Ok(true)
    }

    /// Whether more may come, also behind an error.
    pub(in crate::sstable) fn goes_on(&self) -> bool {
        self.trie.is_some()
    }

    /// Goes to the first entry that is not before `from`. A prefix of the key may stand for a key before, at or behind
    /// it; all others that floor finds are before it.
    fn seek(&mut self, from: &DecoratedKey) -> Result<()> {
        let Some(trie) = &mut self.trie else { return Ok(()) };
        let inner = &*self.index.0;
        let mut comparable = Vec::new();
        inner.order.byte_comparable(from.token, &from.key, &mut comparable)?;
        if trie.floor(&comparable)? {
            let mut entry = IndexEntry::default();
            inner.read(position(trie.payload()?)?, &mut entry, &mut self.bytes, None)?;
            let token = inner.order.token(&entry.key);
            self.here = inner.order.compare_raw((token, &entry.key), (from.token, &from.key)).is_ge();
        }
        Ok(())
    }
}
