//! Small SSTables of each version with one file damaged: what is read of them is right, or an error that names a file. Where a
//! file has no checksum it may be wrong, but then the verifier says so.
//!
//! `SSTABLEFS_DAMAGES=100000 cargo test --test damaged_reads` damages each byte and cuts at each length; without it so many
//! places of each file are taken by chance, from a seed that is printed and that `SSTABLEFS_SEED` repeats.

mod data;

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sstablefs::Result;
use sstablefs::cql::DecoratedKey;
use sstablefs::rows::{Marker, PartitionStream, Row, Unfiltered};
use sstablefs::schema::Table;
use sstablefs::sstable::{
    Component, Descriptor, Fault, IndexEntry, Reader, Statistics, VerifyOptions, Version, Watch, read_statistics,
    verify,
};

/// Places of each file that are damaged.
const DAMAGES: u64 = 20;
/// What takes longer does not end.
const LONGEST: Duration = Duration::from_secs(10);

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

#[derive(Default)]
struct Faults(Vec<Fault>);

impl Watch for Faults {
    fn fault(&mut self, fault: Fault) {
        self.0.push(fault);
    }

    fn note(&mut self, _: String) {}
}

/// Of each version the smallest SSTables of several partitions, compressed and not, and the smallest with a row index.
fn chosen() -> Vec<Descriptor> {
    let mut found: BTreeMap<(String, u8), (u64, Descriptor)> = BTreeMap::new();
    for descriptor in data::sstables() {
        let size: u64 =
            Component::ALL.iter().filter_map(|c| fs::metadata(descriptor.component(*c)).ok()).map(|m| m.len()).sum();
        let statistics = read_statistics(&descriptor).unwrap();
        let hidden = descriptor.dir.file_name().unwrap().to_string_lossy().starts_with('.');
        if hidden || size > 1 << 20 {
            continue;
        }
        let version = descriptor.dir.strip_prefix(data::root()).unwrap().components().next().unwrap();
        let version = version.as_os_str().to_string_lossy().into_owned() + &descriptor.version.to_string();
        let mut kinds = Vec::new();
        if statistics.stats.partition_sizes.count() > 2 {
            kinds.push(u8::from(statistics.stats.compression_ratio >= 0.0));
        }
        if has_row_index(&descriptor, &statistics) {
            kinds.push(2);
        }
        for kind in kinds {
            let key = (version.clone(), kind);
            if found.get(&key).is_none_or(|(least, _)| size < *least) {
                found.insert(key, (size, descriptor.clone()));
            }
        }
    }
    found.into_values().map(|(_, descriptor)| descriptor).collect()
}

fn has_row_index(descriptor: &Descriptor, statistics: &Statistics) -> bool {
    let reader = Reader::open(descriptor, &data::table(statistics)).unwrap();
    let mut entries = reader.index_from(None).unwrap();
    let mut entry = IndexEntry::default();
    let mut found = false;
    while entries.next_entry(&mut entry).unwrap() {
        found |= entry.row_index.is_some();
    }
    found
}

/// What is read of an SSTable: all of it, each key by itself, and from rows in the middle on.
fn read(descriptor: &Descriptor, table: &Arc<Table>, keys: &[Vec<u8>]) -> Result<u64> {
    let reader = Arc::new(Reader::open(descriptor, table)?);
    let mut hash = DefaultHasher::new();
    let mut all = reader.scan_all()?;
    while all.next_partition()? {
        partition(&mut all, &mut hash, None)?;
    }
    let order = reader.key_order().clone();
    for key in keys {
        let key = order.decorate(key);
        reader.lookup(&key)?.hash(&mut hash);
        one(&reader, &key, &mut hash)?;
    }
    Ok(hash.finish())
}

fn one(reader: &Arc<Reader>, key: &DecoratedKey, hash: &mut DefaultHasher) -> Result<()> {
    let range = Bound::Included(key.clone());
    let Some(mut scanner) = reader.scan_range(&range, &range)? else { return Ok(()) };
    while scanner.next_partition()? {
        // From the row on that is in the middle of the partition.
        let mut clusterings = Vec::new();
        partition(&mut scanner, hash, Some(&mut clusterings))?;
        let Some(middle) = clusterings.get(clusterings.len() / 2) else { continue };
        let values: Vec<Option<&[u8]>> = middle.iter().map(Option::as_deref).collect();
        let Some(mut again) = reader.scan_range(&range, &range)? else { continue };
        again.next_partition()?;
        again.seek_row(&values)?;
        let mut seen = Vec::new();
        partition(&mut again, &mut DefaultHasher::new(), Some(&mut seen))?;
        seen.contains(middle).hash(hash);
        seen.last().hash(hash);
    }
    Ok(())
}

type Clustering = Vec<Option<Vec<u8>>>;

fn partition(
    stream: &mut impl PartitionStream,
    hash: &mut DefaultHasher,
    mut clusterings: Option<&mut Vec<Clustering>>,
) -> Result<()> {
    let head = (stream.key().key.clone(), stream.deletion(), stream.static_row().clone());
    format!("{head:?}").hash(hash);
    let (mut row, mut marker) = (Row::default(), Marker::default());
    loop {
        match stream.next(&mut row, &mut marker)? {
            Unfiltered::Row => {
                format!("{row:?}").hash(hash);
                if let Some(clusterings) = &mut clusterings {
                    let value = |i| row.clustering_value(i).map(<[u8]>::to_vec);
                    clusterings.push((0..row.clustering.len()).map(value).collect());
                }
            }
            Unfiltered::Marker => format!("{marker:?}").hash(hash),
            Unfiltered::End => return Ok(()),
        }
    }
}

/// The file has a checksum, or is compared with one that has: what is read is never wrong.
fn is_checked(component: Component, version: Version) -> bool {
    match component {
        Component::Data | Component::CompressionInfo | Component::Crc => true,
        Component::Statistics => version.has_metadata_checksum(),
        // Not looked at where data is read.
        Component::Digest | Component::Toc => true,
        _ => false,
    }
}

/// Numbers that look random (xorshift).
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit.max(1)
    }
}

/// Forms of a damaged file, each with what it is.
fn damages(bytes: &[u8], random: &mut Random) -> Vec<(String, Vec<u8>)> {
    let most = number("SSTABLEFS_DAMAGES").unwrap_or(DAMAGES);
    let length = bytes.len() as u64;
    let places: Vec<u64> =
        if length <= most { (0..length).collect() } else { (0..most).map(|_| random.below(length)).collect() };
    let mut found = Vec::new();
    for at in places {
        let mask = if random.below(3) == 0 { 0xff } else { 1u8 << random.below(8) };
        let mut changed = bytes.to_vec();
        changed[at as usize] ^= mask;
        found.push((format!("byte {at} ^ {mask:#x}"), changed));
        if length <= most || at % 3 == 0 {
            found.push((format!("cut at {at}"), bytes[..at as usize].to_vec()));
        }
    }
    found
}

fn write(path: &Path, bytes: &[u8]) {
    fs::write(path, bytes).unwrap();
}

#[test]
fn what_is_read_is_right_or_an_error() {
    let seed = number("SSTABLEFS_SEED").unwrap_or(20_261_127);
    println!("SSTABLEFS_SEED={seed}");
    let mut random = Random(seed);
    let chosen = chosen();
    let (mut tried, mut refused, mut told) = (0, 0, 0);
    let mut wrong = Vec::new();
    for source in &chosen {
        let folder = tempfile::tempdir().unwrap();
        let descriptor = Descriptor { dir: folder.path().to_owned(), ..source.clone() };
        let there: Vec<Component> = Component::ALL.into_iter().filter(|c| source.component(*c).exists()).collect();
        for component in &there {
            fs::copy(source.component(*component), descriptor.component(*component)).unwrap();
        }
        let statistics = read_statistics(source).unwrap();
        let table = data::table(&statistics);
        let mut keys = Vec::new();
        let mut entry = IndexEntry::default();
        let mut entries = Reader::open(source, &table).unwrap().index_from(None).unwrap();
        while entries.next_entry(&mut entry).unwrap() {
            keys.push(entry.key.clone());
        }
        keys = keys.iter().step_by(keys.len().div_ceil(8)).cloned().collect();
        keys.push(b"\0\0\0\x07".to_vec());
        let truth = read(&descriptor, &table, &keys).unwrap();
        for component in there {
            let path = descriptor.component(component);
            let bytes = fs::read(&path).unwrap();
            for (what, damaged) in damages(&bytes, &mut random) {
                write(&path, &damaged);
                let what = format!("{}: {} {what}", source.component(Component::Data).display(), component.name());
                let started = Instant::now();
                let answer = read(&descriptor, &table, &keys);
                let mut faults = Faults::default();
                verify(&descriptor, Some(&table), &VerifyOptions::default(), &mut faults);
                assert!(started.elapsed() < LONGEST, "{what}: takes {:?}", started.elapsed());
                tried += 1;
                match answer {
                    Ok(found) if found == truth => {}
                    Ok(_) if is_checked(component, source.version) => wrong.push(format!("{what}: another answer")),
                    Ok(_) if faults.0.is_empty() => {
                        wrong.push(format!("{what}: another answer, and verify is content"))
                    }
                    Ok(_) => told += 1,
                    Err(e) if e.file().is_none() => wrong.push(format!("{what}: names no file: {e}")),
                    Err(e) if faults.0.is_empty() => wrong.push(format!("{what}: {e}, and verify is content")),
                    Err(_) => refused += 1,
                }
            }
            write(&path, &bytes);
        }
    }
    println!(
        "{} SSTables, {tried} damaged: {refused} refused, {told} without checksum wrong and found by verify",
        chosen.len()
    );
    assert!(wrong.is_empty(), "{} of {tried}:\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
    assert!(chosen.len() > 20 && refused > 100 && told > 0, "{} SSTables, {refused} refused", chosen.len());
}
