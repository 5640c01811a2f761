//! Writes the SSTables of a data directory again, for scripts/rewrite to have them judged by a real Cassandra.
//!
//!     rewrite SOURCE TARGET VERSION COMPRESSOR        nb, oa or da; none, LZ4, Snappy, Deflate, Zstd or Noop
//!
//! Prints the path of each Data.db that it wrote.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use sstablefs::schema::Table;
use sstablefs::sstable::{
    Codec, Component, CompressionParameters, Descriptor, Reader, Version, Writer, WriterOptions, read_statistics,
};
use sstablefs::storage::FileFolder;
use sstablefs::table::inferred::dump_table;
use sstablefs::table::{Database, Options};
use sstablefs::{Error, Result};

/// As that of the servers that wrote testdata: few bytes make many blocks.
const COLUMN_INDEX_SIZE: u64 = 4 << 10;

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [source, target, version, compressor] = arguments.as_slice() else {
        return Err(Error::invalid("rewrite SOURCE TARGET VERSION COMPRESSOR"));
    };
    let version = match version.as_str() {
        "nb" => Version::NB,
        "oa" => Version::OA,
        "da" => Version::DA,
        other => return Err(Error::invalid(format!("{other} can not be written"))),
    };
    let compression = match compressor.as_str() {
        "none" => None,
        name => Some(CompressionParameters::new(Codec::from_class_name(&format!("{name}Compressor"))?)),
    };
    let started = Instant::now();
    let mut rows = 0;
    // Options of tables are in system_schema alone.
    let database = Database::open(&[source.into()], &Options::default())?;
    for keyspace in folders(Path::new(source))?.into_iter().filter(|path| !path.ends_with("system_schema")) {
        for folder in folders(&keyspace)? {
            let name = |path: &Path| path.file_name().and_then(|n| n.to_str()).unwrap_or_default().to_owned();
            let (keyspace, table) = (name(&keyspace), name(&folder));
            let table = table.rsplit_once('-').map_or(table.as_str(), |(table, _)| table);
            let Some(store) = database.table(&keyspace, table) else { continue };
            let relative = folder.strip_prefix(source).unwrap_or(&folder);
            let target = Path::new(target).join(relative);
            rows += rewrite(&folder, &target, &*store.schema()?, version, compression.as_ref())?;
        }
    }
    eprintln!("{rows} rows in {:.2} s", started.elapsed().as_secs_f64());
    Ok(())
}

fn folders(of: &Path) -> Result<Vec<std::path::PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(of).map_err(|e| Error::io(e, of))? {
        let path = entry.map_err(|e| Error::io(e, of))?.path();
        if path.is_dir() {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn rewrite(
    source: &Path,
    target: &Path,
    schema: &Table,
    version: Version,
    compression: Option<&CompressionParameters>,
) -> Result<u64> {
    fs::create_dir_all(target).map_err(|e| Error::io(e, target))?;
    let folder = Arc::new(FileFolder::new(target));
    let mut rows = 0;
    for entry in fs::read_dir(source).map_err(|e| Error::io(e, source))? {
        let path = entry.map_err(|e| Error::io(e, source))?.path();
        let Some((descriptor, Component::Data)) = Descriptor::parse(&path)? else { continue };
        let statistics = read_statistics(&descriptor)?;
        // With the columns of the SSTable, so that cells of dropped ones stay.
        let table = Arc::new(Table { options: schema.options.clone(), ..dump_table(&statistics)? });
        let reader = Arc::new(Reader::open(&descriptor, &table)?);
        let keys = statistics.stats.partition_sizes.count() as u64;
        let mut options = WriterOptions::of_table(&table, version, statistics.header, keys)?;
        options.compression = compression.cloned();
        options.column_index_size = COLUMN_INDEX_SIZE;
        let written = Descriptor { dir: target.to_owned(), version, id: descriptor.id };
        let mut writer = Writer::new(folder.clone(), &written, &table, options)?;
        writer.append_all(&mut reader.scan_all()?)?;
        if let Some(written) = writer.finish()? {
            rows += written.rows;
            println!("{}", written.descriptor.component(Component::Data).display());
        }
    }
    Ok(rows)
}
