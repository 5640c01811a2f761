//! Writes a trie from its entries in order. Follows org.apache.cassandra.io.tries.IncrementalTrieWriterPageAware, with
//! every choice that decides on bytes.
//!
//! A node is complete when an entry comes that is not below it. It waits in memory with all that is below it until they
//! would fill a page together; then its children are written, each with what is below it, as many as fit into the page
//! that is begun, the largest first. So a branch that waits is smaller than a page, which bounds memory, and the depth
//! of recursion too.

use crate::error::{Error, Result};
use crate::sstable::pages::PAGE;
use crate::storage::Buffered;

use super::node::Shape;

/// What an entry leads to.
pub(super) trait Value: Copy {
    /// Four bits, not 0.
    fn flags(&self) -> u8;
    fn size(&self) -> usize;
    fn write(&self, out: &mut Vec<u8>);
}

pub(super) struct TrieWriter<V> {
    /// From the root to the last entry's node.
    path: Vec<Node<V>>,
    previous: Vec<u8>,
    count: u64,
    /// Of the node at hand, when it is written.
    distances: Vec<(u8, u64)>,
}

struct Node<V> {
    byte: u8,
    value: Option<V>,
    children: Vec<Node<V>>,
    /// Where it was written.
    position: Option<u64>,
    /// Bytes of all that is below it and not written, and its own. Too small a guess when they have pointers to what is
    /// written: how long these are depends on the place.
    branch: usize,
    size: usize,
    /// Has children that are written. True also until it is complete.
    written_children: bool,
    /// Children that are not written have it, or have it below them.
    written_below: bool,
}

impl<V: Value> Node<V> {
    fn new(byte: u8) -> Node<V> {
        Node {
            byte,
            value: None,
            children: Vec::new(),
            position: None,
            branch: 0,
            size: 0,
            written_children: true,
            written_below: false,
        }
    }

    fn total(&self) -> usize {
        self.branch + self.size
    }

    /// Its size when written at `position`.
    fn size_at(&self, position: u64) -> usize {
        let ends = match (self.children.first(), self.children.last()) {
            (Some(first), Some(last)) => (first.byte, last.byte),
            _ => (0, 0),
        };
        let shape = Shape::choose(self.children.len(), ends, self.furthest(position), self.value.is_some());
        shape.size + self.value.map_or(0, |value| value.size())
    }

    /// The distance of its furthest child (Node.maxPositionDelta).
    fn furthest(&self, position: u64) -> u64 {
        let before = |child: &Node<V>| self.branch.saturating_sub(child.branch) as u64;
        if !self.written_children {
            return self.children.first().map_or(0, before);
        }
        let written = self.children.iter().filter_map(|c| c.position).min().map_or(0, |p| position.saturating_sub(p));
        let waiting = self.children.iter().find(|c| c.position.is_none()).map_or(0, before);
        written.max(waiting)
    }

    /// All of it is written: only its place is needed from now on.
    fn place(&mut self, position: u64) {
        *self = Node { position: Some(position), written_children: false, ..Node::new(self.byte) };
    }

    /// Brings the sizes up to date for when its branch is written from `position` on.
    fn resize(&mut self, position: u64) -> usize {
        if self.written_below {
            let mut branch = 0;
            for child in &mut self.children {
                branch += child.resize(position + branch as u64);
            }
            self.branch = branch;
        }
        if self.written_children || self.written_below {
            self.size = self.size_at(position + self.branch as u64);
        }
        self.total()
    }
}

fn left_in_page(out: &Buffered) -> usize {
    PAGE - (out.position() % PAGE as u64) as usize
}

fn pad(out: &mut Buffered) -> Result<()> {
    let left = left_in_page(out);
    if left < PAGE {
        let length = out.buffer().len() + left;
        out.buffer().resize(length, 0);
    }
    out.pass_on()
}

impl<V: Value> TrieWriter<V> {
    pub(super) fn new() -> TrieWriter<V> {
        TrieWriter { path: vec![Node::new(0)], previous: Vec::new(), count: 0, distances: Vec::new() }
    }

    /// Forgets all entries.
    pub(super) fn reset(&mut self) {
        self.path.clear();
        self.path.push(Node::new(0));
        self.count = 0;
    }

    /// Adds an entry, behind all before it.
    pub(super) fn add(&mut self, key: &[u8], value: V, out: &mut Buffered) -> Result<()> {
        let previous = if self.count == 0 { &[][..] } else { &self.previous };
        let common = common_prefix(previous, key);
        if self.count > 0 && (common == key.len() || previous.get(common) > key.get(common)) {
            return Err(Error::invalid("the entries of a trie index are not in ascending order"));
        }
        self.count += 1;
        while self.path.len() > common + 1 {
            self.complete_last(out)?;
        }
        self.path.extend(key[common..].iter().map(|&byte| Node::new(byte)));
        if let Some(last) = self.path.last_mut() {
            last.value = Some(value);
        }
        self.previous.truncate(common);
        self.previous.extend_from_slice(&key[common..]);
        Ok(())
    }

    pub(super) fn count(&self) -> u64 {
        self.count
    }

    /// Writes what is not written yet; returns the position of the root. Then it is as new.
    pub(super) fn complete(&mut self, out: &mut Buffered) -> Result<u64> {
        while self.path.len() > 1 {
            self.complete_last(out)?;
        }
        let mut root = self.path.pop().unwrap_or_else(|| Node::new(0));
        self.reset();
        self.complete_node(&mut root, out)?;
        let mut size = root.resize(out.position());
        if size > left_in_page(out) && size <= PAGE {
            pad(out)?;
            size = root.resize(out.position());
        }
        if size > left_in_page(out) {
            self.write_children(&mut root, out)?;
            if root.size > left_in_page(out) {
                pad(out)?;
                root.resize(out.position());
            }
        }
        self.write(&mut root, out)
    }

    fn complete_last(&mut self, out: &mut Buffered) -> Result<()> {
        let Some(mut node) = self.path.pop() else { return Ok(()) };
        self.complete_node(&mut node, out)?;
        if let Some(parent) = self.path.last_mut() {
            parent.children.push(node);
        }
        Ok(())
    }

    fn complete_node(&mut self, node: &mut Node<V>, out: &mut Buffered) -> Result<()> {
        node.branch = node.children.iter().map(Node::total).sum();
        let size = node.size_at(out.position());
        if size + node.branch >= PAGE {
            return self.write_children(node, out);
        }
        node.size = size;
        node.written_children = node.children.iter().any(|c| c.position.is_some());
        node.written_below =
            node.children.iter().any(|c| c.position.is_none() && (c.written_children || c.written_below));
        Ok(())
    }

    /// Writes the branches below a node (layoutChildren).
    fn write_children(&mut self, node: &mut Node<V>, out: &mut Buffered) -> Result<()> {
        // By size, and among equals by byte.
        let waiting = node.children.iter().enumerate().filter(|(_, c)| c.position.is_none());
        let mut waiting: Vec<(usize, usize)> = waiting.map(|(i, c)| (c.total(), i)).collect();
        waiting.sort_unstable();
        let mut left = left_in_page(out);
        while !waiting.is_empty() {
            let mut fitting = waiting.partition_point(|&(size, _)| size <= left);
            if fitting == 0 {
                pad(out)?;
                left = PAGE;
                fitting = waiting.len();
            }
            let (_, i) = waiting.remove(fitting - 1);
            let child = &mut node.children[i];
            if (child.written_children || child.written_below) && child.resize(out.position()) > left {
                if left == PAGE {
                    // It has grown beyond a page.
                    self.write_children(child, out)?;
                    left = left_in_page(out);
                }
                let again = (child.total(), i);
                waiting.insert(waiting.partition_point(|other| *other < again), again);
                continue;
            }
            let position = self.write(child, out)?;
            child.place(position);
            left = left_in_page(out);
        }
        node.branch = 0;
        node.written_children = true;
        node.written_below = false;
        node.size = node.size_at(out.position());
        Ok(())
    }

    /// Writes a node behind what is below it; returns its position.
    fn write(&mut self, node: &mut Node<V>, out: &mut Buffered) -> Result<u64> {
        for child in &mut node.children {
            if child.position.is_none() {
                child.position = Some(self.write(child, out)?);
            }
        }
        let position = out.position();
        let distances = node.children.iter().map(|c| (c.byte, position - c.position.unwrap_or(position)));
        self.distances.clear();
        self.distances.extend(distances);
        let ends = match self.distances[..] {
            [(first, _), .., (last, _)] => (first, last),
            [(only, _)] => (only, only),
            [] => (0, 0),
        };
        let furthest = self.distances.iter().map(|d| d.1).max().unwrap_or(0);
        let shape = Shape::choose(self.distances.len(), ends, furthest, node.value.is_some());
        let flags = node.value.map_or(0, |value| value.flags());
        shape.write(flags, &self.distances, out.buffer());
        if let Some(value) = node.value {
            value.write(out.buffer());
        }
        debug_assert!(position / PAGE as u64 == (out.position() - 1) / PAGE as u64, "a node crosses a page");
        out.pass_on()?;
        Ok(position)
    }
}

/// How many bytes two keys have in common.
pub(super) fn common_prefix(a: &[u8], b: &[u8]) -> usize {
    a.iter().zip(b).take_while(|(x, y)| x == y).count()
}
