//! Leaves a child in the background that tells its parent when the mount can be used, or why it can't.
//!
//! ```text
//!   parent:  fork --- waits at the pipe ------------------- returns
//!   child:         `- opens the data, mounts - one message -' serves until it is unmounted
//! ```

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};

use sstablefs::{Error, Result};

/// The child's end of the pipe.
pub(super) struct Ready(File);

pub(super) enum Side {
    /// The background process was started and has said how it went.
    Parent(Result<()>),
    Child(Ready),
}

/// To be called while there is only one thread.
pub(super) fn split() -> Result<Side> {
    let failed = |what: &str| Error::io(io::Error::last_os_error(), what);
    let mut ends = [0; 2];
    // SAFETY: `ends` has room for two descriptors.
    if unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } != 0 {
        return Err(failed("pipe"));
    }
    // SAFETY: both were just opened and belong to nobody else.
    let (mut reader, writer) = unsafe { (File::from_raw_fd(ends[0]), File::from_raw_fd(ends[1])) };
    // SAFETY: there is one thread, so the child's memory is in order.
    match unsafe { libc::fork() } {
        -1 => Err(failed("fork")),
        0 => {
            drop(reader);
            // SAFETY: only changes the session of this process.
            unsafe { libc::setsid() };
            Ok(Side::Child(Ready(writer)))
        }
        _ => {
            drop(writer);
            let mut message = String::new();
            let read = reader.read_to_string(&mut message);
            Ok(Side::Parent(match (read, message.as_str()) {
                (Ok(_), "ready") => Ok(()),
                (Ok(_), "") => Err(Error::invalid("the background process ended before the mount was ready")),
                (Ok(_), text) => Err(Error::invalid(text)),
                (Err(e), _) => Err(Error::io(e, "pipe")),
            }))
        }
    }
}

impl Ready {
    pub(super) fn failed(mut self, error: &Error) {
        // Nobody is left to be told when the parent is gone.
        let _ = self.0.write_all(error.to_string().as_bytes());
    }

    /// Lets the parent go, and the terminal.
    pub(super) fn done(mut self) {
        let _ = std::env::set_current_dir("/");
        if let Ok(null) = OpenOptions::new().read(true).write(true).open("/dev/null") {
            for standard in 0..=2 {
                // SAFETY: replaces descriptors that nothing in this process owns as a `File`.
                unsafe { libc::dup2(null.as_raw_fd(), standard) };
            }
        }
        let _ = self.0.write_all(b"ready");
    }
}
