//! What the SSTables of a table have in common, in a form that can be drawn: when each was written, and how partition
//! sizes, cells and droppable tombstones are spread over all of them.

use std::collections::BTreeMap;

use sstablefs::sstable::Component;
use sstablefs::sstable::statistics::EstimatedHistogram;

use sstablefs_render::value::iso_timestamp;

use super::{Metadata, TimeUnit, histogram};

/// So many bars of times at most.
const LONGEST: usize = 12;
/// Lengths of time, in seconds, that a bar may stand for.
const STEPS: [i64; 14] =
    [60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 30 * DAY, 90 * DAY, 365 * DAY];
const DAY: i64 = 86_400;

/// The SSTables of a table, or some of them.
pub struct Overview {
    /// `keyspace.table`.
    pub title: String,
    /// In the order of their ids.
    pub sstables: Vec<Span>,
    /// Estimated partitions of each size.
    pub sizes: Chart,
    /// Estimated partitions of each number of cells.
    pub cells: Chart,
    /// Tombstones and expiring cells, by the time from which on they can be dropped but for gc_grace_seconds.
    pub drops: Chart,
}

/// One SSTable on the line of time.
pub struct Span {
    /// `nb-12-big`.
    pub name: String,
    /// Length of Data.db.
    pub bytes: u64,
    pub rows: i64,
    /// Estimated.
    pub partitions: i64,
    pub level: i32,
    pub repaired: bool,
    /// Smallest and largest timestamp, in microseconds; `None` where nothing has one.
    pub time: Option<(i64, i64)>,
}

/// A histogram that is drawn: a label and a count for each bar, in order.
pub struct Chart {
    pub title: &'static str,
    /// What is counted.
    pub unit: &'static str,
    pub bars: Vec<(String, i64)>,
}

impl Overview {
    /// Of a table's SSTables, whose timestamps are in this unit. Sizes that can't be learnt are 0.
    pub fn new(title: String, sstables: &[Metadata], timestamps: TimeUnit) -> Overview {
        let (mut sizes, mut cells, mut drops) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        for Metadata { statistics, .. } in sstables {
            add(&mut sizes, &statistics.stats.partition_sizes);
            add(&mut cells, &statistics.stats.cells_per_partition);
            for (time, count) in &statistics.stats.tombstone_drop_times {
                *drops.entry(*time).or_insert(0) += i64::from(*count);
            }
        }
        Overview {
            title,
            sstables: sstables.iter().map(|metadata| span(metadata, timestamps)).collect(),
            sizes: Chart { title: "partition size, up to", unit: "partitions", bars: powers(&sizes, bytes) },
            cells: Chart { title: "cells a partition, up to", unit: "partitions", bars: powers(&cells, thousands) },
            drops: Chart { title: "droppable, from", unit: "tombstones and TTLs", bars: times(&drops) },
        }
    }

    /// The ends of [`Overview::time`] as texts that differ, if the times do.
    pub(super) fn ends(&self) -> Option<(String, String)> {
        let (first, last) = self.time()?;
        let with_clock = last.saturating_sub(first) < 60 * DAY * 1_000_000;
        let texts = (day(first, with_clock), day(last, with_clock));
        Some(if texts.0 == texts.1 && first != last { (format!("{first} us"), format!("{last} us")) } else { texts })
    }

    /// From the first write to the last, in microseconds.
    pub fn time(&self) -> Option<(i64, i64)> {
        let times = || self.sstables.iter().filter_map(|s| s.time);
        times().map(|t| t.0).min().zip(times().map(|t| t.1).max())
    }

    pub(super) fn sum(&self, part: fn(&Span) -> i64) -> i64 {
        self.sstables.iter().map(part).fold(0, i64::saturating_add)
    }

    /// A line about all of them.
    pub fn summary(&self) -> String {
        let size = self.sstables.iter().map(|s| s.bytes).fold(0, u64::saturating_add);
        format!(
            "{} SSTable{}, {}, {} rows, about {} partitions",
            self.sstables.len(),
            if self.sstables.len() == 1 { "" } else { "s" },
            bytes(i64::try_from(size).unwrap_or(i64::MAX)),
            thousands(self.sum(|s| s.rows)),
            thousands(self.sum(|s| s.partitions)),
        )
    }
}

fn span(metadata: &Metadata, timestamps: TimeUnit) -> Span {
    let stats = &metadata.statistics.stats;
    let file = std::fs::metadata(metadata.descriptor.component(Component::Data));
    let time = (timestamps.micros(stats.min_timestamp), timestamps.micros(stats.max_timestamp));
    Span {
        name: metadata.descriptor.to_string(),
        bytes: file.map_or(0, |file| file.len()),
        rows: stats.total_rows,
        partitions: stats.partition_sizes.count(),
        level: stats.level,
        repaired: stats.repaired_at != 0,
        time: (time.0 <= time.1).then_some(time),
    }
}

fn add(sum: &mut BTreeMap<i64, i64>, histogram: &EstimatedHistogram) {
    for (end, count) in histogram::points(histogram) {
        let all = sum.entry(end).or_insert(0);
        *all = count.saturating_add(*all);
    }
}

/// By powers of two, from the first that has something to the last.
fn powers(points: &BTreeMap<i64, i64>, label: fn(i64) -> String) -> Vec<(String, i64)> {
    let power = |end: i64| 64 - u64::try_from(end.max(1) - 1).unwrap_or(0).leading_zeros();
    let mut bars: BTreeMap<u32, i64> = BTreeMap::new();
    for (end, count) in points {
        let all = bars.entry(power(*end)).or_insert(0);
        *all = count.saturating_add(*all);
    }
    let (Some((first, _)), Some((last, _))) = (bars.first_key_value(), bars.last_key_value()) else {
        return Vec::new();
    };
    let end = |power: u32| 1i64.checked_shl(power).filter(|end| *end > 0).unwrap_or(i64::MAX);
    (*first..=*last).map(|power| (label(end(power)), bars.get(&power).copied().unwrap_or(0))).collect()
}

/// By equal lengths of time, of which the label is the beginning.
fn times(points: &BTreeMap<i64, i64>) -> Vec<(String, i64)> {
    let (Some((first, _)), Some((last, _))) = (points.first_key_value(), points.last_key_value()) else {
        return Vec::new();
    };
    let fits = |step: i64| last.div_euclid(step).abs_diff(first.div_euclid(step)) < LONGEST as u64;
    let longest = (last.abs_diff(*first) / (LONGEST as u64 - 1)) as i64 + 1;
    let step = STEPS.into_iter().find(|step| fits(*step)).unwrap_or(longest);
    let mut bars: BTreeMap<i64, i64> = BTreeMap::new();
    for (time, count) in points {
        *bars.entry(time.div_euclid(step)).or_insert(0) += count;
    }
    let all = first.div_euclid(step)..=last.div_euclid(step);
    let label = |place: i64| day(place.saturating_mul(step).saturating_mul(1_000_000), step < DAY);
    all.map(|place| (label(place), bars.get(&place).copied().unwrap_or(0))).collect()
}

/// A time in microseconds, UTC, with or without hours and minutes.
pub(super) fn day(micros: i64, with_clock: bool) -> String {
    let mut iso = Vec::new();
    iso_timestamp(micros.div_euclid(1000), &mut iso);
    let iso = String::from_utf8_lossy(&iso).into_owned();
    match iso.split_once('T') {
        Some((day, clock)) if with_clock => format!("{day} {}", clock.get(..5).unwrap_or(clock)),
        Some((day, _)) => day.to_owned(),
        None => iso,
    }
}

/// A number of bytes with a unit of powers of 1024.
pub(super) fn bytes(n: i64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let place = (63 - (n.max(1) as u64).leading_zeros() as usize) / 10;
    let value = n as f64 / 1024f64.powi(place as i32);
    let decimals = usize::from(place > 0 && value < 100.0 && value.fract() != 0.0);
    format!("{value:.decimals$} {}", units[place.min(units.len() - 1)])
}

/// `1,234,567`.
pub(super) fn thousands(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = if n < 0 { "-".to_owned() } else { String::new() };
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_gathered_by_powers_of_two() {
        let points = BTreeMap::from([(86, 1), (103, 2), (124, 4), (535, 1)]);
        assert_eq!(
            powers(&points, bytes),
            [("128 B".to_owned(), 7), ("256 B".to_owned(), 0), ("512 B".to_owned(), 0), ("1 KiB".to_owned(), 1)]
        );
        assert_eq!(powers(&BTreeMap::from([(1, 3)]), thousands), [("1".to_owned(), 3)]);
        assert_eq!(powers(&BTreeMap::from([(i64::MAX, 1), (0, 1)]), bytes).len(), 64);
        assert!(powers(&BTreeMap::new(), bytes).is_empty());
    }

    #[test]
    fn times_are_gathered_by_what_fits() {
        let points = BTreeMap::from([(1_700_000_000, 2), (1_700_000_059, 1), (1_700_000_600, 5)]);
        let bars = times(&points);
        assert_eq!(bars.first().unwrap(), &("2023-11-14 22:13".to_owned(), 2));
        assert_eq!(bars.iter().map(|b| b.1).sum::<i64>(), 8);
        assert!(bars.len() <= LONGEST);
        for ends in [(0, i64::from(u32::MAX)), (i64::MIN, i64::MAX), (0, 0)] {
            assert!(times(&BTreeMap::from([(ends.0, 1), (ends.1, 1)])).len() <= LONGEST + 1, "{ends:?}");
        }
    }

    #[test]
    fn numbers_as_text() {
        assert_eq!([0, 999, 1000, -1_234_567].map(thousands), ["0", "999", "1,000", "-1,234,567"]);
        let texts = [0, 1023, 1024, 1536, 200 << 20, i64::MAX].map(bytes);
        assert_eq!(texts, ["0 B", "1023 B", "1 KiB", "1.5 KiB", "200 MiB", "8 EiB"]);
    }
}
