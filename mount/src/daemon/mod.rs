//! The process behind a mount: from the options to the end.

mod background;
mod log;
mod mountpoint;
mod signals;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use sstablefs::{Error, Result};

use crate::fs::{Fs, FsOptions};
use crate::fuse::{self, SessionOptions};
use crate::tree::Tree;
use background::{Ready, Side};
use log::Log;
use signals::Signals;

/// How long requests that are being answered may take when a signal ends the mount.
const GRACE: Duration = Duration::from_millis(500);

/// What a daemon needs to know beside its tree.
pub(crate) struct Daemon {
    /// Full paths.
    pub(crate) data: Vec<PathBuf>,
    pub(crate) mountpoint: PathBuf,
    pub(crate) foreground: bool,
    pub(crate) allow_other: bool,
    pub(crate) threads: Option<usize>,
    pub(crate) log: Option<PathBuf>,
    pub(crate) fs: FsOptions,
}

impl Daemon {
    /// Mounts the tree that `open` gives. Returns when the mount can be used and a process in the background serves it;
    /// in the foreground when it was unmounted.
    pub(crate) fn run<T: Tree>(mut self, open: impl FnOnce() -> Result<T>) -> Result<()> {
        self.mountpoint = mountpoint::check(&self.mountpoint, &self.data)?;
        let log = Log::open(self.foreground, self.log.as_deref())?;
        let ready = if self.foreground {
            None
        } else {
            match background::split()? {
                Side::Parent(result) => return result,
                Side::Child(ready) => Some(ready),
            }
        };
        let background = ready.is_some();
        let result = self.serve(open, ready, log);
        if background {
            // The parent has returned to the caller: this process must not return there too.
            std::process::exit(i32::from(result.is_err()));
        }
        result
    }

    fn serve<T: Tree>(&self, open: impl FnOnce() -> Result<T>, ready: Option<Ready>, log: Log) -> Result<()> {
        let signals = Signals::block();
        bound_memory();
        log.start();
        let mounted = open().and_then(|tree| {
            let fs = Arc::new(Fs::new(tree, self.fs));
            fs.recover();
            let options = SessionOptions {
                source: self.data.first().map_or_else(String::new, |d| d.display().to_string()),
                allow_other: self.allow_other,
                threads: self.threads.unwrap_or_else(default_threads),
            };
            let mounted = fuse::mount(&fs, &self.mountpoint, &options);
            let mounted = mounted.map_err(|e| mountpoint::explain(e, &self.mountpoint))?;
            Ok((mounted, fs))
        });
        let (mounted, fs) = match (mounted, ready) {
            (Ok(mounted), ready) => {
                tracing::info!("mounted at {}", self.mountpoint.display());
                if let Some(ready) = ready {
                    ready.done();
                }
                mounted
            }
            (Err(e), ready) => {
                if let Some(ready) = ready {
                    ready.failed(&e);
                }
                return Err(e);
            }
        };
        let mountpoint = self.mountpoint.clone();
        let finish = {
            let fs = fs.clone();
            move || fs.finish()
        };
        std::thread::spawn(move || end_at_signal(&signals, &mountpoint, finish));
        let result = mounted.wait();
        fs.finish();
        result.map_err(|e| Error::io(e, &self.mountpoint))
    }
}

/// Unmounts at a signal, and ends the process even when somebody has files open: they get ENOTCONN.
fn end_at_signal(signals: &Signals, mountpoint: &Path, finish: impl Fn()) {
    while let Ok(signal) = signals.wait() {
        tracing::info!("signal {signal}: unmounting {}", mountpoint.display());
        if let Err(e) = detach(mountpoint) {
            tracing::error!("{e}");
            continue;
        }
        // The session ends by itself when nothing is open; then the process has ended before this does.
        std::thread::sleep(GRACE);
        finish();
        std::process::exit(0);
    }
}

/// Takes the mount out of the tree of names at once, whoever uses it.
fn detach(mountpoint: &Path) -> Result<()> {
    match rustix::mount::unmount(mountpoint, rustix::mount::UnmountFlags::DETACH) {
        Ok(()) => return Ok(()),
        Err(rustix::io::Errno::PERM) => {}
        Err(e) => return Err(Error::io(e.into(), mountpoint).context("can't be unmounted")),
    }
    let helper = Command::new("fusermount3").args(["-u", "-z", "--"]).arg(mountpoint).status();
    match helper {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(Error::invalid(format!("fusermount3 -u failed: {status}")).in_file(mountpoint)),
        Err(e) => Err(Error::io(e, "fusermount3")),
    }
}

/// Requests wait for disks and for each other, so that there may be more than cores.
fn default_threads() -> usize {
    std::thread::available_parallelism().map_or(4, |n| (n.get() + 2).clamp(4, 16))
}

/// Keeps the allocator from holding memory back: few arenas, and large buffers go back to the system when freed.
fn bound_memory() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    for (what, value) in
        [(libc::M_ARENA_MAX, 2), (libc::M_MMAP_THRESHOLD, 128 << 10), (libc::M_TRIM_THRESHOLD, 512 << 10)]
    {
        // SAFETY: takes two numbers and sets one of the allocator's; no other thread exists that could allocate meanwhile.
        #[expect(unsafe_code, reason = "the allocator is the C library's")]
        unsafe {
            libc::mallopt(what, value)
        };
    }
}
