//! Real mounts: `cargo test -p sstablefs-mount --features fuse_tests`. Needs /dev/fuse.

mod changes;
#[path = "../../../tests/copied/mod.rs"]
mod copied;
mod ending;
mod memory;
mod owners;
mod queries;
mod staging;

use std::process::{Child, Command, Output, Stdio};
use std::sync::{PoisonError, RwLock};
use std::time::Duration;

use sstablefs_mount::fuse::Mounted;

/// A program that is being started has the files of all mounts open for a moment, in which none can be unmounted.
static STARTING: RwLock<()> = RwLock::new(());

pub(crate) fn start(command: &mut Command) -> Child {
    let _starting = STARTING.read().unwrap_or_else(PoisonError::into_inner);
    command.spawn().unwrap()
}

/// What it prints, when it has ended.
pub(crate) fn run(command: &mut Command) -> Output {
    start(command.stdout(Stdio::piped()).stderr(Stdio::piped())).wait_with_output().unwrap()
}

pub(crate) fn unmount(mounted: Mounted) {
    let _nobody_starts = STARTING.write().unwrap_or_else(PoisonError::into_inner);
    // One that has just been started may not have closed them all yet.
    std::thread::sleep(Duration::from_millis(50));
    mounted.unmount().unwrap();
}
