//! The mount: SSTables as files.
//!
//! `path` says what a path asks for, `tree` what exists and what is in it, `content` makes text while it is read, `fs`
//! answers the kernel's questions in plain values, and `fuse` is the only module that speaks FUSE.

pub mod content;
pub mod fs;
pub mod fuse;
pub mod path;
pub mod tree;
