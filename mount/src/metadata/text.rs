//! The text of sstablemetadata.

use std::fmt::{Display, Write};

use sstablefs::Result;
use sstablefs::cql::java;
use sstablefs::rows::NO_DELETION_TIME;
use sstablefs::schema::uuid;
use sstablefs::sstable::HeaderColumn;

use super::date::{date, duration, size, span};
use super::scan::{Leader, Scan};
use super::{Metadata, Surroundings, histogram};
use sstablefs_render::value;

/// As `sstablemetadata` prints it.
pub fn to_text(metadata: &Metadata, around: &Surroundings<'_>, style: TextStyle) -> Result<String> {
    let Metadata { descriptor, statistics, .. } = metadata;
    let (stats, header) = (&statistics.stats, &statistics.header);
    let micros = |t: i64| match around.timestamps.micros(t) {
        0 => None,
        micros => date(micros.div_euclid(1000), around.utc_offset),
    };
    let seconds = |t: i64| if t == 0 { None } else { date(t.saturating_mul(1000), around.utc_offset) };
    let mut out = Text { text: String::new(), ink: style.ink() };
    out.field("SSTable", descriptor.dir.join(descriptor.to_string()).display());
    if let Some(scan) = &metadata.scan {
        out.scan(scan);
    }
    out.field("Partitioner", &statistics.partitioner);
    out.field("Bloom Filter FP chance", double(statistics.bloom_filter_fp_chance));
    out.comment("Minimum timestamp", or_dashes(micros(stats.min_timestamp)), Some(stats.min_timestamp));
    out.comment("Maximum timestamp", or_dashes(micros(stats.max_timestamp)), Some(stats.max_timestamp));
    out.field("Duration", span(around.timestamps.micros(stats.max_timestamp.wrapping_sub(stats.min_timestamp))));
    for (name, time) in [
        ("SSTable min local deletion time", stats.min_local_deletion_time),
        ("SSTable max local deletion time", stats.max_local_deletion_time),
    ] {
        let time = if time == NO_DELETION_TIME { i64::MAX } else { time };
        let text = if time == i64::MAX { None } else { seconds(time) };
        out.comment(name, text.unwrap_or("no tombstones".to_owned()), Some(time));
    }
    let compressor = metadata.compressor.map(|class| format!("org.apache.cassandra.io.compress.{class}"));
    out.field("Compressor", compressor.as_deref().unwrap_or("-"));
    if metadata.compressor.is_some() {
        out.field("Compression ratio", double(stats.compression_ratio));
    }
    out.comment("TTL min", stats.min_ttl, duration(stats.min_ttl.into()));
    out.comment("TTL max", stats.max_ttl, duration(stats.max_ttl.into()));
    if let Some([(first_token, first), (last_token, last)]) = &metadata.range {
        out.comment("First token", first_token, Some(first));
        out.comment("Last token", last_token, Some(last));
    }
    out.field("Covered clusterings", metadata.covered_clustering()?);
    out.field("Estimated droppable tombstones", double(metadata.droppable_tombstones(around.now)));
    out.field("SSTable Level", stats.level);
    let repaired = if stats.repaired_at == 0 { None } else { date(stats.repaired_at, around.utc_offset) };
    out.comment("Repaired at", stats.repaired_at, repaired);
    out.field("Originating host id", or_dashes(stats.originating_host_id.map(|id| uuid(&id))));
    out.field("Pending repair", or_dashes(stats.pending_repair.map(|id| uuid(&id))));
    let intervals: Vec<String> = stats
        .commit_log_intervals
        .iter()
        .map(|(a, b)| {
            let position = |p: &sstablefs::sstable::statistics::CommitLogPosition| {
                format!("CommitLogPosition(segmentId={}, position={})", p.segment, p.position)
            };
            format!("{}={}", position(a), position(b))
        })
        .collect();
    out.field("Replay positions covered", format!("{{{}}}", intervals.join(", ")));
    out.field("totalColumnsSet", stats.total_columns_set);
    out.field("totalRows", stats.total_rows);
    out.field("Estimated tombstone drop times", "");
    let Ink { quiet, end, .. } = style.ink();
    let in_quiet = |text: Option<String>| text.map_or(String::new(), |text| format!("{quiet}({text}){end}"));
    let drops: Vec<(i64, i64)> = stats.tombstone_drop_times.iter().map(|(t, n)| (*t, i64::from(*n))).collect();
    histogram::write("Drop Time", &drops, |t| format!("{t} {}", in_quiet(seconds(t))), style, &mut out.text);
    out.field("Partition Size", "");
    let sizes = histogram::points(&stats.partition_sizes);
    histogram::write("Size (bytes)", &sizes, |n| format!("{n} {}", in_quiet(size(n))), style, &mut out.text);
    out.field("Column Count", "");
    histogram::write(
        "Columns",
        &histogram::points(&stats.cells_per_partition),
        |n| n.to_string(),
        style,
        &mut out.text,
    );
    out.field("Local token space coverage", double(stats.token_space_coverage));
    if let Some(cardinality) = metadata.cardinality {
        out.field("Estimated cardinality", cardinality);
    }
    out.comment("EncodingStats minTTL", header.min_ttl, duration(header.min_ttl.into()));
    out.comment(
        "EncodingStats minLocalDeletionTime",
        or_dashes(seconds(header.min_local_deletion_time)),
        Some(header.min_local_deletion_time),
    );
    out.comment("EncodingStats minTimestamp", or_dashes(micros(header.min_timestamp)), Some(header.min_timestamp));
    out.field("KeyType", java::name(&header.key_type, false));
    let clustering: Vec<String> = header.clustering.iter().map(|(ty, reversed)| java::name(ty, *reversed)).collect();
    out.field("ClusteringTypes", format!("[{}]", clustering.join(", ")));
    out.field("StaticColumns", columns(&header.statics));
    out.field("RegularColumns", columns(&header.regulars));
    out.field("IsTransient", stats.is_transient);
    Ok(out.text)
}

/// How sstablemetadata draws what it prints: its `-c` and `-u`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TextStyle {
    /// Names of fields and what is less important in colors, by ANSI sequences.
    pub color: bool,
    /// Histograms of block elements of Unicode, else of letters.
    pub unicode: bool,
}

/// What begins each color, and what ends it; nothing where there are none.
#[derive(Clone, Copy)]
pub(super) struct Ink {
    pub(super) name: &'static str,
    pub(super) mark: &'static str,
    pub(super) quiet: &'static str,
    pub(super) end: &'static str,
}

impl TextStyle {
    pub(super) fn ink(self) -> Ink {
        match self.color {
            true => Ink { name: "\x1b[34m", mark: "\x1b[36m", quiet: "\x1b[37m", end: "\x1b[0m" },
            false => Ink { name: "", mark: "", quiet: "", end: "" },
        }
    }
}

struct Text {
    text: String,
    ink: Ink,
}

impl Text {
    fn field(&mut self, name: &str, value: impl Display) {
        let Ink { name: color, mark, end, .. } = self.ink;
        let _ = writeln!(self.text, "{color}{name}{mark}: {end}{value}");
    }

    fn scan(&mut self, scan: &Scan) {
        self.field("Size", scan.bytes);
        self.field("Partitions", scan.partitions);
        self.field("Rows", scan.rows);
        self.field("Tombstones", scan.tombstones);
        self.field("Cells", scan.cells);
        let Ink { mark, quiet, end, .. } = self.ink;
        let line = |leader: &Leader| format!("  {mark}[{end}{}{mark}] {end}{}", leader.key, leader.value);
        self.field("Widest Partitions", "");
        scan.widest.iter().for_each(|leader| self.line(line(leader)));
        self.field("Largest Partitions", "");
        for leader in &scan.largest {
            let value = i64::try_from(leader.value).unwrap_or(i64::MAX);
            // The tool prints what Java makes of no text.
            let size = size(value).unwrap_or("null".to_owned());
            self.line(format!("{}{quiet} ({size}){end}", line(leader)));
        }
        // The tool leaves them out where they are so few and short that their text has up to ten characters.
        if !scan.tombstone_leaders.is_empty() {
            self.field("Tombstone Leaders", "");
            scan.tombstone_leaders.iter().for_each(|leader| self.line(line(leader)));
        }
    }

    fn line(&mut self, text: String) {
        self.text += &text;
        self.text.push('\n');
    }

    fn comment(&mut self, name: &str, value: impl Display, comment: Option<impl Display>) {
        let Ink { quiet, end, .. } = self.ink;
        match comment {
            Some(comment) => self.field(name, format_args!("{value}{quiet} ({comment}){end}")),
            None => self.field(name, value),
        }
    }
}

fn or_dashes(text: Option<String>) -> String {
    text.unwrap_or_else(|| "--".to_owned())
}

fn double(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let mut text = Vec::new();
    value::double(value, &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

/// `name:type` of each in the order of a java.util.HashMap, which is the one that the tool prints.
fn columns(columns: &[HeaderColumn]) -> String {
    let mut capacity = 16;
    while columns.len() * 4 > capacity * 3 {
        capacity *= 2;
    }
    let bucket = |column: &HeaderColumn| {
        let hash = column.name.encode_utf16().fold(0u32, |h, c| h.wrapping_mul(31).wrapping_add(c.into()));
        (hash ^ hash >> 16) as usize & (capacity - 1)
    };
    let mut sorted: Vec<&HeaderColumn> = columns.iter().collect();
    sorted.sort_by_key(|c| bucket(c));
    sorted.iter().map(|c| format!("{}:{}", c.name, java::name(&c.ty, false))).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use sstablefs::cql::Type;

    #[test]
    fn columns_stand_in_the_order_of_a_hash_map() {
        // What sstablemetadata prints for system_schema.columns.
        let names = ["clustering_order", "kind", "column_name_bytes", "position", "type"];
        let mut given: Vec<_> = names.map(|n| HeaderColumn { name: n.to_owned(), ty: Type::Int }).to_vec();
        given.sort_by(|a, b| a.name.cmp(&b.name));
        let text = columns(&given);
        let shown: Vec<&str> = text.split(", ").filter_map(|c| c.split(':').next()).collect();
        assert_eq!(shown, names);
    }
}
