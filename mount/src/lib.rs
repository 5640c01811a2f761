//! The mount: SSTables as files.
//!
//! `path` says what a path asks for, `tree` what exists and what is in it, `content` makes text while it is read, `fs`
//! answers the kernel's questions in plain values, `staging` is what can be written, and `fuse` is the only module that speaks FUSE.

#![warn(missing_docs)]
#![deny(unsafe_code)]

pub mod access;
pub mod content;
mod daemon;
mod ending;
pub mod fs;
pub mod fuse;
pub mod path;
pub mod staging;
pub mod tree;

pub mod metadata;
mod mount;

pub use mount::{MountOptions, mount};
