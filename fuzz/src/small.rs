//! The small components: filter, digest, table of contents, and the names of files.

use std::path::Path;

use sstablefs::sstable::{BloomFilter, Descriptor, Digest, Toc};

use crate::parts::version;

pub fn run(data: &[u8]) {
    let Some((&first, rest)) = data.split_first() else { return };
    if let Ok(filter) = BloomFilter::parse(rest, version(first)) {
        filter.may_contain(b"a key");
        filter.may_contain(&[]);
    }
    let _ = Digest::parse(rest);
    let _ = Toc::parse(rest);
    if let Ok(text) = std::str::from_utf8(rest)
        && let Ok(Some((descriptor, component))) = Descriptor::parse(Path::new(text))
    {
        assert_eq!(descriptor.component(component), Path::new(text));
    }
}
