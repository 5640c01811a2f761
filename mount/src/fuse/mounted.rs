//! A mount from its begin to its end.

use std::io;
use std::thread::JoinHandle;

use fuser::SessionUnmounter;

use crate::ending;

/// A file system that is mounted as long as this exists.
pub struct Mounted {
    session: Option<JoinHandle<io::Result<()>>>,
    unmounter: SessionUnmounter,
    owner: ending::Owner,
}

impl Mounted {
    pub(super) fn new(
        session: JoinHandle<io::Result<()>>,
        unmounter: SessionUnmounter,
        owner: ending::Owner,
    ) -> Mounted {
        Mounted { session: Some(session), unmounter, owner }
    }

    /// Waits until it is unmounted, by whomever.
    pub fn wait(mut self) -> io::Result<()> {
        if self.owner.wait() {
            // Its thread stays until the process ends.
            self.session = None;
            return Ok(());
        }
        self.join()
    }

    /// Fails when it is in use.
    pub fn unmount(mut self) -> io::Result<()> {
        if !self.owner.unmounts() {
            self.session = None;
            return Ok(());
        }
        self.unmounter.unmount()?;
        self.join()
    }

    fn join(&mut self) -> io::Result<()> {
        match self.session.take().map(JoinHandle::join) {
            Some(Ok(result)) => ended(result),
            Some(Err(_)) => Err(io::Error::other("a thread of the session panicked")),
            None => Ok(()),
        }
    }
}

/// The end of a session. A thread that takes a request just when the connection ends learns of it by ECONNABORTED; the
/// others are told that the device is gone, which is the end that fuser knows.
fn ended(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(e) if e.raw_os_error() == Some(libc::ECONNABORTED) => Ok(()),
        other => other,
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if self.session.is_some() && self.owner.unmounts() {
            // Fails when it is not mounted any more, which is fine.
            let _ = self.unmounter.unmount();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_that_ends_while_a_request_is_taken_is_an_end() {
        assert!(ended(Err(io::Error::from_raw_os_error(libc::ECONNABORTED))).is_ok());
        assert!(ended(Err(io::Error::from_raw_os_error(libc::EIO))).is_err());
        assert!(ended(Ok(())).is_ok());
    }
}
