//! Overviews as one page of HTML that needs nothing else: no script, no file beside it.

use std::fmt::Write;

use super::overview::{self, Chart, Overview, Span};

const HEAD: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width\">
<title>SSTables</title>
<style>
:root { color-scheme: light dark; --text: #1c2733; --dim: #5d6975; --line: #dfe4e9; --track: #f2f4f6; --bar: #2f6f9f; --other: #b5622b; --back: #fff }
@media (prefers-color-scheme: dark) { :root { --text: #e4e9ee; --dim: #97a3af; --line: #333d47; --track: #1d242b; --bar: #6ba9d6; --other: #dd9468; --back: #14191f } }
* { box-sizing: border-box }
body { margin: 2rem auto; max-width: 76rem; padding: 0 1.25rem; background: var(--back); color: var(--text); font: 15px/1.45 system-ui, sans-serif }
h1 { margin: 0 0 1rem; font-size: 1.6rem } h2 { margin: 0; font-size: 1.25rem; overflow-wrap: anywhere } h3 { margin: 0 0 .4rem; font-size: .95rem }
h3 small { color: var(--dim); font-weight: normal } p { margin: .1rem 0 0; color: var(--dim) } a { color: var(--bar) }
section { margin-top: 2.25rem; border-top: 1px solid var(--line); padding-top: 1.5rem }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr)); gap: 1.5rem 2.5rem; margin: 1.4rem 0 }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; width: 100% }
td, th { padding: .15rem 0 .15rem 1.1rem; text-align: right; white-space: nowrap; font-weight: normal }
td:first-child, th:first-child { padding-left: 0; text-align: left } .scroll { overflow-x: auto }
.list td, .list th { border-bottom: 1px solid var(--line) } .list thead th { color: var(--dim) }
.bars td, .bars th, .times td, .times th { padding: .08rem .7rem .08rem 0; color: var(--dim) } .bars td:last-child, .times td:last-child { width: 100%; padding-right: 0 }
.times { margin-top: 1.4rem } .times h3 { color: var(--text) } .times thead td, .times thead th { vertical-align: baseline } .times thead td div { display: flex; justify-content: space-between; gap: 1rem }
i { display: block; height: .85rem; min-width: 2px; border-radius: 2px; background: var(--bar) } .drop i { background: var(--other) }
.track { position: relative; height: .85rem; border-radius: 2px; background: var(--track) } .track i { position: absolute; min-width: 3px }
</style>
</head>
<body>
<h1>SSTables</h1>
";

/// The page about some tables.
pub fn to_html(tables: &[Overview]) -> String {
    let mut out = HEAD.to_owned();
    if tables.len() > 1 {
        contents(tables, &mut out);
    }
    for (i, table) in tables.iter().enumerate() {
        let title = escaped(&table.title);
        let _ = writeln!(out, "<section id=\"t{i}\">\n<h2>{title}</h2>\n<p>{}</p>", escaped(&table.summary()));
        timeline(table, &mut out);
        out.push_str("<div class=\"charts\">\n");
        histogram(&table.sizes, "bars", &mut out);
        histogram(&table.cells, "bars", &mut out);
        histogram(&table.drops, "bars drop", &mut out);
        out.push_str("</div>\n");
        list(table, &mut out);
        out.push_str("</section>\n");
    }
    out.push_str("</body>\n</html>\n");
    out
}

/// The tables, with what leads to each.
fn contents(tables: &[Overview], out: &mut String) {
    out.push_str("<div class=\"scroll\"><table class=\"list\">\n");
    out.push_str(
        "<thead><tr><th>table</th><th>SSTables</th><th>Data.db</th><th>rows</th><th>partitions</th></tr></thead>\n",
    );
    for (i, table) in tables.iter().enumerate() {
        let _ = writeln!(
            out,
            "<tr><td><a href=\"#t{i}\">{}</a></td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&table.title),
            table.sstables.len(),
            overview::bytes(table.sum(|s| i64::try_from(s.bytes).unwrap_or(i64::MAX))),
            overview::thousands(table.sum(|s| s.rows)),
            overview::thousands(table.sum(|s| s.partitions)),
        );
    }
    out.push_str("</table></div>\n");
}

/// A line for each SSTable, between the first write of all and the last.
fn timeline(table: &Overview, out: &mut String) {
    let (Some((first, last)), Some((start, end))) = (table.time(), table.ends()) else { return };
    let all = (last as f64 - first as f64).max(1.0);
    let percent = |time: i64| (time as f64 - first as f64) / all * 100.0;
    let _ = writeln!(
        out,
        "<table class=\"times\">\n<thead><tr><th><h3>written <small>(UTC)</small></h3></th>\
         <td><div><span>{start}</span><span>{end}</span></div></td></tr></thead>"
    );
    for sstable in &table.sstables {
        let name = escaped(&sstable.name);
        let _ = write!(
            out,
            "<tr><th title=\"{name}\">{}</th><td><div class=\"track\">",
            escaped(&shortened(&sstable.name))
        );
        if let Some((from, to)) = sstable.time {
            // What is too short to be seen is drawn 3 pixels wide, inside of the line.
            let (left, width) = (percent(from), percent(to) - percent(from));
            let (from, to) = (overview::day(from, true), overview::day(to, true));
            let _ = write!(
                out,
                "<i style=\"left:min({left:.2}%,100% - 3px);width:{width:.2}%\" title=\"{name}: {from} to {to}\"></i>"
            );
        }
        out.push_str("</div></td></tr>\n");
    }
    out.push_str("</table>\n");
}

/// Names with a UUID leave out its middle.
fn shortened(name: &str) -> String {
    let count = name.chars().count();
    if count <= 20 {
        return name.to_owned();
    }
    let (head, tail): (String, String) = (name.chars().take(9).collect(), name.chars().skip(count - 9).collect());
    format!("{head}…{tail}")
}

fn histogram(chart: &Chart, class: &str, out: &mut String) {
    if chart.bars.is_empty() {
        return;
    }
    let largest = chart.bars.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1) as f64;
    let _ = writeln!(
        out,
        "<div><h3>{} <small>({})</small></h3>\n<table class=\"{class}\">",
        escaped(chart.title),
        escaped(chart.unit)
    );
    for (label, count) in &chart.bars {
        let bar = match *count {
            count if count > 0 => format!("<i style=\"width:{:.2}%\"></i>", count as f64 / largest * 100.0),
            _ => String::new(),
        };
        let count = overview::thousands(*count);
        let _ = writeln!(out, "<tr><th>{}</th><td>{count}</td><td>{bar}</td></tr>", escaped(label));
    }
    out.push_str("</table></div>\n");
}

fn list(table: &Overview, out: &mut String) {
    out.push_str("<div class=\"scroll\"><table class=\"list\">\n<thead><tr>");
    for head in ["SSTable", "Data.db", "rows", "partitions", "level", "repaired", "first write", "last write"] {
        let _ = write!(out, "<th>{head}</th>");
    }
    out.push_str("</tr></thead>\n");
    for Span { name, bytes, rows, partitions, level, repaired, time } in &table.sstables {
        let time = |end: fn((i64, i64)) -> i64| time.map_or(String::new(), |time| overview::day(end(time), true));
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{level}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(name),
            overview::bytes(i64::try_from(*bytes).unwrap_or(i64::MAX)),
            overview::thousands(*rows),
            overview::thousands(*partitions),
            if *repaired { "yes" } else { "no" },
            time(|t| t.0),
            time(|t| t.1),
        );
    }
    out.push_str("</table></div>\n");
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
        let other = Overview {
            title: "other".to_owned(),
            sstables: Vec::new(),
            sizes: chart(),
            cells: chart(),
            drops: chart(),
        };
        let html = to_html(&[table, other]);
        assert!(
            html.contains("a&lt;b")
                && html.contains("&quot;x&quot;&lt;script&gt;")
                && html.contains("&lt;1 &amp; 2&gt;")
        );
        assert!(!html.contains("<script"));
        for part in ["table", "tr", "td", "th", "div", "section", "i", "h3"] {
            let opened = html.matches(&format!("<{part}>")).count() + html.matches(&format!("<{part} ")).count();
            assert_eq!(opened, html.matches(&format!("</{part}>")).count(), "{part}");
        }
    }
}
