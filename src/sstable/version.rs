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
    pub const NB: Version = Version { letters: *b"nb", format: Format::Big };
    pub const OA: Version = Version { letters: *b"oa", format: Format::Big };
    pub const DA: Version = Version { letters: *b"da", format: Format::Bti };

    /// Accepts what Cassandra 5.0 does: the first letter decides, the second only switches features.
    pub fn parse(letters: &str, format: Format) -> Result<Self> {
        let &[first, second] = letters.as_bytes() else {
            return Err(Error::unsupported(format!("SSTable version {letters:?} is not two letters")));
        };
        let known = match format {
            Format::Big => (b'm'..=b'o').contains(&first),
            Format::Bti => first == b'd',
        };
        if !known || !second.is_ascii_lowercase() {
            let range = match format {
                Format::Big => "ma to oa",
                Format::Bti => "da",
            };
            return Err(Error::unsupported(format!(
                "SSTable version {letters:?} of format {} can not be read, only {range}: rewrite older files with \
                 sstableupgrade of a Cassandra that reads them",
                format.name()
            )));
        }
        Ok(Version { letters: [first, second], format })
    }

    pub fn format(self) -> Format {
        self.format
    }

    pub fn is_bti(self) -> bool {
        self.format == Format::Bti
    }

    fn at_least(self, letters: &[u8; 2]) -> bool {
        self.is_bti() || self.letters >= *letters
    }

    pub fn has_commit_log_lower_bound(self) -> bool {
        self.at_least(b"mb")
    }

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

    pub fn has_originating_host_id(self) -> bool {
        self.at_least(b"nb") || (self.letters[0] == b'm' && self.letters[1] >= b'e')
    }

    /// Chunks that do not shrink are stored as they are.
    pub fn has_max_compressed_length(self) -> bool {
        self.at_least(b"na")
    }

    pub fn has_pending_repair(self) -> bool {
        self.at_least(b"na")
    }

    pub fn has_is_transient(self) -> bool {
        self.at_least(b"na")
    }

    pub fn has_metadata_checksum(self) -> bool {
        self.at_least(b"na")
    }

    /// The words of the bloom filter's bits are big-endian.
    pub fn has_old_bloom_filter(self) -> bool {
        !self.at_least(b"na")
    }

    pub fn has_partition_level_deletion_marker(self) -> bool {
        self.at_least(b"oa")
    }

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

    pub fn has_token_space_coverage(self) -> bool {
        self.at_least(b"oa")
    }
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
    fn other_letters_are_refused() {
        for letters in ["la", "pa", "da", "m", "mab", "m1", "MA", ""] {
            assert!(Version::parse(letters, Format::Big).is_err(), "{letters}");
        }
        for letters in ["aa", "ca", "ea", "oa"] {
            assert!(Version::parse(letters, Format::Bti).is_err(), "{letters}");
        }
    }
}
