//! The kernel's side: turns each request into a call of [`Fs`] and its answer into a reply. No decisions are made here,
//! and `fuser` is named nowhere but here.

mod mounted;

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use fuser::{
    Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, MountOption, Notifier, OpenAccMode, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate,
    ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, ReplyXattr, Request,
    Session, SessionACL, TimeOrNow, WriteFlags,
};

pub use self::mounted::Mounted;

use crate::access::{Permissions, Person};
use crate::ending;
use crate::fs::{Fs, FsError, Kernel, Open, Stat};
use crate::path::Kind;
use crate::staging::Set;
use crate::tree::Tree;

/// The largest read that the kernel sends: with direct I/O a reader's buffer is filled by requests of this size.
const MAX_READ: u32 = 1 << 20;
const BLOCK: u32 = 4096;
/// So many reads that may take long do not make the others wait.
const LONG_READS: usize = 64;

/// How a file system is mounted.
pub struct SessionOptions {
    /// Shown as the source in the table of mounts.
    pub source: String,
    /// Users other than the one who mounts are let in.
    pub allow_other: bool,
    /// How many requests are answered at a time.
    pub threads: usize,
}

/// When it returns, the mount can be used.
pub fn mount<T: Tree>(fs: &Arc<Fs<T>>, mountpoint: &Path, options: &SessionOptions) -> io::Result<Mounted> {
    let mut config = Config::default();
    config.mount_options = vec![
        if fs.is_writable() { MountOption::RW } else { MountOption::RO },
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
    let (ending, owner) = ending::pair();
    let adapter = Adapter { fs: fs.clone(), long_reads: Arc::default(), ending };
    let mut session = Session::new(adapter, mountpoint, &config)?;
    fs.connect(Arc::new(Notes(session.notifier())));
    let unmounter = session.unmount_callable();
    let session = std::thread::Builder::new().name("session".into()).spawn(move || session.run())?;
    Ok(Mounted::new(session, unmounter, owner))
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
    /// Cloned by each read that has a thread of its own.
    long_reads: Arc<()>,
    ending: ending::Session,
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
            perm: stat.mode,
            nlink: if directory { 2 } else { 1 },
            uid: stat.uid,
            gid: stat.gid,
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

fn open_flags(open: &Open) -> FopenFlags {
    let mut flags = FopenFlags::empty();
    flags.set(FopenFlags::FOPEN_NOFLUSH, !open.flush);
    flags.set(FopenFlags::FOPEN_DIRECT_IO, open.direct);
    flags.set(FopenFlags::FOPEN_KEEP_CACHE, open.keep_cache);
    flags
}

/// For what may take long: all other requests must be answered meanwhile.
fn aside(work: impl FnOnce() + Send + 'static) {
    // A reply that is dropped is an error for who waits for it.
    if let Err(e) = std::thread::Builder::new().name("staging".into()).spawn(work) {
        tracing::error!("no thread can be started: {e}");
    }
}

fn done(result: Result<(), FsError>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(e) => reply.error(errno(&e)),
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
    fn destroy(&mut self) {
        self.ending.end();
    }

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

    fn lookup(&self, request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        // All names here are UTF-8: no other exists.
        let Some(name) = name.to_str() else { return reply.error(Errno::ENOENT) };
        if self.fs.guards(parent.0) {
            let person = Person::of_process(request.uid(), request.gid(), request.pid());
            if let Err(e) = self.fs.admit(parent.0, name, &person) {
                return reply.error(errno(&e));
            }
        }
        match self.fs.lookup(parent.0, name) {
            Ok(stat) => {
                reply.entry_with_ttls(&stat.valid, &self.fs.name_valid(stat.ino), &self.attr(&stat), Generation(0))
            }
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn forget(&self, _: &Request, ino: INodeNo, count: u64) {
        self.fs.forget(ino.0, count);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        match self.fs.getattr(ino.0) {
            Ok(stat) => reply.attr(&stat.valid, &self.attr(&stat)),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        mode: Option<u32>,
        uid: Option<u32>,
        gid: Option<u32>,
        size: Option<u64>,
        _: Option<TimeOrNow>,
        modified: Option<TimeOrNow>,
        _: Option<SystemTime>,
        _: Option<FileHandle>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<SystemTime>,
        _: Option<fuser::BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let modified = modified.map(|time| match time {
            TimeOrNow::SpecificTime(time) => time,
            TimeOrNow::Now => SystemTime::now(),
        });
        let set = Set { size, mode: mode.map(|mode| (mode & 0o777) as u16), uid, gid, modified };
        match self.fs.setattr(ino.0, &set) {
            Ok(stat) => reply.attr(&stat.valid, &self.attr(&stat)),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn open(&self, _: &Request, ino: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        match self.fs.open(ino.0, flags.acc_mode() != OpenAccMode::O_RDONLY) {
            Ok(open) => {
                reply.opened(FileHandle(open.handle), open_flags(&open));
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

    fn create(
        &self,
        request: &Request,
        parent: INodeNo,
        name: &OsStr,
        mode: u32,
        _: u32,
        flags: i32,
        reply: ReplyCreate,
    ) {
        let Some(name) = name.to_str() else { return reply.error(Errno::EILSEQ) };
        let new = Permissions { uid: request.uid(), gid: request.gid(), mode: (mode & 0o777) as u16 };
        match self.fs.create(parent.0, name, new, flags & libc::O_EXCL != 0) {
            Ok((stat, open)) => {
                let (handle, flags) = (FileHandle(open.handle), open_flags(&open));
                reply.created(&stat.valid, &self.attr(&stat), Generation(0), handle, flags);
            }
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        flags: OpenFlags,
        owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let offset = if flags.0 & libc::O_APPEND != 0 { None } else { Some(offset) };
        match self.fs.write(handle.0, offset, data, owner.map(|owner| owner.0)) {
            // A request is never longer than what was agreed on when the mount began.
            Ok(()) => reply.written(data.len() as u32),
            Err(e) => reply.error(errno(&e)),
        }
    }

    fn flush(&self, request: &Request, _: INodeNo, handle: FileHandle, owner: LockOwner, reply: ReplyEmpty) {
        let process = request.pid();
        if !self.fs.has_work(handle.0) {
            return done(self.fs.flush(handle.0, owner.0, process), reply);
        }
        let fs = self.fs.clone();
        aside(move || done(fs.flush(handle.0, owner.0, process), reply));
    }

    fn fsync(&self, _: &Request, _: INodeNo, handle: FileHandle, _: bool, reply: ReplyEmpty) {
        let fs = self.fs.clone();
        aside(move || done(fs.fsync(handle.0), reply));
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let (Some(name), Some(new_name)) = (name.to_str(), new_name.to_str()) else {
            return reply.error(Errno::EILSEQ);
        };
        if !(flags - RenameFlags::RENAME_NOREPLACE).is_empty() {
            return reply.error(Errno::EINVAL);
        }
        let (fs, name, new_name) = (self.fs.clone(), name.to_owned(), new_name.to_owned());
        let replace = !flags.contains(RenameFlags::RENAME_NOREPLACE);
        aside(move || done(fs.rename((parent.0, &name), (new_parent.0, &new_name), replace), reply));
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        match name.to_str() {
            Some(name) => done(self.fs.unlink(parent.0, name), reply),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, _: &OsStr, reply: ReplyEmpty) {
        reply.error(errno(&self.fs.refuse_node(parent.0)));
    }

    fn mkdir(&self, _: &Request, parent: INodeNo, _: &OsStr, _: u32, _: u32, reply: ReplyEntry) {
        reply.error(errno(&self.fs.refuse_node(parent.0)));
    }

    fn mknod(&self, _: &Request, parent: INodeNo, _: &OsStr, _: u32, _: u32, _: u32, reply: ReplyEntry) {
        reply.error(errno(&self.fs.refuse_node(parent.0)));
    }

    fn symlink(&self, _: &Request, parent: INodeNo, _: &OsStr, _: &Path, reply: ReplyEntry) {
        reply.error(errno(&self.fs.refuse_node(parent.0)));
    }

    fn link(&self, _: &Request, _: INodeNo, parent: INodeNo, _: &OsStr, reply: ReplyEntry) {
        reply.error(errno(&self.fs.refuse_node(parent.0)));
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
        if self.fs.has_work(handle.0) {
            let fs = self.fs.clone();
            return aside(move || fs.release(handle.0));
        }
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

    fn statfs(&self, _: &Request, ino: INodeNo, reply: ReplyStatfs) {
        let room = self.fs.room(ino.0);
        let block = if room.block == 0 { BLOCK } else { room.block };
        reply.statfs(room.blocks, room.free, room.available, room.files, room.files_free, block, 255, block);
    }

    fn getxattr(&self, _: &Request, _: INodeNo, _: &OsStr, _: u32, reply: ReplyXattr) {
        // Tells the kernel not to ask again.
        reply.error(Errno::ENOSYS);
    }

    fn setxattr(&self, _: &Request, ino: INodeNo, _: &OsStr, _: &[u8], _: i32, _: u32, reply: ReplyEmpty) {
        reply.error(errno(&self.fs.refuse_xattr(ino.0)));
    }

    fn removexattr(&self, _: &Request, ino: INodeNo, _: &OsStr, reply: ReplyEmpty) {
        reply.error(errno(&self.fs.refuse_xattr(ino.0)));
    }

    fn listxattr(&self, _: &Request, _: INodeNo, _: u32, reply: ReplyXattr) {
        reply.error(Errno::ENOSYS);
    }
}
