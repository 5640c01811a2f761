//! The kernel's side: turns each request into a call of [`Fs`] and its answer into a reply. No decisions are made here,
//! and `fuser` is named nowhere else.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::SystemTime;

use fuser::{
    Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, MountOption, Notifier, OpenAccMode, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyXattr, Request, Session, SessionACL, SessionUnmounter,
    TimeOrNow,
};

use crate::fs::{Fs, FsError, Kernel, Stat};
use crate::path::Kind;
use crate::tree::Tree;

/// The largest read that the kernel sends: with direct I/O a reader's buffer is filled by requests of this size.
const MAX_READ: u32 = 1 << 20;
const BLOCK: u32 = 4096;
/// So many reads that may take long do not make the others wait.
const LONG_READS: usize = 64;

pub struct SessionOptions {
    /// Shown as the source in the table of mounts.
    pub source: String,
    pub allow_other: bool,
    pub threads: usize,
}

/// A file system that is mounted as long as this exists.
pub struct Mounted {
    session: Option<JoinHandle<io::Result<()>>>,
    unmounter: SessionUnmounter,
}

impl Mounted {
    /// Waits until it is unmounted, by whomever.
    pub fn wait(mut self) -> io::Result<()> {
        self.join()
    }

    /// Fails when it is in use.
    pub fn unmount(mut self) -> io::Result<()> {
        self.unmounter.unmount()?;
        self.join()
    }

    fn join(&mut self) -> io::Result<()> {
        match self.session.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(_)) => Err(io::Error::other("a thread of the session panicked")),
            None => Ok(()),
        }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        // Fails when it is not mounted any more, which is fine.
        let _ = self.unmounter.unmount();
    }
}

/// When it returns, the mount can be used.
pub fn mount<T: Tree>(fs: &Arc<Fs<T>>, mountpoint: &Path, options: &SessionOptions) -> io::Result<Mounted> {
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::RO,
        MountOption::NoDev,
        MountOption::NoSuid,
        MountOption::NoAtime,
        MountOption::DefaultPermissions,
        MountOption::FSName(options.source.replace(',', "\\,")),
        MountOption::Subtype("sstablefs".into()),
    ];
    config.acl = if options.allow_other { SessionACL::All } else { SessionACL::Owner };
    config.n_threads = Some(options.threads.max(1));
    config.clone_fd = true;
    // SAFETY: these only read ids of this process.
    let (uid, gid) = unsafe { (libc::getuid(), libc::getgid()) };
    let mut session =
        Session::new(Adapter { fs: fs.clone(), uid, gid, long_reads: Arc::default() }, mountpoint, &config)?;
    fs.connect(Arc::new(Notes(session.notifier())));
    let unmounter = session.unmount_callable();
    let session = std::thread::Builder::new().name("session".into()).spawn(move || session.run())?;
    Ok(Mounted { session: Some(session), unmounter })
}

struct Notes(Notifier);

impl Notes {
    /// Only a cache is at stake, and it ends by itself soon.
    fn sent(result: io::Result<()>) {
        if let Err(e) = result {
            tracing::debug!("the kernel did not take a notification: {e}");
        }
    }
}

impl Kernel for Notes {
    fn forget_attributes(&self, ino: u64) {
        Self::sent(self.0.inval_inode(INodeNo(ino), -1, 0));
    }

    fn forget_content(&self, ino: u64) {
        Self::sent(self.0.inval_inode(INodeNo(ino), 0, 0));
    }

    fn forget_name(&self, parent: u64, name: &str) {
        Self::sent(self.0.inval_entry(INodeNo(parent), OsStr::new(name)));
    }
}

struct Adapter<T> {
    fs: Arc<Fs<T>>,
    uid: u32,
    gid: u32,
    /// Cloned by each read that has a thread of its own.
    long_reads: Arc<()>,
}

impl<T: Tree> Adapter<T> {
    fn attr(&self, stat: &Stat) -> FileAttr {
        let directory = stat.kind == Kind::Directory;
        FileAttr {
            ino: INodeNo(stat.ino),
            size: stat.size,
            blocks: stat.size.div_ceil(512),
            atime: stat.modified,
            mtime: stat.modified,
            ctime: stat.modified,
            crtime: stat.modified,
            kind: file_type(stat.kind),
            perm: if directory { 0o555 } else { 0o444 },
            nlink: if directory { 2 } else { 1 },
            uid: self.uid,
            gid: self.gid,
            rdev: 0,
            blksize: BLOCK,
            flags: 0,
        }
    }
}

fn file_type(kind: Kind) -> FileType {
    match kind {
        Kind::Directory => FileType::Directory,
        Kind::File => FileType::RegularFile,
    }
}

fn errno(error: &FsError) -> Errno {
    Errno::from_i32(error.errno())
}

fn answer_read<T: Tree>(fs: &Fs<T>, handle: FileHandle, offset: u64, size: u32, reply: ReplyData) {
    let mut reply = Some(reply);
    let result = fs.read(handle.0, offset, size, &mut |bytes| {
        if let Some(reply) = reply.take() {
            reply.data(bytes);
        }
    });
    if let (Err(e), Some(reply)) = (result, reply) {
        reply.error(errno(&e));
    }
}

impl<T: Tree> Filesystem for Adapter<T> {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // Each is taken where the kernel has it; none is needed.
        for flag in [
            InitFlags::FUSE_ASYNC_DIO,
            InitFlags::FUSE_PARALLEL_DIROPS,
            InitFlags::FUSE_CACHE_SYMLINKS,
            InitFlags::FUSE_DIRECT_IO_ALLOW_MMAP,
            // Pages stay until a changed version is opened: see `Fs`.
            InitFlags::FUSE_EXPLICIT_INVAL_DATA,
        ] {
            let _ = config.add_capabilities(flag);
        }
        let _ = config.set_max_write(MAX_READ);
        if let Err(most) = config.set_max_readahead(MAX_READ) {
            let _ = config.set_max_readahead(most);
        }
        let _ = config.set_max_background(32);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        // All names here are UTF-8: no other exists.
        let Some(name) = name.to_str() else { return reply.error(Errno::ENOENT) };
        match self.fs.lookup(parent.0, name) {
            Ok(stat) => reply.entry_with_ttls(&stat.valid, &self.fs.name_valid(), &self.attr(&stat), Generation(0)),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn forget(&self, _: &Request, ino: INodeNo, count: u64) {
        self.fs.forget(ino.0, count);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, handle: Option<FileHandle>, reply: ReplyAttr) {
        match self.fs.getattr(ino.0, handle.map(|h| h.0)) {
            Ok(stat) => reply.attr(&stat.valid, &self.attr(&stat)),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        _: INodeNo,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u32>,
        _: Option<u64>,
        _: Option<TimeOrNow>,
        _: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        reply.error(errno(&FsError::ReadOnly));
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        match self.fs.open(ino.0, flags.acc_mode() != OpenAccMode::O_RDONLY) {
            Ok(open) => {
                let mut flags = FopenFlags::FOPEN_NOFLUSH;
                flags.set(FopenFlags::FOPEN_DIRECT_IO, open.direct);
                flags.set(FopenFlags::FOPEN_KEEP_CACHE, open.keep_cache);
                reply.opened(FileHandle(open.handle), flags);
            }
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let place = self.long_reads.clone();
        if !self.fs.may_take_long(handle.0) || Arc::strong_count(&place) > LONG_READS {
            return answer_read(&self.fs, handle, offset, size, reply);
        }
        let fs = self.fs.clone();
        let read = move || {
            answer_read(&fs, handle, offset, size, reply);
            drop(place);
        };
        // Without a thread the reply is dropped, which the kernel is told as an error.
        if let Err(e) = std::thread::Builder::new().name("read".into()).spawn(read) {
            tracing::error!("no thread for a read: {e}");
        }
    }

    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        // The closing process need not wait for what is freed.
        reply.ok();
        self.fs.release(handle.0);
    }

    fn opendir(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        match self.fs.opendir(ino.0) {
            Ok(handle) => reply.opened(FileHandle(handle), FopenFlags::empty()),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn readdir(&self, _: &Request, _: INodeNo, handle: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        let result = self.fs.readdir(handle.0, offset, &mut |ino, next, kind, name| {
            reply.add(INodeNo(ino), next, file_type(kind), name)
        });
        match result {
            Ok(()) => reply.ok(),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn releasedir(&self, _: &Request, _: INodeNo, handle: FileHandle, _: OpenFlags, reply: ReplyEmpty) {
        self.fs.releasedir(handle.0);
        reply.ok();
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(0, 0, 0, 0, 0, BLOCK, 255, BLOCK);
    }

    fn getxattr(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, reply: ReplyXattr) {
        // Tells the kernel not to ask again.
        reply.error(Errno::ENOSYS);
    }

    fn listxattr(&self, _: &Request, _: INodeNo, _: u32, reply: ReplyXattr) {
        reply.error(Errno::ENOSYS);
    }
}
