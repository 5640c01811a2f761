//! The parts of a collection, tuple, user type or vector: as one frozen value, or as the cells of a column.
//!
//! The layouts of frozen values are in [`sstablefs::cql::elements`].

use sstablefs::bytes::vint;
use sstablefs::cql::{Comparator, Type, names};

/// What a value consists of, each part already in bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parts {
    /// Of a list, set or vector.
    Elements(Vec<Vec<u8>>),
    /// Of a map.
    Entries(Vec<(Vec<u8>, Vec<u8>)>),
    /// Of a tuple or user type.
    Fields(Vec<Option<Vec<u8>>>),
}

impl Parts {
    /// Puts sets and maps in order; of what is equal one stays, of the entries of a map the last.
    pub(super) fn arrange(&mut self, ty: &Type) -> Result<(), String> {
        match (self, ty) {
            (Parts::Elements(elements), Type::Set { element, .. }) => {
                let order = Comparator::new(element, false);
                elements.sort_by(|a, b| order.compare(a, b));
                elements.dedup_by(|a, b| order.compare(a, b).is_eq());
            }
            (Parts::Entries(entries), Type::Map { key, .. }) => {
                let order = Comparator::new(key, false);
                entries.reverse();
                entries.sort_by(|a, b| order.compare(&a.0, &b.0));
                entries.dedup_by(|a, b| order.compare(&a.0, &b.0).is_eq());
            }
            (Parts::Elements(elements), Type::Vector { dimension, .. })
                if elements.len() != usize::from(*dimension) =>
            {
                return Err(format!("the vector has {dimension} elements, here are {}", elements.len()));
            }
            _ => {}
        }
        Ok(())
    }

    /// Appends the frozen value.
    pub(super) fn freeze(mut self, ty: &Type, out: &mut Vec<u8>) -> Result<(), String> {
        self.arrange(ty)?;
        let sized = |bytes: &[u8], out: &mut Vec<u8>| {
            out.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
            out.extend_from_slice(bytes);
        };
        match (self, ty) {
            (Parts::Elements(elements), Type::Vector { element, .. }) => {
                let length = element.fixed_length();
                for bytes in elements {
                    match length {
                        None => vint::write(bytes.len() as u64, out),
                        // An empty int, which elsewhere is a value.
                        Some(length) if length != bytes.len() => {
                            return Err(format!("an element of {} can't be empty", names::cql_name(ty)));
                        }
                        Some(_) => {}
                    }
                    out.extend_from_slice(&bytes);
                }
            }
            (Parts::Elements(elements), _) => {
                out.extend_from_slice(&(elements.len() as u32).to_be_bytes());
                elements.iter().for_each(|bytes| sized(bytes, out));
            }
            (Parts::Entries(entries), _) => {
                out.extend_from_slice(&(entries.len() as u32).to_be_bytes());
                for (key, value) in &entries {
                    sized(key, out);
                    sized(value, out);
                }
            }
            (Parts::Fields(fields), _) => {
                for field in fields {
                    match field {
                        Some(bytes) => sized(&bytes, out),
                        None => out.extend_from_slice(&(-1i32).to_be_bytes()),
                    }
                }
            }
        }
        Ok(())
    }
}
