//! The folder of a table's keys: names to keys, and the list of all.

use std::sync::Arc;

use sstablefs::cql::{DecoratedKey, Token};
use sstablefs::table::{KeyStream, View};
use sstablefs::{Error, Result};
use sstablefs_render::name::KeyNames;

use super::epoch::Moment;
use crate::content::Checkpoints;
use crate::path::{Format, Kind};
use crate::tree::Listing;

/// Where a listing can be taken up again: this many places, at least so many keys apart.
const PLACES: usize = 256;
const SPACING: u64 = 1024;

/// All keys that SELECT DISTINCT returns, streamed.
pub(super) struct KeyListing {
    view: Arc<View>,
    names: KeyNames,
    now: i64,
    format: Format,
    keys: KeyStream,
    next: u64,
    /// By the number of the key that comes next: the key before it.
    places: Checkpoints<DecoratedKey>,
}

impl KeyListing {
    pub(super) fn new(moment: &Moment, format: Format) -> Result<Self> {
        let view = moment.epoch.view.clone();
        Ok(KeyListing {
            keys: view.keys(None, moment.now)?,
            names: moment.epoch.names.clone(),
            view,
            now: moment.now,
            format,
            next: 0,
            places: Checkpoints::new(PLACES, SPACING),
        })
    }
}

impl Listing for KeyListing {
    fn next(&mut self, name: &mut String) -> Result<Option<Kind>> {
        name.clear();
        let Some(key) = self.keys.next_key()? else { return Ok(None) };
        self.next += 1;
        if self.places.wants(self.next) {
            self.places.add(self.next, key.clone());
        }
        write_name(&self.names, key, self.format, name)?;
        Ok(Some(Kind::File))
    }

    fn seek(&mut self, index: u64) -> Result<()> {
        let place = self.places.before(index).cloned();
        let start = place.as_ref().map_or(0, |p| p.0);
        if self.next > index || self.next < start {
            self.keys = self.view.keys(place.as_ref().map(|p| &p.1), self.now)?;
            self.next = start;
        }
        while self.next < index && self.keys.next_key()?.is_some() {
            self.next += 1;
        }
        Ok(())
    }
}

pub(super) fn write_name(names: &KeyNames, key: &DecoratedKey, format: Format, name: &mut String) -> Result<()> {
    let mut bytes = std::mem::take(name).into_bytes();
    bytes.clear();
    names.write_name(key.token, &key.key, format.extension(), &mut bytes)?;
    *name = String::from_utf8(bytes).map_err(|_| Error::corrupt("the name of a key is not UTF-8"))?;
    Ok(())
}

/// The key whose file has this name without the extension. It need not be in the table when its text alone says it.
pub(super) fn find(moment: &Moment, stem: &str, format: Format) -> Result<Option<DecoratedKey>> {
    let view = &moment.epoch.view;
    let names = &moment.epoch.names;
    let candidates = names.candidates(stem);
    let mut name = String::new();
    let mut is_its_name = |key: &DecoratedKey| -> Result<bool> {
        write_name(names, key, format, &mut name)?;
        // One name a key: other spellings of it do not exist.
        let own = name.strip_suffix(format.extension()).and_then(|n| n.strip_suffix('.'));
        Ok(own == Some(stem))
    };
    if let Some(number) = candidates.token {
        let token = match view.key_order().token(&[]) {
            Token::Murmur3(_) => i64::try_from(number).ok().map(Token::Murmur3),
            Token::Random(_) => u128::try_from(number).ok().map(Token::Random),
            Token::Key => None,
        };
        let by_token = token.map(|token| DecoratedKey { token, key: Vec::new() });
        // Without tokens to seek by, all keys are looked through.
        if by_token.is_some() || view.key_order().token(&[]) == Token::Key {
            let mut keys = view.keys(by_token.as_ref(), moment.now)?;
            while let Some(key) = keys.next_key()? {
                if token.is_some_and(|t| t != key.token) {
                    break;
                }
                if names.token_number(key.token, &key.key) == number && is_its_name(key)? {
                    return Ok(Some(key.clone()));
                }
            }
        }
    }
    let Some(key) = candidates.key.map(|key| view.key_order().decorate(&key)) else { return Ok(None) };
    // The text of what is no value of the type has no name.
    Ok(is_its_name(&key).unwrap_or(false).then_some(key))
}

/// The file name, without the extension, of the table's first key.
pub(super) fn first(moment: &Moment, format: Format) -> Result<Option<String>> {
    let mut listing = KeyListing::new(moment, format)?;
    let mut name = String::new();
    if listing.next(&mut name)?.is_none() {
        return Ok(None);
    }
    name.truncate(name.len().saturating_sub(format.extension().len() + 1));
    Ok(Some(name))
}
