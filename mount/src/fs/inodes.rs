//! Which inode number stands for what.
//!
//! An inode number is the hash of the request, so that it is the same in a listing, in a stat and after the kernel forgot
//! it. A node shows one version at a time: the kernel keeps one page cache and one size for it. When the data changes
//! while somebody has the old version open, the name gets a new node and the old one lives on until it is closed.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use super::error::FsError;
use crate::path::Request;
use crate::tree::{Attributes, Opened, Size};

/// The inode of the mount's own folder, as FUSE has it.
pub const ROOT: u64 = 1;

/// With more nodes than this the kernel is asked to forget some, until half are left.
pub(super) const MANY: usize = 32_768;

#[derive(Default)]
pub(super) struct Inodes {
    table: Mutex<Table>,
}

#[derive(Default)]
struct Table {
    nodes: HashMap<u64, Node>,
    /// The node that a lookup of a name leads to, where it is not the one at the hash.
    moved: HashMap<Request, u64>,
    /// Those of names without end in the order in which they were made, some of them gone since.
    oldest: VecDeque<(u64, u64)>,
    next_age: u64,
    /// When an open was last sent back to look the name up again. It can't be told from others when it comes again.
    sent_back: HashMap<Request, Instant>,
}

struct Node {
    request: Request,
    age: u64,
    /// How often the kernel was told of it and has not forgotten it.
    lookups: u64,
    handles: u32,
    /// Those of the handles that are read through the page cache.
    cached: u32,
    /// The kernel is being told to drop what it has. See [`Inodes::open`].
    dropping: bool,
    /// The attributes that the kernel was told last, but for a size that was measured.
    told: Attributes,
    /// Answers with attributes of other versions may have been under way until then, and have arrived last.
    unsettled: Option<Instant>,
    /// The version whose pages the kernel may have.
    pages: u64,
    /// What open handles see; `None` without any.
    opened: Option<Box<Opened>>,
}

/// What the kernel must drop before a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    /// What the kernel has is of this version.
    Same,
    /// Its attributes may be of another.
    Attributes,
    /// Its pages, too.
    Content,
    /// It is read around the kernel's pages: others have another version open, or the kernel is about to drop some.
    Around,
}

/// Longer than any answer is under way.
const SETTLED: Duration = Duration::from_secs(2);
/// So long no open of a name is sent back a second time: the kernel would give up.
const SENT_BACK: Duration = Duration::from_secs(10);

impl Node {
    fn tell(&mut self, attributes: &Attributes) {
        if self.told.version != attributes.version {
            self.unsettled = Some(Instant::now() + SETTLED);
        }
        self.told = *attributes;
    }

    fn is_settled(&mut self) -> bool {
        if self.unsettled.is_some_and(|until| until < Instant::now()) {
            self.unsettled = None;
        }
        self.unsettled.is_none()
    }
}

/// The inode number that a request has unless another version of it is open.
pub(super) fn number(request: &Request) -> u64 {
    if *request == Request::Root {
        return ROOT;
    }
    let mut hasher = DefaultHasher::new();
    request.hash(&mut hasher);
    // Never the root's or that of a staged file.
    (hasher.finish() >> 2).max(ROOT + 1)
}

impl Table {
    fn current(&self, request: &Request) -> Option<u64> {
        if let Some(ino) = self.moved.get(request) {
            return Some(*ino);
        }
        let ino = number(request);
        self.nodes.get(&ino).filter(|n| n.request == *request).map(|_| ino)
    }

    /// A new node for the request, which becomes its current one.
    fn create(&mut self, request: &Request, attributes: &Attributes) -> u64 {
        let first = number(request);
        let mut ino = first;
        while self.nodes.contains_key(&ino) {
            ino = ino.wrapping_add(1).max(ROOT + 1);
        }
        if ino == first {
            self.moved.remove(request);
        } else {
            self.moved.insert(request.clone(), ino);
        }
        let age = self.next_age;
        self.next_age += 1;
        let node = Node {
            request: request.clone(),
            age,
            lookups: 0,
            handles: 0,
            cached: 0,
            dropping: false,
            told: *attributes,
            unsettled: None,
            pages: attributes.version,
            opened: None,
        };
        self.nodes.insert(ino, node);
        if request.is_one_of_many() {
            self.oldest.push_back((ino, age));
            // Those that the kernel forgot by itself.
            if self.oldest.len() > 2 * self.nodes.len() + 64 {
                let nodes = &self.nodes;
                self.oldest.retain(|(ino, age)| nodes.get(ino).is_some_and(|n| n.age == *age));
            }
        }
        ino
    }

    fn drop_unused(&mut self, ino: u64) {
        if self.nodes.get(&ino).is_some_and(|n| n.lookups == 0 && n.handles == 0)
            && let Some(node) = self.nodes.remove(&ino)
            && self.moved.get(&node.request) == Some(&ino)
        {
            self.moved.remove(&node.request);
        }
    }
}

impl Table {
    /// Gives memory back that there were more nodes for than are kept: the janitor may come late.
    fn shrink(&mut self) {
        if self.nodes.len() < MANY && self.nodes.capacity() > 2 * MANY {
            self.nodes.shrink_to(MANY);
            self.oldest.shrink_to(MANY);
        }
    }
}

impl Inodes {
    pub(super) fn request(&self, ino: u64) -> Result<Request, FsError> {
        if ino == ROOT {
            return Ok(Request::Root);
        }
        self.table.lock().nodes.get(&ino).map(|n| n.request.clone()).ok_or(FsError::Stale)
    }

    /// The request of a node, with the attributes that the kernel was told last; none of the root's.
    pub(super) fn known(&self, ino: u64) -> Result<(Request, Option<Attributes>), FsError> {
        if ino == ROOT {
            return Ok((Request::Root, None));
        }
        self.table.lock().nodes.get(&ino).map(|n| (n.request.clone(), Some(n.told))).ok_or(FsError::Stale)
    }

    /// The attributes that the kernel was told last of what the name leads to.
    pub(super) fn told(&self, request: &Request) -> Option<Attributes> {
        let table = self.table.lock();
        table.nodes.get(&table.current(request)?).map(|n| n.told)
    }

    /// What open handles of the node see.
    pub(super) fn opened(&self, ino: u64) -> Option<Opened> {
        self.table.lock().nodes.get(&ino)?.opened.as_deref().cloned()
    }

    /// Counts a lookup of `request`, which has these attributes now, and gives its number.
    pub(super) fn look_up(&self, request: &Request, attributes: &Attributes) -> u64 {
        if *request == Request::Root {
            return ROOT;
        }
        let table = &mut *self.table.lock();
        let usable = table.current(request).filter(|ino| {
            table
                .nodes
                .get(ino)
                .is_some_and(|n| n.opened.as_ref().is_none_or(|o| o.attributes.version == attributes.version))
        });
        let ino = usable.unwrap_or_else(|| table.create(request, attributes));
        if let Some(node) = table.nodes.get_mut(&ino) {
            node.lookups += 1;
            node.tell(attributes);
        }
        ino
    }

    /// To be called when the kernel is about to be told `attributes`; when another version is open under
    /// this number, it is returned, and its attributes are to be told instead.
    pub(super) fn tell(&self, ino: u64, attributes: &Attributes) -> Option<Opened> {
        let table = &mut *self.table.lock();
        let node = table.nodes.get_mut(&ino)?;
        if let Some(opened) = node.opened.as_deref().filter(|o| o.attributes.version != attributes.version) {
            return Some(opened.clone());
        }
        node.tell(attributes);
        None
    }

    pub(super) fn forget(&self, ino: u64, count: u64) {
        let table = &mut *self.table.lock();
        if let Some(node) = table.nodes.get_mut(&ino) {
            node.lookups = node.lookups.saturating_sub(count);
            table.drop_unused(ino);
            table.shrink();
        }
    }

    /// Counts an open handle. [`FsError::Stale`] when another version is open under this number; the kernel then looks
    /// the name up again, once, and gets another number. Not twice in a while, whoever opens it.
    ///
    /// What the kernel has to drop it is told when nobody reads its pages, and nobody begins to until it has: while it
    /// drops something, it does not take the size that it asks for, and a read would end where the file ended before.
    pub(super) fn open(&self, ino: u64, opened: &Opened) -> Result<Binding, FsError> {
        let table = &mut *self.table.lock();
        let node = table.nodes.get_mut(&ino).ok_or(FsError::Stale)?;
        let version = opened.attributes.version;
        if let Some(other) = node.opened.as_deref().filter(|o| o.attributes.version != version) {
            // Neither has pages or a size.
            let no_matter = other.attributes.size == Size::Open && opened.attributes.size == Size::Open;
            let was_sent_back = table.sent_back.get(&node.request).is_some_and(|then| then.elapsed() < SENT_BACK);
            if no_matter || was_sent_back {
                node.handles += 1;
                return Ok(Binding::Around);
            }
            if table.sent_back.len() > MANY {
                table.sent_back.clear();
            }
            table.sent_back.insert(node.request.clone(), Instant::now());
            return Err(FsError::Stale);
        }
        node.handles += 1;
        node.opened.get_or_insert_with(|| Box::new(opened.clone()));
        let is_told = node.told.version == version && node.is_settled();
        node.tell(&opened.attributes);
        if node.dropping {
            return Ok(Binding::Around);
        }
        let binding = match (node.pages == version, is_told) {
            // Since the first of them was opened, the kernel was told of no other version.
            _ if node.cached > 0 => Binding::Same,
            (true, true) => Binding::Same,
            (true, false) => Binding::Attributes,
            (false, _) => Binding::Content,
        };
        node.dropping = binding != Binding::Same;
        node.cached += u32::from(matches!(opened.attributes.size, Size::Exact(_)));
        Ok(binding)
    }

    /// To be called when the kernel has dropped what an open of this version wanted dropped. Not before: until then every
    /// other open goes around its pages.
    pub(super) fn dropped(&self, ino: u64, version: u64) {
        if let Some(node) = self.table.lock().nodes.get_mut(&ino) {
            node.pages = version;
            node.dropping = false;
        }
    }

    /// Whether the kernel may be told to drop what it has of a node that nobody has open; then [`Inodes::end_drop`] is to
    /// follow.
    pub(super) fn begin_drop(&self, ino: u64) -> bool {
        let table = &mut *self.table.lock();
        let Some(node) = table.nodes.get_mut(&ino).filter(|n| n.opened.is_none() && !n.dropping) else { return false };
        node.dropping = true;
        true
    }

    pub(super) fn end_drop(&self, ino: u64) {
        if let Some(node) = self.table.lock().nodes.get_mut(&ino) {
            node.dropping = false;
        }
    }

    /// Counts a handle less; `cached`: one that was read through the page cache.
    pub(super) fn close(&self, ino: u64, cached: bool) {
        let table = &mut *self.table.lock();
        if let Some(node) = table.nodes.get_mut(&ino) {
            node.handles = node.handles.saturating_sub(1);
            node.cached = node.cached.saturating_sub(u32::from(cached));
            if node.handles == 0 {
                node.opened = None;
            }
            table.drop_unused(ino);
        }
    }

    /// The nodes that `which` chooses, with their requests.
    pub(super) fn select(&self, which: impl Fn(&Request) -> bool) -> Vec<(u64, Request)> {
        let table = self.table.lock();
        table.nodes.iter().filter(|n| which(&n.1.request)).map(|n| (*n.0, n.1.request.clone())).collect()
    }

    pub(super) fn are_many(&self) -> bool {
        self.table.lock().nodes.len() > MANY
    }

    /// What the kernel is to forget so that half of [`MANY`] nodes are left; it may need some of it all the same.
    pub(super) fn surplus(&self) -> Vec<Request> {
        let table = &mut *self.table.lock();
        let mut surplus = Vec::new();
        if table.nodes.len() <= MANY {
            return surplus;
        }
        let wanted = table.nodes.len() - MANY / 2;
        while surplus.len() < wanted
            && let Some((ino, age)) = table.oldest.pop_front()
        {
            let Some(node) = table.nodes.get(&ino).filter(|n| n.age == age) else { continue };
            if node.handles > 0 {
                // Its name is needed to open it again; it comes up later.
                table.oldest.push_back((ino, age));
                break;
            }
            surplus.push(node.request.clone());
        }
        surplus
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.table.lock().nodes.len()
    }

    /// For how many nodes there is memory.
    #[cfg(test)]
    pub(super) fn room(&self) -> usize {
        self.table.lock().nodes.capacity()
    }
}
