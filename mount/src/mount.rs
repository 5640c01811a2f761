//! From what a user asks for to a mount.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use sstablefs::ingest::TargetOptions;
use sstablefs::table::{Database, Options, discover};
use sstablefs::{Error, Result};
use sstablefs_render::CsvStyle;

use crate::daemon::Daemon;
use crate::fs::FsOptions;
use crate::tree::engine::{EngineOptions, EngineTree, StagingOptions};

/// What is mounted, where and how.
#[derive(Debug, Clone, Default)]
pub struct MountOptions {
    /// Data directories, or parts of them, that are shown as one.
    pub data: Vec<PathBuf>,
    /// An empty folder.
    pub mountpoint: PathBuf,
    /// Stay in the foreground and log to the terminal.
    pub foreground: bool,
    /// Files of CREATE statements to use instead of the schema that is found.
    pub schema: Vec<PathBuf>,
    /// Read at this time, in seconds since the epoch, instead of now.
    pub now: Option<i64>,
    /// Whether stat works out the size of files that are made while they are read.
    pub exact_sizes: bool,
    /// Write nothing: there are no staging folders.
    pub read_only: bool,
    /// Where new SSTables go, and in which version.
    pub target: TargetOptions,
    /// Bytes of staged changes in memory; a larger file becomes an SSTable at once.
    pub memtable: usize,
    /// An empty field of CSV deletes what is there.
    pub null_deletes: bool,
    /// Double quotes in CSV as RFC 4180 does, instead of escaping them as cqlsh does.
    pub csv_rfc4180: bool,
    /// Let other users read it, too.
    pub allow_other: bool,
    /// How many requests are answered at a time.
    pub threads: Option<usize>,
    /// Append the log to this file, instead of the terminal or the system's log.
    pub log: Option<PathBuf>,
}

/// Mounts. Returns when the mount can be used and a process in the background serves it; in the foreground when it was
/// unmounted. To be called while the process has one thread.
///
/// ```no_run
/// use sstablefs_mount::{MountOptions, mount};
///
/// # fn main() -> sstablefs::Result<()> {
/// mount(MountOptions {
///     data: vec!["/var/lib/cassandra/data".into()],
///     mountpoint: "/mnt/sstables".into(),
///     read_only: true,
///     ..MountOptions::default()
/// })
/// # }
/// ```
pub fn mount(options: MountOptions) -> Result<()> {
    let full = |path: &PathBuf| fs::canonicalize(path).map_err(|e| Error::io(e, path).context("can't be read"));
    let data = options.data.iter().map(|path| full(path).map_err(|e| discover::missing(e, path)));
    let data = data.collect::<Result<Vec<_>>>()?;
    let schema = options.schema.iter().map(full).collect::<Result<Vec<_>>>()?;
    let daemon = Daemon {
        data: data.clone(),
        mountpoint: options.mountpoint,
        foreground: options.foreground,
        allow_other: options.allow_other,
        threads: options.threads,
        log: options.log,
        fs: FsOptions { exact_sizes: options.exact_sizes, shared: options.allow_other },
    };
    let csv = if options.csv_rfc4180 { CsvStyle::Rfc4180 } else { CsvStyle::default() };
    let engine = EngineOptions { now: options.now, csv };
    let mut target = options.target;
    if let Some(out) = &mut target.out {
        fs::create_dir_all(&*out).map_err(|e| Error::io(e, &*out))?;
        *out = full(out)?;
    }
    let staging = StagingOptions {
        target,
        memtable: options.memtable,
        null_deletes: options.null_deletes,
        csv: options.csv_rfc4180.then_some(CsvStyle::Rfc4180),
    };
    daemon.run(|| {
        let database = Database::open(&data, &Options { schema })?;
        let tree = EngineTree::new(Arc::new(database), engine);
        Ok(if options.read_only { tree } else { tree.with_staging(staging) })
    })
}
