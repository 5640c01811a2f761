//! How far something is: a bar on a terminal, a line a piece of work elsewhere.

use std::io::{self, IsTerminal, StdoutLock, Write};
use std::thread;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

pub(crate) struct Progress {
    bar: ProgressBar,
    is_terminal: bool,
}

impl Progress {
    /// Of so many bytes; of unknown many for 0.
    pub(crate) fn new(bytes: u64, what: &'static str) -> Self {
        let is_terminal = std::io::stderr().is_terminal();
        let target = if is_terminal { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target((bytes > 0).then_some(bytes), target).with_message(what);
        bar.set_style(style("{msg} {bar:30} {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left"));
        bar.enable_steady_tick(Duration::from_millis(200));
        Progress { bar, is_terminal }
    }

    /// Begins anew, to count partitions.
    pub(crate) fn partitions(&mut self, what: &'static str) {
        self.bar.reset();
        self.bar.unset_length();
        self.bar.set_message(what);
        self.bar.set_style(style("{msg} {spinner} {human_pos} partitions  {per_sec}"));
    }

    pub(crate) fn position(&self) -> u64 {
        self.bar.position()
    }

    pub(crate) fn at(&mut self, position: u64) {
        self.bar.set_position(position);
    }

    /// Something that is done.
    pub(crate) fn line(&mut self, text: &str) {
        match self.is_terminal {
            true => self.bar.println(text),
            false => eprintln!("{text}"),
        }
    }

    /// Writes to stdout without a bar in between.
    pub(crate) fn aside<R>(&self, write: impl FnOnce() -> R) -> R {
        self.bar.suspend(write)
    }

    pub(crate) fn clear(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Shorter work shows nothing.
const PATIENCE: Duration = Duration::from_secs(1);

/// The standard output. Where it goes elsewhere than to the terminal, the terminal is told how much has come, once it takes
/// a while.
pub(crate) struct Output {
    out: StdoutLock<'static>,
    bar: Option<ProgressBar>,
}

impl Output {
    pub(crate) fn new() -> Self {
        let out = io::stdout().lock();
        let bar = (io::stderr().is_terminal() && !io::stdout().is_terminal()).then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            bar.set_style(style("{spinner} {bytes} of output in {elapsed}  {bytes_per_sec}"));
            let shown = bar.clone();
            thread::spawn(move || {
                thread::sleep(PATIENCE);
                if !shown.is_finished() {
                    shown.set_draw_target(ProgressDrawTarget::stderr());
                    shown.enable_steady_tick(Duration::from_millis(200));
                }
            });
            bar
        });
        Output { out, bar }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        if let Some(bar) = &self.bar {
            bar.inc(written as u64);
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
