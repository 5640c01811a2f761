//! The tree over the SSTables of testdata/, or of the directory that SSTABLEFS_TESTDATA names. What Cassandra answers is
//! compared elsewhere (tests/ of the engine, scripts/compare): here the files of a table must agree with each other,
//! however they are read.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sstablefs::cql::Token;
use sstablefs::table::{Database, Options, ScanRange};
use sstablefs_render::CsvStyle;

use super::dump::Dump;
use super::whole::WholeTable;
use super::*;
use crate::content::{Limits, Producer, Source, Stream};
use crate::path::{DumpForm, Format};

#[path = "../../../../tests/copied/mod.rs"]
mod copied;

fn root() -> PathBuf {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata");
    std::env::var_os("SSTABLEFS_TESTDATA").map_or_else(beside, PathBuf::from)
}

/// A tree for each version, as of the time of its expected answers.
pub(super) fn trees() -> Vec<(String, EngineTree)> {
    let mut trees = Vec::new();
    for entry in fs::read_dir(root()).unwrap_or_else(|e| panic!("{}: {e}", root().display())) {
        let path = entry.unwrap().path();
        let Ok(now) = fs::read_to_string(path.join("expected/now")) else { continue };
        let database = Database::open(&[path.join("data")], &Options::default()).unwrap();
        let options = EngineOptions { now: Some(now.trim().parse().unwrap()), csv: CsvStyle::default() };
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        trees.push((name, EngineTree::new(Arc::new(database), options)));
    }
    assert!(!trees.is_empty(), "no versions below {}", root().display());
    trees
}

pub(super) fn tables(tree: &EngineTree) -> Vec<TableName> {
    let of = |k: String| tree.database.tables(&k).into_iter().map(move |t| TableName::new(&k, &t));
    let all: Vec<TableName> = tree.database.keyspaces().into_iter().flat_map(of).collect();
    assert!(all.len() > 5);
    all
}

pub(super) fn names_in(tree: &EngineTree, request: &Request) -> Vec<String> {
    let mut listing = tree.list(request).unwrap().unwrap();
    let mut names = Vec::new();
    let mut name = String::new();
    while listing.next(&mut name).unwrap().is_some() {
        names.push(name.clone());
    }
    names
}

pub(super) fn read(content: &dyn Content, offset: u64, size: usize) -> Vec<u8> {
    let mut got = Vec::new();
    content.read(offset, size, &mut |bytes| got.extend_from_slice(bytes)).unwrap();
    got
}

pub(super) fn whole(tree: &EngineTree, request: &Request) -> Vec<u8> {
    let opened = tree.open(request).unwrap().unwrap_or_else(|| panic!("no {request}"));
    let text = read(&*opened.content, 0, usize::MAX / 2);
    assert_eq!(opened.content.measure().unwrap(), text.len() as u64, "{request}");
    match tree.attributes(request).unwrap().unwrap().size {
        Size::Exact(size) => assert_eq!(size, text.len() as u64, "{request}"),
        Size::OnDemand | Size::Open => assert!(text.len() > 100_000, "{request} is short: its size should be known"),
    }
    text
}

#[test]
fn the_files_of_partitions_add_up_to_those_of_the_table() {
    for (version, tree) in trees() {
        for table in tables(&tree) {
            let rows = |format| whole(&tree, &Request::Rows(table.clone(), format));
            let lines = rows(Format::JsonLines);
            let array = [b"[".as_slice(), b"\n]\n"];
            for format in Format::ALL {
                let folder = Request::Keys(table.clone(), format);
                let keys = names_in(&tree, &folder);
                let mut all = Vec::new();
                for name in &keys {
                    let text = whole(&tree, &folder.child(name).unwrap());
                    let rows = match format {
                        Format::JsonLines => text.as_slice(),
                        Format::Csv => text.splitn(2, |b| *b == b'\n').nth(1).unwrap(),
                        Format::Json => {
                            all.extend_from_slice(if all.is_empty() { b"" } else { b"," });
                            text.strip_prefix(array[0]).and_then(|t| t.strip_suffix(array[1])).unwrap()
                        }
                    };
                    assert!(!rows.is_empty(), "{version} {folder}/{name}: a file without rows");
                    all.extend_from_slice(rows);
                }
                let mut expected = rows(format);
                match format {
                    Format::JsonLines => {}
                    Format::Csv => drop(expected.drain(..=expected.iter().position(|b| *b == b'\n').unwrap())),
                    Format::Json => {
                        let rows = expected.strip_prefix(array[0]).and_then(|t| t.strip_suffix(array[1])).unwrap();
                        let joined: Vec<u8> = rows.strip_prefix(b"\n").unwrap_or_default().to_vec();
                        let as_lines = lines.strip_suffix(b"\n").unwrap_or_default();
                        let commas = String::from_utf8_lossy(as_lines).replace('\n', ",\n");
                        assert!(joined == commas.as_bytes(), "{version} {table}: rows.json and rows.jsonl");
                        expected = rows.to_vec();
                    }
                }
                assert!(all == expected, "{version} {folder}: {} keys", keys.len());
            }
        }
    }
}

#[test]
fn what_is_opened_again_is_made_when_it_is_read() {
    for (version, mut tree) in trees() {
        for table in tables(&tree) {
            let folder = Request::Keys(table.clone(), Format::Json);
            let keys = names_in(&tree, &folder).into_iter().take(5).filter_map(|name| folder.child(&name));
            for request in keys.chain([Request::Rows(table.clone(), Format::Csv)]) {
                let what = format!("{version} {request}");
                let text = whole(&tree, &request);
                let before = tree.attributes(&request).unwrap().unwrap();
                // As when the text had to go.
                tree.cache = Arc::new(cache::Cache::new(CACHE));
                assert_eq!(tree.attributes_again(&request, &before).unwrap(), Some(before), "{what}");
                let opened = [(); 2].map(|()| tree.open_again(&request, &before).unwrap().unwrap());
                let is_kept = || matches!(tree.cache.get(&request, before.version), Some(Known::Text(_)));
                assert!(!is_kept(), "{what}: made by the open");
                let is_exact = matches!(before.size, Size::Exact(_));
                for one in opened {
                    assert_eq!((one.attributes, one.content.known_size().is_some()), (before, is_exact));
                    assert!(read(&*one.content, 1, 50) == text[1.min(text.len())..51.min(text.len())], "{what}");
                    assert!(read(&*one.content.reopen(), 0, usize::MAX / 2) == text, "{what}");
                }
                assert_eq!(is_kept(), is_exact, "{what}");
                // Another version is looked at.
                let other = Attributes { version: before.version + 1, size: Size::Exact(1), ..before };
                assert_eq!(tree.attributes_again(&request, &other).unwrap(), Some(before), "{what}");
                let opened = tree.open_again(&request, &other).unwrap().unwrap();
                assert!(opened.attributes == before && read(&*opened.content, 0, usize::MAX / 2) == text, "{what}");
            }
        }
    }
}

#[test]
fn the_next_partitions_are_made_ahead_of_who_reads_in_order() {
    if std::thread::available_parallelism().map_or(1, |n| n.get()) < 2 {
        eprintln!("there is no other core to make them on");
        return;
    }
    let mut followed = 0;
    for (version, tree) in trees() {
        for table in tables(&tree).into_iter().filter(|t| !t.keyspace().starts_with("system")) {
            let folder = Request::Keys(table.clone(), Format::Json);
            let keys: Vec<Request> = names_in(&tree, &folder).iter().filter_map(|name| folder.child(name)).collect();
            let moment = tree.moment(&table).unwrap().unwrap();
            let hashed = matches!(moment.epoch.view.key_order().token(&[]), Token::Murmur3(_));
            if keys.len() < 12 || !hashed || moment.epoch.view.sstables().len() > 8 {
                continue;
            }
            let number = moment.version;
            let is_kept = |i: usize| tree.cache.get(&keys[i], number).is_some();
            for i in [keys.len() - 1, keys.len() / 2, 0] {
                tree.attributes(&keys[i]).unwrap().unwrap();
            }
            std::thread::sleep(std::time::Duration::from_millis(30));
            assert!(!is_kept(1) && !is_kept(keys.len() / 2 + 1), "{version} {folder}: nobody reads in order");
            let mut tree = EngineTree::new(tree.database.clone(), tree.options);
            tree.epochs = Arc::default();
            let number = tree.moment(&table).unwrap().unwrap().version;
            for key in &keys[..5] {
                tree.attributes(key).unwrap().unwrap();
            }
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
            while tree.cache.get(&keys[5], number).is_none() {
                assert!(std::time::Instant::now() < deadline, "{version} {}: not made ahead", keys[5]);
                std::thread::yield_now();
            }
            assert!(tree.cache.get(&keys[9], number).is_none(), "{version} {}: far ahead", keys[9]);
            // All of them, with some of the texts under way.
            let direct = EngineTree::new(tree.database.clone(), tree.options);
            for key in &keys {
                assert_eq!(
                    tree.attributes(key).unwrap().unwrap().size,
                    direct.open(key).unwrap().unwrap().attributes.size
                );
                assert!(whole(&tree, key) == read(&*direct.open(key).unwrap().unwrap().content, 0, usize::MAX / 2));
            }
            followed += 1;
        }
    }
    assert!(followed > 10, "{followed}");
}

#[test]
fn listings_go_on_from_any_place() {
    for (version, tree) in trees() {
        for table in tables(&tree) {
            let folder = Request::Keys(table, Format::Csv);
            let all = names_in(&tree, &folder);
            let mut listing = tree.list(&folder).unwrap().unwrap();
            let mut name = String::new();
            for i in (0..40).map(|i| i * 7919 % (all.len() + 1)) {
                listing.seek(i as u64).unwrap();
                let found = listing.next(&mut name).unwrap().map(|_| name.as_str());
                assert_eq!(found, all.get(i).map(String::as_str), "{version} {folder} {i}");
            }
            assert!(tree.attributes(&folder.child("no such key~1.csv").unwrap()).unwrap().is_none());
        }
    }
}

const SMALL: Limits = Limits { step: 700, keep: 1000, spacing: 900, checkpoints: 16 };

/// Reads at random places, so that the text is taken up at checkpoints, against the text made in one go.
pub(super) fn read_at_random(what: &str, source: impl Source, random: &mut u64) -> Vec<u8> {
    let mut text = Vec::new();
    assert!(!source.start(None).unwrap().fill(&mut text, usize::MAX).unwrap(), "{what}");
    let stream = Stream::new(source, SMALL, Active::new(2), false);
    for _ in 0..if text.len() > 100_000 { 15 } else { 60 } {
        *random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let offset = (*random >> 33) as usize % (text.len() + 10);
        let size = (*random >> 20) as usize % 3000;
        let expected = &text[offset.min(text.len())..(offset + size).min(text.len())];
        assert!(read(&*stream, offset as u64, size) == expected, "{what}: {size} bytes at {offset}");
    }
    text
}

#[test]
fn texts_are_taken_up_at_checkpoints() {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|s| s.parse().ok())
        .unwrap_or_else(|| std::time::UNIX_EPOCH.elapsed().map_or(1, |d| d.as_nanos() as u64));
    let mut random = seed;
    for (version, tree) in trees() {
        for table in tables(&tree) {
            let moment = tree.moment(&table).unwrap().unwrap();
            for format in Format::ALL {
                let rows = tree.rows(&moment, format, ScanRange::ALL);
                let what = format!("SEED={seed} {version} {table} {format:?}");
                let text = read_at_random(&what, rows.clone(), &mut random);
                let slices = WholeTable::new(rows, tree.crew.clone(), 5000);
                assert!(read_at_random(&format!("{what} in slices"), slices, &mut random) == text, "{what}: slices");
            }
            for (name, sstable) in moment.epoch.sstables() {
                for form in DumpForm::ALL {
                    let dump = Dump::new(&sstable, form, moment.now).unwrap();
                    read_at_random(&format!("SEED={seed} {version} {table} {name} {form:?}"), dump, &mut random);
                }
            }
        }
    }
}

#[test]
fn small_files_are_made() {
    for (_, tree) in trees() {
        let text = |request: &Request| String::from_utf8(whole(&tree, request)).unwrap();
        let readme = text(&Request::Readme);
        let table = tables(&tree).into_iter().find(|t| !t.keyspace().starts_with("system")).unwrap();
        assert!(readme.contains(&format!("cat {table}/json/")), "{readme}");
        assert!(text(&Request::TableSchema(table.clone())).contains("CREATE TABLE"));
        assert!(text(&Request::KeyspaceSchema(table.keyspace().into())).contains("CREATE KEYSPACE"));
        let info: serde_json::Value = serde_json::from_str(&text(&Request::TableInfo(table.clone()))).unwrap();
        assert_eq!(info["problems"], serde_json::json!([]));
        let ids = names_in(&tree, &Request::SSTables(table.clone()));
        assert_eq!(info["sstables"].as_array().unwrap().len(), ids.len());
        let metadata = text(&Request::Metadata(table, ids[0].as_str().into()));
        assert!(serde_json::from_str::<serde_json::Value>(&metadata).unwrap().is_object());
    }
}

/// The files of an SSTable that is compacted away between lookup and open are missed by nobody.
#[test]
fn files_that_are_not_found_are_an_error_while_their_sstable_is_there() {
    let folder = tempfile::tempdir().unwrap();
    let table = TableName::new("deletions", "overlaps");
    let at = copied::copy_table(table.keyspace(), table.table(), folder.path());
    let database = Database::open(&[folder.path().join("data")], &Options::default()).unwrap();
    let options = EngineOptions { now: Some(1_700_000_000), csv: CsvStyle::default() };
    let tree = EngineTree::new(Arc::new(database), options);
    let ids = names_in(&tree, &Request::SSTables(table.clone()));
    let gone = |id: &str| tree.unless_gone(&table, id, Err::<(), _>(Error::not_found("Data.db")));
    assert_eq!(gone(&ids[0]).unwrap_err().kind(), sstablefs::Kind::NotFound, "it is there, and not whole");
    for entry in fs::read_dir(&at).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().contains(&format!("-{}-", ids[0])) {
            fs::remove_file(path).unwrap();
        }
    }
    assert_eq!(gone(&ids[0]).unwrap(), None, "compacted away");
    assert_eq!(gone(&ids[1]).unwrap_err().kind(), sstablefs::Kind::NotFound, "another is still there");
    let other = tree.unless_gone(&table, &ids[0], Err::<(), _>(Error::corrupt("damaged")));
    assert_eq!(other.unwrap_err().kind(), sstablefs::Kind::Corrupt, "what is wrong stays wrong");
    assert_eq!(tree.unless_gone(&table, &ids[0], Ok(7)).unwrap(), Some(7));
    // The whole table, too.
    fs::remove_dir_all(&at).unwrap();
    assert_eq!(gone(&ids[1]).unwrap(), None);
}
