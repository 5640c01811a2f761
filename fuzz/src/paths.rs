//! Paths of the mount: names to requests and back, predicates to statements, keys to names and back.

use std::sync::LazyLock;

use sstablefs::cql::{KeyOrder, Partitioner};
use sstablefs_mount::path::{Request, Step, decode, encode};
use sstablefs_mount::tree::Tree;
use sstablefs_mount::tree::engine::{EngineOptions, EngineTree};
use sstablefs_render::KeyNames;

use crate::tables;

static TREE: LazyLock<EngineTree> = LazyLock::new(|| {
    let options = EngineOptions { now: Some(1_800_000_000), csv: Default::default() };
    EngineTree::new(tables::database().clone(), options)
});

static NAMES: LazyLock<Vec<(KeyNames, KeyOrder)>> = LazyLock::new(|| {
    let of = |ty: sstablefs::cql::Type| (KeyNames::of_type(ty.clone()), KeyOrder::new(Partitioner::Murmur3, &ty));
    tables::rich()
        .iter()
        .flat_map(|table| {
            let all = table.all_columns().map(|c| c.ty.freeze()).chain([table.partition_key_type()]);
            all.map(of).collect::<Vec<_>>()
        })
        .collect()
});

/// So much of a file is read.
const READ: usize = 1 << 16;

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    names(text);
    let mut request = Request::Root;
    for name in text.split('/') {
        let _ = Step::parse(name);
        let Some(child) = request.child(name) else { return };
        let mut written = String::new();
        child.write_name(&mut written);
        assert_eq!(request.child(&written).as_ref(), Some(&child), "{written}");
        request = child;
    }
    ask(&request);
}

/// Asks the tree, of tables that there are: for others it would look at the disk again.
fn ask(request: &Request) {
    let known = match request.table() {
        Some(table) => tables::database().table(table.keyspace(), table.table()).is_some(),
        None => false,
    };
    if !known {
        return;
    }
    let _ = TREE.attributes(request);
    if let Ok(Some(opened)) = TREE.open(request) {
        let _ = opened.content.read(0, READ, &mut |_| {});
    }
    if let Ok(Some(mut listing)) = TREE.list(request) {
        let mut name = String::new();
        for _ in 0..20 {
            if !matches!(listing.next(&mut name), Ok(Some(_))) {
                break;
            }
            assert!(request.child(&name).is_some(), "{name}");
        }
    }
}

fn names(text: &str) {
    let mut encoded = String::new();
    encode(text, &mut encoded);
    assert!(!encoded.contains(['/', '\0']));
    assert_eq!(decode(&encoded).as_deref(), Some(text));
    let _ = decode(text);
    for (names, order) in NAMES.iter() {
        let Some(key) = names.candidates(text).key else { continue };
        let token = order.token(&key);
        let mut name = Vec::new();
        if names.write_name(token, &key, "json", &mut name).is_err() {
            continue;
        }
        let name = String::from_utf8(name).expect("a name is UTF-8");
        assert!(name.len() <= 255 && !name.contains('/'), "{name}");
        let candidates = names.candidates(name.strip_suffix(".json").expect("the extension"));
        let number = names.token_number(token, &key);
        assert!(candidates.key.as_ref() == Some(&key) || candidates.token == Some(number), "{name}");
    }
}
