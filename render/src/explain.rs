//! What a query would read, as JSON and as text.

use std::fmt::Write;

use serde_json::json;
use sstablefs::query::Explanation;

/// A JSON object over several lines, with a line end.
pub fn explain_json(explanation: &Explanation) -> String {
    let total = explanation.total();
    let sstables: Vec<_> = explanation
        .sstables
        .iter()
        .map(|s| {
            json!({
                "id": s.id,
                "read": s.is_read(),
                "reason": s.reason.text(),
                "partitions": s.partitions,
                "chunks": s.cost.chunks,
                "bytes": s.cost.bytes,
            })
        })
        .collect();
    let object = json!({
        "table": explanation.table,
        "read": explanation.read.name(),
        "keys": explanation.keys,
        "slice": explanation.slice,
        "reversed": explanation.reversed,
        "sorts_in_memory": explanation.sorts,
        "indexed": explanation.indexed,
        "filter": explanation.filter,
        "sstables": sstables,
        "total": {
            "sstables": explanation.sstables.len(),
            "sstables_read": explanation.sstables_read(),
            "chunks": total.chunks,
            "bytes": total.bytes,
        },
    });
    format!("{object:#}\n")
}

/// The same for people.
pub fn explain_text(explanation: &Explanation) -> String {
    let mut text = format!("{} of {}", explanation.read.name(), explanation.table);
    let write = |text: &mut String, line: std::fmt::Arguments<'_>| {
        let _ = text.write_fmt(line); // writing to a String does not fail
    };
    if let Some(keys) = explanation.keys {
        write(&mut text, format_args!(", {keys} to look up"));
    }
    for (is, what) in [
        (explanation.slice, ", a slice of the rows"),
        (explanation.reversed, ", read backwards"),
        (explanation.sorts, ", sorted in memory"),
    ] {
        if is {
            text.push_str(what);
        }
    }
    text.push('\n');
    for (name, relations) in [("by index", &explanation.indexed), ("filtered", &explanation.filter)] {
        if !relations.is_empty() {
            write(&mut text, format_args!("{name}: {}\n", relations.join(" AND ")));
        }
    }
    for sstable in &explanation.sstables {
        write(&mut text, format_args!("  {}: ", sstable.id));
        match sstable.is_read() {
            true => write(&mut text, format_args!("{}\n", amount(sstable.cost.chunks, sstable.cost.bytes))),
            false => write(&mut text, format_args!("not read ({})\n", sstable.reason.text())),
        }
    }
    let (read, all, total) = (explanation.sstables_read(), explanation.sstables.len(), explanation.total());
    write(&mut text, format_args!("{read} of {all} SSTables, {}\n", amount(total.chunks, total.bytes)));
    text
}

fn amount(chunks: u64, bytes: u64) -> String {
    format!("{chunks} chunk{}, {bytes} bytes", if chunks == 1 { "" } else { "s" })
}
