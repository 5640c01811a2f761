//! What each version of the SSTable formats changes. Follows BigFormat.BigVersion and BtiFormat.BtiVersion.
//!
//! ```text
//!   ma mb mc md me   3.0 to 3.11      na nb   4.0, 4.1      oa   5.0        (big: Index.db, Summary.db)
//!   da               5.0                                                    (bti: Partitions.db, Rows.db)
//! ```

use std::fmt;

use crate::error::{Error, Result};

/// How the index of an SSTable is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// Index.db and Summary.db.
    Big,
    /// Partitions.db and Rows.db: tries.
    Bti,
}

impl Format {
    /// As it stands in file names.
    pub fn name(self) -> &'static str {
        match self {
            Format::Big => "big",
            Format::Bti => "bti",
        }
    }
}

/// The two letters at the head of each file name, with the format that they belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Version {
    letters: [u8; 2],
    format: Format,
}

impl Version {
    /// The first of 3.0.
    pub const MA: Version = Version { letters: *b"ma", format: Format::Big };
    /// Of 4.0 and later 4.x, and of 5.0 in compatibility mode.
    pub const NB: Version = Version { letters: *b"nb", format: Format::Big };
    /// Of 5.0.
    pub const OA: Version = Version { letters: *b"oa", format: Format::Big };
    /// Of 5.0 with tries as indexes.
    pub const DA: Version = Version { letters: *b"da", format: Format::Bti };

    /// Accepts the versions that are known. Cassandra 5.0 also tries newer second letters, of which nobody knows what
    /// they change.
    pub fn parse(letters: &str, format: Format) -> Result<Self> {
        let &[first, second] = letters.as_bytes() else {
            return Err(Error::unsupported(format!("SSTable version {letters:?} is not two letters")));
        };
        let newest = match (format, first) {
            (Format::Big, b'm') => b'e',
            // nc was written by builds between 4.1 and 5.0.
            (Format::Big, b'n') => b'c',
            (Format::Big, b'o') | (Format::Bti, b'd') => b'a',
            _ => 0,
        };
        if !(b'a'..=newest).contains(&second) {
            return Err(Error::unsupported(refusal(letters, format)));
        }
        Ok(Version { letters: [first, second], format })
    }

    /// big or bti.
    pub fn format(self) -> Format {
        self.format
    }

    /// Whether its indexes are tries.
    pub fn is_bti(self) -> bool {
        self.format == Format::Bti
    }

    fn at_least(self, letters: &[u8; 2]) -> bool {
        self.is_bti() || self.letters >= *letters
    }

    /// Stats have the commit log position that the data begins at.
    pub fn has_commit_log_lower_bound(self) -> bool {
        self.at_least(b"mb")
    }

    /// Stats have a list of commit log intervals instead of one.
    pub fn has_commit_log_intervals(self) -> bool {
        self.at_least(b"mc")
    }

    /// Statistics.db has the smallest and largest value of each clustering column.
    pub fn has_legacy_min_max(self) -> bool {
        matches!(self.letters[0], b'm' | b'n')
    }

    /// Those values can be trusted (they ignored range tombstones before).
    pub fn has_accurate_min_max(self) -> bool {
        self.is_bti() || (self.has_legacy_min_max() && self.at_least(b"md"))
    }

    /// Statistics.db has the covered clustering as a slice with its types.
    pub fn has_improved_min_max(self) -> bool {
        self.at_least(b"oa")
    }

    /// Stats have the id of the node that wrote it; me has it as nb does.
    pub fn has_originating_host_id(self) -> bool {
        self.at_least(b"nb") || (self.letters[0] == b'm' && self.letters[1] >= b'e')
    }

    /// Chunks that do not shrink are stored as they are.
    pub fn has_max_compressed_length(self) -> bool {
        self.at_least(b"na")
    }

    /// Stats have the id of a pending incremental repair.
    pub fn has_pending_repair(self) -> bool {
        self.at_least(b"na")
    }

    /// Stats tell whether it is transiently replicated.
    pub fn has_is_transient(self) -> bool {
        self.at_least(b"na")
    }

    /// The parts of Statistics.db have checksums.
    pub fn has_metadata_checksum(self) -> bool {
        self.at_least(b"na")
    }

    /// The words of the bloom filter's bits are big-endian.
    pub fn has_old_bloom_filter(self) -> bool {
        !self.at_least(b"na")
    }

    /// Stats tell whether any partition has a partition deletion.
    pub fn has_partition_level_deletion_marker(self) -> bool {
        self.at_least(b"oa")
    }

    /// Stats have the first and the last key.
    pub fn has_key_range(self) -> bool {
        self.at_least(b"oa")
    }

    /// Local deletion times are unsigned; a live partition's deletion takes one byte.
    pub fn has_uint_deletion_time(self) -> bool {
        self.at_least(b"oa")
    }

    /// The latest local deletion time that it can hold (Cell.getVersionedMaxDeletiontionTime).
    pub fn latest_deletion_time(self) -> i64 {
        if self.has_uint_deletion_time() { i64::from(u32::MAX) - 2 } else { i64::from(i32::MAX) - 1 }
    }

    /// Stats have how much of the ring the keys cover.
    pub fn has_token_space_coverage(self) -> bool {
        self.at_least(b"oa")
    }
}

/// Why SSTables of a version can't be read, and what reads them.
pub fn refusal(letters: &str, format: Format) -> String {
    let lowercase = letters.len() == 2 && letters.bytes().all(|b| b.is_ascii_lowercase());
    let with_3 = "sstableupgrade of Cassandra 3.11 reads it and writes me";
    let (of, reads) = match (format, letters.as_bytes()) {
        _ if !lowercase => return format!("{letters:?} is no SSTable version: it is two lower case letters"),
        (Format::Big, b"ms") => ("ScyllaDB's own", "ScyllaDB reads it, and writes me when its sstable_format says so"),
        (Format::Big, [b'l', _]) => ("of Cassandra 2.2", with_3),
        (Format::Big, [b'k', _]) => ("of Cassandra 2.1", with_3),
        (Format::Big, b"jb") => ("of Cassandra 2.0", with_3),
        (Format::Big, [b'a'..=b'j', _]) => (
            "of before Cassandra 2.0",
            "sstableupgrade of Cassandra 2.0 reads it, and then that of 3.11 what it writes",
        ),
        (Format::Bti, [b'a'..=b'c', _]) => ("of before Cassandra 5.0", "DataStax Enterprise reads it"),
        _ => ("newer than this sstablefs", "the Cassandra that wrote it reads it, and so may a newer sstablefs"),
    };
    format!(
        "SSTable version {letters} ({}) is {of} and can't be read, only ma to me, na to nc, oa and da: {reads}",
        format.name()
    )
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for letter in self.letters {
            write!(f, "{}", char::from(letter))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn big(letters: &str) -> Version {
        Version::parse(letters, Format::Big).unwrap()
    }

    #[test]
    fn features_begin_where_cassandra_has_them() {
        assert!(!big("ma").has_commit_log_lower_bound() && big("mb").has_commit_log_lower_bound());
        assert!(!big("mb").has_commit_log_intervals() && big("mc").has_commit_log_intervals());
        assert!(!big("mc").has_accurate_min_max() && big("md").has_accurate_min_max());
        assert!(!big("md").has_originating_host_id() && big("me").has_originating_host_id());
        assert!(!big("na").has_originating_host_id() && big("nb").has_originating_host_id());
        assert!(!big("me").has_metadata_checksum() && big("na").has_metadata_checksum());
        assert!(!big("nc").has_uint_deletion_time() && big("oa").has_uint_deletion_time());
        assert!(!big("oa").has_accurate_min_max() && !big("oa").has_legacy_min_max());
        let da = Version::parse("da", Format::Bti).unwrap();
        assert!(da.has_uint_deletion_time() && da.has_accurate_min_max() && !da.has_legacy_min_max());
        assert_eq!(da.to_string(), "da");
    }

    #[test]
    fn other_letters_are_refused_with_what_reads_them() {
        for (letters, reads) in [
            ("ic", "Cassandra 2.0 reads it, and then that of 3.11"),
            ("jb", "of Cassandra 2.0 and can't be read"),
            ("ka", "sstableupgrade of Cassandra 3.11"),
            ("la", "sstableupgrade of Cassandra 3.11"),
            ("ms", "ScyllaDB reads it"),
            ("mf", "newer sstablefs"),
            ("nd", "newer sstablefs"),
            ("oz", "newer sstablefs"),
            ("pa", "newer sstablefs"),
            ("m1", "two lower case letters"),
            ("MA", "two lower case letters"),
            ("m", "not two letters"),
            ("mab", "not two letters"),
            ("", "not two letters"),
        ] {
            let text = Version::parse(letters, Format::Big).unwrap_err().to_string();
            assert!(text.contains(letters) && text.contains(reads), "{letters}: {text}");
        }
        for letters in ["aa", "db", "ea", "oa"] {
            let text = Version::parse(letters, Format::Bti).unwrap_err().to_string();
            assert!(text.contains(letters) && text.contains(" reads it"), "{text}");
        }
        for letters in ["ma", "mb", "mc", "md", "me", "na", "nb", "nc", "oa"] {
            assert_eq!(big(letters).to_string(), letters);
        }
    }
}
