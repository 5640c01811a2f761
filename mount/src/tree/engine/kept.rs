//! A text that is kept when somebody has read all of it, unless it is long.

use std::sync::Arc;

use sstablefs::Result;

use super::cache::Cache;
use crate::content::{Producer, Source};
use crate::path::Request;

/// Texts up to this size are kept.
const KEPT: usize = 256 << 10;

/// Where a text goes that has been read.
#[derive(Clone)]
pub(super) struct Keep {
    cache: Arc<Cache>,
    request: Request,
    version: u64,
}

impl Keep {
    pub(super) fn new(cache: &Arc<Cache>, request: &Request, version: u64) -> Self {
        Keep { cache: cache.clone(), request: request.clone(), version }
    }
}

pub(super) struct Kept<S> {
    source: S,
    keep: Keep,
}

impl<S> Kept<S> {
    pub(super) fn new(source: S, keep: Keep) -> Self {
        Kept { source, keep }
    }
}

pub(super) struct KeptText<P> {
    producer: P,
    keep: Keep,
    /// All that was made, while it is not too long.
    kept: Option<Vec<u8>>,
}

impl<S: Source> Source for Kept<S> {
    type Checkpoint = S::Checkpoint;
    type Producer = KeptText<S::Producer>;

    fn start(&self, from: Option<&S::Checkpoint>) -> Result<KeptText<S::Producer>> {
        let producer = self.source.start(from)?;
        Ok(KeptText { producer, keep: self.keep.clone(), kept: from.is_none().then(Vec::new) })
    }

    fn may_take_long(&self) -> bool {
        self.source.may_take_long()
    }
}

impl<P: Producer> Producer for KeptText<P> {
    type Checkpoint = P::Checkpoint;

    fn fill(&mut self, out: &mut Vec<u8>, target: usize) -> Result<bool> {
        let start = out.len();
        let more = self.producer.fill(out, target)?;
        let made = &out[start..];
        self.kept = self.kept.take().filter(|k| k.len() + made.len() <= KEPT);
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(made);
        }
        if !more && let Some(kept) = self.kept.take() {
            let Keep { cache, request, version } = &self.keep;
            cache.put_read(request, *version, kept);
        }
        Ok(more)
    }

    fn checkpoint(&self) -> P::Checkpoint {
        self.producer.checkpoint()
    }
}
