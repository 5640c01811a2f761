//! Where a partition key stands on the ring, which is the order of partitions in an SSTable.
//! Follows org.apache.cassandra.dht.IPartitioner, its subclasses, and db.DecoratedKey.

use std::cmp::Ordering;
use std::fmt;
use std::sync::Arc;

use md5::{Digest, Md5};

use super::compare::Comparator;
use super::murmur::murmur3_128;
use super::types::Type;

/// How partition keys are placed on the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Partitioner {
    /// By MurmurHash3 of the key: the default since 1.2.
    #[default]
    Murmur3,
    /// By MD5 of the key: the default before.
    Random,
    /// By the bytes of the key.
    ByteOrdered,
    /// By the key as UTF-8 text.
    OrderPreserving,
    /// Ordered by the key's own type: system tables.
    Local,
}

impl Partitioner {
    const NAMES: [(Partitioner, &'static str); 5] = [
        (Partitioner::Murmur3, "org.apache.cassandra.dht.Murmur3Partitioner"),
        (Partitioner::Random, "org.apache.cassandra.dht.RandomPartitioner"),
        (Partitioner::ByteOrdered, "org.apache.cassandra.dht.ByteOrderedPartitioner"),
        (Partitioner::OrderPreserving, "org.apache.cassandra.dht.OrderPreservingPartitioner"),
        (Partitioner::Local, "org.apache.cassandra.dht.LocalPartitioner"),
    ];

    /// By the full Java class name, as Statistics.db has it, or its last part, as cassandra.yaml may.
    pub fn from_class_name(name: &str) -> Option<Partitioner> {
        let last = name.rsplit('.').next()?;
        Self::NAMES.iter().find(|(_, full)| full.rsplit('.').next() == Some(last)).map(|&(p, _)| p)
    }

    /// The full Java class name, as Statistics.db has it.
    pub fn class_name(self) -> &'static str {
        match Self::NAMES.iter().find(|(p, _)| *p == self) {
            Some((_, name)) => name,
            None => "",
        }
    }
}

/// A position on the ring, of those partitioners whose positions are numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Token {
    /// All values but the least, which is the ring's own minimum.
    Murmur3(i64),
    /// From 0 to 2^127.
    Random(u128),
    /// The key is its own token; its order is that of the partitioner.
    Key,
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Murmur3(token) => token.fmt(f),
            Token::Random(token) => token.fmt(f),
            Token::Key => f.write_str("key"),
        }
    }
}

/// A partition key with its token.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DecoratedKey {
    /// The token of `key`.
    pub token: Token,
    /// The partition key as serialized; of several columns, as CompositeType joins them.
    pub key: Vec<u8>,
}

/// The order of partitions: by token, then by the unsigned bytes of the key.
#[derive(Debug, Clone)]
pub struct KeyOrder {
    pub(super) ring: Ring,
}

#[derive(Debug, Clone)]
pub(super) enum Ring {
    Murmur3,
    Random,
    Bytes,
    Strings,
    Local(Arc<(Type, Comparator)>),
}

impl KeyOrder {
    /// `key_type` is the whole key's type; only [`Partitioner::Local`] looks at it.
    pub fn new(partitioner: Partitioner, key_type: &Type) -> Self {
        let ring = match partitioner {
            Partitioner::Murmur3 => Ring::Murmur3,
            Partitioner::Random => Ring::Random,
            Partitioner::ByteOrdered => Ring::Bytes,
            Partitioner::OrderPreserving => Ring::Strings,
            Partitioner::Local => Ring::Local(Arc::new((key_type.clone(), Comparator::new(key_type, false)))),
        };
        KeyOrder { ring }
    }

    /// The token of a serialized partition key (IPartitioner.getToken).
    pub fn token(&self, key: &[u8]) -> Token {
        match self.ring {
            Ring::Murmur3 => Token::Murmur3(murmur3_token(key)),
            Ring::Random => Token::Random(random_token(key)),
            Ring::Bytes | Ring::Strings | Ring::Local(_) => Token::Key,
        }
    }

    /// A copy of a serialized partition key, with its token (IPartitioner.decorateKey).
    pub fn decorate(&self, key: &[u8]) -> DecoratedKey {
        DecoratedKey { token: self.token(key), key: key.to_vec() }
    }

    /// The order of two keys in an SSTable (DecoratedKey.compareTo).
    #[inline]
    pub fn compare(&self, a: &DecoratedKey, b: &DecoratedKey) -> Ordering {
        self.compare_raw((a.token, &a.key), (b.token, &b.key))
    }

    /// The same of keys that are borrowed, each with its token.
    #[inline]
    pub fn compare_raw(&self, a: (Token, &[u8]), b: (Token, &[u8])) -> Ordering {
        let by_token = match &self.ring {
            Ring::Murmur3 | Ring::Random => a.0.cmp(&b.0),
            Ring::Bytes => Ordering::Equal,
            Ring::Strings => compare_strings(a.1, b.1),
            Ring::Local(order) => order.1.compare(a.1, b.1),
        };
        by_token.then_with(|| a.1.cmp(b.1))
    }
}

/// The least token is kept for "before everything", so a hash that meets it moves to the other end.
fn murmur3_token(key: &[u8]) -> i64 {
    if key.is_empty() {
        return i64::MIN;
    }
    let hash = murmur3_128(key)[0];
    if hash == i64::MIN { i64::MAX } else { hash }
}

/// The absolute value of the MD5 as a signed number: up to 2^127 inclusive.
fn random_token(key: &[u8]) -> u128 {
    i128::from_be_bytes(Md5::digest(key).into()).unsigned_abs()
}

/// OrderPreservingPartitioner: keys as Java strings, compared by UTF-16 units; what is not UTF-8 counts as its hex text.
fn compare_strings(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (order_preserving_token(a), order_preserving_token(b));
    a.encode_utf16().cmp(b.encode_utf16())
}

pub(super) fn order_preserving_token(key: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(key) {
        Ok(text) => text.into(),
        Err(_) => key.iter().map(|b| format!("{b:02x}")).collect::<String>().into(),
    }
}
