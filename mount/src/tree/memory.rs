//! A tree of given texts, for tests of what stands above a tree.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use parking_lot::RwLock;
use sstablefs::{Error, Result};

use super::{Attributes, Listener, Listing, Opened, ShortListing, Size, Tree};
use crate::content::{Active, Content, Fixed, Limits, Producer, Source, Stream};
use crate::path::{Kind, Request};
use crate::staging::Intakes;

/// What a file holds and how it shows it.
#[derive(Clone)]
pub enum File {
    /// As it is.
    Text(Arc<[u8]>),
    /// Made while it is read, in pieces of a few bytes. With [`Size::Open`] or [`Size::OnDemand`].
    Made(Arc<[u8]>, Size),
    /// Good up to this many bytes.
    Damaged(Arc<[u8]>, usize),
    /// Of an unknown size, and made when the lock is free.
    Held(Arc<[u8]>, Arc<RwLock<()>>),
}

/// Folders exist as long as something is in them.
#[derive(Clone)]
pub struct MemoryTree {
    files: Arc<RwLock<BTreeMap<String, (File, u64)>>>,
    version: Arc<AtomicU64>,
    active: Active,
    intakes: Option<Arc<dyn Intakes>>,
    limits: Limits,
    looks: Arc<AtomicU64>,
}

impl Default for MemoryTree {
    fn default() -> Self {
        Self::new()
    }
}

impl MemoryTree {
    /// Without files.
    pub fn new() -> Self {
        MemoryTree {
            files: Arc::default(),
            version: Arc::new(AtomicU64::new(1)),
            active: Active::new(4),
            intakes: None,
            limits: Limits { step: 64 << 10, keep: 256 << 10, ..Limits::default() },
            looks: Arc::default(),
        }
    }

    /// How often a file was looked at whose attributes were not known.
    pub fn looks(&self) -> u64 {
        self.looks.load(Ordering::Relaxed)
    }

    /// Without files, and with staging folders.
    pub fn with_intakes(intakes: Arc<dyn Intakes>) -> Self {
        MemoryTree { intakes: Some(intakes), ..MemoryTree::new() }
    }

    /// `path` must be one that [`Request`] knows.
    pub fn put(&self, path: &str, file: File) {
        let version = self.version.fetch_add(1, Ordering::Relaxed) + 1;
        self.files.write().insert(path.to_owned(), (file, version));
    }

    /// Adds or replaces a file. `path` must be one that [`Request`] knows.
    pub fn put_text(&self, path: &str, text: impl AsRef<[u8]>) {
        self.put(path, File::Text(text.as_ref().into()));
    }

    /// Removes a file.
    pub fn remove(&self, path: &str) {
        self.files.write().remove(path);
    }

    fn look(file: &File, version: u64) -> Attributes {
        let size = match file {
            File::Text(text) => Size::Exact(text.len() as u64),
            File::Made(_, size) => *size,
            File::Damaged(..) | File::Held(..) => Size::Open,
        };
        Attributes { kind: Kind::File, size, modified: SystemTime::UNIX_EPOCH + Duration::from_secs(version), version }
    }

    fn folder(request: &Request) -> String {
        let path = request.to_string();
        if path == "/" { path } else { path + "/" }
    }
}

impl Tree for MemoryTree {
    fn attributes(&self, request: &Request) -> Result<Option<Attributes>> {
        let files = self.files.read();
        if request.kind() == Kind::File {
            self.looks.fetch_add(1, Ordering::Relaxed);
            return Ok(files.get(&request.to_string()).map(|(file, version)| Self::look(file, *version)));
        }
        let folder = Self::folder(request);
        let exists = *request == Request::Root
            || matches!(request, Request::Staging(_)) && self.intakes.is_some()
            || files.range(folder.clone()..).next().is_some_and(|f| f.0.starts_with(&folder));
        Ok(exists.then_some(Attributes {
            kind: Kind::Directory,
            size: Size::Exact(0),
            modified: SystemTime::UNIX_EPOCH,
            version: 0,
        }))
    }

    fn open(&self, request: &Request) -> Result<Option<Opened>> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.open_now(request)
    }

    fn attributes_again(&self, request: &Request, before: &Attributes) -> Result<Option<Attributes>> {
        match self.is_current(request, before) {
            true => Ok(Some(*before)),
            false => self.attributes(request),
        }
    }

    fn open_again(&self, request: &Request, before: &Attributes) -> Result<Option<Opened>> {
        match self.is_current(request, before) {
            true => self.open_now(request),
            false => self.open(request),
        }
    }

    fn list(&self, request: &Request) -> Result<Option<Box<dyn Listing>>> {
        if self.attributes(request)?.is_none() {
            return Ok(None);
        }
        let folder = Self::folder(request);
        let files = self.files.read();
        let mut names: Vec<&str> = files
            .range(folder.clone()..)
            .map_while(|(path, _)| path.strip_prefix(&folder))
            .map(|rest| rest.split('/').next().unwrap_or(rest))
            .collect();
        names.dedup();
        Ok(Some(Box::new(ShortListing::new(names.into_iter().filter_map(|n| request.child(n))))))
    }

    fn intakes(&self) -> Option<Arc<dyn Intakes>> {
        self.intakes.clone()
    }

    /// Who changes it knows.
    fn watch(&self, _: Box<dyn Listener>) {}
}

impl MemoryTree {
    fn is_current(&self, request: &Request, before: &Attributes) -> bool {
        self.files.read().get(&request.to_string()).is_some_and(|(_, version)| *version == before.version)
    }

    fn open_now(&self, request: &Request) -> Result<Option<Opened>> {
        let Some((file, version)) = self.files.read().get(&request.to_string()).cloned() else { return Ok(None) };
        let attributes = Self::look(&file, version);
        let content: Arc<dyn Content> = match file {
            File::Text(text) => Arc::new(Fixed(text)),
            File::Made(text, size) => {
                let good = text.len();
                Stream::new(Pieces::new(text, good), self.limits, self.active.clone(), size == Size::Open)
            }
            File::Damaged(text, good) => Stream::new(Pieces::new(text, good), self.limits, self.active.clone(), true),
            File::Held(text, lock) => {
                let pieces = Pieces { lock: Some(lock), ..Pieces::new(text.clone(), text.len()) };
                Stream::new(pieces, self.limits, self.active.clone(), true)
            }
        };
        Ok(Some(Opened { attributes, content }))
    }
}

#[derive(Clone)]
struct Pieces {
    text: Arc<[u8]>,
    good: usize,
    lock: Option<Arc<RwLock<()>>>,
}

impl Pieces {
    fn new(text: Arc<[u8]>, good: usize) -> Self {
        Pieces { text, good, lock: None }
    }
}

struct Making {
    pieces: Pieces,
    at: usize,
}

impl Source for Pieces {
    type Checkpoint = usize;
    type Producer = Making;

    fn start(&self, from: Option<&usize>) -> Result<Making> {
        Ok(Making { pieces: self.clone(), at: from.copied().unwrap_or(0) })
    }

    fn may_take_long(&self) -> bool {
        self.lock.is_some()
    }
}

impl Producer for Making {
    type Checkpoint = usize;

    fn fill(&mut self, out: &mut Vec<u8>, target: usize) -> Result<bool> {
        let _free = self.pieces.lock.as_ref().map(|l| l.read());
        let end = self.at.saturating_add(target.saturating_sub(out.len())).min(self.pieces.good);
        out.extend_from_slice(self.pieces.text.get(self.at..end).unwrap_or_default());
        self.at = end;
        match out.len() < target {
            true if self.pieces.good < self.pieces.text.len() => Err(Error::corrupt("damaged here").at(end as u64)),
            at_end => Ok(!at_end),
        }
    }

    fn checkpoint(&self) -> usize {
        self.at
    }
}
