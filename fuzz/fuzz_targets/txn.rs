#![no_main]

use libfuzzer_sys::fuzz_target;
use sstablefs_fuzz::{bounded, txn};

fuzz_target!(|data: &[u8]| bounded(data.len(), || txn::run(data)));
