#![no_main]

use libfuzzer_sys::fuzz_target;
use sstablefs_fuzz::{bounded, input};
use sstablefs_render::parse::InputFormat;

fuzz_target!(|data: &[u8]| bounded(data.len(), || input::run(InputFormat::Json, data)));
