//! Overviews as one page of HTML that needs nothing else: no script, no file beside it.

use std::fmt::Write;

use super::overview::{self, Chart, Overview, Span};

/// Columns of the drawings, in their own units.
const WIDTH: f64 = 860.0;
const ROW: f64 = 18.0;
const BAR_HEIGHT: f64 = 120.0;

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>SSTables</title>
<style>
:root { color-scheme: light dark; --text: #1c2733; --dim: #66727f; --line: #d8dee4; --bar: #2f6f9f; --other: #b5622b; --back: #fff }
@media (prefers-color-scheme: dark) { :root { --text: #e4e9ee; --dim: #97a3af; --line: #38424d; --bar: #6ba9d6; --other: #dd9468; --back: #14191f } }
body { margin: 2rem auto; max-width: 60rem; padding: 0 1rem; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif }
h2 { margin: 2.5rem 0 0; border-top: 1px solid var(--line); padding-top: 1.5rem } h3 { margin: 1.4rem 0 .3rem; font-size: 1rem }
p { margin: .2rem 0; color: var(--dim) } svg { display: block; width: 100%; height: auto }
svg text { fill: var(--dim); font-size: 11px } .bar { fill: var(--bar) } .drop { fill: var(--other) } .axis { stroke: var(--line) }
table { border-collapse: collapse; font-size: .85rem; width: 100% } td, th { text-align: right; padding: .15rem .6rem; border-bottom: 1px solid var(--line) }
td:first-child, th:first-child { text-align: left }
</style>
</head>
<body>
<h1>SSTables</h1>
";

/// The page about some tables.
pub fn to_html(tables: &[Overview]) -> String {
    let mut out = HEAD.to_owned();
    for table in tables {
        let _ = writeln!(out, "<h2>{}</h2>\n<p>{}</p>", escaped(&table.title), escaped(&table.summary()));
        timeline(table, &mut out);
        histogram(&table.sizes, "bar", &mut out);
        histogram(&table.cells, "bar", &mut out);
        histogram(&table.drops, "drop", &mut out);
        list(table, &mut out);
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn timeline(table: &Overview, out: &mut String) {
    let (Some((first, last)), Some((start, end))) = (table.time(), table.ends()) else { return };
    const LEFT: f64 = 210.0;
    let room = WIDTH - LEFT;
    let height = ROW * table.sstables.len() as f64 + 24.0;
    let all = (last as f64 - first as f64).max(1.0);
    let place = |time: i64| LEFT + (time as f64 - first as f64) / all * room;
    let _ = writeln!(out, "<h3>written, UTC</h3>\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\">");
    for (text, x, anchor) in [(start, LEFT, "start"), (end, WIDTH, "end")] {
        let _ = writeln!(out, "<text x=\"{x}\" y=\"12\" text-anchor=\"{anchor}\">{text}</text>");
    }
    for (i, sstable) in table.sstables.iter().enumerate() {
        let y = 18.0 + ROW * i as f64;
        let _ = writeln!(out, "<text x=\"0\" y=\"{:.1}\">{}</text>", y + 12.0, escaped(&shortened(&sstable.name)));
        if let Some((from, to)) = sstable.time {
            let (x, width) = (place(from).min(WIDTH - 3.0), (place(to) - place(from)).max(3.0));
            let _ = writeln!(
                out,
                "<rect class=\"bar\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{}\" rx=\"2\"><title>{}: {} to {}</title></rect>",
                y + 2.0,
                ROW - 5.0,
                escaped(&sstable.name),
                overview::day(from, true),
                overview::day(to, true),
            );
        }
    }
    out.push_str("</svg>\n");
}

/// Names with a UUID leave out its middle.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= 30 {
        return name.to_owned();
    }
    let (head, tail): (String, String) = (name.chars().take(14).collect(), name.chars().skip(count - 14).collect());
    format!("{head}…{tail}")
}

fn histogram(chart: &Chart, class: &str, out: &mut String) {
    if chart.bars.is_empty() {
        return;
    }
    let _ = writeln!(out, "<h3>{} <small>({})</small></h3>", chart.title, chart.unit);
    let largest = chart.bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1) as f64;
    let step = (WIDTH / chart.bars.len() as f64).min(110.0);
    let _ = writeln!(out, "<svg viewBox=\"0 0 {WIDTH} {}\" role=\"img\">", BAR_HEIGHT + 36.0);
    let base = BAR_HEIGHT + 16.0;
    // Labels that would meet are left out.
    let longest = chart.bars.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(1);
    let every = ((longest as f64 * 6.5) / step).ceil().max(1.0) as usize;
    for (i, (label, count)) in chart.bars.iter().enumerate() {
        let height = (*count).max(0) as f64 / largest * BAR_HEIGHT;
        let height = if *count > 0 { height.max(1.0) } else { 0.0 };
        let (x, middle) = (step * i as f64, step * (i as f64 + 0.5));
        let text = overview::thousands(*count);
        let _ = writeln!(
            out,
            "<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{height:.1}\"><title>{}: {text}</title></rect>",
            x + 2.0,
            base - height,
            (step - 4.0).max(1.0),
            escaped(label),
        );
        if *count > 0 && text.len() as f64 * 6.5 < step {
            let _ = writeln!(
                out,
                "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{text}</text>",
                base - height - 3.0
            );
        }
        if i % every == 0 {
            let _ = writeln!(
                out,
                "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
                base + 14.0,
                escaped(label)
            );
        }
    }
    let _ = writeln!(out, "<line class=\"axis\" x1=\"0\" x2=\"{WIDTH}\" y1=\"{base}\" y2=\"{base}\"/>\n</svg>");
}

fn list(table: &Overview, out: &mut String) {
    out.push_str("<h3>SSTables</h3>\n<table><tr><th>name<th>Data.db<th>rows<th>partitions<th>level<th>repaired<th>from<th>to</tr>\n");
    for Span { name, bytes, rows, partitions, level, repaired, time } in &table.sstables {
        let time = |end: fn((i64, i64)) -> i64| time.map_or(String::new(), |time| overview::day(end(time), true));
        let _ = writeln!(
            out,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{level}<td>{}<td>{}<td>{}</tr>",
            escaped(name),
            overview::bytes(i64::try_from(*bytes).unwrap_or(i64::MAX)),
            overview::thousands(*rows),
            overview::thousands(*partitions),
            if *repaired { "yes" } else { "no" },
            time(|t| t.0),
            time(|t| t.1),
        );
    }
    out.push_str("</table>\n");
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_markup() {
        let chart = || Chart { title: "t", unit: "u", bars: vec![("<1 & 2>".to_owned(), 3)] };
        let name = "\"x\"<script>".to_owned();
        let span = Span { name, bytes: 1, rows: 1, partitions: 1, level: 0, repaired: true, time: Some((0, 0)) };
        let table =
            Overview { title: "a<b".to_owned(), sstables: vec![span], sizes: chart(), cells: chart(), drops: chart() };
        let html = to_html(&[table]);
        assert!(
            html.contains("a&lt;b")
                && html.contains("&quot;x&quot;&lt;script&gt;")
                && html.contains("&lt;1 &amp; 2&gt;")
        );
        assert!(!html.contains("<script"));
        assert_eq!(html.matches("<svg").count(), html.matches("</svg>").count());
    }
}
