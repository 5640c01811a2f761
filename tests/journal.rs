//! What is accepted stays, is seen at once, and becomes an SSTable once.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use sstablefs::ingest::{Journal, Loader, LoaderOptions, TargetOptions};
use sstablefs::rows::{Cell, Liveness, NO_DELETION_TIME, NO_TTL, Row, Sink, Span};
use sstablefs::table::{Database, Options, ScanRange, TableStore};

const OPTIONS: LoaderOptions = LoaderOptions { memtable: 1 << 20, max_size: None };
const NOW: i64 = 2_000_000_000;

/// A table of (k int, c int, v int) with one SSTable-less folder.
fn database(dir: &Path) -> Arc<TableStore> {
    let folder = dir.join("data/ks/t-00000000000000000000000000000001");
    fs::create_dir_all(&folder).unwrap();
    let schema = dir.join("schema.cql");
    fs::write(
        &schema,
        "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'};
         CREATE TABLE ks.t (k int, c int, v int, PRIMARY KEY (k, c));",
    )
    .unwrap();
    let database = Database::open(&[dir.join("data")], &Options { schema: vec![schema] }).unwrap();
    database.table("ks", "t").unwrap()
}

fn put(loader: &mut Loader, k: i32, c: i32, v: i32) {
    let mut row = Row::default();
    let clustering = row.store(&c.to_be_bytes());
    row.clustering.push(clustering);
    row.liveness = Liveness { timestamp: 1000, ttl: NO_TTL, local_expiration_time: NO_DELETION_TIME };
    let value = row.store(&v.to_be_bytes());
    row.cells.push(Cell {
        column: 0,
        ttl: NO_TTL,
        timestamp: 1000,
        local_deletion_time: NO_DELETION_TIME,
        value,
        path: Span::default(),
    });
    loader.row(&k.to_be_bytes(), &row).unwrap();
}

/// All rows, as (k, c, v), sorted.
fn rows(store: &TableStore) -> Vec<(i32, i32, i32)> {
    let number = |bytes: &[u8]| i32::from_be_bytes(bytes.try_into().unwrap());
    let view = store.view().unwrap();
    let mut rows = view.rows(&ScanRange::ALL, NOW).unwrap();
    let mut found = Vec::new();
    while rows.next_partition().unwrap() {
        let key = number(&rows.key().key);
        while let Some(row) = rows.next_row().unwrap() {
            found.push((key, number(row.clustering_value(0).unwrap()), number(row.value(&row.cells[0]))));
        }
    }
    found.sort_unstable();
    found
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

fn data_files(folder: &Path) -> usize {
    names(folder).iter().filter(|n| n.ends_with("-Data.db")).count()
}

#[test]
fn accepted_lots_are_seen_at_once_and_flushed_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = database(dir.path());
    let mut journal = Journal::open(&store, &TargetOptions::default()).unwrap();
    let mut expected = Vec::new();
    for lot in 0..3 {
        let mut loader = journal.loader(OPTIONS).unwrap();
        for i in (0..10).rev() {
            put(&mut loader, i % 3, lot * 10 + i, i);
            expected.push((i % 3, lot * 10 + i, i));
        }
        assert!(journal.accept(loader).unwrap().is_empty());
        expected.sort_unstable();
        assert_eq!(rows(&store), expected, "lot {lot}");
    }
    let folder = journal.folder().to_owned();
    assert_eq!(data_files(&folder), 0);
    assert_eq!(journal.pending().0, 3);
    let written = journal.flush().unwrap().unwrap();
    assert_eq!((written.rows, written.keys, written.descriptor.to_string().as_str()), (30, 3, "oa-1-big"));
    assert_eq!(rows(&store), expected);
    assert_eq!((journal.pending(), journal.flush().unwrap()), ((0, 0), None));
    drop(journal);
    assert_eq!((data_files(&folder), folder.join(".sstablefs").exists()), (1, false));
    store.refresh().unwrap();
    assert_eq!(rows(&store), expected);
}

#[test]
fn what_was_accepted_is_there_after_a_crash() {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("lots");
    let expected = [(1, 2, 3)];
    let store = database(dir.path());
    let journal_folder = {
        let mut journal = Journal::open(&store, &TargetOptions::default()).unwrap();
        let mut loader = journal.loader(OPTIONS).unwrap();
        put(&mut loader, 1, 2, 3);
        journal.accept(loader).unwrap();
        journal.folder().join(".sstablefs")
    };
    assert_eq!(rows(&store), []);
    // What is left by a process that ended here.
    let copy_all = |from: &Path, to: &Path| {
        fs::create_dir_all(to).unwrap();
        for name in names(from) {
            fs::copy(from.join(&name), to.join(&name)).unwrap();
        }
    };
    copy_all(&journal_folder, &copy);
    let restore = || copy_all(&copy, &journal_folder);
    {
        let mut journal = Journal::open(&store, &TargetOptions::default()).unwrap();
        assert_eq!((rows(&store).as_slice(), journal.pending().0), (expected.as_slice(), 1));
        journal.flush().unwrap().unwrap();
    }
    let table = journal_folder.parent().unwrap().to_owned();
    // The flush was done, but its lots are still there: they are not applied again.
    restore();
    fs::write(journal_folder.join("flush"), "oa-1-big\noa-1-big\n").unwrap();
    {
        let journal = Journal::open(&store, &TargetOptions::default()).unwrap();
        assert_eq!((rows(&store).as_slice(), journal.pending().0), (expected.as_slice(), 0));
        assert!(!journal_folder.join("flush").exists());
    }
    // It was broken off before its SSTable had a Data.db: the lots count, the rest is removed.
    restore();
    fs::write(journal_folder.join("flush"), "oa-1-big\noa-1-big\n").unwrap();
    fs::remove_file(table.join("oa-1-big-Data.db")).unwrap();
    let mut journal = Journal::open(&store, &TargetOptions::default()).unwrap();
    assert_eq!((rows(&store).as_slice(), journal.pending().0), (expected.as_slice(), 1));
    assert_eq!(names(&table), [".sstablefs"]);
    journal.flush().unwrap().unwrap();
    assert_eq!((rows(&store).as_slice(), data_files(&table)), (expected.as_slice(), 1));
}

#[test]
fn runs_are_merged_and_more_than_memory_is_written_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = database(dir.path());
    let mut journal = Journal::open(&store, &TargetOptions::default()).unwrap();
    // Less than a hundred rows a run: more runs than are merged at a time.
    let options = LoaderOptions { memtable: 8 << 10, max_size: None };
    let mut loader = journal.loader(options).unwrap();
    let mut expected = Vec::new();
    for i in 0..9973_i32 {
        let (k, c) = (i * 7919 % 9973 % 50, i * 104_729 % 9973);
        put(&mut loader, k, c, i);
        expected.push((k, c, i));
    }
    expected.sort_unstable();
    assert!(!loader.is_in_memory());
    let written = journal.accept(loader).unwrap();
    assert_eq!(written.iter().map(|w| (w.rows, w.keys)).collect::<Vec<_>>(), [(9973, 50)]);
    assert_eq!(rows(&store), expected);
    drop(journal);
    assert_eq!(names(store.dirs().dirs[0].path.as_path()).len(), 8, "{:?}", names(&store.dirs().dirs[0].path));
}

#[test]
fn one_writer_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let store = database(dir.path());
    let journal = Journal::open(&store, &TargetOptions::default()).unwrap();
    let again = Journal::open(&store, &TargetOptions::default());
    assert_eq!(again.err().unwrap().kind(), sstablefs::Kind::Busy);
    drop(journal);
    Journal::open(&store, &TargetOptions::default()).unwrap();
}

/// Before, the table could not be read from then on: the SSTable was missed where it had been written.
#[test]
fn an_sstable_that_import_takes_from_another_folder_counts_where_it_is_put() {
    let dir = tempfile::tempdir().unwrap();
    let store = database(dir.path());
    let options = TargetOptions { out: Some(dir.path().join("out")), ..TargetOptions::default() };
    let mut journal = Journal::open(&store, &options).unwrap();
    let mut loader = journal.loader(OPTIONS).unwrap();
    put(&mut loader, 1, 2, 3);
    journal.accept(loader).unwrap();
    journal.flush().unwrap();
    assert_eq!(rows(&store), [(1, 2, 3)]);
    let (from, to) = (journal.folder().to_owned(), &store.dirs().dirs[0].path);
    // As org.apache.cassandra.io.sstable.format.SSTable.rename does it: Data.db last.
    let mut files: Vec<String> = names(&from).into_iter().filter(|name| name.starts_with("oa-")).collect();
    files.sort_by_key(|name| name.ends_with("-Data.db"));
    for name in files {
        fs::rename(from.join(&name), to.join(name.replace("oa-1-", "oa-7-"))).unwrap();
    }
    for _ in 0..2 {
        store.refresh().unwrap();
        assert_eq!((rows(&store), store.problems().len()), (vec![(1, 2, 3)], 0));
        assert_eq!(journal.flush().unwrap(), None);
    }
}
