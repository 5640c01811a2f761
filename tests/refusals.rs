//! What is not written, read or begun, because it would be wrong: it says why, and leaves nothing.

mod given;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use given::{Item, Partition, marker, options, partition, row, static_row, table, write_to};
use sstablefs::ingest::{Target, TargetOptions};
use sstablefs::rows::{BoundKind, PartitionStream, Row};
use sstablefs::schema::Table;
use sstablefs::sstable::{
    Component, Descriptor, Reader, SerializationHeader, SstableId, Version, Writer, WriterOptions,
};
use sstablefs::storage::{self, FileFolder, Folder, MemoryFolder, MemorySource, read_all};
use sstablefs::table::{Database, Options};
use sstablefs::{Kind, Result};

const CREATE: &str = "CREATE TABLE ks.t (k int, c int, v int, PRIMARY KEY (k, c));";

fn number(n: i32) -> [u8; 4] {
    n.to_be_bytes()
}

fn descriptor(version: Version) -> Descriptor {
    Descriptor { dir: PathBuf::new(), version, id: SstableId::Sequence(1) }
}

/// Why partitions are not written.
fn refused(table: &Arc<Table>, options: &WriterOptions, partitions: &[Partition]) -> String {
    let folder = MemoryFolder::default();
    let written = write_to(Arc::new(folder.clone()), &descriptor(Version::OA), table, options.clone(), partitions);
    assert_eq!(folder.list().unwrap(), [""; 0], "nothing is left");
    written.unwrap_err().message().to_owned()
}

#[test]
fn partitions_that_are_not_written() {
    let table = table(CREATE);
    let sound = options(&table, Version::OA);
    let start = || marker(BoundKind::InclusiveStart, &number(1));
    let end = || marker(BoundKind::InclusiveEnd, &number(2));
    let two = |item: Item| match item {
        Item::Row(mut row) => {
            row.clustering.push(row.clustering[0]);
            Item::Row(row)
        }
        Item::Marker(mut marker) => {
            marker.clustering.push(marker.clustering[0]);
            Item::Marker(marker)
        }
    };
    for (items, expected) in [
        (vec![end()], "range tombstone markers that do not follow each other"),
        (vec![start(), start()], "range tombstone markers that do not follow each other"),
        (vec![start()], "a range tombstone that is open where its partition ends"),
        (vec![two(row(&number(1), &number(2)))], "a row of 2 clustering values in a table of 1"),
        (vec![two(start())], "a range bound with more values than there are clustering columns"),
        (vec![row(&number(1), b"abc")], "a value of 3 bytes of a type of 4 bytes"),
    ] {
        assert_eq!(refused(&table, &sound, &[partition(&number(1), &items)]), expected);
    }
    let with_static = Partition { static_row: static_row(&number(1)), ..partition(&number(1), &[]) };
    assert_eq!(refused(&table, &sound, &[with_static]), "a static row where the header has no static columns");
}

/// Headers that are not those of the table.
#[test]
fn headers_that_do_not_fit_their_table() {
    let table = table(CREATE);
    let begun = |other: &str| {
        let header = SerializationHeader::of_table(&given::table(other));
        let options = WriterOptions { header, ..options(&table, Version::OA) };
        let folder = MemoryFolder::default();
        let writer = Writer::new(Arc::new(folder.clone()), &descriptor(Version::OA), &table, options);
        let error = writer.err().expect(other).message().to_owned();
        assert_eq!(folder.list().unwrap(), [""; 0], "nothing is left");
        error
    };
    let keys = "CREATE TABLE ks.t (k int, c int, d int, v int, PRIMARY KEY (k, c, d));";
    assert_eq!(begun(keys), "the header and the table have different numbers of clustering columns");
    let column = "CREATE TABLE ks.t (k int, c int, other int, PRIMARY KEY (k, c));";
    assert_eq!(begun(column), "the header has a column other that the table does not have");
}

#[test]
fn an_error_ends_a_writer() {
    let table = table(CREATE);
    let folder = MemoryFolder::default();
    let mut writer =
        Writer::new(Arc::new(folder.clone()), &descriptor(Version::OA), &table, options(&table, Version::OA)).unwrap();
    let sound = partition(&number(1), &[row(&number(1), &number(1))]);
    let mut stream = given::Stream::new(&table, std::slice::from_ref(&sound));
    assert!(stream.next_partition().unwrap() && writer.append(&mut stream).unwrap());
    assert_eq!(writer.keys(), 1);
    let wrong = partition(&number(2), &[marker(BoundKind::InclusiveEnd, &number(1))]);
    let mut stream = given::Stream::new(&table, &[wrong]);
    assert!(stream.next_partition().unwrap());
    writer.append(&mut stream).unwrap_err();
    let mut stream = given::Stream::new(&table, &[sound]);
    assert!(stream.next_partition().unwrap());
    let error = writer.append(&mut stream).unwrap_err();
    assert_eq!(error.message(), "an SSTable can't be written on after an error");
    assert_eq!(writer.finish().unwrap_err().message(), "an SSTable can't be finished after an error");
    assert_eq!(folder.list().unwrap(), [""; 0]);
}

#[test]
fn a_schema_that_is_not_the_sstables_is_said_to_be() {
    let folder = tempfile::tempdir().unwrap();
    let descriptor = given::write(
        folder.path(),
        &table(CREATE),
        Version::OA,
        &[partition(&number(1), &[row(&number(1), &number(1))])],
    );
    let other = table("CREATE TABLE ks.t (k int PRIMARY KEY, v int);");
    let error = Reader::open(&descriptor, &other).err().unwrap();
    assert_eq!(error.kind(), Kind::Schema);
    assert_eq!(error.message(), "the SSTable has 1 clustering columns, the schema of ks.t has 0");
}

/// A database of one table.
fn database(data: &Path, create: &str) -> Result<Target> {
    let schema = data.parent().unwrap().join("schema.cql");
    fs::write(&schema, create).unwrap();
    let database = Database::open(&[data.to_owned()], &Options { schema: vec![schema] }).unwrap();
    let store = database.table("ks", "t").unwrap();
    Target::of(&store, &TargetOptions::default())
}

#[test]
fn nothing_is_added_to_a_snapshot_or_beyond_the_last_number() {
    let folder = tempfile::tempdir().unwrap();
    let own = folder.path().join("data/ks/t-00000000000000000000000000000001");
    let snapshot = own.join("snapshots/s");
    fs::create_dir_all(&snapshot).unwrap();
    let table = table(CREATE);
    given::write(&snapshot, &table, Version::OA, &[partition(&number(1), &[row(&number(1), &number(1))])]);
    let error = database(&snapshot, CREATE).unwrap_err();
    assert!(error.message().contains("say with --out where new SSTables are to go"), "{error}");

    let mut target = database(&folder.path().join("data"), CREATE).unwrap();
    assert_eq!(target.next_descriptor().unwrap().id, SstableId::Sequence(1));
    fs::write(own.join("oa-2147483647-big-Data.db"), "").unwrap();
    let error = target.next_descriptor().unwrap_err();
    assert!(
        error.message().contains("are used up") && error.file() == Some(&*fs::canonicalize(&own).unwrap()),
        "{error}"
    );
}

#[test]
fn files_that_are_not_what_they_should_be() {
    let folder = tempfile::tempdir().unwrap();
    let error = storage::open_file(folder.path()).err().unwrap();
    assert_eq!((error.kind(), error.message()), (Kind::Invalid, "not a regular file"));
    let file = folder.path().join("file");
    fs::write(&file, "").unwrap();
    assert!(storage::open_file(&file).unwrap().is_empty());
    let within = FileFolder::new(&file);
    assert_eq!(within.exists("x").unwrap_err().kind(), Kind::Io, "a file is no folder");
    assert!(within.list().is_err() && within.create("x").is_err());
    let error = read_all(&MemorySource(vec![0; 11]), 10).unwrap_err();
    assert_eq!(error.to_string(), "11 bytes long, more than the 10 that are read");
    let made = FileFolder::new(folder.path()).create("made").unwrap();
    assert!(made.is_empty());
    // A link to nothing is a name like another.
    std::os::unix::fs::symlink("nowhere", folder.path().join("link")).unwrap();
    let names: Vec<String> = storage::directory::list(folder.path()).unwrap().into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["file", "link", "made"]);
    assert_eq!(storage::directory::stamp_if_exists(&folder.path().join("missing")).unwrap(), None);
    assert!(storage::directory::stamp_if_exists(&file.join("below")).is_err());
}

/// Rows without anything in them are passed over: a partition of only such is none.
#[test]
fn what_is_empty_is_not_written() {
    let table = table(CREATE);
    let mut empty = Row::default();
    let clustering = empty.store(&number(1));
    empty.clustering.push(clustering);
    let folder = MemoryFolder::default();
    let partitions = [partition(&number(1), &[Item::Row(empty)])];
    let options = options(&table, Version::OA);
    let written = write_to(Arc::new(folder.clone()), &descriptor(Version::OA), &table, options, &partitions).unwrap();
    assert_eq!(written, None);
    let data = format!("{}-{}", descriptor(Version::OA), Component::Data.name());
    assert!(!folder.exists(&data).unwrap());
}
