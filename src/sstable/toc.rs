//! TOC.txt: the names of an SSTable's components. Follows org.apache.cassandra.io.sstable.format.TOCComponent.
//!
//! ```text
//!   one component a line, in any order, its own name among them:  Data.db
//! ```

use super::descriptor::Component;
use crate::error::{Error, Result};

/// TOC.txt: the components of an SSTable, a name a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toc {
    /// Those that reading knows, in the order of the file.
    pub components: Vec<Component>,
    /// Of indexes and the like, which reading does not need.
    pub others: Vec<String>,
}

impl Toc {
    /// `data` is the file; an error where it is not text.
    pub fn parse(data: &[u8]) -> Result<Toc> {
        let text =
            std::str::from_utf8(data).map_err(|e| Error::corrupt("it is not text").at(e.valid_up_to() as u64))?;
        let mut toc = Toc::default();
        for name in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match Component::from_name(name) {
                Some(component) if toc.components.contains(&component) => {}
                Some(component) => toc.components.push(component),
                None => toc.others.push(name.to_owned()),
            }
        }
        Ok(toc)
    }

    /// As Cassandra writes it: names in the order of their letters.
    pub fn text(components: &[Component]) -> String {
        let mut names: Vec<&str> = components.iter().map(|c| c.name()).collect();
        names.sort_unstable();
        names.into_iter().flat_map(|name| [name, "\n"]).collect()
    }

    /// Whether it names the component.
    pub fn has(&self, component: Component) -> bool {
        self.components.contains(&component)
    }
}
