//! The parts of values that hold other values: frozen collections, tuples, user types, vectors and
//! composites. Every length is checked; nothing is copied.
//!
//! ```text
//!   list, set   count:i32  { length:i32 bytes }*count             (CollectionSerializer)
//!   map         count:i32  { length:i32 key  length:i32 value }*count
//!   tuple, UDT  { length:i32 bytes }*  up to the number of fields; missing ones are null (TupleType)
//!   vector      { bytes }*dimension  of elements of fixed length, else
//!               { length:vint bytes }*dimension                   (VectorType)
//!   composite   [0xffff when static] { length:u16 bytes eoc:i8 }*  (CompositeType)
//! ```
//! A negative i32 length is a null.

use crate::bytes::Cursor;
use crate::{Error, Result};

use super::types::Type;

/// The elements of one value in their order. For a map: key, value, key, value…
#[derive(Debug, Clone)]
pub struct Elements<'a> {
    cursor: Cursor<'a>,
    left: usize,
    layout: Layout,
}

#[derive(Debug, Clone, Copy)]
enum Layout {
    Collection,
    /// Ends early without an error: the fields behind are null.
    Fields,
    Fixed(usize),
    Vints,
}

/// Elements of a frozen list or set.
pub fn list(value: &[u8]) -> Result<Elements<'_>> {
    collection(value, 1)
}

/// Keys and values of a frozen map, by turns; [`Elements::remaining`] counts both.
pub fn map(value: &[u8]) -> Result<Elements<'_>> {
    collection(value, 2)
}

fn collection(value: &[u8], parts: usize) -> Result<Elements<'_>> {
    let mut cursor = Cursor::new(value);
    let count = cursor.i32()?;
    // A negative count is none, as for Cassandra.
    let left = usize::try_from(count.max(0))
        .ok()
        .and_then(|n| n.checked_mul(parts))
        // Each part has at least its length: more of them than that can't be here.
        .filter(|&n| n <= cursor.remaining() / 4)
        .ok_or_else(|| Error::corrupt(format!("a collection of {} bytes claims {count} elements", value.len())))?;
    Ok(Elements { cursor, left, layout: Layout::Collection })
}

/// The fields of a tuple or user type of `count` fields; those that the value does not have are null.
pub fn fields(value: &[u8], count: usize) -> Elements<'_> {
    Elements { cursor: Cursor::new(value), left: count, layout: Layout::Fields }
}

/// The elements of a vector.
pub fn vector<'a>(value: &'a [u8], element: &Type, dimension: u16) -> Elements<'a> {
    let layout = element.fixed_length().map_or(Layout::Vints, Layout::Fixed);
    Elements { cursor: Cursor::new(value), left: usize::from(dimension), layout }
}

/// The elements of a frozen value of any type that has elements; `None` for other types.
pub fn of<'a>(ty: &Type, value: &'a [u8]) -> Result<Option<Elements<'a>>> {
    match ty {
        Type::List { .. } | Type::Set { .. } => list(value).map(Some),
        Type::Map { .. } => map(value).map(Some),
        Type::Tuple(types) => Ok(Some(fields(value, types.len()))),
        Type::User(user) => Ok(Some(fields(value, user.fields.len()))),
        Type::Vector { element, dimension } => Ok(Some(vector(value, element, *dimension))),
        _ => Ok(None),
    }
}

impl<'a> Elements<'a> {
    /// How many elements are to come, nulls of missing fields included.
    pub fn remaining(&self) -> usize {
        self.left
    }

    /// Whether there are bytes left: behind the last element they are too many.
    pub fn has_bytes(&self) -> bool {
        !self.cursor.is_empty()
    }

    /// The next element; the inner `None` is a null, the outer one the end.
    #[inline]
    pub fn next_element(&mut self) -> Result<Option<Option<&'a [u8]>>> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let element = match self.layout {
            Layout::Fields if self.cursor.is_empty() => None,
            Layout::Collection | Layout::Fields => self.cursor.int_bytes()?,
            Layout::Fixed(n) => Some(self.cursor.take(n)?),
            Layout::Vints => Some(self.cursor.vint_bytes()?),
        };
        Ok(Some(element))
    }

    /// To be called behind the last element: too many bytes are an error, as in Cassandra.
    pub fn finish(&self) -> Result<()> {
        if self.left == 0 && self.has_bytes() {
            return Err(Error::corrupt(format!("{} bytes too many behind the last element", self.cursor.remaining()))
                .at(self.cursor.offset()));
        }
        Ok(())
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Result<Option<&'a [u8]>>;

    /// As [`Elements::next_element`]; ends after the first error.
    fn next(&mut self) -> Option<Self::Item> {
        let item = self.next_element().transpose();
        if matches!(item, Some(Err(_))) {
            self.left = 0;
        }
        item
    }
}

/// The components of a composite, each with its end-of-component byte.
#[derive(Debug, Clone)]
pub struct Components<'a> {
    cursor: Cursor<'a>,
    is_static: bool,
}

/// The components of a composite value: a partition key of several columns, or a clustering of a compact table.
pub fn components(value: &[u8]) -> Components<'_> {
    let mut cursor = Cursor::new(value);
    let is_static = value.starts_with(&[0xff, 0xff]);
    if is_static {
        // Can't fail: the two bytes are there.
        let _ = cursor.skip(2);
    }
    Components { cursor, is_static }
}

impl<'a> Components<'a> {
    /// Whether the cell is of a static column.
    pub fn is_static(&self) -> bool {
        self.is_static
    }

    /// Whether there are no components.
    pub fn is_empty(&self) -> bool {
        self.cursor.is_empty()
    }
}

impl<'a> Iterator for Components<'a> {
    type Item = Result<(&'a [u8], i8)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.cursor.is_empty() {
            return None;
        }
        let mut read = || Ok((self.cursor.short_bytes()?, self.cursor.u8()? as i8));
        let component = read();
        if component.is_err() {
            self.cursor = Cursor::new(&[]);
        }
        Some(component)
    }
}
