//! Where the log goes: to a file that was asked for, to the terminal in the foreground, to the system's log in the
//! background. How much is in it is for RUST_LOG to say, as `debug` or `sstablefs=debug,fuser=warn`.

use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;

use sstablefs::{Error, Result};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

/// An open log, and what is wanted of it.
pub(super) struct Log {
    place: Place,
    wanted: Targets,
}

enum Place {
    Terminal,
    System,
    File(File),
}

impl Log {
    /// To be called while there is a terminal to complain to.
    pub(super) fn open(foreground: bool, file: Option<&Path>) -> Result<Log> {
        let place = match file {
            Some(path) => {
                let file = OpenOptions::new().create(true).append(true).mode(0o600).open(path);
                Place::File(file.map_err(|e| Error::io(e, path).context("the log can't be written"))?)
            }
            None if foreground => Place::Terminal,
            None => Place::System,
        };
        Ok(Log { place, wanted: wanted(std::env::var("RUST_LOG").ok().as_deref())? })
    }

    /// Does nothing when the program has set up a log of its own.
    pub(super) fn start(self) {
        let base = tracing_subscriber::fmt::layer().with_target(false);
        let layer = match self.place {
            Place::Terminal => base.with_ansi(has_colors()).with_writer(io::stderr).boxed(),
            Place::File(file) => base.with_ansi(false).with_writer(Mutex::new(file)).boxed(),
            Place::System => base.with_ansi(false).without_time().with_level(false).with_writer(System).boxed(),
        };
        let _ = tracing_subscriber::registry().with(layer.with_filter(self.wanted)).try_init();
    }
}

fn wanted(rust_log: Option<&str>) -> Result<Targets> {
    match rust_log.filter(|text| !text.is_empty()) {
        None => Ok(Targets::new().with_default(LevelFilter::INFO)),
        Some(text) => text
            .parse()
            .map_err(|e| Error::invalid(format!("RUST_LOG is {text:?}, which is no filter ({e}): try RUST_LOG=debug"))),
    }
}

/// On a terminal, unless NO_COLOR is set to something.
fn has_colors() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

#[derive(Clone, Copy)]
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
            Level::INFO => libc::LOG_INFO,
            _ => libc::LOG_DEBUG,
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
            // SAFETY: both strings end in NUL and outlive the call; the format takes one string, and one is given.
            #[expect(unsafe_code, reason = "the log is the C library's")]
            unsafe {
                libc::syslog(libc::LOG_DAEMON | self.priority, c"%s".as_ptr(), text.as_ptr())
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_log_is_a_level_or_one_for_each_target() {
        let shows = |text, target, level| wanted(text).unwrap().would_enable(target, &level);
        assert!(shows(None, "sstablefs", Level::INFO) && !shows(None, "sstablefs", Level::DEBUG));
        assert!(shows(Some(""), "sstablefs", Level::INFO));
        assert!(shows(Some("debug"), "fuser", Level::DEBUG));
        assert!(!shows(Some("sstablefs_mount=debug,fuser=error"), "fuser", Level::WARN));
        assert!(wanted(Some("fuser=loudest")).unwrap_err().message().contains("RUST_LOG"));
    }
}
