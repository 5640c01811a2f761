//! The tree of a [`Database`]: what its tables hold, as files.

mod ahead;
mod cache;
mod crew;
mod dump;
mod epoch;
mod failures;
mod files;
mod inotify;
mod intake;
mod kept;
mod keys;
mod later;
mod printers;
mod query;
mod query_readme;
mod query_slices;
#[cfg(test)]
mod query_tests;
mod rights;
mod rows;
mod select;
mod sliced;
#[cfg(test)]
mod tests;
mod texts;
mod watch;
mod whole;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::SystemTime;

use sstablefs::table::{Database, TableStore};
use sstablefs::{Error, Result};
use sstablefs_render::CsvStyle;

use super::{Attributes, Listener, Listing, Opened, ShortListing, Size, Tree};
use crate::access::Permissions;
use crate::content::{Active, Content, Fixed};
use crate::path::{Answer, Kind, Request, TableName};
use crate::staging::Intakes;
use ahead::Ahead;
use cache::{Cache, Known};
use crew::Crew;
use epoch::{Epochs, Moment};
use failures::Failures;
use intake::EngineIntakes;
pub use intake::StagingOptions;
use keys::KeyListing;
use query::Refusals;
use rights::Rights;

/// For texts that are kept.
const CACHE: usize = 8 << 20;
/// How many texts are made at a time, beside those that are waiting for their readers.
const ACTIVE: usize = 8;

/// How the tree shows its tables.
#[derive(Debug, Clone, Copy)]
pub struct EngineOptions {
    /// The time to read at, in seconds since the epoch; `None`: now.
    pub now: Option<i64>,
    /// How CSV is quoted.
    pub csv: CsvStyle,
}

/// The tree of a [`Database`]: what its tables have, as files.
pub struct EngineTree {
    database: Arc<Database>,
    options: EngineOptions,
    epochs: Arc<Epochs>,
    cache: Arc<Cache>,
    active: Active,
    failures: Failures,
    refusals: Refusals,
    rights: Rights,
    crew: Crew,
    ahead: Ahead,
    started: SystemTime,
    /// `None`: nothing can be written.
    staging: Option<StagingOptions>,
}

impl EngineTree {
    /// Over a database that is open.
    pub fn new(database: Arc<Database>, options: EngineOptions) -> Self {
        let (crew, cache) = (Crew::new(), Arc::new(Cache::new(CACHE)));
        EngineTree {
            database,
            options,
            epochs: Arc::default(),
            ahead: Ahead::new(crew.clone(), cache.clone()),
            cache,
            active: Active::new(ACTIVE),
            failures: Failures::default(),
            refusals: Refusals::default(),
            rights: Rights::default(),
            crew,
            started: SystemTime::now(),
            staging: None,
        }
    }

    /// Gives each table a staging folder.
    pub fn with_staging(self, options: StagingOptions) -> Self {
        EngineTree { staging: Some(options), ..self }
    }

    fn store(&self, table: &TableName) -> Result<Option<Arc<TableStore>>> {
        let find = || self.database.table(table.keyspace(), table.table());
        if let Some(store) = find() {
            return Ok(Some(store));
        }
        // Maybe it was created since.
        self.database.refresh()?;
        Ok(find())
    }

    fn moment(&self, table: &TableName) -> Result<Option<Moment>> {
        let Some(store) = self.store(table)? else { return Ok(None) };
        self.epochs.moment(table, &store, self.options.now).map(Some)
    }

    fn has_keyspace(&self, keyspace: &str) -> Result<bool> {
        let find = || self.database.keyspaces().iter().any(|k| k == keyspace);
        if !find() {
            self.database.refresh()?;
        }
        Ok(find())
    }

    fn directory(&self, request: &Request) -> Result<Option<Attributes>> {
        let exists = match request {
            Request::Root | Request::Statements => true,
            Request::Staging(_) if self.staging.is_none() => false,
            Request::Keyspace(keyspace) => self.has_keyspace(keyspace)?,
            Request::SSTable(table, id) => self.moment(table)?.is_some_and(|m| m.epoch.sstable(id).is_some()),
            _ => match request.table() {
                Some(table) => self.store(table)?.is_some(),
                None => false,
            },
        };
        let attributes = Attributes { kind: Kind::Directory, size: Size::Exact(0), modified: self.started, version: 0 };
        Ok(exists.then_some(attributes))
    }

    fn text_attributes(&self, text: &str) -> Attributes {
        let mut hasher = DefaultHasher::new();
        text.hash(&mut hasher);
        Attributes {
            kind: Kind::File,
            size: Size::Exact(text.len() as u64),
            modified: self.started,
            version: hasher.finish(),
        }
    }

    /// The text of a file that is made whole each time; `None` for the others and for what does not exist.
    fn text(&self, request: &Request) -> Result<Option<String>> {
        match request {
            Request::Readme => Ok(Some(texts::readme(&self.database, |table| {
                // The keys in its examples are data, too.
                if self.is_as_open_as_names(table) { self.moment(table) } else { Ok(None) }
            }))),
            Request::KeyspaceSchema(keyspace) => match self.has_keyspace(keyspace)? {
                true => texts::keyspace_schema(&self.database, keyspace).map(Some),
                false => Ok(None),
            },
            Request::TableSchema(table) => self.store(table)?.map(|s| texts::table_schema(&s)).transpose(),
            Request::TableInfo(table) => {
                let Some(store) = self.store(table)? else { return Ok(None) };
                let moment = self.epochs.moment(table, &store, self.options.now);
                Ok(Some(texts::table_info(table, &store, moment, self.failures.of(table))))
            }
            Request::Metadata(table, id) => {
                let Some(moment) = self.moment(table)? else { return Ok(None) };
                let Some(sstable) = moment.epoch.sstable(id) else { return Ok(None) };
                self.unless_gone(table, id, texts::metadata(&sstable, moment.now))
            }
            Request::StatementsReadme => Ok(Some(query_readme::of_statements(&self.database))),
            Request::WhereReadme(table) => {
                let Some(store) = self.store(table)? else { return Ok(None) };
                Ok(Some(query_readme::of_where(table, &store, || self.moment(table))?))
            }
            Request::Statement(_, Answer::Explain) | Request::Selected(_, _, Answer::Explain) => self.explain(request),
            _ => Ok(None),
        }
    }
}

impl Tree for EngineTree {
    fn failed(&self, request: &Request, error: &Error) {
        if let Some(table) = self.table_of(request) {
            self.failures.note(&table, error);
        }
    }

    fn intakes(&self) -> Option<Arc<dyn Intakes>> {
        let options = self.staging.clone()?;
        Some(Arc::new(EngineIntakes { database: self.database.clone(), options, epochs: self.epochs.clone() }))
    }

    fn watch(&self, listener: Box<dyn Listener>) {
        watch::start(self.database.clone(), self.epochs.clone(), listener);
    }

    fn attributes(&self, request: &Request) -> Result<Option<Attributes>> {
        if request.kind() == Kind::Directory {
            return self.directory(request);
        }
        if let Some(text) = self.text(request)? {
            return Ok(Some(self.text_attributes(&text)));
        }
        let Some(file) = self.file(request)? else { return Ok(None) };
        self.look_at(request, &file);
        Ok(self.known(request, &file)?.map(|known| file.attributes(&known)))
    }

    fn access(&self, request: &Request) -> Permissions {
        self.rights_of(request)
    }

    fn open(&self, request: &Request) -> Result<Option<Opened>> {
        if let Some(text) = self.text(request)? {
            let attributes = self.text_attributes(&text);
            return Ok(Some(Opened { attributes, content: Arc::new(Fixed(text.into_bytes().into())) }));
        }
        let Some(file) = self.file(request)? else { return Ok(None) };
        let Some(known) = self.known(request, &file)? else { return Ok(None) };
        let attributes = file.attributes(&known);
        let content: Arc<dyn Content> = match known {
            Known::Text(text) | Known::Read(text) => Arc::new(Fixed(text)),
            Known::Long => file.stream(self),
        };
        Ok(Some(Opened { attributes, content }))
    }

    fn attributes_again(&self, request: &Request, before: &Attributes) -> Result<Option<Attributes>> {
        let version = match self.version(request)? {
            None => self.file(request)?.map(|file| file.version),
            version => version,
        };
        if version == Some(before.version) { Ok(Some(*before)) } else { self.attributes(request) }
    }

    fn open_again(&self, request: &Request, before: &Attributes) -> Result<Option<Opened>> {
        if self.version(request)? == Some(before.version)
            && let Some(Known::Text(text) | Known::Read(text)) = self.cache.get(request, before.version)
        {
            return Ok(Some(Opened { attributes: *before, content: Arc::new(Fixed(text)) }));
        }
        match self.file(request)? {
            Some(file) if file.version == before.version => {
                Ok(Some(Opened { attributes: *before, content: self.content_again(request, file, before.size) }))
            }
            _ => self.open(request),
        }
    }

    fn list(&self, request: &Request) -> Result<Option<Box<dyn Listing>>> {
        if self.directory(request)?.is_none() {
            return Ok(None);
        }
        let mut entries = request.fixed_children();
        match request {
            Request::Root => {
                self.database.refresh()?;
                entries.extend(self.database.keyspaces().into_iter().map(|k| Request::Keyspace(k.into())));
            }
            Request::Keyspace(keyspace) => {
                self.database.refresh()?;
                let tables = self.database.tables(keyspace);
                entries.extend(tables.iter().map(|t| Request::Table(TableName::new(keyspace, t))));
            }
            Request::Table(table) if self.staging.is_some() => {
                entries.push(Request::Staging(table.clone()));
            }
            Request::Keys(table, format) => {
                let Some(moment) = self.moment(table)? else { return Ok(None) };
                return Ok(Some(Box::new(KeyListing::new(&moment, *format)?)));
            }
            // Of a question that can't be answered only what says why.
            Request::Where(..) if matches!(self.asked(request), Ok(Some(asked)) if !asked.has_answer()) => {
                entries.retain(|e| matches!(e, Request::Selected(_, _, Answer::Explain)));
            }
            Request::SSTables(table) => {
                let Some(moment) = self.moment(table)? else { return Ok(None) };
                let names = moment.epoch.sstables().into_iter().map(|(name, _)| name);
                entries.extend(names.map(|n| Request::SSTable(table.clone(), n.into())));
            }
            _ => {}
        }
        Ok(Some(Box::new(ShortListing::new(entries))))
    }
}
