//! Runs a program and says what it took.

use std::mem::MaybeUninit;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::json;

use crate::Outcome;

/// This process is small, and so is what the program starts from: its peak of memory is its own.
pub(crate) fn run(program: &str, args: &[&str]) -> Outcome {
    let started = Instant::now();
    let child = Command::new(program).args(args).stdout(Stdio::null()).spawn()?;
    let pid = libc::pid_t::try_from(child.id())?;
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both point to what lives until the call returns; the child is waited for nowhere else.
    if unsafe { libc::wait4(pid, &mut status, 0, usage.as_mut_ptr()) } != pid {
        return Err(std::io::Error::last_os_error().into());
    }
    let seconds = started.elapsed().as_secs_f64();
    // SAFETY: all zeros are a rusage, too.
    let usage = unsafe { usage.assume_init() };
    let time = |t: libc::timeval| t.tv_sec as f64 + t.tv_usec as f64 / 1e6;
    if status != 0 {
        return Err(format!("{program} ended with wait status {status}").into());
    }
    Ok(json!({
        "seconds": seconds,
        "user": time(usage.ru_utime),
        "system": time(usage.ru_stime),
        "rss": usage.ru_maxrss,
    }))
}
