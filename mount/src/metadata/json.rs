//! The fields of sstablemetadata as JSON: numbers and times as they are stored.

use serde_json::{Map, Value, json};
use sstablefs::Result;
use sstablefs::cql::java;
use sstablefs::rows::NO_DELETION_TIME;
use sstablefs::schema::uuid;
use sstablefs::sstable::statistics::{CommitLogPosition, EstimatedHistogram};
use sstablefs::sstable::{Component, HeaderColumn};

use super::scan::{Leader, Scan};
use super::{Metadata, Surroundings, histogram};

/// As JSON: numbers and times as they are stored.
pub fn to_json(metadata: &Metadata, around: &Surroundings<'_>) -> Result<Value> {
    let Metadata { descriptor, statistics, .. } = metadata;
    let (stats, header) = (&statistics.stats, &statistics.header);
    let key = |i: usize| metadata.range.as_ref().map(|range| json!({"token": range[i].0, "key": range[i].1}));
    let deletion = |time: i64| if time == NO_DELETION_TIME { Value::Null } else { time.into() };
    let position = |p: &CommitLogPosition| json!({"segment": p.segment, "position": p.position});
    let intervals = stats.commit_log_intervals.iter().map(|(a, b)| json!([position(a), position(b)]));
    let drops = stats.tombstone_drop_times.iter().map(|(time, count)| json!([time, count]));
    let clustering = header.clustering.iter().map(|(ty, reversed)| java::name(ty, *reversed));
    let mut value = json!({
        "sstable": descriptor.dir.join(descriptor.to_string()).display().to_string(),
        "version": descriptor.version.to_string(),
        "format": descriptor.version.format().name(),
        "components": components(metadata),
        "partitioner": statistics.partitioner,
        "bloom_filter_fp_chance": statistics.bloom_filter_fp_chance,
        "min_timestamp": stats.min_timestamp,
        "max_timestamp": stats.max_timestamp,
        "min_local_deletion_time": deletion(stats.min_local_deletion_time),
        "max_local_deletion_time": deletion(stats.max_local_deletion_time),
        "compressor": metadata.compressor,
        "compression_ratio": if metadata.compressor.is_some() { json!(stats.compression_ratio) } else { Value::Null },
        "min_ttl": stats.min_ttl,
        "max_ttl": stats.max_ttl,
        "first": key(0),
        "last": key(1),
        "covered_clusterings": metadata.covered_clustering()?,
        "estimated_droppable_tombstones": metadata.droppable_tombstones(around.now),
        "level": stats.level,
        "repaired_at": stats.repaired_at,
        "originating_host_id": stats.originating_host_id.map(|id| uuid(&id)),
        "pending_repair": stats.pending_repair.map(|id| uuid(&id)),
        "commit_log_intervals": intervals.collect::<Vec<_>>(),
        "total_columns_set": stats.total_columns_set,
        "total_rows": stats.total_rows,
        "tombstone_drop_times": drops.collect::<Vec<_>>(),
        "partition_size": points(&stats.partition_sizes),
        "cells_per_partition": points(&stats.cells_per_partition),
        "token_space_coverage": stats.token_space_coverage,
        "estimated_cardinality": metadata.cardinality,
        "encoding_min_ttl": header.min_ttl,
        "encoding_min_local_deletion_time": header.min_local_deletion_time,
        "encoding_min_timestamp": header.min_timestamp,
        "key_type": java::name(&header.key_type, false),
        "clustering_types": clustering.collect::<Vec<_>>(),
        "static_columns": columns(&header.statics),
        "regular_columns": columns(&header.regulars),
        "is_transient": stats.is_transient,
    });
    if let Some(scan) = &metadata.scan {
        value["scan"] = of_scan(scan);
    }
    Ok(value)
}

fn of_scan(scan: &Scan) -> Value {
    let leaders = |leaders: &[Leader], what: &str| {
        let leaders = leaders.iter().map(|leader| json!({"key": leader.key, what: leader.value}));
        leaders.collect::<Vec<_>>()
    };
    json!({
        "bytes": scan.bytes,
        "partitions": scan.partitions,
        "rows": scan.rows,
        "tombstones": scan.tombstones,
        "cells": scan.cells,
        "widest_partitions": leaders(&scan.widest, "rows"),
        "largest_partitions": leaders(&scan.largest, "bytes"),
        "tombstone_leaders": leaders(&scan.tombstone_leaders, "tombstones"),
    })
}

fn components(metadata: &Metadata) -> Vec<&'static str> {
    let is_there = |c: &Component| metadata.descriptor.component(*c).exists();
    Component::ALL.into_iter().filter(is_there).map(Component::name).collect()
}

fn columns(columns: &[HeaderColumn]) -> Map<String, Value> {
    columns.iter().map(|c| (c.name.clone(), java::name(&c.ty, false).into())).collect()
}

/// Upper ends of buckets and counts.
fn points(histogram: &EstimatedHistogram) -> Vec<Value> {
    histogram::points(histogram).into_iter().map(|(end, count)| json!([end, count])).collect()
}
