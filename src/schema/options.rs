//! Table options as CQL literals, as `DESCRIBE` prints them. Follows org.apache.cassandra.schema.TableParams.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::system::SystemRow;
use crate::cql::names;
use crate::error::Result;

/// The order in which they are printed.
pub(super) const ORDER: [&str; 19] = [
    "additional_write_policy",
    "allow_auto_snapshot",
    "bloom_filter_fp_chance",
    "caching",
    "cdc",
    "comment",
    "compaction",
    "compression",
    "memtable",
    "crc_check_chance",
    "default_time_to_live",
    "extensions",
    "gc_grace_seconds",
    "incremental_backups",
    "max_index_interval",
    "memtable_flush_period_in_ms",
    "min_index_interval",
    "read_repair",
    "speculative_retry",
];

/// From a row of system_schema.tables or views. What older versions do not have gets the default.
pub(super) fn from_row(row: &SystemRow, is_view: bool) -> Result<BTreeMap<String, String>> {
    let mut options = BTreeMap::new();
    let mut set = |name: &str, value: String| options.insert(name.to_owned(), value);
    for name in ["bloom_filter_fp_chance", "crc_check_chance"] {
        if row.get(name).is_some() {
            set(name, java_double(row.double(name)?));
        }
    }
    for name in [
        "default_time_to_live",
        "gc_grace_seconds",
        "max_index_interval",
        "memtable_flush_period_in_ms",
        "min_index_interval",
    ] {
        if row.get(name).is_some() && !(is_view && name == "default_time_to_live") {
            set(name, row.int(name)?.to_string());
        }
    }
    for name in ["caching", "compaction", "compression"] {
        if row.get(name).is_some() {
            set(name, map_literal(row.text_map(name)?.iter().map(|(k, v)| (k.as_str(), names::string_literal(v)))));
        }
    }
    for (name, default) in [("allow_auto_snapshot", true), ("cdc", false), ("incremental_backups", true)] {
        set(name, row.boolean(name).unwrap_or(default).to_string());
    }
    for (name, default) in [("comment", ""), ("memtable", "default"), ("read_repair", "BLOCKING")] {
        let value = row.get(name).map_or(Ok(default.to_owned()), |_| row.text(name))?;
        set(name, names::string_literal(&value));
    }
    for name in ["additional_write_policy", "speculative_retry"] {
        let value = row.get(name).map_or(Ok("99p".to_owned()), |_| row.text(name))?;
        set(name, names::string_literal(&retry_policy(&value)));
    }
    let extensions = row.map("extensions")?;
    set("extensions", map_literal(extensions.iter().map(|(k, v)| (k.as_str(), blob_literal(v)))));
    Ok(options)
}

/// As the classes of SpeculativeRetryPolicy print what 3.x wrote as `99PERCENTILE`, `NONE` or `10ms`.
fn retry_policy(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    match lower.as_str() {
        "none" | "never" => return "NEVER".to_owned(),
        "always" => return "ALWAYS".to_owned(),
        _ => {}
    }
    let number = |unit: &str| lower.strip_suffix(unit)?.parse::<f64>().ok();
    if let Some(percentile) = number("percentile").or_else(|| number("p")) {
        return format!("{}p", (percentile * 1e4).round() / 1e4);
    }
    match number("ms") {
        Some(millis) => format!("{}ms", millis as i32),
        None => text.to_owned(),
    }
}

pub(super) fn map_literal<'a>(entries: impl Iterator<Item = (&'a str, String)>) -> String {
    let entries: Vec<String> = entries.map(|(key, value)| format!("{}: {value}", names::string_literal(key))).collect();
    format!("{{{}}}", entries.join(", "))
}

/// The strings of a literal that [`map_literal`] made, keys and values in turn.
pub(super) fn map_entries(literal: &str) -> BTreeMap<String, String> {
    let mut strings = Vec::new();
    let mut rest = literal.chars().peekable();
    while rest.by_ref().any(|c| c == '\'') {
        let mut text = String::new();
        while let Some(c) = rest.next() {
            if c == '\'' && rest.next_if_eq(&'\'').is_none() {
                break;
            }
            text.push(c);
        }
        strings.push(text);
    }
    let mut strings = strings.into_iter();
    let mut entries = BTreeMap::new();
    while let (Some(key), Some(value)) = (strings.next(), strings.next()) {
        entries.insert(key, value);
    }
    entries
}

fn blob_literal(bytes: &[u8]) -> String {
    let mut text = String::from("0x");
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

/// Double.toString: with an exponent below 0.001 and from 10 million on.
fn java_double(value: f64) -> String {
    if value == 0.0 || !value.is_finite() || (1e-3..1e7).contains(&value.abs()) {
        return format!("{value:?}");
    }
    let text = format!("{value:E}");
    if text.contains('.') { text } else { text.replace('E', ".0E") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doubles_as_java_prints_them() {
        for (value, text) in
            [(0.01, "0.01"), (1.0, "1.0"), (0.0, "0.0"), (1e-4, "1.0E-4"), (1.25e-5, "1.25E-5"), (1e7, "1.0E7")]
        {
            assert_eq!(java_double(value), text);
        }
    }

    #[test]
    fn maps_go_both_ways() {
        let entries = [("a", "1"), ("b", "it's"), ("c", "")];
        let literal = map_literal(entries.iter().map(|(key, value)| (*key, names::string_literal(value))));
        let back = map_entries(&literal);
        assert_eq!(back.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect::<Vec<_>>(), entries);
        assert!(map_entries("").is_empty() && map_entries("{}").is_empty());
    }

    #[test]
    fn retry_policies_of_all_versions() {
        for (old, new) in [
            ("99PERCENTILE", "99p"),
            ("99.5percentile", "99.5p"),
            ("99p", "99p"),
            ("NONE", "NEVER"),
            ("always", "ALWAYS"),
            ("10.5MS", "10ms"),
            ("MIN(99p,50ms)", "MIN(99p,50ms)"),
        ] {
            assert_eq!(retry_policy(old), new);
        }
    }
}
