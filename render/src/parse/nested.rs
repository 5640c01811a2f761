//! The parts of a collection, tuple, user type or vector: as one frozen value, or as the cells of a column.
//!
//! Parts are read one behind the other into the memory of their row, and where each lies is kept in a list that is used
//! again for each value. A frozen value is put together behind its parts and then takes their place. The layouts of frozen
//! values are in [`sstablefs::cql::elements`].

use std::cmp::Ordering;

use sstablefs::bytes::vint;
use sstablefs::cql::{Comparator, Type, names};
use sstablefs::rows::Span;

/// An element, an entry of a map, or a field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Part {
    /// Of an entry.
    pub(super) key: Span,
    /// [`Span::NULL`]: a field that is null.
    pub(super) value: Span,
}

impl Part {
    pub(super) const NULL: Part = Part { key: Span { start: 0, len: 0 }, value: Span::NULL };

    pub(super) fn of(value: Span) -> Part {
        Part { value, ..Part::NULL }
    }
}

/// What was appended to `bytes` since it had so many.
#[inline]
pub(super) fn since(start: usize, bytes: &[u8]) -> Span {
    Span { start: start as u32, len: (bytes.len() - start) as u32 }
}

/// Keeps the parts from `from` on that `is_same` does not find equal to the one before.
fn dedup(parts: &mut Vec<Part>, from: usize, is_same: impl Fn(&Part, &Part) -> bool) {
    let mut kept = from;
    for at in from..parts.len() {
        if kept == from || !is_same(&parts[kept - 1], &parts[at]) {
            parts[kept] = parts[at];
            kept += 1;
        }
    }
    parts.truncate(kept);
}

/// Puts the parts from `from` on in order, where they are of a set or map; of what is equal one stays, of the entries of a
/// map the last.
pub(super) fn arrange(ty: &Type, bytes: &[u8], parts: &mut Vec<Part>, from: usize) -> Result<(), String> {
    let count = parts.len() - from;
    match ty {
        Type::Set { element: compared, .. } | Type::Map { key: compared, .. } if count > 1 => {
            let order = Comparator::new(compared, false);
            let is_map = matches!(ty, Type::Map { .. });
            let value = |part: &Part| if is_map { part.key.of(bytes) } else { part.value.of(bytes) };
            let compare = |a: &Part, b: &Part| order.compare(value(a), value(b));
            if parts[from..].windows(2).all(|pair| compare(&pair[0], &pair[1]) == Ordering::Less) {
                return Ok(());
            }
            if is_map {
                parts[from..].reverse();
            }
            parts[from..].sort_by(compare);
            dedup(parts, from, |a, b| compare(a, b).is_eq());
        }
        Type::Vector { dimension, .. } if count != usize::from(*dimension) => {
            return Err(format!("the vector has {dimension} elements, here are {count}"));
        }
        _ => {}
    }
    Ok(())
}

/// Makes the frozen value of the parts from `from` on, whose bytes are `out`'s from `start` on and are replaced by it.
pub(super) fn freeze(
    ty: &Type,
    start: usize,
    out: &mut Vec<u8>,
    parts: &mut Vec<Part>,
    from: usize,
) -> Result<(), String> {
    arrange(ty, out, parts, from)?;
    let end = out.len();
    let parts_of_value = &parts[from..];
    match ty {
        Type::Vector { element, .. } => {
            let length = element.fixed_length();
            for part in parts_of_value {
                match length {
                    None => vint::write(part.value.len.into(), out),
                    // An empty int, which elsewhere is a value.
                    Some(length) if length != part.value.len as usize => {
                        return Err(format!("an element of {} can't be empty", names::cql_name(ty)));
                    }
                    Some(_) => {}
                }
                copy(part.value, out);
            }
        }
        Type::Tuple(_) | Type::User(_) => {
            for part in parts_of_value {
                match part.value.is_null() {
                    true => out.extend_from_slice(&(-1i32).to_be_bytes()),
                    false => sized(part.value, out),
                }
            }
        }
        _ => {
            out.extend_from_slice(&(parts_of_value.len() as u32).to_be_bytes());
            for part in parts_of_value {
                if matches!(ty, Type::Map { .. }) {
                    sized(part.key, out);
                }
                sized(part.value, out);
            }
        }
    }
    out.copy_within(end.., start);
    out.truncate(start + (out.len() - end));
    parts.truncate(from);
    Ok(())
}

fn sized(span: Span, out: &mut Vec<u8>) {
    out.extend_from_slice(&span.len.to_be_bytes());
    copy(span, out);
}

/// Appends what lies in front.
fn copy(span: Span, out: &mut Vec<u8>) {
    let start = span.start as usize;
    out.extend_from_within(start..start + span.len as usize);
}
