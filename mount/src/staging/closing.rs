//! What a close means for a staged file.
//!
//! A flush comes whenever a descriptor is closed, also a duplicate of one through which more is going to be written:
//! nothing says which is the last. Told apart are:
//!
//! - Nothing was written since the last one: nothing to do. A shell opens the file, duplicates the descriptor and closes
//!   the first one before anything is written.
//! - Who closes has not written, and a parent of it has the file open, too: a child that inherited it and goes.
//! - Who closes has written, and it or a parent has the file open, too: `(cat a; cat b) > f`. What is there is taken
//!   up if it is whole, and otherwise when more has come.
//! - Who closes ends because of a signal: it has not written all.
//! - Anything else is the last one: bad text is an error.
//!
//! The release, when no descriptor is left, takes up what is left then; nobody hears of its errors but the log.

use super::file::{State, Verdict};

/// Who closes.
pub(super) struct Closing<'a> {
    /// The table of descriptors that it belongs to, as far as that is known.
    pub(super) owner: Option<u64>,
    /// Whether it or a process that it comes from has the file open for writing, too.
    pub(super) is_open_elsewhere: &'a dyn Fn() -> bool,
    pub(super) is_killed: &'a dyn Fn() -> bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Nothing,
    /// As it was said before.
    StillBad,
    Fail(i32),
    /// The writer was killed.
    GiveUp,
    /// `last`: no more is known to come.
    TakeUp {
        last: bool,
    },
}

/// For a file of `size` bytes with a plain name.
pub(super) fn at_flush(state: &State, size: u64, closing: &Closing<'_>) -> Step {
    let has_written = closing.owner.is_none_or(|owner| state.writers.contains(owner));
    if !state.has_news {
        return match state.verdict {
            Verdict::Torn(errno) | Verdict::Failed(errno) => Step::Fail(errno),
            Verdict::Bad if has_written => Step::StillBad,
            Verdict::None | Verdict::Taken | Verdict::Bad | Verdict::Later(_) => Step::Nothing,
        };
    }
    if let Verdict::Torn(errno) = state.verdict {
        return Step::Fail(errno);
    }
    if size == 0 {
        return Step::Nothing;
    }
    if has_written && (closing.is_killed)() {
        return Step::GiveUp;
    }
    let last = !(closing.is_open_elsewhere)();
    match state.verdict {
        _ if last => Step::TakeUp { last: true },
        _ if !has_written => Step::Nothing,
        // Reading it all again for each piece would take quadratic time.
        Verdict::Later(at) if size < at.saturating_mul(2) => Step::Nothing,
        _ => Step::TakeUp { last: false },
    }
}

/// When the last descriptor is gone.
pub(super) fn at_release(state: &State, size: u64) -> Step {
    match state.verdict {
        Verdict::Torn(_) => Step::Nothing,
        _ if state.has_news && size > 0 => Step::TakeUp { last: true },
        _ => Step::Nothing,
    }
}
