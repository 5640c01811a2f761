//! Text as changes.

mod faults;
mod meaning;
mod table;
