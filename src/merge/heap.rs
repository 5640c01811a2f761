//! A binary heap of small numbers whose order is given with each call: that of streams by what they stand at.

use std::cmp::Ordering;

#[derive(Debug, Default)]
pub(super) struct IndexHeap {
    items: Vec<usize>,
}

impl IndexHeap {
    pub(super) fn clear(&mut self) {
        self.items.clear();
    }

    pub(super) fn peek(&self) -> Option<usize> {
        self.items.first().copied()
    }

    pub(super) fn push(&mut self, item: usize, compare: impl Fn(usize, usize) -> Ordering) {
        let mut at = self.items.len();
        self.items.push(item);
        while at > 0 {
            let parent = (at - 1) / 2;
            if compare(self.items[at], self.items[parent]).is_ge() {
                break;
            }
            self.items.swap(at, parent);
            at = parent;
        }
    }

    /// Takes the least item out.
    pub(super) fn pop(&mut self, compare: impl Fn(usize, usize) -> Ordering) -> Option<usize> {
        if self.items.is_empty() {
            return None;
        }
        let least = self.items.swap_remove(0);
        let mut at = 0;
        loop {
            let (left, right) = (2 * at + 1, 2 * at + 2);
            let mut child = left;
            if right < self.items.len() && compare(self.items[right], self.items[left]).is_lt() {
                child = right;
            }
            if child >= self.items.len() || compare(self.items[child], self.items[at]).is_ge() {
                return Some(least);
            }
            self.items.swap(at, child);
            at = child;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pops_in_order() {
        let keys = [5, 3, 9, 3, 1, 8, 8, 0, 2, 7];
        let compare = |a: usize, b: usize| keys[a].cmp(&keys[b]);
        let mut heap = IndexHeap::default();
        for i in 0..keys.len() {
            heap.push(i, compare);
        }
        let mut popped = Vec::new();
        while let Some(i) = heap.pop(compare) {
            popped.push(keys[i]);
        }
        assert_eq!(popped, [0, 1, 2, 3, 3, 5, 7, 8, 8, 9]);
    }
}
