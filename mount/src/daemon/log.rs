//! Where the log goes: to the terminal in the foreground, to the system's log in the background.

use std::ffi::CString;
use std::io::{self, IsTerminal, Write};

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

/// Does nothing when the program has set up a log of its own.
pub(super) fn start(foreground: bool) {
    let base = tracing_subscriber::fmt().with_max_level(LevelFilter::INFO).with_target(false);
    let _ = if foreground {
        base.with_ansi(io::stderr().is_terminal()).with_writer(io::stderr).try_init()
    } else {
        base.with_ansi(false).without_time().with_level(false).with_writer(System).try_init()
    };
}

struct System;

/// One message of the system's log; written when it is dropped.
struct Message {
    priority: i32,
    text: Vec<u8>,
}

impl<'a> MakeWriter<'a> for System {
    type Writer = Message;

    fn make_writer(&'a self) -> Message {
        Message { priority: libc::LOG_INFO, text: Vec::new() }
    }

    fn make_writer_for(&'a self, metadata: &tracing::Metadata<'_>) -> Message {
        let priority = match *metadata.level() {
            Level::ERROR => libc::LOG_ERR,
            Level::WARN => libc::LOG_WARNING,
            _ => libc::LOG_INFO,
        };
        Message { priority, text: Vec::new() }
    }
}

impl Write for Message {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.text.extend(bytes.iter().filter(|b| **b != 0));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        if let Ok(text) = CString::new(std::mem::take(&mut self.text)) {
            // SAFETY: both strings end in NUL and outlive the call.
            unsafe { libc::syslog(libc::LOG_DAEMON | self.priority, c"sstablefs: %s".as_ptr(), text.as_ptr()) };
        }
    }
}
