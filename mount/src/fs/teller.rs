//! Tells the kernel of changes that were made through the mount.
//!
//! In a thread of its own: the kernel may wait for locks that the request holds with which the change came.

use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use super::Fs;
use crate::path::TableName;
use crate::tree::Tree;

/// How long who makes a change waits until the kernel knows. What it keeps is not good for longer than a second anyway,
/// and what is opened is looked at anew.
const PATIENCE: Duration = Duration::from_millis(300);

pub(super) struct Teller(Sender<(TableName, SyncSender<()>)>);

impl Teller {
    pub(super) fn start<T: Tree>(fs: &Arc<Fs<T>>) -> Self {
        let (sender, receiver) = channel();
        let fs = Arc::downgrade(fs);
        std::thread::spawn(move || run(&fs, &receiver));
        Teller(sender)
    }

    /// Returns when the kernel knows, or after a while.
    pub(super) fn tell(&self, table: &TableName) {
        let (done, wait) = sync_channel(1);
        if self.0.send((table.clone(), done)).is_ok() {
            let _ = wait.recv_timeout(PATIENCE);
        }
    }
}

fn run<T: Tree>(fs: &Weak<Fs<T>>, receiver: &Receiver<(TableName, SyncSender<()>)>) {
    while let Ok((table, done)) = receiver.recv() {
        let Some(fs) = fs.upgrade() else { return };
        fs.changed(|request| request.table().is_none_or(|t| *t == table));
        let _ = done.send(());
    }
}
