//! Data.db: partitions, rows and range tombstone markers.
//!
//! ```text
//!   partition  u16 length, key | deletion time | [static row] | unfiltered … | end flag 0x01
//!   row        flags | [extended flags] | clustering | vint size | vint previous size | body
//!   marker     flags | kind | u16 values | values | vint size | vint previous size | deletion time (two at a boundary)
//! ```
//! Follows org.apache.cassandra.db.rows.UnfilteredSerializer, io.sstable.SSTableSimpleIterator and
//! db.Columns.Serializer; ma to oa and da.

mod body;
mod body_encoder;
mod columns;
mod decoder;
mod encoder;
mod head;
mod window;

pub(crate) use columns::Layout;
pub(crate) use decoder::Decoder;
pub(crate) use encoder::Encoder;
