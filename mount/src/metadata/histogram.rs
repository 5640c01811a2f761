//! The histograms of sstablemetadata. Follows org.apache.cassandra.tools.Util.TermHistogram.

use std::fmt::Write;

use sstablefs::sstable::statistics::EstimatedHistogram;

use super::text::{Ink, TextStyle};

/// Longest bar.
const WIDTH: f64 = 30.0;
/// Buckets of the histogram from which the percentiles are read.
const BUCKETS: usize = 165;

/// Appends a histogram of points and how often each occurs.
pub(super) fn write(
    title: &str,
    points: &[(i64, i64)],
    label: impl Fn(i64) -> String,
    style: TextStyle,
    out: &mut String,
) {
    let Ink { name, mark, quiet, end } = style.ink();
    let labels: Vec<String> = points.iter().map(|(point, _)| label(*point)).collect();
    // Colors take no place.
    let unseen = |label: &str| if style.color && label.contains(quiet) { quiet.len() + end.len() } else { 0 };
    let widths = labels.iter().map(|label| label.chars().count() - unseen(label));
    let width = widths.chain([title.len()]).max().unwrap_or(0);
    let counts = points.iter().map(|(_, count)| *count);
    let count_width = counts.clone().map(|count| count.to_string().len()).max().unwrap_or(0).max(5);
    let (largest, sum) = (counts.clone().max().unwrap_or(0).max(0), counts.map(|c| c as f64).sum::<f64>());
    let _ = writeln!(
        out,
        "   {name}{title:<width$} {mark}|{name} {:<count_width$}  {quiet}(%){end}  {name}Histogram{end} ",
        "Count"
    );
    for ((_, count), label) in points.iter().zip(&labels) {
        let percent = (100.0 * (*count as f64 / sum)) as i64;
        let bar = bar(*count as f64 / largest as f64 * WIDTH, style.unicode);
        let room = width + unseen(label);
        let _ = writeln!(
            out,
            "   {label:<room$} {mark}|{end} {count:>count_width$} {quiet}({percent:>3}){end} {quiet}{bar}{end}"
        );
    }
    let all = collect(points);
    let _ = writeln!(out, "{name}   Percentiles{end}");
    let percentiles = [("50th", 0.5), ("75th", 0.75), ("95th", 0.95), ("98th", 0.98), ("99th", 0.99)];
    let ends = [("Min", all.min()), ("Max", all.max())];
    let percentiles = percentiles.into_iter().map(|(part, share)| (part, all.percentile(share)));
    for (part, point) in percentiles.chain(ends) {
        let _ = writeln!(out, "   {name}{part:<10}{end}{}", label(point));
    }
}

/// What a part of a column is drawn as, from so much on.
const ASCII: [(f64, &str); 2] = [(0.75, "o"), (0.3, ".")];
const BLOCKS: [(f64, &str); 6] = [(0.875, "▉"), (0.75, "▊"), (0.625, "▋"), (0.375, "▍"), (0.25, "▎"), (0.125, "▏")];

fn bar(length: f64, unicode: bool) -> String {
    let (full, parts) = if unicode { ("▉", BLOCKS.as_slice()) } else { ("O", ASCII.as_slice()) };
    let whole = length as usize;
    let rest = parts.iter().find(|(from, _)| length - whole as f64 >= *from);
    full.repeat(whole) + rest.map_or("", |(_, text)| text)
}

/// The buckets in use of a histogram, by their upper ends.
pub(super) fn points(histogram: &EstimatedHistogram) -> Vec<(i64, i64)> {
    let all = histogram.offsets.iter().copied().zip(histogram.buckets.iter().copied());
    all.filter(|(_, count)| *count > 0).collect()
}

/// The points in buckets of which each is a fifth larger than the one before (EstimatedHistogram.newOffsets).
fn collect(points: &[(i64, i64)]) -> EstimatedHistogram {
    let mut offsets = vec![1i64];
    while let (Some(last), true) = (offsets.last(), offsets.len() < BUCKETS) {
        let next = (*last as f64 * 1.2).round() as i64;
        offsets.push(next.max(last + 1));
    }
    let mut buckets = vec![0i64; BUCKETS + 1];
    for (point, count) in points {
        let i = offsets.partition_point(|offset| offset < point);
        buckets[i] = buckets[i].saturating_add(*count);
    }
    EstimatedHistogram { offsets, buckets }
}

/// How many of the points lie up to `end`, with what is between two points spread evenly
/// (StreamingTombstoneHistogramBuilder.DataHolder.sum).
pub(super) fn sum_up_to(points: &[(i64, i32)], end: i64) -> f64 {
    let mut sum = 0.0;
    for (i, (point, count)) in points.iter().enumerate() {
        if *point <= end {
            sum += f64::from(*count);
            continue;
        }
        let Some((before, count_before)) = i.checked_sub(1).and_then(|i| points.get(i)) else { return 0.0 };
        let count_before = f64::from(*count_before);
        let weight = (end - before) as f64 / (point - before) as f64;
        let count_here = count_before + (f64::from(*count) - count_before) * weight;
        return sum - count_before + (count_before + count_here) * weight / 2.0 + count_before / 2.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_the_tools() {
        let mut text = String::new();
        let points = [(86, 1), (103, 1), (124, 1), (179, 1), (535, 1), (770, 1)];
        write("Columns", &points, |n| n.to_string(), TextStyle::default(), &mut text);
        assert_eq!(text, COLUMNS);
        text.clear();
        write("Drop", &[(1, 1), (2, 4)], |n| n.to_string(), TextStyle::default(), &mut text);
        assert!(
            text.contains("   1    |     1 ( 20) OOOOOOO.\n   2    |     4 ( 80) OOOOOOOOOOOOOOOOOOOOOOOOOOOOOO\n"),
            "{text}"
        );
    }

    /// Printed by sstablemetadata.
    const COLUMNS: &str = "   Columns | Count  (%)  Histogram \n\
        \x20  86      |     1 ( 16) OOOOOOOOOOOOOOOOOOOOOOOOOOOOOO\n\
        \x20  103     |     1 ( 16) OOOOOOOOOOOOOOOOOOOOOOOOOOOOOO\n\
        \x20  124     |     1 ( 16) OOOOOOOOOOOOOOOOOOOOOOOOOOOOOO\n\
        \x20  179     |     1 ( 16) OOOOOOOOOOOOOOOOOOOOOOOOOOOOOO\n\
        \x20  535     |     1 ( 16) OOOOOOOOOOOOOOOOOOOOOOOOOOOOOO\n\
        \x20  770     |     1 ( 16) OOOOOOOOOOOOOOOOOOOOOOOOOOOOOO\n\
        \x20  Percentiles\n\
        \x20  50th      124\n\
        \x20  75th      535\n\
        \x20  95th      770\n\
        \x20  98th      770\n\
        \x20  99th      770\n\
        \x20  Min       73\n\
        \x20  Max       770\n";

    #[test]
    fn sums_are_spread_between_points() {
        let points = [(10, 4), (20, 8)];
        assert_eq!(sum_up_to(&points, 9), 0.0);
        assert_eq!(sum_up_to(&points, 20), 12.0);
        // Half of the way: half of what is at the first point, and the area under the line.
        assert_eq!(sum_up_to(&points, 15), 2.0 + (4.0 + 6.0) * 0.5 / 2.0);
    }
}
