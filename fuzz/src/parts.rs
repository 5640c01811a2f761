//! An input of several files: each behind its length, so that one can be changed without moving the others.
//!
//! ```text
//!   u8 version │ parts * (u24 length │ bytes)
//! ```
//!
//! A length that is too large means all that is left.

use sstablefs::sstable::{Format, Version};

pub const VERSIONS: [(&str, Format); 10] = [
    ("ma", Format::Big),
    ("mb", Format::Big),
    ("mc", Format::Big),
    ("md", Format::Big),
    ("me", Format::Big),
    ("na", Format::Big),
    ("nb", Format::Big),
    ("nc", Format::Big),
    ("oa", Format::Big),
    ("da", Format::Bti),
];

/// The version that the first byte names.
pub fn version(byte: u8) -> Version {
    let (letters, format) = VERSIONS[usize::from(byte) % VERSIONS.len()];
    Version::parse(letters, format).expect("the versions that are known")
}

pub fn version_byte(version: Version) -> u8 {
    VERSIONS.iter().position(|(letters, _)| *letters == version.to_string()).expect("a known version") as u8
}

/// Takes an input apart; parts that are not there are empty.
pub fn split<const N: usize>(data: &[u8]) -> Option<(Version, [&[u8]; N])> {
    let (&first, mut rest) = data.split_first()?;
    let mut parts: [&[u8]; N] = [&[]; N];
    for part in &mut parts {
        let Some((head, tail)) = rest.split_first_chunk::<3>() else { break };
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        (*part, rest) = tail.split_at(length.min(tail.len()));
    }
    Some((version(first), parts))
}

pub fn join<'a>(version: u8, parts: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    let mut out = vec![version];
    for part in parts {
        out.extend_from_slice(&(part.len() as u32).to_be_bytes()[1..]);
        out.extend_from_slice(part);
    }
    out
}

/// Changes one of the parts, the first mostly, or now and then the version.
pub fn mutate<const N: usize>(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    let at = seed as usize % (N + 1);
    mutate_part::<N>(data, size, max_size, seed, if at == N { 0 } else { at })
}

/// Changes the files of an index: parts 2, 3 and 4 of an SSTable.
pub fn mutate_index(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> usize {
    mutate_part::<5>(data, size, max_size, seed, 2 + seed as usize % 3)
}

fn mutate_part<const N: usize>(data: &mut [u8], size: usize, max_size: usize, seed: u32, at: usize) -> usize {
    let Some((_, parts)) = split::<N>(&data[..size]) else {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    };
    let mut version = data[0];
    let mut parts = parts.map(<[u8]>::to_vec);
    if seed.is_multiple_of(61) {
        version = (seed / 61) as u8;
    } else {
        let part = &mut parts[at];
        let (length, room) = (part.len(), max_size.saturating_sub(size + 3 * N).clamp(1, 1 << 20));
        part.resize(length + room, 0);
        let changed = libfuzzer_sys::fuzzer_mutate(part, length, length + room);
        part.truncate(changed);
    }
    let joined = join(version, parts.iter().map(Vec::as_slice));
    let length = joined.len().min(max_size);
    data[..length].copy_from_slice(&joined[..length]);
    length
}
