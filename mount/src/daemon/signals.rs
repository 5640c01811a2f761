//! SIGINT, SIGTERM and SIGHUP end the mount.

use std::io;

pub(super) struct Signals(libc::sigset_t);

impl Signals {
    /// Blocks them, for this thread and those that it starts. To be called before any other thread exists.
    pub(super) fn block() -> Self {
        // SAFETY: a set of signals is plain data, of which all zeros are one, and each call is given the address of this one,
        // which lives through it. Changing the mask affects no memory.
        #[expect(unsafe_code, reason = "Rust's library has no signals")]
        unsafe {
            let mut set = std::mem::zeroed();
            libc::sigemptyset(&raw mut set);
            for signal in [libc::SIGINT, libc::SIGTERM, libc::SIGHUP] {
                libc::sigaddset(&raw mut set, signal);
            }
            libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, std::ptr::null_mut());
            Signals(set)
        }
    }

    /// Waits for the next one.
    pub(super) fn wait(&self) -> io::Result<i32> {
        let mut signal = 0;
        // SAFETY: the set is initialised, `signal` is written only, and both live through the call.
        #[expect(unsafe_code, reason = "Rust's library has no signals")]
        let result = unsafe { libc::sigwait(&raw const self.0, &raw mut signal) };
        match result {
            0 => Ok(signal),
            code => Err(io::Error::from_raw_os_error(code)),
        }
    }
}
