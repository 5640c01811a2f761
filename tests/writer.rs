//! What is left of an SSTable whose writing fails, or ends with a crash, at any step; and what is refused.

mod data;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sstablefs::rows::{DeletionTime, Marker, PartitionStream, Row, Unfiltered};
use sstablefs::sstable::writer::remove_leftovers;
use sstablefs::sstable::{
    Component, Descriptor, Reader, Scanner, SerializationHeader, Toc, Version, Writer, WriterOptions, Written,
    read_statistics,
};
use sstablefs::storage::{Folder, MemoryFolder, Output};
use sstablefs::table::inferred::dump_table;
use sstablefs::{Error, Kind, Result};

/// A folder of which one operation fails, or that one and all later ones, as after a crash.
#[derive(Clone)]
struct Failing {
    inner: MemoryFolder,
    left: Arc<AtomicUsize>,
    crash: bool,
}

impl Failing {
    fn step(&self) -> Result<()> {
        let left = self.left.load(Ordering::Relaxed);
        let failed = left == 0;
        if !failed || !self.crash {
            self.left.store(left.wrapping_sub(1), Ordering::Relaxed);
        }
        if failed { Err(Error::new(Kind::Io, "planted")) } else { Ok(()) }
    }
}

struct FailingOutput(Box<dyn Output>, Failing);

impl Output for FailingOutput {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.1.step()?;
        self.0.append(bytes)
    }
    fn len(&self) -> u64 {
        self.0.len()
    }
    fn sync(&mut self) -> Result<()> {
        self.1.step()?;
        self.0.sync()
    }
}

impl Folder for Failing {
    fn path(&self) -> &Path {
        self.inner.path()
    }
    fn create(&self, name: &str) -> Result<Box<dyn Output>> {
        self.step()?;
        Ok(Box::new(FailingOutput(self.inner.create(name)?, self.clone())))
    }
    fn rename(&self, from: &str, to: &str) -> Result<()> {
        self.step()?;
        self.inner.rename(from, to)
    }
    fn remove(&self, name: &str) -> Result<()> {
        self.step()?;
        self.inner.remove(name)
    }
    fn exists(&self, name: &str) -> Result<bool> {
        self.step()?;
        self.inner.exists(name)
    }
    fn list(&self) -> Result<Vec<String>> {
        self.step()?;
        self.inner.list()
    }
    fn sync(&self) -> Result<()> {
        self.step()?;
        self.inner.sync()
    }
}

type Source = (Descriptor, Arc<Reader>, WriterOptions);

/// An SSTable of a few partitions of a real Cassandra.
fn source(version: Version) -> Source {
    let small = |d: &Descriptor| {
        d.version == version
            && d.dir.to_str().unwrap().contains("/every_type-")
            && d.component(Component::Data).exists()
    };
    let descriptor = data::sstables().into_iter().find(small).unwrap();
    let statistics = read_statistics(&descriptor).unwrap();
    let table = Arc::new(dump_table(&statistics).unwrap());
    let options = WriterOptions::of_table(&table, version, statistics.header.clone(), 10).unwrap();
    let reader = Arc::new(Reader::open(&descriptor, &table).unwrap());
    (descriptor, reader, options)
}

fn write(folder: Arc<dyn Folder>, (descriptor, reader, options): &Source) -> Result<Option<Written>> {
    let mut writer = Writer::new(folder, descriptor, reader.table(), options.clone())?;
    writer.append_all(&mut reader.scan_all()?)?;
    writer.finish()
}

/// Calls `check` with the folder after a failure at each step in turn; returns how many steps there are.
fn at_each_step(source: &Source, crash: bool, mut check: impl FnMut(&MemoryFolder)) -> usize {
    for steps in 0.. {
        let folder = Failing { inner: MemoryFolder::default(), left: Arc::new(steps.into()), crash };
        match write(Arc::new(folder.clone()), source) {
            Ok(written) => {
                assert!(written.is_some());
                return steps;
            }
            Err(e) => assert_eq!(e.message(), "planted"),
        }
        check(&folder.inner);
    }
    unreachable!()
}

#[test]
fn a_failure_leaves_nothing() {
    for version in [Version::NB, Version::DA] {
        let steps = at_each_step(&source(version), false, |folder| assert_eq!(folder.list().unwrap(), [""; 0]));
        assert!(steps > 30, "{steps}");
    }
}

#[test]
fn a_crash_leaves_a_whole_sstable_or_nothing() {
    for version in [Version::NB, Version::DA] {
        let source = source(version);
        let descriptor = &source.0;
        let name = |c: Component| format!("{descriptor}-{}", c.name());
        let (mut whole, mut nothing) = (0, 0);
        at_each_step(&source, true, |folder| {
            let names = folder.list().unwrap();
            let has = |c: Component| names.contains(&name(c));
            if has(Component::Data) {
                // What Cassandra takes for an SSTable lacks nothing but the list of its files.
                let toc = folder.bytes(&name(Component::Toc)).or_else(|| {
                    folder.bytes(&format!(".sstablefs.{}.TOC.txt.tmp", descriptor.to_string().replace('-', ".")))
                });
                let toc = Toc::parse(&toc.unwrap()).unwrap();
                assert!(toc.components.iter().all(|&c| c == Component::Toc || has(c)), "{names:?}");
                whole += 1;
            } else {
                assert!(!has(Component::Toc));
                nothing += 1;
            }
            for name in names.iter().filter(|name| name.starts_with('.')) {
                assert!(Descriptor::parse(Path::new(name)).unwrap().is_none(), "{name}");
            }
            remove_leftovers(folder).unwrap();
            let left = folder.list().unwrap();
            if has(Component::Data) {
                let toc = Toc::parse(&folder.bytes(&name(Component::Toc)).unwrap()).unwrap();
                assert_eq!(left.len(), toc.components.len());
            } else {
                assert_eq!(left, [""; 0]);
            }
        });
        assert!(whole > 0 && nothing > 30, "{whole} and {nothing}");
    }
}

#[test]
fn leftovers_of_others_stay() {
    let folder = MemoryFolder::default();
    let others =
        ["nb-1-big-Filter.db", "nb-2-big-Data.db", "nb-2-big-Statistics.db.tmp", ".hidden.tmp", ".sstablefs.x.tmp"];
    for name in others {
        folder.create(name).unwrap();
    }
    folder.create(".sstablefs.nb.2.big.Data.db.tmp").unwrap();
    assert_eq!(remove_leftovers(&folder).unwrap(), 1);
    assert_eq!(folder.list().unwrap().len(), others.len());
}

/// Partitions of a scan, of which one has another deletion.
struct Changed(Scanner, Option<DeletionTime>);

impl PartitionStream for Changed {
    fn next_partition(&mut self) -> Result<bool> {
        self.0.next_partition()
    }
    fn key(&self) -> &sstablefs::cql::DecoratedKey {
        self.0.key()
    }
    fn deletion(&self) -> DeletionTime {
        self.1.unwrap_or_else(|| self.0.deletion())
    }
    fn static_row(&self) -> &Row {
        self.0.static_row()
    }
    fn next(&mut self, row: &mut Row, marker: &mut Marker) -> Result<Unfiltered> {
        self.0.next(row, marker)
    }
    fn seek_partition(&mut self, position: Option<u64>) -> Result<()> {
        self.0.seek_partition(position)
    }
}

#[test]
fn what_can_not_be_written_is_refused() {
    let source = source(Version::OA);
    let (descriptor, reader, options) = &source;
    let folder = MemoryFolder::default();
    let writer =
        |options: &WriterOptions| Writer::new(Arc::new(folder.clone()), descriptor, reader.table(), options.clone());
    let refused = |mut writer: Writer, stream: &mut dyn PartitionStream, what: &str| {
        let error = writer.append_all(stream).unwrap_err();
        assert!(error.message().contains(what), "{error}");
        assert!(writer.finish().is_err());
        assert_eq!(folder.list().unwrap(), [""; 0]);
    };

    let mut twice = writer(options).unwrap();
    twice.append_all(&mut reader.scan_all().unwrap()).unwrap();
    refused(twice, &mut reader.scan_all().unwrap(), "not behind that of the one before");

    let old = DeletionTime { marked_for_delete_at: -1, local_deletion_time: 1 };
    refused(writer(options).unwrap(), &mut Changed(reader.scan_all().unwrap(), Some(old)), "before 1970");

    let empty = SerializationHeader { regulars: Vec::new(), ..options.header.clone() };
    let lacking = WriterOptions { header: empty, ..options.clone() };
    refused(writer(&lacking).unwrap(), &mut reader.scan_all().unwrap(), "the header does not have it");

    assert_eq!(writer(options).unwrap().finish().unwrap(), None);
    assert_eq!(folder.list().unwrap(), [""; 0]);

    write(Arc::new(folder.clone()), &source).unwrap().unwrap();
    let error = writer(options).err().unwrap();
    assert!(error.message().contains("there is an SSTable"), "{error}");
    assert!(folder.list().unwrap().len() > 5);
}
