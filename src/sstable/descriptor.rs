//! Names of an SSTable's files. Follows org.apache.cassandra.io.sstable.Descriptor, Component and SSTableId.
//!
//! ```text
//!   nb-12-big-Data.db
//!   da-3gr8_1ab9_4xyz02l4tpgq3z9qxd5z0w-bti-Partitions.db
//!   version-id-format-component
//! ```

use std::cmp::Ordering;
use std::fmt;
use std::path::{Path, PathBuf};

use super::version::{Format, Version};
use crate::error::{Error, Result};

/// One file of an SSTable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Component {
    /// Data.db: the partitions.
    Data,
    /// Index.db, of big: keys and positions, and the row indexes of large partitions.
    Index,
    /// Summary.db, of big: samples of Index.db.
    Summary,
    /// Partitions.db, of bti: a trie of the keys.
    Partitions,
    /// Rows.db, of bti: the row indexes of large partitions.
    Rows,
    /// Filter.db: the bloom filter of the keys.
    Filter,
    /// Statistics.db: histograms, times, and what Data.db is encoded against.
    Statistics,
    /// CompressionInfo.db: where the chunks of compressed data are.
    CompressionInfo,
    /// Digest.crc32: the checksum of the whole Data.db.
    Digest,
    /// CRC.db: checksums of the pieces of data that is not compressed.
    Crc,
    /// TOC.txt: the components that there are, by name.
    Toc,
}

impl Component {
    /// All that there are, in this order.
    pub const ALL: [Component; 11] = [
        Component::Data,
        Component::Index,
        Component::Summary,
        Component::Partitions,
        Component::Rows,
        Component::Filter,
        Component::Statistics,
        Component::CompressionInfo,
        Component::Digest,
        Component::Crc,
        Component::Toc,
    ];

    /// As it stands at the end of the file name and in TOC.txt.
    pub fn name(self) -> &'static str {
        match self {
            Component::Data => "Data.db",
            Component::Index => "Index.db",
            Component::Summary => "Summary.db",
            Component::Partitions => "Partitions.db",
            Component::Rows => "Rows.db",
            Component::Filter => "Filter.db",
            Component::Statistics => "Statistics.db",
            Component::CompressionInfo => "CompressionInfo.db",
            Component::Digest => "Digest.crc32",
            Component::Crc => "CRC.db",
            Component::Toc => "TOC.txt",
        }
    }

    /// `None` for files that reading does not need: indexes, custom components.
    pub fn from_name(name: &str) -> Option<Component> {
        Self::ALL.into_iter().find(|c| c.name() == name)
    }
}

/// What tells the SSTables of a table apart. Integers come before UUIDs, older before newer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SstableId {
    /// A number from 1 on.
    Sequence(u32),
    /// A time UUID: its 60-bit timestamp and its lower 64 bits.
    Uuid {
        /// Hundreds of nanoseconds since 1582-10-15.
        timestamp: u64,
        /// Clock sequence and node.
        low: u64,
    },
}

impl SstableId {
    /// `None` unless it is exactly how Cassandra writes an id.
    pub fn parse(text: &str) -> Option<SstableId> {
        let id = if text.len() == 28 { Self::parse_uuid(text)? } else { SstableId::Sequence(text.parse().ok()?) };
        let fits = !matches!(id, SstableId::Sequence(n) if n > i32::MAX as u32);
        (fits && id.to_string() == text).then_some(id)
    }

    fn parse_uuid(text: &str) -> Option<SstableId> {
        let part = |from: usize, to: usize| u64::from_str_radix(text.get(from..to)?, 36).ok();
        if text.as_bytes()[4] != b'_' || text.as_bytes()[9] != b'_' {
            return None;
        }
        let seconds = part(0, 4)? * 86_400 + part(5, 9)?;
        let timestamp = seconds * 10_000_000 + part(10, 15)?;
        Some(SstableId::Uuid { timestamp, low: part(15, 28)? })
    }
}

impl Ord for SstableId {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (SstableId::Sequence(a), SstableId::Sequence(b)) => a.cmp(b),
            (SstableId::Sequence(_), _) => Ordering::Less,
            (_, SstableId::Sequence(_)) => Ordering::Greater,
            (SstableId::Uuid { timestamp: a, low: x }, SstableId::Uuid { timestamp: b, low: y }) => {
                a.cmp(b).then((*x as i64).cmp(&(*y as i64)))
            }
        }
    }
}

impl PartialOrd for SstableId {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SstableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            SstableId::Sequence(n) => n.fmt(f),
            SstableId::Uuid { timestamp, low } => {
                let seconds = timestamp / 10_000_000;
                base36(seconds / 86_400, 4, f)?;
                f.write_str("_")?;
                base36(seconds % 86_400, 4, f)?;
                f.write_str("_")?;
                base36(timestamp % 10_000_000, 5, f)?;
                base36(low, 13, f)
            }
        }
    }
}

fn base36(mut value: u64, width: usize, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut digits = [b'0'; 13];
    for digit in digits.iter_mut().rev() {
        *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(value % 36) as usize];
        value /= 36;
    }
    let first = digits.iter().position(|&d| d != b'0').unwrap_or(12).min(13 - width);
    digits[first..].iter().try_for_each(|&d| write!(f, "{}", char::from(d)))
}

/// One SSTable: where its files are and what they are called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Descriptor {
    /// The folder.
    pub dir: PathBuf,
    /// The version, which says the format, too.
    pub version: Version,
    /// What tells it apart from the others in the folder.
    pub id: SstableId,
}

impl Descriptor {
    /// Takes a path apart. `Ok(None)`: not the name of an SSTable's file at all; an error: it is one, of a version
    /// that can not be read.
    pub fn parse(path: &Path) -> Result<Option<(Descriptor, Component)>> {
        let Some(name) = path.file_name().and_then(|n| n.to_str()) else { return Ok(None) };
        let parts: Vec<&str> = name.split('-').collect();
        let &[letters, id, format, component] = parts.as_slice() else { return Ok(None) };
        let format = match format {
            "big" => Format::Big,
            "bti" => Format::Bti,
            _ => return Ok(None),
        };
        let (Some(id), Some(component)) = (SstableId::parse(id), Component::from_name(component)) else {
            return Ok(None);
        };
        let version = Version::parse(letters, format).map_err(|e| e.in_file(path))?;
        let dir = path.parent().unwrap_or(Path::new("")).to_owned();
        Ok(Some((Descriptor { dir, version, id }, component)))
    }

    /// The SSTable that a `-Data.db` path names, for commands that take one.
    pub fn of_data_file(path: &Path) -> Result<Descriptor> {
        match Self::parse(path)? {
            Some((descriptor, Component::Data)) => Ok(descriptor),
            _ => Err(Error::invalid(
                "not the name of an SSTable's data file: it has to look like nb-12-big-Data.db or da-3-bti-Data.db",
            )
            .in_file(path)),
        }
    }

    /// The path of one of its files, whether that is there or not.
    pub fn component(&self, component: Component) -> PathBuf {
        self.dir.join(format!("{self}-{}", component.name()))
    }
}

/// What the names of its files begin with: `nb-12-big`.
impl fmt::Display for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.version, self.id, self.version.format().name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_both_ways() {
        for name in ["nb-12-big-Data.db", "da-3-bti-Rows.db", "oa-3gv1_1fwu_0bqk02cqmpo85tyrtm-big-TOC.txt"] {
            let (descriptor, component) = Descriptor::parse(Path::new(name)).unwrap().unwrap();
            assert_eq!(descriptor.component(component), Path::new(name));
        }
    }

    #[test]
    fn other_names_are_not_taken() {
        for name in [
            "nb-12-big-SAI+aa+Meta.db",
            "nb-012-big-Data.db",
            "nb-2147483648-big-Data.db",
            "nb--big-Data.db",
            "nb-+1-big-Data.db",
            "nb-3GV1_1fwu_0bqk02cqmpo85tyrtm-big-Data.db",
            "nb-zzzzzzzzzzzzzzzzzzzzzzzzzzzz-big-Data.db",
            "nb-3gv1_1fwu_0bqk0éécqmpo85tyrt-big-Data.db",
            "manifest.json",
            "nb-1-big-Data.db-tmp",
        ] {
            assert!(Descriptor::parse(Path::new(name)).unwrap().is_none(), "{name}");
        }
        assert_eq!(Descriptor::parse(Path::new("/x/la-1-big-Data.db")).unwrap_err().kind(), crate::Kind::Unsupported);
        assert!(Descriptor::of_data_file(Path::new("nb-1-big-Index.db")).is_err());
    }

    #[test]
    fn ids_are_ordered_by_age() {
        let id = |text| SstableId::parse(text).unwrap();
        assert!(id("9") < id("10"));
        assert!(id("2147483647") < id("3gv1_1fwu_0bqk02cqmpo85tyrtm"));
        assert!(id("3gv1_1fwu_0bqk02cqmpo85tyrtm") < id("3gv1_1fwu_0bqk12cqmpo85tyrtm"));
    }
}
