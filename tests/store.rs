//! Tables in folders that change: what is shown, what is kept, what is said.

mod data;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use sstablefs::schema::Detail;
use sstablefs::table::{Database, Options, ScanRange, TableStore, View};

const NOW: i64 = 2_000_000_000;

/// A copy of a table of at least three SSTables, in a data directory of its own.
struct Copy {
    root: tempfile::TempDir,
    table: PathBuf,
    /// Data files, the oldest first.
    data_files: Vec<PathBuf>,
}

impl Copy {
    /// With the schema of the data directory, or without any.
    fn new(with_schema: bool) -> Copy {
        let descriptors = data::sstables();
        let dir = descriptors
            .iter()
            .map(|d| d.dir.as_path())
            .filter(|dir| !dir.to_string_lossy().contains("/system"))
            .find(|dir| descriptors.iter().filter(|d| d.dir == **dir).count() >= 3)
            .expect("a table of three SSTables");
        let keyspace = dir.parent().unwrap();
        let root = tempfile::tempdir().unwrap();
        let table = root.path().join("data").join(keyspace.file_name().unwrap()).join(dir.file_name().unwrap());
        copy(dir, &table);
        if with_schema {
            copy(&keyspace.parent().unwrap().join("system_schema"), &root.path().join("data/system_schema"));
        }
        let mut of_table: Vec<_> = descriptors.iter().filter(|d| d.dir == dir).collect();
        of_table.sort_by_key(|d| d.id);
        let data_files = of_table.iter().map(|d| table.join(format!("{d}-Data.db"))).collect();
        Copy { root, table, data_files }
    }

    fn open(&self) -> (Database, Arc<TableStore>) {
        self.open_with(&Options::default()).unwrap()
    }

    fn open_with(&self, options: &Options) -> sstablefs::Result<(Database, Arc<TableStore>)> {
        let database = Database::open(&[self.root.path().join("data")], options)?;
        let keyspace = self.table.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let name = self.table.file_name().unwrap().to_str().unwrap().rsplit_once('-').unwrap().0;
        let store = database.table(keyspace, name).unwrap();
        Ok((database, store))
    }

    /// Takes all files of an SSTable away, or puts them back.
    fn hide(&self, i: usize, hidden: bool) {
        let elsewhere = self.root.path().join("hidden");
        fs::create_dir_all(&elsewhere).unwrap();
        let (from, to) = if hidden { (&self.table, &elsewhere) } else { (&elsewhere, &self.table) };
        let prefix = self.data_files[i].file_name().unwrap().to_str().unwrap().strip_suffix("Data.db").unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let entry = entry.unwrap();
            if entry.file_name().to_str().unwrap().starts_with(prefix) {
                fs::rename(entry.path(), to.join(entry.file_name())).unwrap();
            }
        }
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

fn rows(view: &View) -> usize {
    let mut rows = view.rows(&ScanRange::ALL, NOW).unwrap();
    let mut count = 0;
    while rows.next_partition().unwrap() {
        count += 1;
        while rows.next_row().unwrap().is_some() {
            count += 1;
        }
    }
    count
}

#[test]
fn a_refresh_keeps_what_is_the_same() {
    let copy = Copy::new(true);
    copy.hide(2, true);
    let (_, store) = copy.open();
    let before = store.view().unwrap();
    assert_eq!(before.sstables().len(), copy.data_files.len() - 1);
    let counted = rows(&before);
    assert!(!store.refresh().unwrap());

    copy.hide(2, false);
    assert!(store.refresh().unwrap());
    let after = store.view().unwrap();
    assert_eq!(after.sstables().len(), copy.data_files.len());
    for reader in before.sstables() {
        assert!(after.sstables().iter().any(|r| Arc::ptr_eq(r, reader)), "opened again");
    }

    // What is open stays readable when the files are gone.
    copy.hide(0, true);
    copy.hide(1, true);
    assert!(store.refresh().unwrap());
    assert_eq!(store.view().unwrap().sstables().len(), copy.data_files.len() - 2);
    assert_eq!(rows(&before), counted);
}

#[test]
fn nothing_is_listed_again_while_nothing_changes() {
    let copy = Copy::new(true);
    let (database, store) = copy.open();
    let view = store.view().unwrap();
    std::thread::sleep(Duration::from_millis(120));
    store.refresh().unwrap();
    for _ in 0..3 {
        assert!(!store.refresh().unwrap() && !database.refresh().unwrap());
    }
    assert!(Arc::ptr_eq(&view, &store.view().unwrap()));
}

#[test]
fn an_unreadable_sstable_is_left_out_and_named() {
    let copy = Copy::new(true);
    let statistics = copy.data_files[1].to_str().unwrap().replace("Data.db", "Statistics.db");
    let mut bytes = fs::read(&statistics).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    fs::write(&statistics, bytes).unwrap();
    let (_, store) = copy.open();
    assert_eq!(store.view().unwrap().sstables().len(), copy.data_files.len() - 1);
    let problems: Vec<String> = store.problems().iter().map(ToString::to_string).collect();
    assert!(problems.iter().any(|p| p.starts_with(&statistics)), "{problems:?}");
    fs::remove_file(&statistics).unwrap();
    store.refresh().unwrap();
    let problems: Vec<String> = store.problems().iter().map(ToString::to_string).collect();
    assert!(problems.iter().any(|p| p.starts_with(&statistics) && p.contains("missing")), "{problems:?}");
}

#[test]
fn without_a_schema_keys_get_names() {
    let with = Copy::new(true);
    let without = Copy::new(false);
    let (_, known) = with.open();
    let (database, inferred) = without.open();
    assert!(inferred.is_inferred() && !known.is_inferred());
    let (table, real) = (inferred.schema().unwrap(), known.schema().unwrap());
    assert_eq!(table.clustering.len(), real.clustering.len());
    assert!(table.partition_key[0].name.starts_with("key"), "{}", table.partition_key[0].name);
    for (i, column) in table.clustering.iter().enumerate() {
        assert_eq!(column.name, format!("clustering{}", i + 1));
    }
    let names = |t: &sstablefs::schema::Table| t.regulars.iter().map(|c| c.name.clone()).collect::<Vec<_>>();
    let dropped = |name: &String| real.dropped.contains_key(name);
    assert_eq!(names(&table).iter().filter(|n| !dropped(n)).count(), names(&real).len());
    let cql = database.keyspace_cql(inferred.keyspace(), Detail::Plain).unwrap();
    assert!(cql.starts_with("-- No schema was found"), "{cql}");
}

#[test]
fn a_schema_that_contradicts_is_refused() {
    let copy = Copy::new(false);
    let file = copy.root.path().join("wrong.cql");
    let (_, store) = copy.open();
    let (keyspace, name) = (store.keyspace().to_owned(), store.name().to_owned());
    fs::write(&file, format!("CREATE TABLE {keyspace}.{name} (a duration, b duration, PRIMARY KEY (b));")).unwrap();
    let refused = copy.open_with(&Options { schema: vec![file.clone()] });
    // Either the statement itself is refused, or the SSTables do not agree with it.
    if let Ok((_, store)) = refused {
        let text = store.view().map(|_| ()).unwrap_err().to_string();
        assert!(text.contains(&format!("schema of {keyspace}.{name}")) && text.contains("Statistics.db"), "{text}");
    }
    fs::write(&file, format!("CREATE TABLE {keyspace}.{name} (k blob, c1 int, c2 int, c3 int, c4 int, c5 int, PRIMARY KEY (k, c1, c2, c3, c4, c5));")).unwrap();
    let (_, store) = copy.open_with(&Options { schema: vec![file] }).unwrap();
    let text = store.view().map(|_| ()).unwrap_err().to_string();
    assert!(text.contains("clustering columns") && text.contains(&format!("{keyspace}.{name} has 5")), "{text}");
}

#[test]
fn snapshots_bring_their_schema() {
    let copy = Copy::new(true);
    let (database, store) = copy.open();
    let (keyspace, name) = (store.keyspace().to_owned(), store.name().to_owned());
    let statements = database.keyspace_cql(&keyspace, Detail::Internals).unwrap();
    let snapshot = copy.table.join("snapshots/monday");
    fs::create_dir_all(&snapshot).unwrap();
    for entry in fs::read_dir(&copy.table).unwrap() {
        let entry = entry.unwrap();
        if entry.path().is_file() {
            fs::copy(entry.path(), snapshot.join(entry.file_name())).unwrap();
        }
    }
    fs::write(snapshot.join("schema.cql"), statements).unwrap();
    fs::remove_dir_all(copy.root.path().join("data/system_schema")).unwrap();
    let snapshots = Database::open(&[snapshot], &Options::default()).unwrap();
    let shown = snapshots.table(&keyspace, &name).unwrap();
    assert!(!shown.is_inferred());
    assert_eq!(shown.schema().unwrap().partition_key, store.schema().unwrap().partition_key);
    assert_eq!(rows(&shown.view().unwrap()), rows(&store.view().unwrap()));
}

#[test]
fn tables_come_and_go() {
    let copy = Copy::new(true);
    let (database, store) = copy.open();
    let keyspace = store.keyspace().to_owned();
    let elsewhere = copy.root.path().join("elsewhere");
    fs::rename(&copy.table, &elsewhere).unwrap();
    fs::create_dir_all(copy.root.path().join("data/other/t-00000000000000000000000000000001")).unwrap();
    assert!(database.refresh().unwrap());
    assert!(database.table(&keyspace, store.name()).is_none());
    fs::rename(&elsewhere, &copy.table).unwrap();
    assert!(database.refresh().unwrap());
    assert_eq!(
        database.table(&keyspace, store.name()).unwrap().view().unwrap().sstables().len(),
        copy.data_files.len()
    );
}
