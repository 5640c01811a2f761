//! The fixed texts of a dump in both of its layouts: a line a partition, or pretty-printed as Jackson's
//! DefaultPrettyPrinter does it with JsonTransformer's indenters, which put some objects and arrays on one line.

/// Texts that depend on the layout alone; made once.
pub(super) struct Layout {
    pretty: bool,
    pub(super) list_open: &'static [u8],
    pub(super) list_comma: &'static [u8],
    pub(super) list_close: &'static [u8],
    pub(super) list_empty: &'static [u8],
    /// Begins an object that stands on one line.
    pub(super) inline_open: &'static [u8],
    pub(super) inline_close: &'static [u8],
    pub(super) partition_open: Vec<u8>,
    pub(super) partition_position: Vec<u8>,
    pub(super) partition_deletion: Vec<u8>,
    pub(super) partition_rows: Vec<u8>,
    pub(super) row_open: Vec<u8>,
    pub(super) static_open: Vec<u8>,
    pub(super) row_clustering: Vec<u8>,
    pub(super) row_liveness: Vec<u8>,
    pub(super) row_deletion: Vec<u8>,
    pub(super) row_cells: Vec<u8>,
    pub(super) bound_open: Vec<u8>,
    pub(super) boundary_open: Vec<u8>,
    pub(super) bound_start: Vec<u8>,
    pub(super) bound_end: Vec<u8>,
    pub(super) bound_clustering: Vec<u8>,
    pub(super) bound_deletion: Vec<u8>,
    pub(super) bound_close: Vec<u8>,
    pub(super) tombstone: Vec<u8>,
    /// Fields of an object that stands on one line, each behind another field.
    pub(super) tstamp: Vec<u8>,
    pub(super) ttl: Vec<u8>,
    pub(super) expires_at: Vec<u8>,
    pub(super) expired: Vec<u8>,
    pub(super) path: Vec<u8>,
    pub(super) value: Vec<u8>,
    pub(super) deletion_info: Vec<u8>,
    pub(super) local_delete_time: Vec<u8>,
    pub(super) marked_deleted: Vec<u8>,
    pub(super) tstamp_first: Vec<u8>,
    /// In a tombstone, whose object goes on over more lines behind its deletion.
    pub(super) tombstone_tstamp: Vec<u8>,
    pub(super) tombstone_close: Vec<u8>,
}

impl Layout {
    pub(super) fn new(pretty: bool) -> Self {
        let colon = if pretty { " : " } else { ":" };
        let indent = |level: usize| if pretty { format!("\n{}", "  ".repeat(level)) } else { String::new() };
        // A field that begins an object over several lines, and one behind another.
        let first = |level: usize, name: &str| format!("{}\"{name}\"{colon}", indent(level));
        let field = |level: usize, name: &str| format!(",{}\"{name}\"{colon}", indent(level));
        let inline = |name: &str| format!("{}\"{name}\"{colon}", if pretty { ", " } else { "," });
        let open = if pretty { "{ " } else { "{" };
        let row = |kind: &str| format!("{}{{{}\"{kind}\"", indent(3), first(4, "type"));
        let bound = |name: &str| format!("{}{{{}\"", field(4, name), first(5, "type"));
        Layout {
            pretty,
            list_open: if pretty { b"[ " } else { b"[" },
            list_comma: if pretty { b", " } else { b"," },
            list_close: if pretty { b" ]" } else { b"]" },
            list_empty: if pretty { b"[ ]" } else { b"[]" },
            inline_open: open.as_bytes(),
            inline_close: if pretty { b" }" } else { b"}" },
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
            row_liveness: field(4, "liveness_info").into(),
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
            path: inline("path").into(),
            value: inline("value").into(),
            deletion_info: inline("deletion_info").into(),
            local_delete_time: format!("{}\"", inline("local_delete_time")).into(),
            marked_deleted: format!("{open}\"marked_deleted\"{colon}\"").into(),
            tstamp_first: format!("{open}\"tstamp\"{colon}\"").into(),
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
