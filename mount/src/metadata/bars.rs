//! An [`Overview`] as text: bars for a terminal.

use std::fmt::Write;

use super::overview::{self, Chart, Overview, Span};

/// How bars are drawn.
#[derive(Debug, Clone, Copy)]
pub struct BarStyle {
    /// Columns of the terminal.
    pub width: usize,
    /// Block elements of Unicode, or letters as sstablemetadata draws them.
    pub unicode: bool,
}

/// Eighths of a block, from none.
const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// Bars of histograms are no shorter, whatever the terminal has, and no longer.
const SHORTEST: usize = 10;
const LONGEST: usize = 80;

/// Draws it, with a line end behind each line.
pub fn to_bars(overview: &Overview, style: BarStyle) -> String {
    let mut out = format!("{}  {}\n", overview.title, overview.summary());
    timeline(overview, style, &mut out);
    for chart in [&overview.sizes, &overview.cells, &overview.drops] {
        histogram(chart, style, &mut out);
    }
    out
}

fn histogram(chart: &Chart, style: BarStyle, out: &mut String) {
    if chart.bars.is_empty() {
        return;
    }
    let counts: Vec<String> = chart.bars.iter().map(|(_, count)| overview::thousands(*count)).collect();
    let labels = chart.bars.iter().map(|(label, _)| label.chars().count());
    let label_width = labels.chain([chart.title.len()]).max().unwrap_or(0);
    let count_width = counts.iter().map(String::len).chain([chart.unit.len()]).max().unwrap_or(0);
    let room = style.width.saturating_sub(label_width + count_width + 6).clamp(SHORTEST, LONGEST);
    let largest = chart.bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
    let _ = writeln!(out, "\n  {:label_width$}  {:>count_width$}", chart.title, chart.unit);
    for ((label, count), text) in chart.bars.iter().zip(&counts) {
        let bar = bar((*count).max(0) as f64 / largest as f64 * room as f64, style);
        let line = format!("  {label:label_width$}  {text:>count_width$}  {bar}");
        let _ = writeln!(out, "{}", line.trim_end());
    }
}

/// A bar of a length in columns; what is there at all is seen.
fn bar(length: f64, style: BarStyle) -> String {
    if !style.unicode {
        let whole = length.round() as usize;
        return "O".repeat(if length > 0.0 { whole.max(1) } else { 0 });
    }
    let eighths = (length * 8.0).round() as usize;
    let eighths = if length > 0.0 { eighths.max(1) } else { 0 };
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

/// A line for each SSTable, between the first write of all and the last.
fn timeline(overview: &Overview, style: BarStyle, out: &mut String) {
    let (Some((first, last)), Some((from, to))) = (overview.time(), overview.ends()) else { return };
    let sizes: Vec<String> =
        overview.sstables.iter().map(|s| overview::bytes(i64::try_from(s.bytes).unwrap_or(i64::MAX))).collect();
    let width = |texts: &mut dyn Iterator<Item = usize>| texts.max().unwrap_or(0);
    let name_width = width(&mut overview.sstables.iter().map(|s| s.name.len()));
    let size_width = width(&mut sizes.iter().map(String::len));
    let room = style.width.saturating_sub(name_width + size_width + 6).max(2 * SHORTEST);
    let gap = room.saturating_sub(from.chars().count() + to.chars().count()).max(1);
    let head = name_width + size_width + 4;
    let _ = writeln!(out, "\n  {:head$}{from}{:gap$}{to}", "written, UTC", "");
    for (sstable, size) in overview.sstables.iter().zip(&sizes) {
        let line = line(sstable, (first, last), room, style);
        let text = format!("  {:name_width$}  {size:>size_width$}  {line}", sstable.name);
        let _ = writeln!(out, "{}", text.trim_end());
    }
}

/// Where a span lies in `room` columns.
fn line(sstable: &Span, (first, last): (i64, i64), room: usize, style: BarStyle) -> String {
    let Some((from, to)) = sstable.time else { return String::new() };
    let all = (last as f64 - first as f64).max(1.0);
    let place = |time: i64| ((time as f64 - first as f64) / all * (room - 1) as f64).round() as usize;
    let (start, end) = (place(from).min(room - 1), place(to).min(room - 1));
    " ".repeat(start) + &if style.unicode { "█" } else { "O" }.repeat(end - start + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(name: &str, time: Option<(i64, i64)>) -> Span {
        Span { name: name.to_owned(), bytes: 2048, rows: 5, partitions: 2, level: 0, repaired: false, time }
    }

    #[test]
    fn bars_are_as_long_as_their_parts() {
        let day = 86_400_000_000;
        let chart = |unit, bars: &[(&str, i64)]| Chart {
            title: "size, up to",
            unit,
            bars: bars.iter().map(|(label, count)| ((*label).to_owned(), *count)).collect(),
        };
        let overview = Overview {
            title: "ks.t".to_owned(),
            sstables: vec![
                span("oa-1-big", Some((0, 50 * day))),
                span("oa-2-big", Some((100 * day, 100 * day))),
                span("oa-3-big", None),
            ],
            sizes: chart("partitions", &[("64 B", 8), ("128 B", 0), ("256 B", 1)]),
            cells: chart("partitions", &[]),
            drops: chart("tombstones", &[]),
        };
        let drawn = to_bars(&overview, BarStyle { width: 51, unicode: true });
        assert_eq!(
            drawn,
            "ks.t  3 SSTables, 6 KiB, 15 rows, about 6 partitions\n\
             \n\
             \x20 written, UTC     1970-01-01            1970-04-11\n\
             \x20 oa-1-big  2 KiB  █████████████████\n\
             \x20 oa-2-big  2 KiB                                 █\n\
             \x20 oa-3-big  2 KiB\n\
             \n\
             \x20 size, up to  partitions\n\
             \x20 64 B                  8  ████████████████████████\n\
             \x20 128 B                 0\n\
             \x20 256 B                 1  ███\n"
        );
        let ascii = to_bars(&overview, BarStyle { width: 0, unicode: false });
        assert!(ascii.is_ascii() && ascii.contains("  8  OOOOOOOOOO\n"), "{ascii}");
    }
}
