//! What a query would read, for people and as JSON.

use sstablefs::query::{Explanation, ReadKind, Reason, SstablePlan};
use sstablefs::sstable::Cost;
use sstablefs_render::{explain_json, explain_text};

fn plan(id: &str, reason: Reason, chunks: u64, bytes: u64) -> SstablePlan {
    SstablePlan { id: id.to_owned(), reason, partitions: Some(1), cost: Cost { chunks, bytes } }
}

fn explanation() -> Explanation {
    Explanation {
        table: "ks.t".to_owned(),
        read: ReadKind::Keys,
        keys: Some(2),
        indexed: vec!["k IN (1, 2)".to_owned(), "c > 5".to_owned()],
        filter: vec!["v = 'x'".to_owned()],
        slice: true,
        reversed: true,
        sorts: true,
        sstables: vec![
            plan("oa-1-big", Reason::Read, 1, 100),
            plan("oa-2-big", Reason::Read, 3, 5000),
            plan("oa-3-big", Reason::BloomFilter, 0, 0),
        ],
    }
}

#[test]
fn text_says_what_is_read_and_why_not() {
    let expected = "keys of ks.t, 2 to look up, a slice of the rows, read backwards, sorted in memory\n\
        by index: k IN (1, 2) AND c > 5\n\
        filtered: v = 'x'\n  \
        oa-1-big: 1 chunk, 100 bytes\n  \
        oa-2-big: 3 chunks, 5000 bytes\n  \
        oa-3-big: not read (bloom filter: no such key)\n\
        2 of 3 SSTables, 4 chunks, 5100 bytes\n";
    assert_eq!(explain_text(&explanation()), expected);
    let scan = Explanation {
        read: ReadKind::FullScan,
        keys: None,
        indexed: Vec::new(),
        filter: Vec::new(),
        slice: false,
        reversed: false,
        sorts: false,
        sstables: Vec::new(),
        ..explanation()
    };
    assert_eq!(explain_text(&scan), "full scan of ks.t\n0 of 0 SSTables, 0 chunks, 0 bytes\n");
}

#[test]
fn json_says_the_same() {
    let value: serde_json::Value = serde_json::from_str(&explain_json(&explanation())).unwrap();
    assert_eq!(value["read"], "keys");
    assert_eq!((&value["keys"], &value["slice"], &value["sorts_in_memory"]), (&2.into(), &true.into(), &true.into()));
    assert_eq!(value["sstables"][2]["reason"], "bloom filter: no such key");
    assert_eq!((&value["total"]["chunks"], &value["total"]["sstables_read"]), (&4.into(), &2.into()));
}
