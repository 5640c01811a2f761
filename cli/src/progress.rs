//! How far something is: a bar on a terminal, a line a piece of work elsewhere.

use std::fmt;
use std::fs;
use std::io::{self, IsTerminal, StdoutLock, Write};
use std::os::unix::fs::FileTypeExt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;
use std::time::Duration;

use indicatif::{HumanBytes, HumanDuration, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::system::has_unicode;
use crate::tell;

pub(crate) struct Progress {
    bar: ProgressBar,
}

impl Progress {
    /// Of so many bytes; of unknown many for 0.
    pub(crate) fn new(bytes: u64, what: &'static str) -> Self {
        let bar = ProgressBar::with_draw_target((bytes > 0).then_some(bytes), ProgressDrawTarget::hidden());
        bar.set_message(what);
        bar.set_style(match bytes {
            0 => style("{msg} {spinner} {bytes}  {bytes_per_sec}"),
            _ => style("{msg} {bar:30} {percent:>3}%  {bytes}/{total_bytes}  {bytes_per_sec}  {eta} left"),
        });
        if is_shown() {
            show_later(&bar);
        }
        Progress { bar }
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
        self.bar.suspend(|| tell(text));
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
/// How many characters a whole bar has.
const BAR: usize = 30;

/// How much of the work is done, in parts of `u64::MAX`; 0 as long as nobody tells.
#[derive(Clone, Default)]
pub(crate) struct Part(Arc<AtomicU64>);

impl Part {
    pub(crate) fn set(&self, done: u64, whole: u64) {
        let part = u128::from(done.min(whole)) * u128::from(u64::MAX) / u128::from(whole.max(1));
        self.0.store(part as u64, Relaxed);
    }

    /// For who sets it himself.
    pub(crate) fn shared(&self) -> Arc<AtomicU64> {
        self.0.clone()
    }

    fn write(&self, text: &mut dyn fmt::Write, elapsed: Duration) -> fmt::Result {
        let part = self.0.load(Relaxed) as f64 / u64::MAX as f64;
        if part == 0.0 {
            return Ok(());
        }
        let full = (BAR as f64 * part) as usize;
        let left = elapsed.mul_f64((1.0 - part) / part.max(1e-6));
        let (done, open) = if has_unicode() { ("\u{2588}", "\u{2591}") } else { ("#", "-") };
        let (done, open) = (done.repeat(full), open.repeat(BAR - full));
        write!(text, "{done}{open} {:3.0}%  {} left  ", part * 100.0, HumanDuration(left))
    }
}

/// The standard output. What takes a while shows on the terminal how far it is and how much has come, as long as no line
/// is begun there.
pub(crate) struct Output {
    out: StdoutLock<'static>,
    bar: Option<ProgressBar>,
    part: Part,
    written: Arc<AtomicU64>,
    /// Whether the output goes to the terminal, too.
    beside: bool,
}

impl Output {
    pub(crate) fn new() -> Self {
        let out = io::stdout().lock();
        let (part, written) = (Part::default(), Arc::new(AtomicU64::new(0)));
        let bar = is_shown().then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
            let (part, written) = (part.clone(), written.clone());
            let style = style("{spinner} {part}{written}{elapsed}")
                .with_key("part", move |state: &ProgressState, text: &mut dyn fmt::Write| {
                    // There is nothing to be done about text that can't be shown.
                    let _ = part.write(text, state.elapsed());
                })
                .with_key("written", move |_: &ProgressState, text: &mut dyn fmt::Write| {
                    let bytes = written.load(Relaxed);
                    let _ = match bytes {
                        0 => text.write_str("running for "),
                        bytes => write!(text, "{} of output in ", HumanBytes(bytes)),
                    };
                });
            bar.set_style(style);
            show_later(&bar);
            bar
        });
        Output { out, bar, part, written, beside: io::stdout().is_terminal() }
    }

    /// Where to tell how much is done.
    pub(crate) fn part(&self) -> Part {
        self.part.clone()
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some(bar) = &self.bar else { return self.out.write(bytes) };
        let written = match self.beside {
            true if bytes.is_empty() => 0,
            true => {
                let done = bar.suspend(|| self.out.write_all(bytes).and_then(|()| self.out.flush()));
                if !bytes.ends_with(b"\n") {
                    bar.finish_and_clear();
                    self.bar = None;
                }
                done.map(|()| bytes.len())?
            }
            false => self.out.write(bytes)?,
        };
        self.written.fetch_add(written as u64, Relaxed);
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

/// On the terminal, if it goes on for so long.
fn show_later(bar: &ProgressBar) {
    let shown = bar.clone();
    thread::spawn(move || {
        thread::sleep(PATIENCE);
        if !shown.is_finished() {
            shown.set_draw_target(ProgressDrawTarget::stderr());
            shown.enable_steady_tick(Duration::from_millis(200));
        }
    });
}

/// Not beside a pipe: what reads it, a pager, may have the terminal for itself.
fn is_shown() -> bool {
    let is_pipe = fs::metadata("/dev/stdout").is_ok_and(|file| file.file_type().is_fifo());
    io::stderr().is_terminal() && !is_pipe
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
