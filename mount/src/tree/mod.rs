//! The tree of names: what exists, what it looks like, what is in it.

pub mod engine;
pub mod memory;

use std::sync::Arc;
use std::time::SystemTime;

use sstablefs::{Error, Result};

use crate::access::{Permissions, Person};
use crate::content::Content;
use crate::path::{Kind, Request, TableName};
use crate::staging::Intakes;

/// The size of a file, as far as it is known without more work than the answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// In bytes.
    Exact(u64),
    /// Exact when somebody asks for it: [`Content::measure`].
    OnDemand,
    /// Only known at the end: reported as 0 and read with direct I/O, as in /proc.
    Open,
}

/// What stat shows of a node, and whether that is still so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attributes {
    /// A folder or a file.
    pub kind: Kind,
    /// As far as it is known.
    pub size: Size,
    /// When what it shows last changed.
    pub modified: SystemTime,
    /// Another number when what is shown may be different.
    pub version: u64,
}

/// A file as it is at one time.
#[derive(Clone)]
pub struct Opened {
    /// What it looks like.
    pub attributes: Attributes,
    /// What is in it.
    pub content: Arc<dyn Content>,
}

/// The entries of a folder as it is at one time, without `.` and `..`.
pub trait Listing: Send {
    /// Puts the next name into `name`; `None` at the end.
    fn next(&mut self, name: &mut String) -> Result<Option<Kind>>;

    /// Makes entry number `index` the next one.
    fn seek(&mut self, index: u64) -> Result<()>;
}

/// What is different from before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// The data of a table.
    Table(TableName),
    /// Keyspaces, tables or their schema.
    Names,
}

/// Somebody who wants to know of changes.
pub trait Listener: Send {
    /// Is told of a change; has to return soon.
    fn changed(&self, change: Change);

    /// When not, no more need be told.
    fn is_listening(&self) -> bool;
}

/// `Ok(None)` means that there is no such thing, or not any more.
pub trait Tree: Send + Sync + 'static {
    /// Whether it exists, and what it looks like. `request` comes from [`Request::child`].
    fn attributes(&self, request: &Request) -> Result<Option<Attributes>>;

    /// Opens a file as it is now; `None` where there is none.
    fn open(&self, request: &Request) -> Result<Option<Opened>>;

    /// [`Self::attributes`] of what had these before: where the version is the same, nothing is made to tell them.
    fn attributes_again(&self, request: &Request, _before: &Attributes) -> Result<Option<Attributes>> {
        self.attributes(request)
    }

    /// [`Self::open`] of what had these attributes before: where the version is the same, what is in it is made when it is
    /// read.
    fn open_again(&self, request: &Request, _before: &Attributes) -> Result<Option<Opened>> {
        self.open(request)
    }

    /// Opens a folder as it is now; `None` where there is none.
    fn list(&self, request: &Request) -> Result<Option<Box<dyn Listing>>>;

    /// Who may read what exists.
    fn access(&self, _request: &Request) -> Permissions {
        Permissions::open_to_all(&Person::own())
    }

    /// Hears of an error that a reader of `request` was given.
    fn failed(&self, _request: &Request, _error: &Error) {}

    /// What takes up files that are written; `None` when nothing can be written, and no staging folder exists.
    fn intakes(&self) -> Option<Arc<dyn Intakes>> {
        None
    }

    /// Starts to tell of changes that come from outside.
    fn watch(&self, listener: Box<dyn Listener>);
}

/// A folder whose entries fit in memory.
pub struct ShortListing {
    entries: Vec<(String, Kind)>,
    next: usize,
}

impl ShortListing {
    /// Of what is asked for by the requests, in their order.
    pub fn new(requests: impl IntoIterator<Item = Request>) -> Self {
        let name = |r: Request| {
            let mut name = String::new();
            r.write_name(&mut name);
            (name, r.kind())
        };
        ShortListing { entries: requests.into_iter().map(name).collect(), next: 0 }
    }
}

impl ShortListing {
    /// Of files, in the order of the names.
    pub fn of_files(names: impl IntoIterator<Item = String>) -> Self {
        ShortListing { entries: names.into_iter().map(|name| (name, Kind::File)).collect(), next: 0 }
    }
}

impl Listing for ShortListing {
    fn next(&mut self, name: &mut String) -> Result<Option<Kind>> {
        name.clear();
        let Some((entry, kind)) = self.entries.get(self.next) else { return Ok(None) };
        self.next += 1;
        name.push_str(entry);
        Ok(Some(*kind))
    }

    fn seek(&mut self, index: u64) -> Result<()> {
        self.next = usize::try_from(index).unwrap_or(usize::MAX);
        Ok(())
    }
}
