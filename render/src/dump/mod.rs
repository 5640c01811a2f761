//! sstabledump: one SSTable as it is, with every timestamp, TTL and tombstone. Follows
//! org.apache.cassandra.tools.SSTableExport and JsonTransformer.

mod cells;
mod debug;
mod layout;
mod stream;
mod times;
mod writer;

pub use self::stream::DumpStream;

/// What is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DumpForm {
    /// One JSON array over many lines: sstabledump without a flag.
    #[default]
    Array,
    /// One JSON object a line and partition: `-l`.
    Lines,
    /// The keys alone, as a JSON array: `-e`.
    Keys,
    /// One line a row, with the internal names of things: `-d`.
    Debug,
}

/// What a dump looks like.
#[derive(Debug, Clone, Copy, Default)]
pub struct DumpOptions {
    /// Array, lines, keys or internal names.
    pub form: DumpForm,
    /// Numbers instead of dates: `-t`.
    pub raw_times: bool,
    /// Seconds since the epoch: decides what is `expired`.
    pub now: i64,
}
