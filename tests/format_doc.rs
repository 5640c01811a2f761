//! docs/FORMAT.md says what the source files draw, and its examples are bytes of files in testdata/.

use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn document() -> String {
    text(&root().join("docs/FORMAT.md"))
}

/// The first picture of a file's head, without the marks of a comment.
fn picture(source: &str) -> Option<String> {
    let head = source.lines().map_while(|line| line.strip_prefix("//!"));
    let lines = head.map(|line| line.strip_prefix(' ').unwrap_or(line));
    let mut lines = lines.skip_while(|line| *line != "```text");
    lines.next()?;
    Some(lines.take_while(|line| *line != "```").flat_map(|line| [line, "\n"]).collect())
}

fn sources(dir: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

#[test]
fn every_picture_of_a_component_is_in_the_document() {
    let document = document();
    let mut paths = ["src/bytes/vint.rs", "src/table/txn.rs", "src/merge/counter.rs", "src/cql/byte_comparable.rs"]
        .map(|path| root().join(path))
        .to_vec();
    sources(&root().join("src/sstable"), &mut paths);
    let pictures = paths.iter().filter_map(|path| Some((path, picture(&text(path))?)));
    let mut count = 0;
    for (path, picture) in pictures {
        count += 1;
        assert!(document.contains(&picture), "the picture of {} is not in docs/FORMAT.md", path.display());
    }
    assert!(count > 20, "only {count} pictures found");
}

#[test]
fn sources_that_the_document_names_are_there() {
    for path in document().split('`').filter(|word| word.starts_with("src/")) {
        assert!(root().join(path).exists(), "{path}");
    }
}

/// Hexadecimal digits of a line: behind the offset, up to the gap of two blanks before the words.
fn bytes(line: &str) -> (usize, Vec<u8>) {
    let (offset, rest) = line.split_once("  ").unwrap();
    let digits: Vec<u8> = rest.split("  ").next().unwrap().bytes().filter(|b| *b != b' ').collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    (usize::from_str_radix(offset, 16).unwrap(), digits.chunks(2).map(byte).collect())
}

#[test]
fn the_examples_are_bytes_of_real_files() {
    let document = document();
    let mut count = 0;
    for part in document.split("<!-- bytes of ").skip(1) {
        let (path, rest) = part.split_once(" -->").unwrap();
        let block = rest.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
        let mut shown = Vec::new();
        for line in block.lines() {
            let (offset, bytes) = bytes(line);
            assert_eq!(offset, shown.len(), "{path}: {line}");
            shown.extend(bytes);
        }
        assert_eq!(shown, fs::read(root().join(path)).unwrap(), "{path}");
        count += 1;
    }
    assert_eq!(count, 9);
}
