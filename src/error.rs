//! What went wrong and where: one error type for the whole engine.
//!
//! Parsers know a position, the component reader knows the file, the table knows its name: each adds
//! what it knows on the way up, so that the text a user sees names the file and the byte.

use std::fmt;
use std::path::{Path, PathBuf};

/// The class of an error: decides the errno, the exit code and whether reading may go on elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Bytes that contradict the format: damaged, cut short, or not what they claim to be.
    Corrupt,
    /// A valid thing that this program does not read (a version letter, a compressor, a type).
    Unsupported,
    /// The operating system refused or failed.
    Io,
    /// Something named does not exist.
    NotFound,
    /// A request that can't be answered as asked: bad syntax, unknown column, wrong type.
    Invalid,
    /// The schema and the SSTable contradict each other.
    Schema,
    /// Another process has what is asked for.
    Busy,
}

/// An error with its place. Boxed inside, so that `Result<u64>` stays two words.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    message: String,
    file: Option<PathBuf>,
    offset: Option<u64>,
    os: Option<i32>,
}

/// The result of whatever can fail with an [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error of a kind; `message` says what is wrong, and best also what to do.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Error(Box::new(Inner { kind, message: message.into(), file: None, offset: None, os: None }))
    }

    /// [`Kind::Corrupt`]: bytes that can't be what they should be.
    pub fn corrupt(message: impl Into<String>) -> Self {
        Self::new(Kind::Corrupt, message)
    }

    /// [`Kind::Unsupported`]: something that is valid, but not read here.
    pub fn unsupported(message: impl Into<String>) -> Self {
        Self::new(Kind::Unsupported, message)
    }

    /// [`Kind::Invalid`]: what was asked for makes no sense.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::new(Kind::Invalid, message)
    }

    /// [`Kind::Schema`]: the schema can't be used, or the data does not fit it.
    pub fn schema(message: impl Into<String>) -> Self {
        Self::new(Kind::Schema, message)
    }

    /// [`Kind::Busy`]: someone else is at it.
    pub fn busy(message: impl Into<String>) -> Self {
        Self::new(Kind::Busy, message)
    }

    /// [`Kind::NotFound`]: there is no such thing.
    pub fn not_found(message: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// An I/O error, with the path it concerns.
    pub fn io(error: std::io::Error, file: impl AsRef<Path>) -> Self {
        let kind = if error.kind() == std::io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Io };
        let mut e = Self::new(kind, error.to_string());
        e.0.os = error.raw_os_error();
        e.0.file = Some(file.as_ref().to_owned());
        e
    }

    /// Adds the byte offset, unless a deeper layer already did.
    #[must_use]
    pub fn at(mut self, offset: u64) -> Self {
        self.0.offset.get_or_insert(offset);
        self
    }

    /// Adds the file, unless a deeper layer already did.
    #[must_use]
    pub fn in_file(mut self, file: impl AsRef<Path>) -> Self {
        if self.0.file.is_none() {
            self.0.file = Some(file.as_ref().to_owned());
        }
        self
    }

    /// Puts `what: ` in front of the message.
    #[must_use]
    pub fn context(mut self, what: impl fmt::Display) -> Self {
        self.0.message = format!("{what}: {}", self.0.message);
        self
    }

    /// What sort of error it is, for those who decide by it.
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// What is wrong, without file and place.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The file that it is about, where that is known.
    pub fn file(&self) -> Option<&Path> {
        self.0.file.as_deref()
    }

    /// The byte of the file that it is about, where that is known.
    pub fn offset(&self) -> Option<u64> {
        self.0.offset
    }

    /// The errno of the system call that failed, for [`Kind::Io`].
    pub fn os_error(&self) -> Option<i32> {
        self.0.os
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.0.file {
            write!(f, "{}: ", file.display())?;
        }
        f.write_str(&self.0.message)?;
        if let Some(offset) = self.0.offset {
            write!(f, " (at byte {offset})")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {self}", self.0.kind)
    }
}

impl std::error::Error for Error {}

impl From<crate::bytes::Truncated> for Error {
    fn from(t: crate::bytes::Truncated) -> Self {
        Error::corrupt("the data ends in the middle of a field").at(t.at)
    }
}
