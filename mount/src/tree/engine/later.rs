//! A file whose size is known, and whose text is made when somebody reads it: mostly the kernel still has its pages.

use std::sync::Arc;

use parking_lot::Mutex;
use sstablefs::{Error, Result};

use super::cache::{Cache, Known, Rendered};
use crate::content::{Content, Fixed};
use crate::path::Request;

#[derive(Clone)]
pub(super) struct Later(Arc<Shared>);

/// Makes the text.
pub(super) type Make = Box<dyn Fn() -> Result<Option<Rendered>> + Send + Sync>;

struct Shared {
    request: Request,
    version: u64,
    size: u64,
    make: Make,
    cache: Arc<Cache>,
    /// Held while it is made: others who read it wait for the same text.
    text: Mutex<Option<Arc<[u8]>>>,
}

impl Later {
    /// Of a file that had this size in this version.
    pub(super) fn new(request: &Request, version: u64, size: u64, cache: &Arc<Cache>, make: Make) -> Self {
        let (request, cache) = (request.clone(), cache.clone());
        Later(Arc::new(Shared { request, version, size, make, cache, text: Mutex::new(None) }))
    }
}

impl Shared {
    fn text(&self) -> Result<Arc<[u8]>> {
        let mut text = self.text.lock();
        if let Some(text) = &*text {
            return Ok(text.clone());
        }
        let made = match self.cache.get(&self.request, self.version) {
            Some(Known::Text(made)) => made,
            _ => self.make()?,
        };
        Ok(text.insert(made).clone())
    }

    fn make(&self) -> Result<Arc<[u8]>> {
        match (self.make)()? {
            Some(Rendered::Whole(made)) if made.len() as u64 == self.size => {
                self.cache.put(&self.request, self.version, Known::Text(made.clone()));
                Ok(made)
            }
            // Nothing of the SSTables changes while they are open, unless somebody writes into them.
            _ => Err(Error::corrupt(format!("does not give the {} bytes that it gave before", self.size))),
        }
    }
}

impl Content for Later {
    fn read(&self, offset: u64, size: usize, sink: &mut dyn FnMut(&[u8])) -> Result<()> {
        Fixed(self.0.text()?).read(offset, size, sink)
    }

    fn measure(&self) -> Result<u64> {
        Ok(self.0.size)
    }

    fn known_size(&self) -> Option<u64> {
        Some(self.0.size)
    }

    fn reopen(&self) -> Arc<dyn Content> {
        Arc::new(self.clone())
    }
}
