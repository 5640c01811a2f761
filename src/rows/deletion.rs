//! Deletion times and liveness. Follows org.apache.cassandra.db.DeletionTime and LivenessInfo.

/// Local deletion time of what is not deleted and does not expire.
pub const NO_DELETION_TIME: i64 = i64::MAX;
/// TTL of what does not expire.
pub const NO_TTL: i32 = 0;
/// A liveness with this TTL is expired from the start: a view's row that is no more.
pub const EXPIRED_LIVENESS_TTL: i32 = i32::MAX;
/// Timestamp of an absent liveness.
pub const NO_TIMESTAMP: i64 = i64::MIN;

/// A deletion: everything written at or before `marked_for_delete_at` is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeletionTime {
    /// Write timestamp in microseconds, as clients give it.
    pub marked_for_delete_at: i64,
    /// Server clock in seconds since the epoch.
    pub local_deletion_time: i64,
}

impl DeletionTime {
    /// Nothing is deleted (DeletionTime.LIVE).
    pub const LIVE: Self = DeletionTime { marked_for_delete_at: i64::MIN, local_deletion_time: NO_DELETION_TIME };

    /// Whether it deletes nothing.
    #[inline]
    pub fn is_live(&self) -> bool {
        self.marked_for_delete_at == i64::MIN && self.local_deletion_time == NO_DELETION_TIME
    }

    /// Whether something with this timestamp (microseconds) is deleted: on a tie it is.
    #[inline]
    pub fn deletes(&self, timestamp: i64) -> bool {
        timestamp <= self.marked_for_delete_at && !self.is_live()
    }

    /// DeletionTime.supersedes: the later timestamp, then the later local time.
    #[inline]
    pub fn supersedes(&self, other: &DeletionTime) -> bool {
        (self.marked_for_delete_at, self.local_deletion_time) > (other.marked_for_delete_at, other.local_deletion_time)
            && !self.is_live()
            || other.is_live() && !self.is_live()
    }

    /// The one that supersedes the other.
    #[inline]
    #[must_use]
    pub fn max(self, other: DeletionTime) -> DeletionTime {
        if other.supersedes(&self) { other } else { self }
    }
}

/// Liveness of a row's primary key: set by INSERT, not by UPDATE.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Liveness {
    /// Microseconds; [`NO_TIMESTAMP`] where there is none.
    pub timestamp: i64,
    /// Seconds; [`NO_TTL`] where it does not expire.
    pub ttl: i32,
    /// When it expires, in seconds since the epoch.
    pub local_expiration_time: i64,
}

impl Liveness {
    /// A row that was never inserted, only updated (LivenessInfo.EMPTY).
    pub const EMPTY: Self = Liveness { timestamp: NO_TIMESTAMP, ttl: NO_TTL, local_expiration_time: NO_DELETION_TIME };

    /// Whether there is no liveness.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.timestamp == NO_TIMESTAMP
    }

    /// Whether it has a TTL.
    #[inline]
    pub fn is_expiring(&self) -> bool {
        self.ttl != NO_TTL
    }

    /// LivenessInfo.supersedes: the later timestamp; on a tie what is expired from the start, what expires, what expires
    /// later, what has the smaller TTL.
    pub fn supersedes(&self, other: &Liveness) -> bool {
        let rank = |l: &Liveness| {
            (l.timestamp, l.ttl == EXPIRED_LIVENESS_TTL, l.is_expiring(), l.local_expiration_time, -i64::from(l.ttl))
        };
        rank(self) > rank(other)
    }

    /// Whether it keeps the row alive at `now` (seconds).
    #[inline]
    pub fn is_live(&self, now: i64) -> bool {
        !self.is_empty()
            && (!self.is_expiring() || self.ttl != EXPIRED_LIVENESS_TTL && now < self.local_expiration_time)
    }
}
