//! Has the kernel forget names, so that what is kept for each does not grow with the number of files that were looked at.
//!
//! The kernel keeps the names of a million files if it has the memory, and a node must live as long. When there are too
//! many, the oldest ones are taken back, and the kernel forgets their inodes.

use std::sync::{Arc, OnceLock, Weak};
use std::thread::Thread;
use std::time::Duration;

use super::Fs;
use super::inodes;
use crate::tree::Tree;

/// How often to see whether the file system still lives.
const IDLE: Duration = Duration::from_secs(1);

/// In a thread of its own: the kernel may hold a folder's lock during a request in it, and needs it to drop a name.
#[derive(Default)]
pub(super) struct Janitor(OnceLock<Thread>);

impl Janitor {
    pub(super) fn start<T: Tree>(&self, fs: &Arc<Fs<T>>) {
        let fs = Arc::downgrade(fs);
        self.0.get_or_init(|| std::thread::spawn(move || run(&fs)).thread().clone());
    }

    pub(super) fn call(&self) {
        if let Some(thread) = self.0.get() {
            thread.unpark();
        }
    }
}

fn run<T: Tree>(fs: &Weak<Fs<T>>) {
    loop {
        std::thread::park_timeout(IDLE);
        let Some(fs) = fs.upgrade() else { return };
        let Some(kernel) = fs.kernel.get() else { continue };
        let mut name = String::new();
        for request in fs.inodes.surplus() {
            name.clear();
            request.write_name(&mut name);
            kernel.forget_name(inodes::number(&request.parent()), &name);
        }
    }
}
