#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use sstablefs_fuzz::{bounded, parts, sstable};

fuzz_target!(|data: &[u8]| bounded(data.len(), || sstable::run(data)));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    parts::mutate::<{ sstable::PARTS }>(data, size, max_size, seed)
});
