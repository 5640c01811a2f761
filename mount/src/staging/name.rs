//! What a name in a staging folder means.

pub(super) const LOG: &str = "log.jsonl";
pub(super) const README: &str = "README.txt";
const FLUSH: &str = ".flush";
const ERRORS: &str = ".errors";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Taken up when it is closed.
    Plain,
    /// A temporary file or a backup: kept until it is renamed.
    Kept,
    /// Making it flushes.
    Flush,
    /// Made by sstablefs.
    Own,
}

pub(super) fn meaning(name: &str) -> Meaning {
    match name {
        LOG | README => Meaning::Own,
        FLUSH => Meaning::Flush,
        _ if name.starts_with('.') || name.ends_with('~') => Meaning::Kept,
        _ => Meaning::Plain,
    }
}

/// The name of the file that lists what is wrong with another.
pub(super) fn errors(name: &str) -> String {
    format!("{name}{ERRORS}")
}

pub(super) fn is_csv(name: &str) -> bool {
    name.rsplit_once('.').is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("csv"))
}

#[test]
fn names() {
    for (name, expected) in [
        ("a.csv", Meaning::Plain),
        ("4913", Meaning::Plain),
        (".a.csv.Xy12", Meaning::Kept),
        ("a.csv~", Meaning::Kept),
        (".a.csv.swp", Meaning::Kept),
        (".flush", Meaning::Flush),
        ("log.jsonl", Meaning::Own),
        ("a.csv.errors", Meaning::Plain),
    ] {
        assert_eq!(meaning(name), expected, "{name}");
    }
    assert!(is_csv("a.b.CSV") && !is_csv("csv") && !is_csv("a.csv.json"));
}
