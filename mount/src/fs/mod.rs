//! The operations of the file system, in plain values: no FUSE, so that they are tested without a kernel.
//!
//! - What a file shows is fixed when it is opened: its handle holds the content. See `inodes` for what happens to a
//!   name whose data changes meanwhile.
//! - Files whose size is known go through the page cache, which stays valid as long as the version does; the others
//!   are read with direct I/O, which is faster and needs no size.
//! - No lock is held while the tree or a content works.

mod error;
mod handles;
mod inodes;
mod janitor;
mod owners;
mod recent;
mod teller;
#[cfg(test)]
mod tests;
mod write;

use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;

pub use error::FsError;
pub use inodes::ROOT;
pub use write::Room;

use crate::access::Person;
use crate::content::Content;
use crate::path::{Kind, Request};
use crate::staging::{Staging, is_staged};
use crate::tree::{Attributes, Change, Listener, Listing, Opened, Size, Tree};
use handles::Handles;
use inodes::{Binding, Inodes};
use janitor::Janitor;
use recent::Recent;

/// How long the kernel may answer without asking. Short: what it knows is also taken back when the data changes, but
/// rows with a TTL change by themselves.
const VALID: Duration = Duration::from_secs(1);

/// What programs expect of a file system; the kernel would take longer names.
const MAX_NAME: usize = 255;

/// How files are shown.
#[derive(Debug, Clone, Copy, Default)]
pub struct FsOptions {
    /// Whether stat makes a file to know its size, however large it is.
    pub exact_sizes: bool,
    /// Whether others than who mounts it may use it.
    pub shared: bool,
}

/// What stat shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stat {
    /// The number of the inode.
    pub ino: u64,
    /// A folder or a file.
    pub kind: Kind,
    /// In bytes; 0 for what is only known at its end.
    pub size: u64,
    /// The number of the owner.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
    /// Permissions.
    pub mode: u16,
    /// When what it shows last changed.
    pub modified: SystemTime,
    /// How long the kernel may keep it.
    pub valid: Duration,
}

/// How the kernel is to treat an open file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Open {
    /// For reads and [`Fs::release`].
    pub handle: u64,
    /// Around the page cache.
    pub direct: bool,
    /// Pages that the kernel has are still right.
    pub keep_cache: bool,
    /// Whether to be told of each close.
    pub flush: bool,
}

/// What can be told to the kernel.
pub trait Kernel: Send + Sync {
    /// The attributes of an inode are to be asked for again.
    fn forget_attributes(&self, ino: u64);
    /// Attributes and pages.
    fn forget_content(&self, ino: u64);
    /// A name in a folder is to be looked up again.
    fn forget_name(&self, parent: u64, name: &str);
}

struct FileHandle {
    ino: u64,
    opened: Opened,
    request: Request,
    direct: bool,
}

struct DirectoryHandle {
    request: Request,
    state: Mutex<Directory>,
}

struct Directory {
    listing: Box<dyn Listing>,
    /// Number of the entry that `listing` gives next.
    next: u64,
    /// An entry that did not fit into the last answer: its number, kind and name.
    left: Option<(u64, Kind)>,
    name: String,
}

/// The answers to the kernel's questions about a [`Tree`], in plain values. Inodes live until the kernel forgets
/// them.
pub struct Fs<T> {
    tree: T,
    options: FsOptions,
    inodes: Inodes,
    files: Handles<FileHandle>,
    directories: Handles<DirectoryHandle>,
    recent: Recent,
    kernel: OnceLock<Arc<dyn Kernel>>,
    janitor: Janitor,
    staging: Option<Arc<Staging>>,
    me: Person,
}

/// Passes changes on as long as the file system lives.
struct Changes<T>(Weak<Fs<T>>);

impl<T: Tree> Listener for Changes<T> {
    fn changed(&self, change: Change) {
        let Some(fs) = self.0.upgrade() else { return };
        match change {
            // A statement may be about any.
            Change::Table(table) => {
                fs.changed(|request| request.table() == Some(&table) || matches!(request, Request::Statement(..)));
            }
            Change::Names => fs.changed(|_| true),
        }
    }

    fn is_listening(&self) -> bool {
        self.0.strong_count() > 0
    }
}

impl<T: Tree> Fs<T> {
    /// Over a tree; nothing of it is read yet.
    pub fn new(tree: T, options: FsOptions) -> Self {
        let staging = tree.intakes().map(Staging::new);
        Fs {
            staging,
            tree,
            options,
            inodes: Inodes::default(),
            files: Handles::default(),
            directories: Handles::default(),
            recent: Recent::default(),
            kernel: OnceLock::new(),
            janitor: Janitor::default(),
            me: Person::own(),
        }
    }

    /// What is shown.
    pub fn tree(&self) -> &T {
        &self.tree
    }

    /// To be called once, when the mount stands.
    pub fn connect(self: &Arc<Self>, kernel: Arc<dyn Kernel>) {
        self.kernel.get_or_init(|| kernel);
        self.janitor.start(self);
        self.connect_staging();
        self.tree.watch(Box::new(Changes(Arc::downgrade(self))));
    }

    /// Puts an error of the tree into the log, with the path, and tells the tree of it.
    fn about<V>(&self, request: &Request, result: sstablefs::Result<V>) -> Result<V, FsError> {
        result.map_err(|e| {
            tracing::error!(path = %request, "{e}");
            self.tree.failed(request, &e);
            FsError::Engine(e)
        })
    }

    /// What a name in a folder is; the kernel knows its inode from now on.
    pub fn lookup(&self, parent: u64, name: &str) -> Result<Stat, FsError> {
        if is_staged(parent) {
            return Err(FsError::NotDirectory);
        }
        let parent = self.inodes.request(parent)?;
        if parent.kind() != Kind::Directory {
            return Err(FsError::NotDirectory);
        }
        if name.len() > MAX_NAME {
            return Err(FsError::NameTooLong);
        }
        if let Request::Staging(table) = &parent {
            return self.lookup_staged(table, name);
        }
        let request = parent.child(name).ok_or(FsError::NoEntry)?;
        let before = self.inodes.told(&request);
        let attributes = self.attributes(&request, before)?.ok_or(FsError::NoEntry)?;
        let ino = self.inodes.look_up(&request, &attributes);
        if self.inodes.are_many() {
            self.janitor.call();
        }
        Ok(self.with_owner(&request, self.cheap_stat(ino, &attributes)))
    }

    fn attributes(&self, request: &Request, before: Option<Attributes>) -> Result<Option<Attributes>, FsError> {
        let attributes = match before {
            Some(before) => self.tree.attributes_again(request, &before),
            None => self.tree.attributes(request),
        };
        self.about(request, attributes)
    }

    /// How long the kernel may take a name for what it was.
    pub fn name_valid(&self, ino: u64) -> Duration {
        if is_staged(ino) || self.is_guarded(ino) { Duration::ZERO } else { VALID }
    }

    /// The kernel drops `count` of the times that it looked the inode up.
    pub fn forget(&self, ino: u64, count: u64) {
        match self.staging.as_ref().filter(|_| is_staged(ino)) {
            Some(staging) => staging.forget(ino, count),
            None => self.inodes.forget(ino, count),
        }
    }

    /// What stat shows of an inode. The size is that of the version that the kernel has pages of, whoever asks: for one
    /// that is open in another version, too, which is read around the pages.
    pub fn getattr(&self, ino: u64) -> Result<Stat, FsError> {
        if is_staged(ino) {
            return self.stat_staged(ino);
        }
        let (request, before) = self.inodes.known(ino)?;
        if let Some(Opened { attributes, content }) = self.inodes.opened(ino) {
            return self.stat(ino, &request, &attributes, || Ok(content));
        }
        let attributes = self.attributes(&request, before)?.ok_or(FsError::NoEntry)?;
        if let Some(Opened { attributes, content }) = self.inodes.tell(ino, &attributes) {
            return self.stat(ino, &request, &attributes, || Ok(content));
        }
        self.stat(ino, &request, &attributes, || {
            let opened = self.about(&request, self.tree.open(&request))?.ok_or(FsError::NoEntry)?;
            Ok(self.recent.put(ino, &opened))
        })
    }

    /// Opens a file as it is now: later changes don't show in it.
    pub fn open(&self, ino: u64, write: bool) -> Result<Open, FsError> {
        if is_staged(ino) {
            return self.open_staged(ino, write);
        }
        let (request, before) = self.inodes.known(ino)?;
        if request.kind() == Kind::Directory {
            return Err(FsError::IsDirectory);
        }
        if write {
            return Err(FsError::ReadOnly);
        }
        let opened = match before {
            Some(before) => self.tree.open_again(&request, &before),
            None => self.tree.open(&request),
        };
        // Not stale: the kernel would look it up once more and then give up, though it may have come back and gone again.
        let mut opened = self.about(&request, opened)?.ok_or(FsError::NoEntry)?;
        if !matches!(opened.attributes.size, Size::Exact(_))
            && let Some(content) = self.recent.get(ino, opened.attributes.version)
        {
            opened.content = content.reopen();
        }
        let binding = self.inodes.open(ino, &opened)?;
        if matches!(binding, Binding::Attributes | Binding::Content) {
            // Nobody reads its pages, so that no read holds one that this waits for.
            match self.kernel.get() {
                Some(kernel) if binding == Binding::Content => kernel.forget_content(ino),
                Some(kernel) => kernel.forget_attributes(ino),
                None => {}
            }
            self.inodes.dropped(ino, opened.attributes.version);
        }
        let direct = !matches!(opened.attributes.size, Size::Exact(_)) || binding == Binding::Around;
        let handle = self.files.add(FileHandle { ino, opened, request, direct });
        Ok(Open { handle, direct, keep_cache: binding != Binding::Content && !direct, flush: false })
    }

    /// Hands up to `size` bytes from `offset` on to `sink`; fewer only at the end, or before what can't be read.
    pub fn read(&self, handle: u64, offset: u64, size: u32, sink: &mut dyn FnMut(&[u8])) -> Result<(), FsError> {
        if is_staged(handle) {
            return Ok(self.staging()?.read(handle, offset, size, sink)?);
        }
        let file = self.files.get(handle)?;
        self.about(&file.request, file.opened.content.read(offset, size as usize, sink))
    }

    /// Whether a read may be long without an answer.
    pub fn may_take_long(&self, handle: u64) -> bool {
        self.files.get(handle).is_ok_and(|file| file.opened.content.may_take_long())
    }

    /// A file that was opened is closed.
    pub fn release(&self, handle: u64) {
        if let Some(staging) = self.staging.as_ref().filter(|_| is_staged(handle)) {
            return staging.release(handle);
        }
        if let Some(file) = self.files.remove(handle) {
            self.inodes.close(file.ino, !file.direct);
        }
    }

    /// Opens a folder as it is now, to be listed.
    pub fn opendir(&self, ino: u64) -> Result<u64, FsError> {
        let request = self.inodes.request(ino)?;
        if request.kind() != Kind::Directory {
            return Err(FsError::NotDirectory);
        }
        let listing = self.list(&request)?;
        let state = Mutex::new(Directory { listing, next: 0, left: None, name: String::new() });
        Ok(self.directories.add(DirectoryHandle { request, state }))
    }

    fn list(&self, request: &Request) -> Result<Box<dyn Listing>, FsError> {
        match request {
            Request::Staging(table) => self.list_staged(table),
            _ => self.about(request, self.tree.list(request))?.ok_or(FsError::NoEntry),
        }
    }

    /// Offers entries from number `offset` on to `add`, with the number of the one that follows, until it answers that
    /// it is full.
    pub fn readdir(
        &self,
        handle: u64,
        offset: u64,
        add: &mut dyn FnMut(u64, u64, Kind, &str) -> bool,
    ) -> Result<(), FsError> {
        let directory = self.directories.get(handle)?;
        let state = &mut *directory.state.lock();
        let dots = [(".", directory.request.clone()), ("..", directory.request.parent())];
        for (i, (name, request)) in dots.iter().enumerate().skip(offset.min(2) as usize) {
            if add(inodes::number(request), i as u64 + 1, Kind::Directory, name) {
                return Ok(());
            }
        }
        let mut wanted = offset.saturating_sub(dots.len() as u64);
        if offset == 0 && state.next > 0 {
            // rewinddir: what is listed from here on is what exists now.
            state.listing = self.list(&directory.request)?;
            (state.next, state.left) = (0, None);
        }
        loop {
            let kind = match state.left.take() {
                Some((number, kind)) if number == wanted => kind,
                _ => {
                    if state.next != wanted {
                        self.about(&directory.request, state.listing.seek(wanted))?;
                        state.next = wanted;
                    }
                    let Some(kind) = self.about(&directory.request, state.listing.next(&mut state.name))? else {
                        return Ok(());
                    };
                    state.next = wanted + 1;
                    kind
                }
            };
            let ino = match &directory.request {
                Request::Staging(table) => self.number_staged(table, &state.name),
                request => request.child(&state.name).map_or(ROOT, |r| inodes::number(&r)),
            };
            if add(ino, wanted + 1 + dots.len() as u64, kind, &state.name) {
                state.left = Some((wanted, kind));
                return Ok(());
            }
            wanted += 1;
        }
    }

    /// A folder that was opened is closed.
    pub fn releasedir(&self, handle: u64) {
        self.directories.remove(handle);
    }

    /// Takes back what the kernel knows about the nodes that `which` chooses: their data changed. Not to be called from
    /// within a request: the kernel may wait for locks that it holds during one.
    pub fn changed(&self, which: impl Fn(&Request) -> bool) {
        // A staging folder is there whatever happens in it.
        let nodes = self.inodes.select(|request| !matches!(request, Request::Staging(_)) && which(request));
        self.recent.forget(|ino| nodes.iter().any(|n| n.0 == ino));
        let Some(kernel) = self.kernel.get() else { return };
        let mut name = String::new();
        for (ino, request) in nodes {
            if self.inodes.begin_drop(ino) {
                kernel.forget_content(ino);
                self.inodes.end_drop(ino);
            }
            name.clear();
            request.write_name(&mut name);
            kernel.forget_name(inodes::number(&request.parent()), &name);
        }
    }

    /// The stat of a lookup, which nobody may have asked for: no work for a size. Without an owner.
    fn cheap_stat(&self, ino: u64, attributes: &Attributes) -> Stat {
        let known = match attributes.size {
            Size::Exact(size) => Some(size),
            Size::Open if !self.options.exact_sizes => Some(0),
            Size::Open | Size::OnDemand => {
                self.recent.get(ino, attributes.version).and_then(|content| content.known_size())
            }
        };
        // Valid for no time: the kernel asks again when somebody wants to know.
        let valid = if known.is_some() { VALID } else { Duration::ZERO };
        let (kind, size) = (attributes.kind, known.unwrap_or(0));
        Stat { ino, kind, size, uid: 0, gid: 0, mode: 0, modified: attributes.modified, valid }
    }

    fn stat(
        &self,
        ino: u64,
        request: &Request,
        attributes: &Attributes,
        content: impl FnOnce() -> Result<Arc<dyn Content>, FsError>,
    ) -> Result<Stat, FsError> {
        let mut stat = self.with_owner(request, self.cheap_stat(ino, attributes));
        if stat.valid.is_zero() {
            let measured = content()?.measure();
            stat.size = self.about(request, measured)?;
            stat.valid = VALID;
        }
        Ok(stat)
    }
}
