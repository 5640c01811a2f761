//! A FUSE file system of nothing: what every file system of this kind pays at least. Its requests are answered with the options
//! of mount/src/fuse.rs from what is already in memory.
//!
//! ```text
//!   names/key-000000000.jsonl …   so many names, in order, each a small file whose pages the kernel keeps
//!   big                           a large file with direct I/O, as rows.jsonl is one
//! ```

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::time::{Duration, SystemTime};

use fuser::{
    Config, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags,
    KernelConfig, LockOwner, MountOption, OpenFlags, ReplyAttr, ReplyData, ReplyDirectory, ReplyEmpty, ReplyEntry,
    ReplyOpen, Request,
};
use serde_json::json;

use crate::Outcome;

const FOREVER: Duration = Duration::from_secs(86_400);
const MAX_READ: u32 = 1 << 20;
const NAMES: u64 = 2;
const BIG: u64 = 3;
const FIRST: u64 = 16;

struct Empty {
    names: u64,
    small: u64,
    big: u64,
    block: Vec<u8>,
}

/// Serves until it is unmounted.
pub(crate) fn serve(mountpoint: &str, names: &str, small: &str, big: &str) -> Outcome {
    let fs =
        Empty { names: names.parse()?, small: small.parse()?, big: big.parse()?, block: vec![b'x'; MAX_READ as usize] };
    let mut config = Config::default();
    config.mount_options = vec![
        MountOption::RO,
        MountOption::NoAtime,
        MountOption::DefaultPermissions,
        MountOption::FSName("empty".into()),
    ];
    config.n_threads = Some(std::thread::available_parallelism().map_or(4, |n| (n.get() + 2).clamp(4, 16)));
    config.clone_fd = true;
    fuser::mount(fs, Path::new(mountpoint), &config)?;
    Ok(json!({}))
}

impl Empty {
    fn attr(&self, ino: u64) -> FileAttr {
        let directory = ino == INodeNo::ROOT.0 || ino == NAMES;
        let size = if directory {
            0
        } else if ino == BIG {
            self.big
        } else {
            self.small
        };
        FileAttr {
            ino: INodeNo(ino),
            size,
            blocks: size.div_ceil(512),
            atime: SystemTime::UNIX_EPOCH,
            mtime: SystemTime::UNIX_EPOCH,
            ctime: SystemTime::UNIX_EPOCH,
            crtime: SystemTime::UNIX_EPOCH,
            kind: if directory { FileType::Directory } else { FileType::RegularFile },
            perm: if directory { 0o555 } else { 0o444 },
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: 4096,
            flags: 0,
        }
    }

    fn find(&self, parent: u64, name: &str) -> Option<u64> {
        match (parent, name) {
            (1, "names") => Some(NAMES),
            (1, "big") => Some(BIG),
            (NAMES, name) => {
                let number: u64 = name.strip_prefix("key-")?.strip_suffix(".jsonl")?.parse().ok()?;
                (number < self.names).then_some(FIRST + number)
            }
            _ => None,
        }
    }
}

impl Filesystem for Empty {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        for flag in [
            InitFlags::FUSE_ASYNC_DIO,
            InitFlags::FUSE_PARALLEL_DIROPS,
            InitFlags::FUSE_DIRECT_IO_ALLOW_MMAP,
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
        match name.to_str().and_then(|name| self.find(parent.0, name)) {
            Some(ino) => reply.entry(&FOREVER, &self.attr(ino), Generation(0)),
            None => reply.error(Errno::ENOENT),
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&FOREVER, &self.attr(ino.0));
    }

    fn open(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let direct = ino.0 == BIG;
        let mut flags = FopenFlags::FOPEN_NOFLUSH;
        flags.set(FopenFlags::FOPEN_DIRECT_IO, direct);
        flags.set(FopenFlags::FOPEN_KEEP_CACHE, !direct);
        reply.opened(FileHandle(0), flags);
    }

    fn read(
        &self,
        _: &Request,
        ino: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let left = self.attr(ino.0).size.saturating_sub(offset).min(size.into()).min(MAX_READ.into());
        reply.data(&self.block[..left as usize]);
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        reply.ok();
    }

    fn opendir(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        reply.opened(FileHandle(0), FopenFlags::empty());
    }

    fn readdir(&self, _: &Request, ino: INodeNo, _: FileHandle, offset: u64, mut reply: ReplyDirectory) {
        if ino.0 == NAMES {
            for number in offset..self.names {
                let name = format!("key-{number:09}.jsonl");
                if reply.add(INodeNo(FIRST + number), number + 1, FileType::RegularFile, name) {
                    break;
                }
            }
        } else if offset == 0 {
            // Both fit into any buffer.
            let _ = reply.add(INodeNo(NAMES), 1, FileType::Directory, "names");
            let _ = reply.add(INodeNo(BIG), 2, FileType::RegularFile, "big");
        }
        reply.ok();
    }

    fn releasedir(&self, _: &Request, _: INodeNo, _: FileHandle, _: OpenFlags, reply: ReplyEmpty) {
        reply.ok();
    }
}
