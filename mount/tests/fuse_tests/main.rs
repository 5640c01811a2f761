//! Real mounts: `cargo test -p sstablefs-mount --features fuse_tests`. Needs /dev/fuse.

mod changes;
mod ending;
mod memory;
mod owners;
mod queries;
mod staging;
