//! One row of CSV or JSON as INSERT writes it. Follows cql3.UpdateParameters and the setters of Constants, Sets, Maps, Lists
//! and UserTypes.
//!
//! ```text
//!   fields, in the order of the text -> a slot a column -> key, static row, row, in the table's order -> Sink
//! ```
//! A multi-cell column is written as a whole: a complex deletion a microsecond before its cells. The paths of a list's cells
//! are time UUIDs that depend on nothing but the input and the position in the list, so that a row that is there twice,
//! as a static list is with each row of its partition, is the same row.

use std::hash::{BuildHasher, RandomState};

use sstablefs::cql::{Type, names, validate};
use sstablefs::rows::{Cell, ComplexDeletion, DeletionTime, Liveness, NO_DELETION_TIME, NO_TTL, Row, Span};
use sstablefs::schema::{Column, Table};

use super::nested::{Part, arrange, since};
use super::{InputOptions, Output, Stop};

/// Attributes.MAX_TTL: twenty years.
const MAX_TTL: i64 = 20 * 365 * 24 * 60 * 60;
/// FBUtilities.MAX_UNSIGNED_SHORT: of a partition key, and of all clustering values together.
const MAX_KEY: usize = 0xffff;

/// The text of one field.
pub(super) trait Source {
    fn is_null(&self, ty: &Type) -> bool;

    /// Appends the value in one piece. `parts` is memory for the parts that it has; what was in it stays.
    fn bytes(&self, ty: &Type, out: &mut Vec<u8>, parts: &mut Vec<Part>) -> Result<(), String>;

    /// Appends the parts of a multi-cell column: their bytes to `out`, where each lies there to `parts`.
    fn parts(&self, ty: &Type, out: &mut Vec<u8>, parts: &mut Vec<Part>) -> Result<(), String>;
}

/// What a field of the text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Target {
    Key(usize),
    Clustering(usize),
    Static(usize),
    Regular(usize),
    /// Microseconds: `USING TIMESTAMP`.
    Timestamp,
    /// Seconds: `USING TTL`.
    Ttl,
}

#[derive(Debug, Clone, Copy)]
enum Slot {
    Absent,
    Null,
    Value(Span),
    /// Which of the row's parts.
    Parts(u32, u32),
}

impl Target {
    /// Every name that a field may have. A column comes before what is not one.
    pub(super) fn all(table: &Table) -> Vec<(String, Target)> {
        let named = |columns: &[Column], target: fn(usize) -> Target| -> Vec<(String, Target)> {
            columns.iter().enumerate().map(|(i, c)| (c.name.clone(), target(i))).collect()
        };
        let mut all = named(&table.partition_key, Target::Key);
        all.extend(named(&table.clustering, Target::Clustering));
        all.extend(named(&table.statics, Target::Static));
        all.extend(named(&table.regulars, Target::Regular));
        for (name, target) in [("[timestamp]", Target::Timestamp), ("[ttl]", Target::Ttl)] {
            if table.column(name).is_none() {
                all.push((name.to_owned(), target));
            }
        }
        all
    }
}

/// Why there is no column of a name.
pub(super) fn unknown_column(table: &Table, name: &str) -> String {
    let known: Vec<&str> = table.all_columns().map(|c| c.name.as_str()).collect();
    let name = super::shown(name);
    let mut known = known.join(", ");
    if known.len() > 500 {
        known = format!("{} columns", table.all_columns().count());
    }
    format!("{}.{} has no column '{name}'; it has {known}", table.keyspace, table.name)
}

/// Collects the fields of a row.
pub(super) struct RowBuilder<'o> {
    options: &'o InputOptions,
    table: &'o Table,
    key: Vec<Slot>,
    clustering: Vec<Slot>,
    statics: Vec<Slot>,
    regulars: Vec<Slot>,
    /// Values of the partition key's columns, and the key.
    key_values: Vec<u8>,
    key_bytes: Vec<u8>,
    /// Of the row's multi-cell columns.
    parts: Vec<Part>,
    row: Row,
    static_row: Row,
    timestamp: Option<i64>,
    ttl: Option<i32>,
    list_paths: ListPaths,
    /// Tables with a storage of the time before CQL have no row markers.
    has_liveness: bool,
}

impl<'o> RowBuilder<'o> {
    pub(super) fn new(options: &'o InputOptions) -> Self {
        let table: &Table = &options.table;
        let slots = |columns: &[Column]| columns.iter().map(|_| Slot::Absent).collect();
        RowBuilder {
            options,
            table,
            key: slots(&table.partition_key),
            clustering: slots(&table.clustering),
            statics: slots(&table.statics),
            regulars: slots(&table.regulars),
            key_values: Vec::new(),
            key_bytes: Vec::new(),
            parts: Vec::new(),
            row: Row::default(),
            static_row: Row::default(),
            timestamp: None,
            ttl: None,
            list_paths: ListPaths::new(options.now),
            has_liveness: table.flags.is_compound && !table.flags.is_dense && !table.flags.is_super,
        }
    }

    pub(super) fn clear(&mut self) {
        let RowBuilder { key, clustering, statics, regulars, .. } = self;
        for slot in [key, clustering, statics, regulars].into_iter().flatten() {
            *slot = Slot::Absent;
        }
        self.key_values.clear();
        self.parts.clear();
        self.row.clear();
        self.static_row.clear();
        (self.timestamp, self.ttl) = (None, None);
    }

    /// Takes a field. The same one again replaces it.
    #[inline]
    pub(super) fn set(&mut self, target: Target, source: &impl Source) -> Result<(), String> {
        let (slot, column, bytes) = match target {
            Target::Key(i) => (&mut self.key[i], &self.table.partition_key[i], &mut self.key_values),
            Target::Clustering(i) => (&mut self.clustering[i], &self.table.clustering[i], &mut self.row.bytes),
            Target::Static(i) => (&mut self.statics[i], &self.table.statics[i], &mut self.static_row.bytes),
            Target::Regular(i) => (&mut self.regulars[i], &self.table.regulars[i], &mut self.row.bytes),
            Target::Timestamp => return self.set_timestamp(source),
            Target::Ttl => return self.set_ttl(source),
        };
        let ty = &column.ty;
        let located = |e: String| format!("column {}: {e}", names::identifier(&column.name));
        *slot = if source.is_null(ty) {
            Slot::Null
        } else if ty.is_multi_cell() {
            let from = self.parts.len();
            source.parts(ty, bytes, &mut self.parts).map_err(located)?;
            arrange(ty, bytes, &mut self.parts, from).map_err(located)?;
            Slot::Parts(from as u32, self.parts.len() as u32)
        } else {
            let start = bytes.len();
            source.bytes(ty, bytes, &mut self.parts).map_err(located)?;
            Slot::Value(since(start, bytes))
        };
        Ok(())
    }

    /// A field that says null.
    #[inline]
    pub(super) fn set_null(&mut self, target: Target) {
        match target {
            Target::Key(i) => self.key[i] = Slot::Null,
            Target::Clustering(i) => self.clustering[i] = Slot::Null,
            Target::Static(i) => self.statics[i] = Slot::Null,
            Target::Regular(i) => self.regulars[i] = Slot::Null,
            Target::Timestamp => self.timestamp = None,
            Target::Ttl => self.ttl = Some(0),
        }
    }

    fn set_timestamp(&mut self, source: &impl Source) -> Result<(), String> {
        self.timestamp = match number(source, "[timestamp]")? {
            Some(i64::MIN) => return Err("[timestamp]: the least number stands for no timestamp".into()),
            timestamp => timestamp,
        };
        Ok(())
    }

    fn set_ttl(&mut self, source: &impl Source) -> Result<(), String> {
        let ttl = number(source, "[ttl]")?.unwrap_or(0);
        if ttl < 0 {
            return Err(format!("[ttl]: a TTL must be 0 or more, this is {ttl}"));
        }
        if ttl > MAX_TTL {
            return Err(format!("[ttl]: a TTL is at most {MAX_TTL} seconds (20 years), this is {ttl}"));
        }
        self.ttl = Some(ttl as i32);
        Ok(())
    }

    /// Gives the row to the sink, or says what is wrong with it.
    pub(super) fn finish(&mut self, out: &mut Output<'_>) -> Result<Result<(), String>, Stop> {
        let write = match self.build() {
            Ok(write) => write,
            Err(reason) => return Ok(Err(reason)),
        };
        out.summary.rows += 1;
        if let Some(sink) = out.sink() {
            if write.statics {
                sink.static_row(&self.key_bytes, &self.static_row)?;
            }
            if write.row {
                sink.row(&self.key_bytes, &self.row)?;
            }
        }
        Ok(Ok(()))
    }

    fn build(&mut self) -> Result<Write, String> {
        self.build_key()?;
        let RowBuilder { table, options, .. } = *self;
        let ttl = self.ttl.unwrap_or(options.default_ttl);
        let expiration = if ttl == NO_TTL { NO_DELETION_TIME } else { options.now.saturating_add(ttl.into()) };
        if ttl != NO_TTL && expiration > options.max_deletion_time {
            return Err(format!("a TTL of {ttl} seconds ends behind the last time that the format can hold"));
        }
        let write = Times { timestamp: self.timestamp.unwrap_or(options.timestamp), ttl, expiration, now: options.now };
        let statics = self.statics.iter().any(|slot| !matches!(slot, Slot::Absent));
        if statics {
            let given = Given { slots: &self.statics, parts: &self.parts, paths: &self.list_paths };
            write.cells(&given, &table.statics, &mut self.static_row);
        }
        let given = self.clustering.iter().filter(|slot| matches!(slot, Slot::Value(_))).count();
        if given == 0 && given < self.clustering.len() {
            let regular = self.regulars.iter().position(|slot| !matches!(slot, Slot::Absent | Slot::Null));
            let Some(regular) = regular else {
                // The row of a partition that has nothing but static values.
                return if statics { Ok(Write { statics, row: false }) } else { Err(self.missing_clustering()) };
            };
            let name = names::identifier(&table.regulars[regular].name);
            return Err(format!("{}, but there is a value for {name}", self.missing_clustering()));
        }
        if given < self.clustering.len() {
            return Err(self.missing_clustering());
        }
        let mut total = 0;
        for (slot, column) in self.clustering.iter().zip(&table.clustering) {
            let Slot::Value(span) = slot else { continue };
            check_key_value(column, span.of(&self.row.bytes))?;
            total += span.len as usize;
            self.row.clustering.push(*span);
        }
        if total > MAX_KEY {
            return Err(format!("the clustering columns have {total} bytes together; {MAX_KEY} is the most"));
        }
        if self.has_liveness {
            self.row.liveness =
                Liveness { timestamp: write.timestamp, ttl: write.ttl, local_expiration_time: write.expiration };
        } else if matches!(self.table.regulars.as_slice(), [only] if only.ty == Type::Empty) {
            // What such a table has in the place of a column: without it the row would not be there.
            self.row.cells.push(write.cell(0, Span::default(), Span::default()));
        }
        let given = Given { slots: &self.regulars, parts: &self.parts, paths: &self.list_paths };
        write.cells(&given, &table.regulars, &mut self.row);
        Ok(Write { statics, row: true })
    }

    fn missing_clustering(&self) -> String {
        let missing = self.clustering.iter().position(|slot| !matches!(slot, Slot::Value(_))).unwrap_or(0);
        let name = names::identifier(&self.table.clustering[missing].name);
        match self.clustering.get(missing) {
            Some(Slot::Null) => format!("the clustering column {name} is null"),
            _ => format!("the clustering column {name} is missing"),
        }
    }

    fn build_key(&mut self) -> Result<(), String> {
        self.key_bytes.clear();
        let single = self.key.len() == 1;
        for (slot, column) in self.key.iter().zip(&self.table.partition_key) {
            let name = || names::identifier(&column.name);
            let value = match slot {
                Slot::Value(span) => span.of(&self.key_values),
                Slot::Null => return Err(format!("the partition key column {} is null", name())),
                _ => return Err(format!("the partition key column {} is missing", name())),
            };
            check_key_value(column, value)?;
            push_key_part(value, single, &mut self.key_bytes)
                .map_err(|reason| format!("the partition key column {}: {reason}", name()))?;
        }
        check_key(&self.key_bytes)
    }
}

/// Appends a column's value to a partition key: alone, or as a component of a CompositeType.
pub(super) fn push_key_part(value: &[u8], single: bool, key: &mut Vec<u8>) -> Result<(), String> {
    if single {
        key.extend_from_slice(value);
        return Ok(());
    }
    let Ok(length) = u16::try_from(value.len()) else {
        return Err(format!("{} bytes are too many; {MAX_KEY} is the most", value.len()));
    };
    key.extend_from_slice(&length.to_be_bytes());
    key.extend_from_slice(value);
    key.push(0);
    Ok(())
}

/// Validation.validateKey.
pub(super) fn check_key(key: &[u8]) -> Result<(), String> {
    if key.is_empty() {
        return Err("the partition key may not be empty".into());
    }
    if key.len() > MAX_KEY {
        return Err(format!("the partition key has {} bytes; {MAX_KEY} is the most", key.len()));
    }
    Ok(())
}

/// An empty value where the type has none can't be compared.
fn check_key_value(column: &Column, value: &[u8]) -> Result<(), String> {
    if value.is_empty() {
        validate(&column.ty, value)
            .map_err(|e| format!("column {}: {}", names::identifier(&column.name), e.message()))?;
    }
    Ok(())
}

/// What there is to write.
struct Write {
    statics: bool,
    row: bool,
}

fn number(source: &impl Source, name: &str) -> Result<Option<i64>, String> {
    if source.is_null(&Type::BigInt) {
        return Ok(None);
    }
    let mut bytes = Vec::new();
    source.bytes(&Type::BigInt, &mut bytes, &mut Vec::new()).map_err(|e| format!("{name}: {e}"))?;
    match <[u8; 8]>::try_from(bytes) {
        Ok(bytes) => Ok(Some(i64::from_be_bytes(bytes))),
        Err(_) => Err(format!("{name}: this is empty")),
    }
}

/// Timestamp and TTL of a row's cells.
struct Times {
    timestamp: i64,
    ttl: i32,
    expiration: i64,
    now: i64,
}

impl Times {
    fn cell(&self, column: usize, path: Span, value: Span) -> Cell {
        Cell {
            column: column as u16,
            ttl: self.ttl,
            timestamp: self.timestamp,
            local_deletion_time: self.expiration,
            value,
            path,
        }
    }

    fn cells(&self, given: &Given<'_>, columns: &[Column], row: &mut Row) {
        for (i, (slot, column)) in given.slots.iter().zip(columns).enumerate() {
            match *slot {
                Slot::Absent => {}
                Slot::Null if column.ty.is_multi_cell() => self.overwrite(i, row),
                Slot::Null => {
                    let tombstone = Cell {
                        ttl: NO_TTL,
                        local_deletion_time: self.now,
                        ..self.cell(i, Span::default(), Span::default())
                    };
                    row.cells.push(tombstone);
                }
                Slot::Value(span) => row.cells.push(self.cell(i, Span::default(), span)),
                Slot::Parts(from, to) => {
                    self.overwrite(i, row);
                    let parts = given.parts.get(from as usize..to as usize).unwrap_or_default();
                    self.elements(i, &column.ty, parts, given.paths, row);
                }
            }
        }
    }

    fn overwrite(&self, column: usize, row: &mut Row) {
        let deletion =
            DeletionTime { marked_for_delete_at: self.timestamp.saturating_sub(1), local_deletion_time: self.now };
        row.complex_deletions.push(ComplexDeletion { column: column as u16, deletion });
    }

    fn elements(&self, column: usize, ty: &Type, parts: &[Part], paths: &ListPaths, row: &mut Row) {
        for (i, part) in parts.iter().enumerate().filter(|(_, part)| !part.value.is_null()) {
            let (path, value) = match ty {
                Type::Set { .. } => (part.value, Span::default()),
                Type::Map { .. } => (part.key, part.value),
                Type::User(_) => (row.store(&(i as u16).to_be_bytes()), part.value),
                _ => (row.store(&paths.path(i as u64)), part.value),
            };
            row.cells.push(self.cell(column, path, value));
        }
    }
}

/// What was given of the columns of a row.
struct Given<'a> {
    slots: &'a [Slot],
    parts: &'a [Part],
    paths: &'a ListPaths,
}

/// Time UUIDs for the elements of lists.
struct ListPaths {
    /// In 100 ns since 1582.
    ticks: u64,
    clock_and_node: u64,
}

impl ListPaths {
    fn new(now: i64) -> Self {
        const EPOCH: i64 = 0x01b2_1dd2_1381_4000;
        let ticks = now.saturating_mul(10_000_000).saturating_add(EPOCH).clamp(0, 1 << 59) as u64;
        // The variant of RFC 4122, and the bit that tells a random node from a network card's address.
        let random = RandomState::new().hash_one(now);
        ListPaths { ticks, clock_and_node: random & !(3 << 62) | 1 << 63 | 1 << 40 }
    }

    fn path(&self, i: u64) -> [u8; 16] {
        let ticks = self.ticks.wrapping_add(i);
        let high = ticks << 32 | (ticks >> 16) & 0xffff_0000 | 0x1000 | (ticks >> 48) & 0x0fff;
        let mut uuid = [0; 16];
        uuid[..8].copy_from_slice(&high.to_be_bytes());
        uuid[8..].copy_from_slice(&self.clock_and_node.to_be_bytes());
        uuid
    }
}
