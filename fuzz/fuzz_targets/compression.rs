#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target};
use sstablefs_fuzz::{bounded, compression, parts};

fuzz_target!(|data: &[u8]| bounded(data.len(), || compression::run(data)));

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    parts::mutate::<{ compression::PARTS }>(data, size, max_size, seed)
});
