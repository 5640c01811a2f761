//! Counter cells: the shards of a counter context, their merge and their sum.
//!
//! ```text
//!   i16 n | n × i16 index of a shard        >= 0: a local shard; < 0: i16::MIN + index, a global one
//!   shard …, in the order of ids            16 bytes counter id | i64 clock | i64 count
//! ```
//! A shard that the header does not name is a remote one; a negative n marks local shards to be cleared.
//! Follows org.apache.cassandra.db.context.CounterContext.

use std::cmp::Ordering;

use crate::bytes::Cursor;

/// 2.1 and later write only global shards; the others are of older data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardKind {
    /// The only one that 2.1 and later write: the highest clock wins.
    Global,
    /// Of the node that wrote the file, before 2.1: shards of the same id are added up.
    Local,
    /// Of another node, before 2.1.
    Remote,
}

/// What one node has counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shard {
    /// Of the node's counter, a time UUID.
    pub id: [u8; 16],
    /// How often the node has changed it.
    pub clock: i64,
    /// The sum of the node's increments.
    pub count: i64,
    /// How it is merged with others of the same id.
    pub kind: ShardKind,
}

/// The shards of a context; ends where the bytes do.
pub fn shards(context: &[u8]) -> impl Iterator<Item = Shard> + '_ {
    let mut header = Cursor::new(context);
    let named = header.i16().map_or(0, |n| usize::from(n.unsigned_abs()));
    let header = header.take(named * 2).unwrap_or(&[]);
    let body = context.get(2 + named * 2..).unwrap_or(&[]);
    let mut names = header.chunks_exact(2).map(|b| i16::from_be_bytes([b[0], b[1]])).peekable();
    body.chunks_exact(32).enumerate().map(move |(i, bytes)| {
        let kind = match names.peek() {
            Some(&name) if i32::from(name) == i as i32 => ShardKind::Local,
            Some(&name) if i32::from(name) == i as i32 + i32::from(i16::MIN) => ShardKind::Global,
            _ => ShardKind::Remote,
        };
        if kind != ShardKind::Remote {
            names.next();
        }
        let mut id = [0; 16];
        id.copy_from_slice(&bytes[..16]);
        let long = |at: usize| bytes[at..at + 8].iter().fold(0i64, |n, &b| n << 8 | i64::from(b));
        Shard { id, clock: long(16), count: long(24), kind }
    })
}

/// The counter's value: the sum of all shards (CounterContext.total).
pub fn total(context: &[u8]) -> i64 {
    shards(context).fold(0, |sum, shard| sum.wrapping_add(shard.count))
}

/// Appends the merge of two contexts.
pub(super) fn merge(left: &[u8], right: &[u8], out: &mut Vec<u8>) {
    let mut merged = Vec::new();
    let (mut left, mut right) = (shards(left).peekable(), shards(right).peekable());
    loop {
        let ordering = match (left.peek(), right.peek()) {
            (None, None) => break,
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (Some(l), Some(r)) => l.id.cmp(&r.id),
        };
        merged.extend(match ordering {
            Ordering::Less => left.next(),
            Ordering::Greater => right.next(),
            Ordering::Equal => left.next().zip(right.next()).map(|(l, r)| winner(l, r)),
        });
    }
    write(&merged, out);
}

/// Of two shards with the same id: a global one before others, two local ones are added, else the later clock.
fn winner(left: Shard, right: Shard) -> Shard {
    use ShardKind::{Global, Local, Remote};
    let left_wins = match (left.kind, right.kind) {
        (Global, Global) => (left.clock, left.count) > (right.clock, right.count),
        (Global, _) => true,
        (_, Global) => false,
        (Local, Local) => {
            return Shard {
                clock: left.clock.wrapping_add(right.clock),
                count: left.count.wrapping_add(right.count),
                ..left
            };
        }
        (Local, Remote) => true,
        (Remote, Local) => false,
        (Remote, Remote) if left.clock == right.clock => left.count > right.count,
        // A negative clock is that of a reset shard, and a lower one is a later reset.
        (Remote, Remote) => {
            if left.clock >= 0 {
                right.clock > 0 && left.clock >= right.clock
            } else {
                right.clock > 0 || left.clock < right.clock
            }
        }
    };
    if left_wins { left } else { right }
}

fn write(shards: &[Shard], out: &mut Vec<u8>) {
    let named = shards.iter().filter(|s| s.kind != ShardKind::Remote).count();
    out.extend((named as i16).to_be_bytes());
    for (i, shard) in shards.iter().enumerate() {
        match shard.kind {
            ShardKind::Global => out.extend((i as i16).wrapping_add(i16::MIN).to_be_bytes()),
            ShardKind::Local => out.extend((i as i16).to_be_bytes()),
            ShardKind::Remote => {}
        }
    }
    for shard in shards {
        out.extend(shard.id);
        out.extend(shard.clock.to_be_bytes());
        out.extend(shard.count.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shard(id: u8, clock: i64, count: i64, kind: ShardKind) -> Shard {
        Shard { id: [id; 16], clock, count, kind }
    }

    fn context(shards: &[Shard]) -> Vec<u8> {
        let mut out = Vec::new();
        write(shards, &mut out);
        out
    }

    fn merged(left: &[Shard], right: &[Shard]) -> Vec<Shard> {
        let mut out = Vec::new();
        merge(&context(left), &context(right), &mut out);
        shards(&out).collect()
    }

    #[test]
    fn kinds_survive_the_bytes() {
        use ShardKind::*;
        let all = [shard(1, 2, 3, Global), shard(2, -5, 7, Remote), shard(3, 9, -1, Local), shard(4, 1, 1, Global)];
        assert_eq!(shards(&context(&all)).collect::<Vec<_>>(), all);
        assert_eq!(total(&context(&all)), 10);
        assert_eq!(total(&[]), 0);
        assert_eq!(total(&[0x7f, 0xff, 1]), 0);
    }

    #[test]
    fn global_shards_win_by_clock_then_count() {
        use ShardKind::*;
        let (a, b, c) = (shard(1, 2, 30, Global), shard(1, 3, 4, Global), shard(1, 3, 5, Global));
        assert_eq!(merged(&[a], &[b]), [b]);
        assert_eq!(merged(&[c], &[b]), [c]);
        let d = shard(2, 1, 1, Global);
        assert_eq!(merged(&[d], &[a]), [a, d]);
    }

    #[test]
    fn older_kinds() {
        use ShardKind::*;
        let local = shard(1, 2, 3, Local);
        assert_eq!(merged(&[local], &[shard(1, 5, 7, Local)]), [shard(1, 7, 10, Local)]);
        assert_eq!(merged(&[local], &[shard(1, 9, 9, Remote)]), [local]);
        let global = shard(1, 1, 1, Global);
        assert_eq!(merged(&[local], &[global]), [global]);
        assert_eq!(merged(&[shard(1, -3, 1, Remote)], &[shard(1, -2, 2, Remote)]), [shard(1, -3, 1, Remote)]);
    }
}
