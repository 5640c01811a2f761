//! Changes that were accepted and are not yet in SSTables of the table: each lot of them is an SSTable of its own in the
//! folder of the [`Lock`], durable and shown with the table's. A flush merges them into one SSTable of the table.
//!
//! ```text
//! TABLE/.sstablefs/oa-7-big-Data.db …      the seventh accepted lot
//! TABLE/.sstablefs/flush                   while a flush goes on: the SSTable that it makes, then the lots that are in it
//! ```
//! The flush is done when the Data.db of its SSTable has its name. From then on the lots that the record names must not
//! be shown or written again; until then they count, and what there is of the SSTable does not.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::loader::{Loader, LoaderOptions};
use super::lock::Lock;
use super::runs::{count_keys, merged, remove};
use super::target::{Target, TargetOptions};
use crate::error::{Error, Kind, Result};
use crate::rows::{Marker, PartitionStream, Row, Unfiltered};
use crate::schema::Table;
use crate::sstable::{
    Component, Descriptor, HeaderBuilder, Reader, SstableId, Version, Writer, WriterOptions, Written, remove_leftovers,
};
use crate::storage::{self, Disk, FileDisk, FileSource, OwnFolder, directory};
use crate::table::TableStore;

const RECORD: &str = "flush";
const RECORD_TMP: &str = "flush.tmp";
/// Far more than the names of all lots.
const LARGEST_RECORD: u64 = 1 << 20;

/// Accepted lots from which on a flush is due: each costs every read something.
pub const MAX_LOTS: usize = 32;

/// An accepted lot.
#[derive(Debug)]
struct Lot {
    descriptor: Descriptor,
    header: HeaderBuilder,
    bytes: u64,
}

/// Of one table, for one process at a time.
pub struct Journal {
    store: Arc<TableStore>,
    target: Target,
    lots: Vec<Lot>,
    next: u32,
    loaders: AtomicU32,
    lock: Lock,
    disk: Arc<dyn Disk>,
}

impl Journal {
    /// Takes up what an earlier process accepted and did not flush. [`Kind::Busy`](crate::Kind::Busy) where another process
    /// writes to the table, and what [`Target::of`] says where nothing may be written.
    pub fn open(store: &Arc<TableStore>, options: &TargetOptions) -> Result<Journal> {
        Self::open_on(Arc::new(FileDisk), store, options)
    }

    /// The same, with files of which a disk tells.
    pub fn open_on(disk: Arc<dyn Disk>, store: &Arc<TableStore>, options: &TargetOptions) -> Result<Journal> {
        let target = Target::of(store, options)?;
        let lock = Lock::take(target.folder())?;
        let table = store.schema()?;
        remove_leftovers(&*disk.folder(target.folder()))?;
        remove_leftovers(&*disk.folder(lock.folder()))?;
        let loaders = AtomicU32::new(0);
        let mut journal = Journal { store: store.clone(), target, lots: Vec::new(), next: 1, loaders, lock, disk };
        journal.finish_flush(false)?;
        journal.remove_rests()?;
        for entry in directory::list(journal.lock.folder())? {
            let path = journal.lock.folder().join(&entry.name);
            let Some((descriptor, component)) = Descriptor::parse(&path)? else { continue };
            if let SstableId::Sequence(number) = descriptor.id {
                journal.next = journal.next.max(number.saturating_add(1));
            }
            if component == Component::Data {
                let header = read_header(&descriptor, &table)?;
                let bytes = directory::stamp(&path)?.len;
                journal.lots.push(Lot { descriptor, header, bytes });
            }
        }
        journal.lots.sort_by_key(|lot| lot.descriptor.id);
        journal.show()?;
        Ok(journal)
    }

    /// Takes the changes of the next lot: what is accepted or refused as a whole.
    pub fn loader(&self, options: LoaderOptions) -> Result<Loader> {
        let number = self.loaders.fetch_add(1, Ordering::Relaxed);
        let scratch = self.lock.scratch()?.join(number.to_string());
        OwnFolder::make(&scratch)?;
        let (disk, table) = (self.disk.clone(), self.store.schema()?);
        Ok(Loader::on(disk, &table, self.target.version(), scratch, options))
    }

    /// The folder for files that are only kept as long as this is open.
    pub fn scratch(&self) -> Result<PathBuf> {
        self.lock.scratch()
    }

    /// Of the SSTables that are written.
    pub fn version(&self) -> Version {
        self.target.version()
    }

    /// Where accepted lots lie, and SSTables go.
    pub fn folder(&self) -> &Path {
        self.target.folder()
    }

    /// Makes what was loaded durable and visible. What did not fit in memory becomes SSTables of the table at once,
    /// which are returned.
    pub fn accept(&mut self, loader: Loader) -> Result<Vec<Written>> {
        if loader.is_empty() {
            return Ok(Vec::new());
        }
        if !loader.is_in_memory() {
            let written = loader.finish(&mut self.target, &mut |_| ())?;
            self.show()?;
            return Ok(written);
        }
        let header = loader.header().clone();
        let descriptor = Descriptor {
            dir: self.lock.folder().to_owned(),
            version: self.target.version(),
            id: SstableId::Sequence(self.next),
        };
        self.next += 1;
        if let Some(written) = loader.finish_as(&descriptor)? {
            self.lots.push(Lot { descriptor, header, bytes: written.bytes });
            self.show()?;
        }
        Ok(Vec::new())
    }

    /// How many lots wait for a flush, and their bytes.
    pub fn pending(&self) -> (usize, u64) {
        (self.lots.len(), self.lots.iter().map(|lot| lot.bytes).sum())
    }

    /// Merges all accepted lots into one SSTable of the table. After an error they are still there.
    pub fn flush(&mut self) -> Result<Option<Written>> {
        // One that could not be ended.
        self.finish_flush(false)?;
        if self.lots.is_empty() {
            return Ok(None);
        }
        let table = self.store.schema()?;
        let open = |lot: &Lot| Reader::open(&lot.descriptor, &table).map(Arc::new);
        let readers = self.lots.iter().map(open).collect::<Result<Vec<_>>>()?;
        let mut header = HeaderBuilder::new(&table);
        self.lots.iter().for_each(|lot| header.merge(&lot.header));
        let descriptor = self.target.next_descriptor()?;
        self.write_record(&descriptor)?;
        let written = self.write(&descriptor, &table, &readers, &header);
        match written {
            Ok(written) => {
                let done: Vec<Lot> = self.lots.drain(..).collect();
                self.show()?;
                if written.is_none() {
                    // Their columns were dropped since: there is nothing to write.
                    let folder = self.disk.folder(self.lock.folder());
                    done.iter().try_for_each(|lot| remove(&*folder, &lot.descriptor))?;
                }
                // Also when `nodetool import` has already taken what was written.
                self.finish_flush(written.is_some())?;
                Ok(written)
            }
            Err(e) => {
                if is_done(&descriptor)? {
                    // It has its name and could not be removed: it counts.
                    self.lots.clear();
                    self.show()?;
                }
                // What can't be ended now is with the next flush, or when the journal is opened.
                let _ = self.finish_flush(false);
                Err(e)
            }
        }
    }

    fn write(
        &self,
        descriptor: &Descriptor,
        table: &Arc<Table>,
        readers: &[Arc<Reader>],
        header: &HeaderBuilder,
    ) -> Result<Option<Written>> {
        let keys = count_keys(readers)?;
        let options = WriterOptions::of_table(table, descriptor.version, header.header(table), keys)?;
        let folder = self.disk.folder(&descriptor.dir);
        let mut writer = Writer::new(folder, descriptor, table, options)?;
        writer.append_all(&mut merged(table, readers)?)?;
        writer.finish()
    }

    /// Shows the lots as they are now, and what there is outside of the table's folders of earlier ones.
    fn show(&self) -> Result<()> {
        let lots = self.lots.iter().map(|lot| lot.descriptor.component(Component::Data)).collect();
        let folder = self.target.folder();
        let elsewhere = !self.store.dirs().dirs.iter().any(|dir| dir.path == folder);
        self.store.set_beside(lots, elsewhere.then(|| folder.to_owned()));
        self.store.view()?;
        self.store.refresh()?;
        Ok(())
    }

    fn write_record(&self, descriptor: &Descriptor) -> Result<()> {
        let mut text = format!("{descriptor}\n");
        self.lots.iter().for_each(|lot| text.push_str(&format!("{}\n", lot.descriptor)));
        let folder = self.disk.folder(self.lock.folder());
        if folder.exists(RECORD_TMP)? {
            folder.remove(RECORD_TMP)?;
        }
        let mut file = folder.create(RECORD_TMP)?;
        file.append(text.as_bytes())?;
        file.sync()?;
        folder.rename(RECORD_TMP, RECORD)?;
        folder.sync()
    }

    /// Ends a flush: its lots are gone if it was done, its SSTable if it was broken off. `done`: it surely was done.
    fn finish_flush(&self, done: bool) -> Result<()> {
        let path = self.lock.folder().join(RECORD);
        let record = match FileSource::open(&path) {
            Ok(record) => record,
            Err(e) if e.kind() == Kind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        let text = storage::read_all(&record, LARGEST_RECORD).map_err(|e| Error::io(e, &path))?;
        let text = String::from_utf8_lossy(&text);
        let parse = |folder: &Path, name: &str| -> Result<Descriptor> {
            match Descriptor::parse(&folder.join(format!("{name}-Data.db"))) {
                Ok(Some((descriptor, _))) => Ok(descriptor),
                _ => Err(Error::corrupt("names no SSTable").in_file(&path)),
            }
        };
        let mut lines = text.lines();
        let made = parse(self.target.folder(), lines.next().unwrap_or_default())?;
        let lots = lines.map(|name| parse(self.lock.folder(), name)).collect::<Result<Vec<_>>>()?;
        let (folder, target) = (self.disk.folder(self.lock.folder()), self.disk.folder(self.target.folder()));
        if done || is_done(&made)? {
            // Its names have to survive before the lots go.
            target.sync()?;
            lots.iter().try_for_each(|lot| remove(&*folder, lot))?;
        } else {
            remove(&*target, &made)?;
        }
        folder.sync()?;
        folder.remove(RECORD)
    }

    /// Removes what is left of lots of which not all was removed, and of a record that was not written to its end.
    fn remove_rests(&self) -> Result<()> {
        let folder = self.disk.folder(self.lock.folder());
        for name in folder.list()? {
            let is_rest = match Descriptor::parse(&self.lock.folder().join(&name))? {
                Some((descriptor, _)) => !folder.exists(&format!("{descriptor}-{}", Component::Data.name()))?,
                None => name == RECORD_TMP,
            };
            if is_rest {
                folder.remove(&name)?;
            }
        }
        Ok(())
    }
}

impl Drop for Journal {
    /// The table no longer shows what is accepted and not flushed; the next journal does.
    fn drop(&mut self) {
        self.store.set_beside(Vec::new(), None);
        let _ = self.store.refresh();
    }
}

/// Whether the SSTable that a flush makes counts.
fn is_done(made: &Descriptor) -> Result<bool> {
    Ok(directory::stamp_if_exists(&made.component(Component::Data))?.is_some())
}

/// What the header of an SSTable with the same content has to say.
fn read_header(descriptor: &Descriptor, table: &Arc<Table>) -> Result<HeaderBuilder> {
    let mut stream = Arc::new(Reader::open(descriptor, table)?).scan_all()?;
    let mut header = HeaderBuilder::new(table);
    let (mut row, mut marker) = (Row::default(), Marker::default());
    while stream.next_partition()? {
        header.deletion(&stream.deletion());
        header.static_row(stream.static_row());
        loop {
            match stream.next(&mut row, &mut marker)? {
                Unfiltered::End => break,
                Unfiltered::Row => header.row(&row),
                Unfiltered::Marker => header.marker(&marker),
            }
        }
    }
    Ok(header)
}
