//! Links of the documents lead to files that are there.

use std::fs;
use std::path::{Path, PathBuf};

fn documents(dir: &Path, out: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    out.extend(entries.filter(|path| path.extension().is_some_and(|e| e == "md")));
}

#[test]
fn links_lead_somewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for dir in ["", "docs", "examples"] {
        documents(&root.join(dir), &mut paths);
    }
    let mut links = 0;
    for path in &paths {
        let text = fs::read_to_string(path).unwrap();
        for part in text.split("](").skip(1) {
            let link = part.split(')').next().unwrap();
            if link.contains("://") || link.starts_with('#') || link.contains(char::is_whitespace) {
                continue;
            }
            links += 1;
            let target = path.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.exists(), "{}: {link}", path.display());
        }
    }
    assert!(links > 30, "{links} links");
}
