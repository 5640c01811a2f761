#![no_main]

use libfuzzer_sys::fuzz_target;
use sstablefs_fuzz::{bounded, small};

fuzz_target!(|data: &[u8]| bounded(data.len(), || small::run(data)));
