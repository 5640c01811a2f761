//! SSTables that others delete, replace or cut short while they are open: what is read then is right as of when they were
//! opened, right as of now, or an error that names file and place; never something between.

mod data;

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use sstablefs::merge::LiveRows;
use sstablefs::sstable::{Reader, read_statistics};
use sstablefs::storage::{FileSource, Source};
use sstablefs::table::{Database, Options, ScanRange, TableStore, View};
use sstablefs::{Error, Kind, Result};

const NOW: i64 = 2_000_000_000;
const CASES: [(&str, &str); 7] = [
    ("nb", "wide-"),
    ("oa", "wide-"),
    ("da", "wide-"),
    ("oa", "wide_plain-"),
    ("da", "wide_plain-"),
    ("oa", "tiny-"),
    ("da", "tiny-"),
];

/// A copy of the first SSTable of a golden table.
struct Copy {
    dir: tempfile::TempDir,
    folder: PathBuf,
    store: Arc<TableStore>,
}

impl Copy {
    fn new(version: &str, table: &str) -> Copy {
        let source = data::root().join(version).join("data/sizes");
        let name = names(&source).into_iter().find(|name| name.starts_with(table)).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("data/sizes").join(&name);
        fs::create_dir_all(&folder).unwrap();
        let first = names(&source.join(&name)).into_iter().find(|name| name.ends_with("-Data.db")).unwrap();
        let prefix = first.strip_suffix("Data.db").unwrap();
        for file in names(&source.join(&name)).iter().filter(|file| file.starts_with(prefix)) {
            fs::copy(source.join(&name).join(file), folder.join(file)).unwrap();
        }
        let database = Database::open(&[dir.path().join("data")], &Options::default()).unwrap();
        let store = database.table("sizes", table.strip_suffix('-').unwrap()).unwrap();
        Copy { dir, folder, store }
    }

    fn view(&self) -> Arc<View> {
        self.store.view().unwrap()
    }

    fn files(&self) -> Vec<PathBuf> {
        names(&self.folder).iter().map(|name| self.folder.join(name)).collect()
    }
}

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut names: Vec<String> = entries.map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Rows as text, each for itself.
fn next_row(rows: &mut LiveRows) -> Result<Option<String>> {
    loop {
        if let Some(row) = rows.next_row()? {
            let values: Vec<_> = (0..row.clustering.len()).map(|i| row.clustering_value(i)).collect();
            let cells: Vec<_> = row.cells.iter().map(|cell| (cell.column, cell.timestamp, row.value(cell))).collect();
            let text = format!("{values:?} {cells:?}");
            return Ok(Some(format!("{:?} {text}", rows.key().key)));
        }
        if !rows.next_partition()? {
            return Ok(None);
        }
    }
}

/// All rows of a view up to the first error.
fn all(view: &View) -> (Vec<String>, Result<()>) {
    let mut found = Vec::new();
    let mut read = || -> Result<()> {
        let mut rows = view.rows(&ScanRange::ALL, NOW)?;
        if rows.next_partition()? {
            while let Some(row) = next_row(&mut rows)? {
                found.push(row);
            }
        }
        Ok(())
    };
    let end = read();
    (found, end)
}

/// The rows of each key for itself, or why not.
fn by_key(view: &View, keys: &[Vec<u8>]) -> Vec<Result<Vec<String>>> {
    let one = |key: &Vec<u8>| {
        let mut found = Vec::new();
        if let Some(mut rows) = view.partition(key, NOW)? {
            while let Some(row) = rows.next_row()? {
                found.push(format!("{:?} {}", row.clustering_value(0), row.cells.len()));
            }
        }
        Ok(found)
    };
    keys.iter().map(one).collect()
}

fn keys(view: &View) -> Vec<Vec<u8>> {
    let mut keys = view.keys(None, NOW).unwrap();
    let mut found = Vec::new();
    while let Some(key) = keys.next_key().unwrap() {
        found.push(key.key.clone());
    }
    found
}

fn unwrapped(read: Vec<Result<Vec<String>>>) -> Vec<Vec<String>> {
    read.into_iter().map(Result::unwrap).collect()
}

#[test]
fn deleted_while_open() {
    for (version, table) in CASES {
        let expected = Copy::new(version, table);
        let (rows, end) = all(&expected.view());
        end.unwrap();
        let keys = keys(&expected.view());
        let by_keys = unwrapped(by_key(&expected.view(), &keys));

        // Before anything was read of it.
        let copy = Copy::new(version, table);
        let view = copy.view();
        fs::remove_dir_all(&copy.folder).unwrap();
        assert_eq!(all(&view).0, rows, "{version} {table}");
        assert_eq!(unwrapped(by_key(&view, &keys)), by_keys, "{version} {table}");
        // Nothing else tells its columns.
        assert_eq!(copy.store.refresh().unwrap_err().kind(), Kind::Schema, "{version} {table}");
        // In the middle of a scan.
        let copy = Copy::new(version, table);
        let view = copy.view();
        let mut scan = view.rows(&ScanRange::ALL, NOW).unwrap();
        assert!(scan.next_partition().unwrap());
        let mut found = vec![next_row(&mut scan).unwrap().unwrap()];
        copy.files().iter().for_each(|file| fs::remove_file(file).unwrap());
        found.extend(std::iter::from_fn(|| next_row(&mut scan).unwrap()));
        assert_eq!(found, rows, "{version} {table}");
    }
}

/// By other files of the same names, lengths and times, as a restore would.
#[test]
fn replaced_while_open() {
    let folders = ["one", "two"].map(|text| {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("data/ks/t-00000000000000000000000000000001");
        fs::create_dir_all(&folder).unwrap();
        let schema = dir.path().join("schema.cql");
        fs::write(
            &schema,
            "CREATE KEYSPACE ks WITH replication = {'class': 'SimpleStrategy', 'replication_factor': '1'};
             CREATE TABLE ks.t (k int, c int, v text, PRIMARY KEY (k, c)) WITH compression = {'enabled': 'false'};",
        )
        .unwrap();
        let open = || Database::open(&[dir.path().join("data")], &Options { schema: vec![schema.clone()] }).unwrap();
        let store = open().table("ks", "t").unwrap();
        writing::write(&store, text);
        let store = open().table("ks", "t").unwrap();
        (dir, folder, store)
    });
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
    for (_, folder, _) in &folders {
        for name in names(folder) {
            fs::File::options().write(true).open(folder.join(name)).unwrap().set_modified(time).unwrap();
        }
    }
    let [(_, folder, store), (_, other, replacement)] = &folders;
    let (before, after) = (all(&store.view().unwrap()).0, all(&replacement.view().unwrap()).0);
    assert!(before.len() == after.len() && before != after);
    assert_eq!(names(folder), names(other));
    let view = store.view().unwrap();
    let keys = keys(&view);
    let by_keys = unwrapped(by_key(&view, &keys));
    let mut scan = view.rows(&ScanRange::ALL, NOW).unwrap();
    assert!(scan.next_partition().unwrap());
    let mut found = vec![next_row(&mut scan).unwrap().unwrap()];
    for name in names(folder) {
        let lengths = [folder, other].map(|folder| fs::metadata(folder.join(&name)).unwrap().len());
        assert!(name.ends_with("Statistics.db") || lengths[0] == lengths[1], "{name}: {lengths:?}");
        fs::rename(other.join(&name), folder.join(&name)).unwrap();
    }
    found.extend(std::iter::from_fn(|| next_row(&mut scan).unwrap()));
    assert_eq!(found, before);
    assert_eq!(all(&view).0, before);
    assert_eq!(unwrapped(by_key(&view, &keys)), by_keys);
    assert!(store.refresh().unwrap(), "they are others");
    assert_eq!(all(&store.view().unwrap()).0, after);
}

#[test]
fn cut_short_while_open() {
    let mut errors = 0;
    for (version, table) in CASES {
        let sound = Copy::new(version, table);
        let (rows, end) = all(&sound.view());
        end.unwrap();
        let keys = keys(&sound.view());
        let by_keys = unwrapped(by_key(&sound.view(), &keys));
        for name in names(&sound.folder) {
            let length = fs::metadata(sound.folder.join(&name)).unwrap().len();
            for cut in [0, 1, length / 3, length / 2, length.saturating_sub(1)] {
                let what = format!("{version} {table} {name} cut to {cut} of {length} bytes");
                let copy = Copy::new(version, table);
                let view = copy.view();
                fs::File::options().write(true).open(copy.folder.join(&name)).unwrap().set_len(cut).unwrap();
                let (found, end) = all(&view);
                assert!(rows.starts_with(&found), "{what}: other rows");
                assert!(end.is_err() || found == rows, "{what}: {} of {} rows", found.len(), rows.len());
                let mut all_errors: Vec<_> = end.err().into_iter().collect();
                for (read, expected) in by_key(&view, &keys).into_iter().zip(&by_keys) {
                    match read {
                        Ok(read) => assert_eq!(&read, expected, "{what}"),
                        Err(e) => all_errors.push(e),
                    }
                }
                errors += all_errors.len();
                for e in all_errors {
                    let file = e.file().and_then(|file| file.file_name()).unwrap_or_default();
                    let component = name.rsplit('-').next().unwrap();
                    assert!(file.to_str() == Some(&*name) || e.message().contains(component), "{what}: {e}");
                    assert!(e.kind() == Kind::Corrupt && e.offset().is_some(), "{what}: {e}");
                }
                drop(copy.dir);
            }
        }
    }
    assert!(errors > 100, "only {errors} errors");
}

mod writing {
    use std::sync::Arc;

    use sstablefs::ingest::{Journal, LoaderOptions, TargetOptions};
    use sstablefs::rows::{Cell, Liveness, NO_DELETION_TIME, NO_TTL, Row, Sink, Span};
    use sstablefs::table::TableStore;

    /// One SSTable of many rows with this text.
    pub(super) fn write(store: &Arc<TableStore>, text: &str) {
        let mut journal = Journal::open(store, &TargetOptions::default()).unwrap();
        let mut loader = journal.loader(LoaderOptions { memtable: 16 << 20, max_size: None }).unwrap();
        for i in 0..20_000i32 {
            let mut row = Row::default();
            let clustering = row.store(&i.to_be_bytes());
            row.clustering.push(clustering);
            row.liveness = Liveness { timestamp: 1000, ttl: NO_TTL, local_expiration_time: NO_DELETION_TIME };
            let value = row.store(text.as_bytes());
            let (column, ttl, timestamp, local_deletion_time) = (0, NO_TTL, 1000, NO_DELETION_TIME);
            row.cells.push(Cell { column, ttl, timestamp, local_deletion_time, value, path: Span::default() });
            loader.row(&(i % 50).to_be_bytes(), &row).unwrap();
        }
        journal.accept(loader).unwrap();
        journal.flush().unwrap();
    }
}

/// What an open sees of an SSTable that goes, or goes and comes back, behind the open of Data.db.
#[test]
fn compression_is_not_taken_for_left_out_when_the_sstable_goes() {
    let copy = Copy::new("oa", "wide-");
    let reader = copy.view().sstables()[0].clone();
    let table = copy.view().table().clone();
    for comes_back in [false, true] {
        let looks = Cell::new(0);
        let open = |path: &Path| {
            let is = |end: &str| path.to_str().unwrap().ends_with(end);
            let gone = match looks.get() {
                0 => is("-CompressionInfo.db"),
                _ => !comes_back,
            };
            if gone {
                looks.set(looks.get() + 1);
                return Err(Error::not_found("gone").in_file(path));
            }
            Ok(Arc::new(FileSource::open(path)?) as Source)
        };
        let statistics = Arc::new(read_statistics(reader.descriptor()).unwrap());
        let error = Reader::open_through(&open, reader.descriptor(), &table, statistics).err().unwrap();
        assert_eq!((error.kind(), looks.get() > 0), (Kind::NotFound, true), "{error}");
    }
}
