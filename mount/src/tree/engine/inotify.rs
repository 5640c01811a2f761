//! The kernel's news about folders.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};

/// What a folder is watched for: files that come, go or are written.
const NEWS: WatchFlags = WatchFlags::CREATE
    .union(WatchFlags::DELETE)
    .union(WatchFlags::MODIFY)
    .union(WatchFlags::CLOSE_WRITE)
    .union(WatchFlags::MOVED_FROM)
    .union(WatchFlags::MOVED_TO)
    .union(WatchFlags::DELETE_SELF)
    .union(WatchFlags::MOVE_SELF)
    .union(WatchFlags::ONLYDIR);

/// Of `struct inotify_event`, in front of the name.
const HEAD: usize = 16;

pub(super) struct Inotify(File);

/// Which folder there is news of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum News {
    Folder(i32),
    /// More than fitted into the queue: of any folder.
    Lost,
}

impl Inotify {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Inotify(File::from(inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?)))
    }

    /// The number that the folder has in [`News`]; the same one when it is watched already.
    pub(super) fn add(&self, folder: &Path) -> io::Result<i32> {
        Ok(inotify::add_watch(&self.0, folder, NEWS)?)
    }

    /// Waits up to `limit`, and takes what there is.
    pub(super) fn wait(&mut self, limit: Duration, news: &mut Vec<News>) -> io::Result<()> {
        let limit = Timespec::try_from(limit).ok();
        // Interrupted, it has waited less.
        let _ = poll(&mut [PollFd::new(&self.0, PollFlags::IN)], limit.as_ref());
        let mut buffer = [0; 16 << 10];
        loop {
            match self.0.read(&mut buffer) {
                Ok(length) => parse(&buffer[..length], news),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(e),
            }
        }
    }
}

/// `i32 wd │ u32 mask │ u32 cookie │ u32 length │ name`, in the machine's byte order.
fn parse(mut bytes: &[u8], news: &mut Vec<News>) {
    let field = |bytes: &[u8], at: usize| -> u32 {
        bytes.get(at..at + 4).and_then(|b| b.try_into().ok()).map_or(0, u32::from_ne_bytes)
    };
    while bytes.len() >= HEAD {
        let (wd, mask, length) = (field(bytes, 0) as i32, field(bytes, 4), field(bytes, 12) as usize);
        let one = if mask & libc::IN_Q_OVERFLOW != 0 { News::Lost } else { News::Folder(wd) };
        if !news.contains(&one) {
            news.push(one);
        }
        bytes = bytes.get(HEAD + length..).unwrap_or_default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn news_of_the_right_folder() {
        let root = tempfile::tempdir().unwrap();
        let folders = ["a", "b"].map(|n| root.path().join(n));
        folders.iter().for_each(|f| std::fs::create_dir(f).unwrap());
        let mut inotify = Inotify::new().unwrap();
        let numbers = folders.each_ref().map(|f| inotify.add(f).unwrap());
        let mut news = Vec::new();
        inotify.wait(Duration::ZERO, &mut news).unwrap();
        assert_eq!(news, []);
        std::fs::write(folders[1].join("x"), "1").unwrap();
        std::fs::write(folders[1].join("y"), "1").unwrap();
        inotify.wait(Duration::from_secs(5), &mut news).unwrap();
        assert_eq!(news, [News::Folder(numbers[1])]);
        assert!(inotify.add(&root.path().join("none")).is_err());
    }
}
