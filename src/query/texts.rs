//! Values as text, for to_json and for casts to text: the engine has none of its own, whoever prints results lends them.

use crate::cql::Type;
use crate::error::{Error, Result};

/// How values become text in the functions that need it: toJson and the like. The engine prints nothing itself; the
/// crate `sstablefs-render` does.
pub trait Texts: Send + Sync {
    /// Appends the JSON of a value, as SELECT JSON prints it.
    fn json(&self, ty: &Type, value: &[u8], out: &mut Vec<u8>) -> Result<()>;

    /// Appends a value as AbstractType.getString prints it.
    fn plain(&self, ty: &Type, value: &[u8], out: &mut Vec<u8>) -> Result<()>;
}

/// In place of such.
pub(super) struct NoTexts;

impl Texts for NoTexts {
    fn json(&self, _: &Type, _: &[u8], _: &mut Vec<u8>) -> Result<()> {
        Err(Error::unsupported("texts of values can not be made here"))
    }

    fn plain(&self, ty: &Type, value: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.json(ty, value, out)
    }
}
