#![no_main]

use libfuzzer_sys::fuzz_target;
use sstablefs_fuzz::{bounded, cql};

fuzz_target!(|data: &[u8]| bounded(data.len(), || cql::run(data)));
