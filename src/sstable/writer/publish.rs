//! From files under temporary names to an SSTable, at once.
//!
//! ```text
//!   .sstablefs.oa.12.big.Data.db.tmp      while it is written; no tool takes it for a part of an SSTable
//! ```
//!
//! Cassandra takes for an SSTable what has a Data.db, and deletes components without one when it starts; others go by
//! TOC.txt. So all components but these two get their names first, then Data.db, then TOC.txt, which nothing lacks when
//! it appears. A crash before leaves what [`remove_leftovers`] removes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, Result};
use crate::sstable::descriptor::{Component, Descriptor};
use crate::storage::{Folder, Output};

const HEAD: &str = ".sstablefs.";
const TAIL: &str = ".tmp";

/// The files of an SSTable that has no name yet. Dropped, they are removed.
pub(super) struct Pending {
    folder: Arc<dyn Folder>,
    descriptor: Descriptor,
    created: Vec<Component>,
    /// Those of `created` that have their names.
    published: Vec<Component>,
    bytes: Arc<AtomicU64>,
    done: bool,
}

fn temporary(descriptor: &Descriptor, component: Component) -> String {
    temporary_of(&name(descriptor, component))
}

/// What a file is called until it gets its name.
pub(crate) fn temporary_of(name: &str) -> String {
    format!("{HEAD}{}{TAIL}", name.replace('-', "."))
}

fn name(descriptor: &Descriptor, component: Component) -> String {
    format!("{descriptor}-{}", component.name())
}

impl Pending {
    pub(super) fn new(folder: Arc<dyn Folder>, descriptor: &Descriptor) -> Result<Self> {
        for component in Component::ALL {
            if folder.exists(&name(descriptor, component))? {
                let path = folder.path().join(name(descriptor, component));
                return Err(Error::invalid("there is an SSTable of this name").in_file(path));
            }
        }
        Ok(Pending {
            folder,
            descriptor: descriptor.clone(),
            created: Vec::new(),
            published: Vec::new(),
            bytes: Arc::default(),
            done: false,
        })
    }

    pub(super) fn create(&mut self, component: Component) -> Result<Box<dyn Output>> {
        let output = self.folder.create(&temporary(&self.descriptor, component))?;
        self.created.push(component);
        Ok(Box::new(Counted { output, bytes: self.bytes.clone() }))
    }

    /// Writes a small component.
    pub(super) fn write(&mut self, component: Component, bytes: &[u8]) -> Result<()> {
        let mut output = self.create(component)?;
        output.append(bytes)?;
        output.sync()
    }

    pub(super) fn components(&self) -> &[Component] {
        &self.created
    }

    /// Gives all files, which are synced, their names; returns their bytes.
    pub(super) fn publish(mut self) -> Result<u64> {
        let last = [Component::Data, Component::Toc];
        let first: Vec<Component> = self.created.iter().copied().filter(|c| !last.contains(c)).collect();
        for component in first {
            self.rename(component)?;
        }
        self.folder.sync()?;
        for component in last {
            self.rename(component)?;
        }
        self.folder.sync()?;
        self.done = true;
        Ok(self.bytes.load(Ordering::Relaxed))
    }

    fn rename(&mut self, component: Component) -> Result<()> {
        self.folder.rename(&temporary(&self.descriptor, component), &name(&self.descriptor, component))?;
        self.published.push(component);
        Ok(())
    }
}

impl Drop for Pending {
    /// Backwards: what makes an SSTable of the files goes first; where that can't be removed, the rest stays with it.
    /// Data.db was created first; while it has its temporary name, the others can be told to belong to nothing.
    fn drop(&mut self) {
        if self.done {
            return;
        }
        for component in self.published.iter().rev() {
            if self.folder.remove(&name(&self.descriptor, *component)).is_err() {
                return;
            }
        }
        for component in self.created.iter().rev().filter(|c| !self.published.contains(c)) {
            let _ = self.folder.remove(&temporary(&self.descriptor, *component));
        }
    }
}

struct Counted {
    output: Box<dyn Output>,
    bytes: Arc<AtomicU64>,
}

impl Output for Counted {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.append(bytes)?;
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        Ok(())
    }

    fn len(&self) -> u64 {
        self.output.len()
    }

    fn sync(&mut self) -> Result<()> {
        self.output.sync()
    }
}

/// Removes what writers left that a crash ended, and gives an SSTable that lacks only the name of its TOC.txt that name.
/// Not to be called while one is writing in the folder. Returns how many files were removed.
pub fn remove_leftovers(folder: &dyn Folder) -> Result<usize> {
    let names = folder.list()?;
    let mut temporaries: Vec<(Descriptor, Component, &str)> = Vec::new();
    for text in &names {
        if let Some((descriptor, component)) = parse_temporary(text) {
            temporaries.push((descriptor, component, text));
        }
    }
    let mut removed = 0;
    let exists = |name: &str| names.binary_search_by(|other| other.as_str().cmp(name)).is_ok();
    // Data.db, which tells that the named components are ours, goes last.
    temporaries.sort_by_key(|(_, component, _)| *component == Component::Data);
    for (descriptor, component, text) in &temporaries {
        let has_data = exists(&name(descriptor, Component::Data));
        if *component == Component::Toc && has_data && !exists(&name(descriptor, Component::Toc)) {
            folder.rename(text, &name(descriptor, Component::Toc))?;
            continue;
        }
        if *component == Component::Data && !has_data {
            for orphan in Component::ALL.map(|component| name(descriptor, component)).iter().filter(|n| exists(n)) {
                folder.remove(orphan)?;
                removed += 1;
            }
        }
        folder.remove(text)?;
        removed += 1;
    }
    if !temporaries.is_empty() {
        folder.sync()?;
    }
    Ok(removed)
}

fn parse_temporary(text: &str) -> Option<(Descriptor, Component)> {
    let name = text.strip_prefix(HEAD)?.strip_suffix(TAIL)?.replacen('.', "-", 3);
    Descriptor::parse(std::path::Path::new(&name)).ok()?
}
