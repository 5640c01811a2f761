//! Leaves a child in the background that tells its parent when the mount can be used, or why it can't.
//!
//! ```text
//!   parent:  fork --- waits at the pipe ------------------- returns
//!   child:         `- opens the data, mounts - one message -' serves until it is unmounted
//! ```

use std::fs::OpenOptions;
use std::io::{self, Read, Write};

use sstablefs::{Error, Result};

/// The child's end of the pipe.
pub(super) struct Ready(io::PipeWriter);

pub(super) enum Side {
    /// The background process was started and has said how it went.
    Parent(Result<()>),
    Child(Ready),
}

/// To be called while there is only one thread.
pub(super) fn split() -> Result<Side> {
    let (mut reader, writer) = io::pipe().map_err(|e| Error::io(e, "pipe"))?;
    if threads() != Some(1) {
        return Err(Error::invalid("a process with several threads can't go to the background: use -f"));
    }
    // SAFETY: a child of a process with one thread, as this is, may go on as its parent would: no other thread had a lock or
    // was in the middle of a change.
    #[expect(unsafe_code, reason = "no safe function can fork")]
    let forked = unsafe { libc::fork() };
    match forked {
        -1 => Err(Error::io(io::Error::last_os_error(), "fork")),
        0 => {
            drop(reader);
            // Fails only when it leads a session already.
            let _ = rustix::process::setsid();
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

/// Of this process; `None` where that can't be seen.
fn threads() -> Option<usize> {
    std::fs::read_dir("/proc/self/task").ok().map(Iterator::count)
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
            use rustix::stdio::{dup2_stderr, dup2_stdin, dup2_stdout};
            let _ = dup2_stdin(&null).and_then(|()| dup2_stdout(&null)).and_then(|()| dup2_stderr(&null));
        }
        let _ = self.0.write_all(b"ready");
    }
}
