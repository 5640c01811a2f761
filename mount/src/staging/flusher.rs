//! Flushes what was taken up when nothing has come for a while.

use std::sync::Weak;
use std::time::Duration;

use super::Staging;

/// How long nothing must have come.
pub(super) const QUIET: Duration = Duration::from_secs(1);
const STEP: Duration = Duration::from_millis(200);

/// Runs as long as the staging folders exist.
pub(super) fn start(staging: Weak<Staging>) {
    std::thread::spawn(move || {
        while let Some(staging) = staging.upgrade() {
            staging.flush_quiet();
            drop(staging);
            std::thread::sleep(STEP);
        }
    });
}
