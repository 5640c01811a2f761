//! Which folders hold SSTables of which table: a data directory, a keyspace's, a table's, a snapshot's, a `backups` folder
//! or one Data file. The layout is that of org.apache.cassandra.db.Directories:
//!
//! ```text
//! DATA/KEYSPACE/TABLE-ID32HEX/            nb-1-big-Data.db …
//! DATA/KEYSPACE/TABLE-ID32HEX/snapshots/NAME/
//! DATA/KEYSPACE/TABLE-ID32HEX/backups/
//! DATA/KEYSPACE/TABLE-ID32HEX/.INDEX/     a secondary index, not the table
//! ```

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::sstable::Format;
use crate::sstable::version::refusal;
use crate::storage::directory::{self, Entry};

/// A folder with SSTables of one table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TableDir {
    /// From the folder above.
    pub keyspace: String,
    /// From the folder's name, without the id.
    pub table: String,
    /// Absolute, without links.
    pub path: PathBuf,
    /// From the folder's name; a folder that was made by hand may have none.
    pub id: Option<[u8; 16]>,
    /// The data directory around it, when it lies in one.
    pub data_dir: Option<PathBuf>,
    /// It is a snapshot or a backup, not what the server reads.
    pub copy: bool,
    /// Only the SSTable with this Data file is meant.
    pub only: Option<String>,
}

/// The folders of one table, on several disks or of several nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableDirs {
    /// Name, without quotes.
    pub keyspace: String,
    /// Name, without quotes.
    pub table: String,
    /// In the order in which they were found; all are merged.
    pub dirs: Vec<TableDir>,
}

/// Name of a Data file. Cassandra calls them all VERSION-ID-FORMAT-Data.db.
pub fn is_data_file(name: &str) -> bool {
    name.ends_with("-Data.db") && name.split('-').count() == 4
}

/// The version of a Data file from before 2.2: KEYSPACE-TABLE-VERSION-N-Data.db.
pub(super) fn old_version(name: &str) -> Option<&str> {
    let parts: Vec<&str> = name.split('-').collect();
    let is_temporary = parts.iter().any(|part| matches!(*part, "tmp" | "tmplink"));
    match parts.as_slice() {
        [.., version, _, "Data.db"] if matches!(parts.len(), 5 | 6) && !is_temporary => Some(version),
        _ => None,
    }
}

/// What is below some paths.
#[derive(Debug, Default)]
pub struct Found {
    /// In order, each once.
    pub dirs: Vec<TableDir>,
    /// Links that may stand for keyspaces or tables, and are not followed.
    pub problems: Vec<Error>,
}

/// Finds the table folders below each of the paths, in the order of keyspace and table.
pub fn find(paths: &[PathBuf]) -> Result<Found> {
    let mut found = Found::default();
    for given in paths {
        let path = directory::canonical(given).map_err(|e| missing(e, given))?;
        let is_dir = directory::stamp(&path)?.is_dir;
        let here =
            if is_dir { find_below(&path)? } else { Found { dirs: vec![single_file(&path)?], ..Found::default() } };
        if here.dirs.is_empty() {
            return Err(here.problems.into_iter().next().unwrap_or_else(|| nothing_found(&path).in_file(given)));
        }
        found.add(here);
    }
    found.dirs.sort();
    found.dirs.dedup();
    Ok(found)
}

const WHAT_TO_NAME: &str = "name a Cassandra data directory (which has KEYSPACE/TABLE-ID folders), a keyspace's or a \
                            table's folder in it, a snapshot or a Data.db file";

/// The error of a data directory that can't be found, with what to name instead.
pub fn missing(error: Error, given: &Path) -> Error {
    match error.kind() {
        Kind::NotFound => Error::not_found(format!("does not exist: {WHAT_TO_NAME}")).in_file(given),
        _ => error,
    }
}

fn nothing_found(path: &Path) -> Error {
    let mut text = format!("no SSTables here: {WHAT_TO_NAME}");
    let below = path.join("data");
    if find_below(&below).is_ok_and(|found| !found.dirs.is_empty()) {
        text = format!("no SSTables here, but there are in {}: name that", below.display());
    }
    Error::not_found(text)
}

fn single_file(path: &Path) -> Result<TableDir> {
    let name = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let folder = path.parent().unwrap_or(Path::new("/"));
    if is_data_file(name) {
        return Ok(TableDir { only: Some(name.to_owned()), ..table_dir(folder) });
    }
    if let Some(version) = old_version(name) {
        return Err(Error::unsupported(refusal(version, Format::Big)).in_file(path));
    }
    let advice = match name.rsplit_once('-') {
        Some((stem, _)) if is_data_file(&format!("{stem}-Data.db")) => format!("name the SSTable by {stem}-Data.db"),
        _ => "name a file that ends in -Data.db, or a folder".to_owned(),
    };
    Err(Error::invalid(format!("is not the Data file of an SSTable: {advice}")).in_file(path))
}

impl Found {
    fn add(&mut self, more: Found) {
        self.dirs.extend(more.dirs);
        self.problems.extend(more.problems);
    }
}

fn find_below(path: &Path) -> Result<Found> {
    let entries = directory::list(path)?;
    if path.file_name().is_some_and(|n| n == "snapshots") && !has_data_files(&entries) {
        return Err(several_snapshots(&entries).in_file(path));
    }
    if is_table(path, &entries) {
        return Ok(Found { dirs: vec![table_dir(path)], ..Found::default() });
    }
    let tables = tables_in(path, &entries);
    if !tables.dirs.is_empty() {
        return Ok(tables);
    }
    let mut all = Found { problems: refused(path, &entries, |_| true), ..Found::default() };
    for entry in entries.iter().filter(|e| is_folder(e)) {
        let keyspace = path.join(&entry.name);
        // A folder that may not be read, lost+found for one, is no keyspace.
        if let Ok(entries) = directory::list(&keyspace) {
            all.add(tables_in(&keyspace, &entries));
        }
    }
    Ok(all)
}

fn several_snapshots(entries: &[Entry]) -> Error {
    let names: Vec<&str> = entries.iter().filter(|e| e.is_dir).map(|e| e.name.as_str()).collect();
    if names.is_empty() {
        return Error::not_found("no snapshots here");
    }
    Error::invalid(format!("name one of the snapshots in it: {}", names.join(", ")))
}

/// Index folders begin with a dot.
fn is_folder(entry: &Entry) -> bool {
    entry.is_dir && !entry.name.starts_with('.')
}

fn has_data_files(entries: &[Entry]) -> bool {
    entries.iter().any(|e| !e.is_dir && (is_data_file(&e.name) || old_version(&e.name).is_some()))
}

fn is_table(path: &Path, entries: &[Entry]) -> bool {
    path.file_name().and_then(|n| n.to_str()).is_some_and(|name| parse_name(name).is_some())
        || is_copy(path)
        || has_data_files(entries)
}

fn tables_in(keyspace: &Path, entries: &[Entry]) -> Found {
    let is_table_name = |e: &&Entry| {
        let path = keyspace.join(&e.name);
        parse_name(&e.name).is_some() || directory::list(&path).is_ok_and(|entries| has_data_files(&entries))
    };
    let tables = entries.iter().filter(|e| is_folder(e)).filter(is_table_name);
    let problems = refused(keyspace, entries, |name| parse_name(name).is_some());
    Found { dirs: tables.map(|e| table_dir(&keyspace.join(&e.name))).collect(), problems }
}

/// The links that would count by their name.
fn refused(folder: &Path, entries: &[Entry], counts: impl Fn(&str) -> bool) -> Vec<Error> {
    let links = entries.iter().filter(|e| e.is_link && !e.name.starts_with('.') && counts(&e.name));
    links.map(|e| Error::unsupported(directory::LINK_REFUSED).in_file(folder.join(&e.name))).collect()
}

/// Table name and id of a folder called NAME-ID32HEX.
fn parse_name(name: &str) -> Option<(&str, [u8; 16])> {
    let (table, hex) = name.rsplit_once('-')?;
    if table.is_empty() || hex.len() != 32 || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return None;
    }
    let mut id = [0; 16];
    for (i, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()?;
    }
    Some((table, id))
}

fn name_of(path: &Path) -> &str {
    path.file_name().and_then(|n| n.to_str()).unwrap_or_default()
}

/// Whether it is the `backups` folder or a snapshot of a table.
fn is_copy(path: &Path) -> bool {
    table_around(path).is_some_and(|table| table != path)
}

/// The folder NAME-ID32HEX that the path is or lies in, as Cassandra nests them.
fn table_around(path: &Path) -> Option<&Path> {
    let named = |p: &Path| parse_name(name_of(p)).is_some();
    if named(path) {
        return Some(path);
    }
    let parent = path.parent()?;
    if name_of(path) == "backups" && named(parent) {
        return Some(parent);
    }
    let table = parent.parent()?;
    (name_of(parent) == "snapshots" && named(table)).then_some(table)
}

fn table_dir(path: &Path) -> TableDir {
    let table = table_around(path);
    let home = table.unwrap_or(path);
    let (name, id) = match parse_name(name_of(home)) {
        Some((name, id)) => (name, Some(id)),
        None => (name_of(home), None),
    };
    let or = |name: &str, otherwise: &str| if name.is_empty() { otherwise.to_owned() } else { name.to_owned() };
    let keyspace = home.parent();
    TableDir {
        keyspace: or(keyspace.map_or("", name_of), "keyspace"),
        table: or(name, "table"),
        path: path.to_owned(),
        id,
        data_dir: keyspace.and_then(Path::parent).filter(|_| id.is_some()).map(Path::to_owned),
        copy: table.is_some_and(|t| t != path),
        only: None,
    }
}

/// Puts the folders of each table together. `schema_id` is the id of a table in the schema, where one is known. Folders
/// with another id are of a table of the same name that was dropped: they are left out and, when they hold SSTables,
/// named in the returned problems. Without a schema the newest id counts.
pub fn by_table(
    dirs: Vec<TableDir>,
    schema_id: impl Fn(&str, &str) -> Option<[u8; 16]>,
) -> (Vec<TableDirs>, Vec<Error>) {
    let mut tables: BTreeMap<(String, String), Vec<TableDir>> = BTreeMap::new();
    for dir in dirs {
        tables.entry((dir.keyspace.clone(), dir.table.clone())).or_default().push(dir);
    }
    let mut problems = Vec::new();
    let tables = tables.into_iter().map(|((keyspace, table), dirs)| {
        let newest = dirs.iter().filter_map(|d| d.id).max_by_key(creation_time);
        // A copy of one table only may well be of another cluster than the schema beside it.
        let known = schema_id(&keyspace, &table).filter(|id| dirs.iter().any(|d| d.id == Some(*id)));
        let id = known.or(newest);
        let (dirs, others): (Vec<_>, Vec<_>) = dirs.into_iter().partition(|d| d.id.is_none() || d.id == id);
        for other in others {
            if directory::list(&other.path).is_ok_and(|entries| has_data_files(&entries)) {
                problems.push(
                    Error::schema(format!(
                        "belongs to an earlier table {keyspace}.{table}, which was dropped: it is not read"
                    ))
                    .in_file(&other.path),
                );
            }
        }
        TableDirs { keyspace, table, dirs }
    });
    let tables = tables.collect();
    (tables, problems)
}

/// The time in a time UUID; other ids, which are those of system tables, have none.
fn creation_time(id: &[u8; 16]) -> u64 {
    if id[6] >> 4 != 1 {
        return 0;
    }
    let part = |range: std::ops::Range<usize>| id[range].iter().fold(0, |n, b| n << 8 | u64::from(*b));
    (part(6..8) & 0x0fff) << 48 | part(4..6) << 32 | part(0..4)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const ID1: &str = "e030bf40e9cb11f19fff0dc7fc239b5c";
    const ID2: &str = "03f4c890e9cc11f19fff0dc7fc239b5c";

    fn tree(files: &[&str]) -> tempfile::TempDir {
        let root = tempfile::tempdir().unwrap();
        for file in files {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        root
    }

    fn found(root: &tempfile::TempDir, path: &str) -> Vec<String> {
        let dirs = find(&[root.path().join(path)]).unwrap().dirs;
        let base = root.path().canonicalize().unwrap();
        dirs.iter()
            .map(|d| {
                let path = d.path.strip_prefix(&base).unwrap().display();
                format!("{}.{} {path} {} {:?}", d.keyspace, d.table, d.copy, d.only)
            })
            .collect()
    }

    #[test]
    fn all_kinds_of_data() {
        let t = format!("d/ks/t-{ID1}");
        let root = tree(&[
            &format!("{t}/oa-1-big-Data.db"),
            &format!("{t}/.idx/oa-1-big-Data.db"),
            &format!("{t}/snapshots/s1/oa-1-big-Data.db"),
            &format!("{t}/snapshots/s2/manifest.json"),
            &format!("{t}/backups/oa-1-big-Data.db"),
            &format!("d/ks/dropped-{ID2}/snapshots/x/oa-1-big-Data.db"),
            "d/other/t/nb-1-big-Data.db",
            "d/empty/x",
            "alone/da-3gyd_0pzh_3ftps2dg9xxu-bti-Data.db",
        ]);
        let live = format!("ks.t {t} false None");
        let dropped = format!("ks.dropped d/ks/dropped-{ID2} false None");
        assert_eq!(found(&root, "d"), [dropped.clone(), live.clone(), "other.t d/other/t false None".to_owned()]);
        assert_eq!(found(&root, "d/ks"), [dropped, live.clone()]);
        assert_eq!(found(&root, &t), [live]);
        assert_eq!(found(&root, &format!("{t}/snapshots/s1")), [format!("ks.t {t}/snapshots/s1 true None")]);
        assert_eq!(found(&root, &format!("{t}/snapshots/s2")), [format!("ks.t {t}/snapshots/s2 true None")]);
        assert_eq!(found(&root, &format!("{t}/backups")), [format!("ks.t {t}/backups true None")]);
        let file = format!("{t}/oa-1-big-Data.db");
        assert_eq!(found(&root, &file), [format!("ks.t {t} false Some(\"oa-1-big-Data.db\")")]);
        assert_eq!(found(&root, "d/other"), ["other.t d/other/t false None"]);
        assert!(found(&root, "alone")[0].contains(".alone alone false None"));
    }

    #[test]
    fn wrong_data_is_explained() {
        let t = format!("var/data/ks/t-{ID1}");
        let root = tree(&[
            &format!("{t}/oa-1-big-Data.db"),
            &format!("{t}/oa-1-big-Index.db"),
            &format!("{t}/snapshots/s1/oa-1-big-Data.db"),
            &format!("{t}/snapshots/s2/oa-1-big-Data.db"),
            "old/ks-t-jb-1-Data.db",
            "x/notes.txt",
        ]);
        let text = |path: &str| find(&[root.path().join(path)]).unwrap_err().to_string();
        assert!(text("x").contains("no SSTables here: name a Cassandra data directory"));
        assert!(text("var").contains("but there are in"));
        assert!(text("x/notes.txt").contains("name a file that ends in -Data.db"));
        assert!(text(&format!("{t}/oa-1-big-Index.db")).contains("name the SSTable by oa-1-big-Data.db"));
        assert!(text(&format!("{t}/snapshots")).contains("s1, s2"));
        assert!(text("old/ks-t-jb-1-Data.db").contains("jb (big) is of Cassandra 2.0 and can't be read"));
        assert!(text("missing").contains("missing: "));
    }

    #[test]
    fn a_dropped_table_is_not_the_new_one() {
        let (old, new) = (format!("d/ks/t-{ID1}"), format!("d/ks/t-{ID2}"));
        let root = tree(&[&format!("{old}/oa-1-big-Data.db"), &format!("{new}/oa-1-big-Data.db")]);
        let dirs = find(&[root.path().join("d")]).unwrap().dirs;
        // ID2 is the later time, though it sorts first.
        let (tables, problems) = by_table(dirs.clone(), |_, _| None);
        assert_eq!(tables.len(), 1);
        assert_eq!(tables[0].dirs.len(), 1);
        assert!(tables[0].dirs[0].path.ends_with(&new));
        assert!(problems.len() == 1 && problems[0].to_string().contains(ID1));
        let schema = parse_name(name_of(Path::new(&old))).map(|(_, id)| id);
        let (tables, _) = by_table(dirs.clone(), |_, _| schema);
        assert!(tables[0].dirs[0].path.ends_with(&old));
        let (tables, _) = by_table(dirs, |_, _| Some([7; 16]));
        assert!(tables[0].dirs[0].path.ends_with(&new));
    }

    #[test]
    fn several_disks_are_one_table() {
        let (a, b) = (format!("d1/ks/t-{ID1}"), format!("d2/ks/t-{ID1}"));
        let root = tree(&[&format!("{a}/oa-1-big-Data.db"), &format!("{b}/oa-2-big-Data.db")]);
        let dirs = find(&[root.path().join("d1"), root.path().join("d2"), root.path().join("d1")]).unwrap().dirs;
        let (tables, problems) = by_table(dirs, |_, _| None);
        assert!(tables.len() == 1 && tables[0].dirs.len() == 2 && problems.is_empty());
    }
}
