//! The fixed texts of a dump in both of its layouts: a line a partition, or pretty-printed as Jackson's
//! DefaultPrettyPrinter does it with JsonTransformer's indenters, which put some objects and arrays on one line.

use crate::literal::Literal;

/// Texts that depend on the layout alone; made once.
pub(super) struct Layout {
    pretty: bool,
    pub(super) list_open: Literal,
    pub(super) list_comma: Literal,
    pub(super) list_close: Literal,
    pub(super) list_empty: Literal,
    /// Begins the object of a cell, up to its name.
    pub(super) cell_name: Literal,
    /// Ends an object that stands on one line.
    pub(super) inline_close: Literal,
    pub(super) partition_open: Literal,
    pub(super) partition_position: Literal,
    pub(super) partition_deletion: Literal,
    pub(super) partition_rows: Literal,
    pub(super) row_open: Literal,
    pub(super) static_open: Literal,
    pub(super) row_clustering: Literal,
    pub(super) row_liveness: Literal,
    pub(super) row_deletion: Literal,
    pub(super) row_cells: Literal,
    pub(super) bound_open: Literal,
    pub(super) boundary_open: Literal,
    pub(super) bound_start: Literal,
    pub(super) bound_end: Literal,
    pub(super) bound_clustering: Literal,
    pub(super) bound_deletion: Literal,
    pub(super) bound_close: Literal,
    pub(super) tombstone: Literal,
    /// Fields of an object that stands on one line, each behind another field.
    pub(super) tstamp: Literal,
    pub(super) ttl: Literal,
    pub(super) expires_at: Literal,
    pub(super) expired: Literal,
    /// Up to the quote in front of the path of a cell, and on from the one behind it.
    pub(super) path: Literal,
    pub(super) path_close: Literal,
    pub(super) path_close_value: Literal,
    pub(super) value: Literal,
    pub(super) deletion_info: Literal,
    /// Behind the digits of another time, whose quote it closes.
    pub(super) local_delete_time: Literal,
    /// Ends an object behind the digits of a time.
    pub(super) time_close: Literal,
    pub(super) marked_deleted: Literal,
    /// In a tombstone, whose object goes on over more lines behind its deletion.
    pub(super) tombstone_tstamp: Literal,
    pub(super) tombstone_close: Literal,
}

impl Layout {
    pub(super) fn new(pretty: bool) -> Self {
        let colon = if pretty { " : " } else { ":" };
        let indent = |level: usize| if pretty { format!("\n{}", "  ".repeat(level)) } else { String::new() };
        // A field that begins an object over several lines, and one behind another.
        let first = |level: usize, name: &str| format!("{}\"{name}\"{colon}", indent(level));
        let field = |level: usize, name: &str| format!(",{}\"{name}\"{colon}", indent(level));
        let inline = |name: &str| format!("{}\"{name}\"{colon}", if pretty { ", " } else { "," });
        let (open, close) = if pretty { ("{ ", " }") } else { ("{", "}") };
        let (list, list_close) = if pretty { ("[ ", " ]") } else { ("[", "]") };
        let row = |kind: &str| format!("{}{{{}\"{kind}\"", indent(3), first(4, "type"));
        let bound = |name: &str| format!("{}{{{}\"", field(4, name), first(5, "type"));
        Layout {
            pretty,
            list_open: list.into(),
            list_comma: Literal::new(if pretty { b", " } else { b"," }),
            list_close: list_close.into(),
            list_empty: Literal::new(if pretty { b"[ ]" } else { b"[]" }),
            cell_name: format!("{open}\"name\"{colon}").into(),
            inline_close: close.into(),
            partition_open: format!(
                "{{{}\"REGULAR\"{}{{{}",
                first(2, "table kind"),
                field(2, "partition"),
                first(3, "key")
            )
            .into(),
            partition_position: field(3, "position").into(),
            partition_deletion: field(3, "deletion_info").into(),
            partition_rows: format!("{}}}{}[", indent(2), field(2, "rows")).into(),
            row_open: format!("{}{}", row("row"), field(4, "position")).into(),
            static_open: format!("{}{}", row("static_block"), field(4, "position")).into(),
            row_clustering: field(4, "clustering").into(),
            row_liveness: format!("{}{open}\"tstamp\"{colon}\"", field(4, "liveness_info")).into(),
            row_deletion: field(4, "deletion_info").into(),
            row_cells: format!("{}[", field(4, "cells")).into(),
            bound_open: row("range_tombstone_bound").into(),
            boundary_open: row("range_tombstone_boundary").into(),
            bound_start: bound("start").into(),
            bound_end: bound("end").into(),
            bound_clustering: field(5, "clustering").into(),
            bound_deletion: field(5, "deletion_info").into(),
            bound_close: format!("{}}}", indent(4)).into(),
            tombstone: format!("{}{open}\"local_delete_time\"{colon}\"", inline("deletion_info")).into(),
            tstamp: format!("{}\"", inline("tstamp")).into(),
            ttl: inline("ttl").into(),
            expires_at: format!("{}\"", inline("expires_at")).into(),
            expired: inline("expired").into(),
            path: format!("{}{list}\"", inline("path")).into(),
            path_close: format!("\"{list_close}").into(),
            path_close_value: format!("\"{list_close}{}", inline("value")).into(),
            value: inline("value").into(),
            deletion_info: inline("deletion_info").into(),
            local_delete_time: format!("\"{}\"", inline("local_delete_time")).into(),
            time_close: format!("\"{close}").into(),
            marked_deleted: format!("{open}\"marked_deleted\"{colon}\"").into(),
            tombstone_tstamp: format!("{}\"", field(6, "tstamp")).into(),
            tombstone_close: format!("{}}}", indent(5)).into(),
        }
    }

    /// Ends an array whose elements stand on lines of their own.
    pub(super) fn end_lines(&self, level: usize, empty: bool, out: &mut Vec<u8>) {
        if empty && self.pretty {
            out.push(b' ');
        } else {
            self.line(level, out);
        }
        out.push(b']');
    }

    pub(super) fn end_object(&self, level: usize, out: &mut Vec<u8>) {
        self.line(level, out);
        out.push(b'}');
    }

    /// A new line, where there are lines.
    #[inline]
    pub(super) fn line(&self, level: usize, out: &mut Vec<u8>) {
        if self.pretty {
            out.push(b'\n');
            out.extend(std::iter::repeat_n(b' ', 2 * level));
        }
    }
}
