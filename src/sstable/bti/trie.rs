//! Walking a trie: to a key, to its neighbours, and from one payload to the next in order. Follows
//! org.apache.cassandra.io.tries.Walker, ValueIterator and ReverseValueIterator.
//!
//! Children stand before their parents, so no path can come back to a node; a damaged file can still lead to one node
//! by many paths, which the count of steps ends.

use std::path::Path;
use std::sync::Arc;

use super::node::Node;
use crate::error::{Error, Result};
use crate::sstable::pages::{PAGE, Page, PagedFile};

/// Longer than the byte-comparable form of any key: a partition key of 64 KiB at most doubles, clusterings may be more.
const DEEPEST: usize = 1 << 20;

/// A place in a trie, with the path to it.
pub(super) struct Trie {
    file: Arc<PagedFile>,
    root: u64,
    page: Option<(u64, Page)>,
    path: Vec<Frame>,
    steps: u64,
}

/// A node on the path. `child` is the child that the path goes on to, or `OWN` for the node's own payload.
#[derive(Clone, Copy)]
struct Frame {
    node: u64,
    child: i16,
}

const OWN: i16 = -1;

/// A payload: its flags, and the bytes that begin with it.
pub(super) type Payload<'a> = (u8, &'a [u8]);

impl Trie {
    pub(super) fn new(file: Arc<PagedFile>, root: u64) -> Trie {
        Trie { file, root, page: None, path: Vec::new(), steps: 0 }
    }

    pub(super) fn path(&self) -> &Path {
        self.file.path()
    }

    fn node(&mut self, position: u64) -> Result<Node<'_>> {
        let number = position / PAGE as u64;
        if self.page.as_ref().is_none_or(|(held, _)| *held != number) {
            self.page = Some((number, self.file.page(number)?));
        }
        let page = self.page.as_ref().map(|(_, page)| &**page).unwrap_or_default();
        let bytes = page.get((position % PAGE as u64) as usize..).unwrap_or_default();
        Node::read(bytes, position)
    }

    fn step(&mut self) -> Result<()> {
        self.steps += 1;
        if self.steps > 64 + 8 * self.file.len() || self.path.len() > DEEPEST {
            return Err(Error::corrupt("the trie leads to its nodes more often than it has any").at(self.root));
        }
        Ok(())
    }

    /// The payload that a key's longest prefix in the trie has, when nothing in the trie goes on from there
    /// (PartitionIndex.Reader.exactCandidate).
    pub(super) fn exact(&mut self, key: &[u8]) -> Result<Option<Payload<'_>>> {
        let mut at = self.root;
        let mut bytes = key.iter();
        loop {
            let node = self.node(at)?;
            let byte = bytes.next().copied();
            match node.search(byte) {
                Ok(child) => at = node.child(child)?.unwrap_or(at),
                Err(_) if byte.is_some() && node.range() > 0 => return Ok(None),
                Err(_) => break,
            }
        }
        let node = self.node(at)?;
        Ok((node.payload_flags() != 0).then(|| (node.payload_flags(), node.payload())))
    }

    /// Goes to the last payload that can stand for `key` or for something before it, prefixes taken as separators
    /// (RowIndexReader.separatorFloor). `false` when all are behind it; the place is then before the first.
    pub(super) fn floor(&mut self, key: &[u8]) -> Result<bool> {
        self.path.clear();
        self.steps = 0;
        let mut at = self.root;
        let mut bytes = key.iter();
        // Length of the path and the child there: of the payload found, and of the closest smaller branch.
        let (mut prefix, mut lesser) = (None, None);
        loop {
            let depth = self.path.len();
            let node = self.node(at)?;
            let found = node.search(bytes.next().copied());
            let (Ok(index) | Err(index)) = found;
            match (0..index).rev().find_map(|i| node.child(i).map(|c| c.map(|_| i)).transpose()).transpose()? {
                Some(child) => (prefix, lesser) = (None, Some((depth, child as i16))),
                None if node.payload_flags() != 0 => prefix = Some(depth),
                None => {}
            }
            let next = match found {
                Ok(child) => node.child(child)?,
                Err(_) => None,
            };
            self.path.push(Frame { node: at, child: index as i16 });
            self.step()?;
            let Some(next) = next else { break };
            at = next;
        }
        if let Some(depth) = prefix {
            self.path.truncate(depth + 1);
            self.path[depth].child = OWN;
            return Ok(true);
        }
        if let Some((depth, child)) = lesser {
            self.path.truncate(depth + 1);
            self.path[depth].child = child;
            let top = self.path[depth];
            let next = self.node(top.node)?.child(child as usize)?;
            return match next {
                Some(next) => self.descend_last(next).map(|()| true),
                None => Ok(false),
            };
        }
        self.path.clear();
        Ok(false)
    }

    /// Goes on to the next payload in order, from the start when the place is before the first. `false` at the end.
    pub(super) fn next(&mut self) -> Result<bool> {
        if self.path.is_empty() {
            self.path.push(Frame { node: self.root, child: OWN });
            if self.node(self.root)?.payload_flags() != 0 {
                return Ok(true);
            }
        }
        while let Some(&Frame { node: at, child }) = self.path.last() {
            self.step()?;
            let node = self.node(at)?;
            let from = (child + 1) as usize;
            let mut next = None;
            for i in from..node.range() {
                if let Some(position) = node.child(i)? {
                    next = Some((i, position));
                    break;
                }
            }
            let Some((i, position)) = next else {
                self.path.pop();
                continue;
            };
            let has_payload = self.node(position)?.payload_flags() != 0;
            if let Some(top) = self.path.last_mut() {
                top.child = i as i16;
            }
            self.path.push(Frame { node: position, child: OWN });
            if has_payload {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Goes to the last payload of all.
    pub(super) fn last(&mut self) -> Result<()> {
        self.path.clear();
        self.steps = 0;
        self.descend_last(self.root)
    }

    /// Goes back to the previous payload. `false` when there is none; the place is then before the first.
    pub(super) fn previous(&mut self) -> Result<bool> {
        self.path.pop();
        while let Some(&Frame { node: at, child }) = self.path.last() {
            self.step()?;
            let node = self.node(at)?;
            let mut next = None;
            for i in (0..child.max(0) as usize).rev() {
                if let Some(position) = node.child(i)? {
                    next = Some((i, position));
                    break;
                }
            }
            let has_payload = node.payload_flags() != 0;
            let Some(top) = self.path.last_mut() else { break };
            match next {
                Some((i, position)) => {
                    top.child = i as i16;
                    self.descend_last(position)?;
                    return Ok(true);
                }
                None if has_payload => {
                    top.child = OWN;
                    return Ok(true);
                }
                None => {
                    self.path.pop();
                }
            }
        }
        Ok(false)
    }

    /// Follows the last children from `at` to the end, where a payload has to be.
    fn descend_last(&mut self, mut at: u64) -> Result<()> {
        loop {
            self.step()?;
            let node = self.node(at)?;
            let mut last = None;
            for i in (0..node.range()).rev() {
                if let Some(position) = node.child(i)? {
                    last = Some((i, position));
                    break;
                }
            }
            let has_payload = node.payload_flags() != 0;
            match last {
                Some((i, position)) => {
                    self.path.push(Frame { node: at, child: i as i16 });
                    at = position;
                }
                None if has_payload => {
                    self.path.push(Frame { node: at, child: OWN });
                    return Ok(());
                }
                None => return Err(Error::corrupt("a trie node has neither children nor payload").at(at)),
            }
        }
    }

    /// Goes before the first payload.
    pub(super) fn rewind(&mut self) {
        self.path.clear();
    }

    pub(super) fn is_rewound(&self) -> bool {
        self.path.is_empty()
    }

    /// The payload at the place.
    pub(super) fn payload(&mut self) -> Result<Payload<'_>> {
        let Some(&Frame { node, .. }) = self.path.last() else {
            return Err(Error::corrupt("the trie is empty").at(self.root));
        };
        let node = self.node(node)?;
        Ok((node.payload_flags(), node.payload()))
    }
}
