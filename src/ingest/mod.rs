//! Writing: changes are gathered, ordered and merged, and become SSTables.

mod journal;
mod loader;
mod lock;
mod memtable;
mod range_record;
mod ranges;
mod record;
mod runs;
mod scratch;
mod sorted;
mod target;

pub use journal::{Journal, MAX_LOTS};
pub use loader::{Loader, LoaderOptions};
pub use lock::{FOLDER, Lock};
pub use memtable::Memtable;
pub use sorted::Sorted;
pub use target::{Target, TargetOptions};
