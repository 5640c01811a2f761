//! docs/TROUBLESHOOTING.md quotes messages that exist: their words stand in the sources.

use std::fs;
use std::path::Path;

/// All string literals of the sources, with continued lines joined.
fn messages(dir: &Path, out: &mut String) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            messages(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            for (i, part) in text.split("\\\n").enumerate() {
                out.push_str(if i == 0 { part } else { part.trim_start() });
            }
        }
    }
}

/// What the system and programs beside sstablefs say.
const OTHERS: [&str; 9] = [
    "Invalid argument",
    "No such file or directory",
    "Read-only file system",
    "Too many open files",
    "FILE:LINE:COLUMN: …",
    "expected …, found …",
    "expected SELECT, the only statement that is answered",
    "does not exist: name a Cassandra data directory",
    "no SSTables here: name a Cassandra data directory",
];

#[test]
fn quoted_messages_are_those_of_the_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = String::new();
    for dir in ["src", "render/src", "mount/src", "cli/src"] {
        messages(&root.join(dir), &mut sources);
    }
    let document = fs::read_to_string(root.join("docs/TROUBLESHOOTING.md")).unwrap();
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let quoted: Vec<&str> = rows.filter_map(|row| row.split('`').next()).collect();
    assert!(quoted.len() > 40, "{} messages", quoted.len());
    for message in quoted.into_iter().filter(|message| !OTHERS.contains(message)) {
        for part in message.split('…').map(|part| part.trim_matches([' ', ';'])).filter(|part| part.len() > 4) {
            assert!(sources.contains(part), "no source says {part:?} of {message:?}");
        }
    }
}
