//! The components as files: what TOC.txt lists, the checksum of the whole Data.db and those of its chunks.

use std::collections::HashSet;

use super::Findings;
use crate::cql::Type;
use crate::cql::names::cql_name;
use crate::error::{Error, Kind};
use crate::schema::{Column, ColumnKind, Table};
use crate::sstable::compression::DataSource;
use crate::sstable::descriptor::Component;
use crate::sstable::digest::Digest;
use crate::sstable::statistics::Statistics;
use crate::sstable::toc::Toc;
use crate::storage::{Source, read_all};

/// A list of a dozen names, or a number.
const LARGEST_TEXT: u64 = 1 << 20;
/// So many chunks are remembered, to tell which partitions they take along.
const MOST_BAD_CHUNKS: usize = 1 << 16;

/// What TOC.txt lists; each component of it has to be there.
pub(super) fn check_toc(findings: &mut Findings<'_>) -> Option<Toc> {
    let descriptor = findings.descriptor;
    let Some(source) = findings.open(Component::Toc) else {
        findings.note("TOC.txt is missing: whether all components are there is not known");
        return None;
    };
    let path = descriptor.component(Component::Toc);
    let read = read_all(&*source, LARGEST_TEXT).map_err(|e| Error::io(e, path));
    let toc = match read.and_then(|bytes| Toc::parse(&bytes)) {
        Ok(toc) => toc,
        Err(e) => {
            findings.error(Component::Toc, &e);
            return None;
        }
    };
    for component in Component::ALL.into_iter().filter(|c| *c != Component::Toc && !toc.has(*c)) {
        if descriptor.component(component).exists() {
            let reason = format!("does not list {}, which is there", component.name());
            findings.fault(Component::Toc, None, reason);
        }
    }
    for &component in &toc.components {
        if !descriptor.component(component).exists() {
            findings.fault(component, None, "is missing, though TOC.txt lists it");
        }
    }
    for name in &toc.others {
        if descriptor.dir.join(format!("{descriptor}-{name}")).exists() {
            continue;
        }
        if name.starts_with("SAI") || name.starts_with("SI_") {
            findings
                .note(format!("{name} is missing, though TOC.txt lists it: a part of an index, which is not checked"));
        } else {
            findings.fault(Component::Toc, None, format!("lists {name:?}, which is missing"));
        }
    }
    Some(toc)
}

pub(super) fn check_digest(findings: &mut Findings<'_>, data: &Source) {
    let Some(source) = findings.open(Component::Digest) else {
        findings.note("Digest.crc32 is missing: the data has no checksum as a whole");
        return;
    };
    let path = findings.descriptor.component(Component::Digest);
    let read = read_all(&*source, LARGEST_TEXT).map_err(|e| Error::io(e, path));
    match read.and_then(|bytes| Digest::parse(&bytes)) {
        Ok(digest) => {
            if let Err(e) = digest.check(data) {
                findings.error(Component::Data, &e);
            }
        }
        Err(e) => findings.error(Component::Digest, &e),
    }
}

/// Reads each chunk once. `bad`: offsets in the file of those that can't be read.
pub(super) fn check_chunks(findings: &mut Findings<'_>, data: &DataSource, bad: &mut HashSet<u64>) {
    let length = u64::from(data.chunk_length()).max(1);
    let mut chunk = Vec::new();
    let mut position = 0;
    while position < data.len() {
        chunk.clear();
        if let Err(e) = data.read_chunk(position, &mut chunk) {
            let component = match e.kind() {
                Kind::Corrupt if e.message().starts_with("CRC.db") => Component::Crc,
                _ => Component::Data,
            };
            findings.error(component, &e);
            if let Some(offset) = e.offset().filter(|_| bad.len() < MOST_BAD_CHUNKS) {
                bad.insert(offset);
            }
        }
        position += length;
        if (position / length).is_multiple_of(64) {
            findings.watch.progress(0.2 + 0.3 * position as f64 / data.len() as f64);
        }
    }
}

/// The columns of the header: in their order, each once, and known to the schema, where there is one.
pub(super) fn check_columns(findings: &mut Findings<'_>, statistics: &Statistics, schema: Option<&Table>) {
    let header = &statistics.header;
    let schema = schema.filter(|schema| !schema.partition_key.is_empty());
    for columns in [&header.statics, &header.regulars] {
        for column in columns.iter() {
            let Some(schema) = schema.filter(|schema| !schema.dropped.contains_key(&column.name)) else { continue };
            match schema.column(&column.name) {
                Some(known) => check_type(findings, &column.name, &column.ty, &known.ty),
                None => {
                    let reason = format!("has a column {:?} that the schema neither has nor dropped", column.name);
                    findings.fault(Component::Statistics, None, reason);
                }
            }
        }
        for pair in columns.windows(2) {
            let [a, b] = [&pair[0], &pair[1]].map(|c| Column::new(&c.name, c.ty.clone(), ColumnKind::Regular));
            // Old headers do not tell frozen user types, and so not all of the order.
            let comparable = a.ty.is_multi_cell() == b.ty.is_multi_cell();
            if comparable && a.storage_order(&b).is_ge() {
                let reason = format!("the column {:?} is not behind {:?}", b.name, a.name);
                findings.fault(Component::Statistics, None, reason);
            }
        }
    }
    let Some(schema) = schema else { return };
    check_type(findings, "the partition key", &header.key_type, &schema.partition_key_type());
    for (column, (ty, _)) in schema.clustering.iter().zip(&header.clustering) {
        check_type(findings, &column.name, ty, &column.ty);
    }
}

/// A class that is not known where the schema has one that is: its name is damaged.
fn check_type(findings: &mut Findings<'_>, name: &str, own: &Type, known: &Type) {
    if let (Type::Custom(class), false) = (own, matches!(known, Type::Custom(_))) {
        let reason = format!("{name} is of the class {class:?}, in the schema {}", cql_name(known));
        findings.fault(Component::Statistics, None, reason);
    }
}
