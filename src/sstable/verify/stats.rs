//! Statistics.db against what its SSTable really holds: each number that the data tells is counted again.

use super::{Findings, Subject};
use crate::sstable::descriptor::Component;
use crate::sstable::statistics::{Collected, EstimatedHistogram};

pub(super) fn check(findings: &mut Findings<'_>, subject: &Subject<'_>, collected: &Collected) {
    let (own, real) = (&subject.statistics.stats, &collected.stats);
    let mut wrong = Vec::new();
    let mut compare = |what: &str, own: i64, real: i64| {
        if own != real {
            wrong.push(format!("it says {own} as {what}, the data {real}"));
        }
    };
    compare("the number of rows", own.total_rows, real.total_rows);
    compare("the number of cells", own.total_columns_set, real.total_columns_set);
    compare("the number of partitions", own.partition_sizes.count(), real.partition_sizes.count());
    compare("the smallest timestamp", own.min_timestamp, real.min_timestamp);
    compare("the largest timestamp", own.max_timestamp, real.max_timestamp);
    compare("the smallest local deletion time", own.min_local_deletion_time, real.min_local_deletion_time);
    compare("the largest local deletion time", own.max_local_deletion_time, real.max_local_deletion_time);
    compare("the smallest TTL", own.min_ttl.into(), real.min_ttl.into());
    compare("the largest TTL", own.max_ttl.into(), real.max_ttl.into());
    if subject.version.has_partition_level_deletion_marker() {
        let [own, real] = [own, real].map(|stats| stats.has_partition_level_deletions.into());
        compare("whether partitions are deleted", own, real);
    }
    let keys = [("first", &own.first_key, &real.first_key), ("last", &own.last_key, &real.last_key)];
    for (what, own, real) in keys.into_iter().filter(|(_, own, _)| own.is_some()) {
        if own != real {
            wrong.push(format!("its {what} key is not that of the data"));
        }
    }
    if !is_same(&own.partition_sizes, &real.partition_sizes) {
        wrong.push("its partition sizes are not those of the data".to_owned());
    }
    if !is_same(&own.cells_per_partition, &real.cells_per_partition) {
        wrong.push("its numbers of cells in a partition are not those of the data".to_owned());
    }
    for reason in wrong {
        findings.fault(Component::Statistics, None, reason);
    }
}

/// Whether two histograms count the same. Older versions have fewer buckets; the last counts what is above all offsets.
fn is_same(own: &EstimatedHistogram, real: &EstimatedHistogram) -> bool {
    let n = own.offsets.len();
    let (Some((last, buckets)), Some((same, above))) = (own.buckets.split_last(), real.buckets.split_at_checked(n))
    else {
        return false;
    };
    real.offsets.starts_with(&own.offsets) && buckets == same && *last == above.iter().sum::<i64>()
}
