#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use sstablefs_fuzz::{bounded, parts, statistics};

fuzz_target!(|data: &[u8]| bounded(data.len(), || statistics::run(data)));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    parts::mutate::<{ statistics::PARTS }>(data, size, max_size, seed)
});
