//! How a mount ends: by us, or by somebody who took it out of the tree of names.
//!
//! When its session ends, fuser unmounts what is mounted at the path, also when the mount itself is long gone: it can be
//! another one that was mounted there since. So a session that ended from outside is kept from going on to that point,
//! until the process ends.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, SyncSender};

use parking_lot::Mutex;

/// Held by the session.
pub(crate) struct Session {
    ended: SyncSender<()>,
    ours: Arc<AtomicBool>,
}

/// Held by who mounted it.
pub(crate) struct Owner {
    ended: Mutex<Receiver<()>>,
    ours: Arc<AtomicBool>,
}

pub(crate) fn pair() -> (Session, Owner) {
    let (send, receive) = mpsc::sync_channel(1);
    let ours = Arc::new(AtomicBool::new(false));
    (Session { ended: send, ours: ours.clone() }, Owner { ended: Mutex::new(receive), ours })
}

impl Session {
    /// To be called when the last request was answered. Returns only when the owner unmounted it.
    pub(crate) fn end(&self) {
        if self.ours.load(Ordering::SeqCst) {
            return;
        }
        let _ = self.ended.try_send(());
        loop {
            std::thread::park();
        }
    }
}

impl Owner {
    /// Waits until it ended from outside, or the session is gone.
    pub(crate) fn wait(&self) -> bool {
        self.ended.lock().recv().is_ok()
    }

    /// To be called before it is unmounted. `false`: it has ended from outside, and there is nothing to unmount.
    pub(crate) fn unmounts(&self) -> bool {
        self.ours.store(true, Ordering::SeqCst);
        self.ended.lock().try_recv().is_err()
    }
}
