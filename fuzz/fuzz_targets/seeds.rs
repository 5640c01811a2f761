//! Makes the inputs to begin with from the SSTables below a directory and the texts of the tests: `seeds TESTDATA TESTS CORPUS`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use libfuzzer_sys as _;
use sstablefs::Result;
use sstablefs::cql::names::identifier;
use sstablefs::schema::Detail;
use sstablefs::schema::system::{SYSTEM_TABLES, SystemRow};
use sstablefs::sstable::{Component, CompressionInfo, DataSource, Descriptor};
use sstablefs::storage::open_file;
use sstablefs::table::{Database, Options, ScanRange, View};
use sstablefs_fuzz::{parts, schema, sstable, txn};
use sstablefs_render::KeyNames;

/// Longer inputs only make each run slow.
const LONGEST: usize = 48 << 10;

/// So many of a version and target.
const MOST: usize = 120;

fn main() {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(testdata), Some(tests), Some(corpus)) = (arguments.next(), arguments.next(), arguments.next()) else {
        panic!("usage: seeds TESTDATA TESTS CORPUS");
    };
    let mut sstables = Vec::new();
    walk(&testdata, &mut sstables);
    sstables.sort_by_key(|d| d.component(Component::Data));
    let mut seeds = Seeds { corpus, made: BTreeMap::new() };
    for descriptor in &sstables {
        if let Err(e) = whole(descriptor, &mut seeds) {
            eprintln!("seeds: {descriptor}: {e}");
        }
    }
    texts(&tests, &mut seeds);
    tables_of(&testdata.join("oa"), &mut seeds).unwrap_or_else(|e| panic!("{e}"));
    for seed in txn::SEEDS {
        seeds.add("txn", "own", seed.as_bytes());
    }
    for ((target, group), count) in &seeds.made {
        println!("{target} {group}: {count} seeds");
    }
}

struct Seeds {
    corpus: PathBuf,
    made: BTreeMap<(&'static str, String), usize>,
}

impl Seeds {
    fn add(&mut self, target: &'static str, group: &str, bytes: &[u8]) {
        let count = self.made.entry((target, group.to_owned())).or_default();
        if *count >= MOST || bytes.len() > LONGEST {
            return;
        }
        *count += 1;
        let folder = self.corpus.join(target);
        fs::create_dir_all(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let path = folder.join(format!("seed-{group}-{count}"));
        fs::write(&path, bytes).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    }
}

fn walk(dir: &Path, found: &mut Vec<Descriptor>) {
    for entry in fs::read_dir(dir).unwrap_or_else(|e| panic!("{}: {e}", dir.display())) {
        let path = entry.unwrap_or_else(|e| panic!("{}: {e}", dir.display())).path();
        if path.is_dir() {
            walk(&path, found);
        } else if let Ok(Some((descriptor, Component::Data))) = Descriptor::parse(&path) {
            found.push(descriptor);
        }
    }
}

fn read(descriptor: &Descriptor, component: Component) -> Vec<u8> {
    fs::read(descriptor.component(component)).unwrap_or_default()
}

/// The data, decompressed; none when it is long.
fn data(descriptor: &Descriptor) -> Result<Vec<u8>> {
    let info = match open_file(&descriptor.component(Component::CompressionInfo)) {
        Ok(source) => Some(CompressionInfo::open(source, descriptor.version)?),
        Err(_) => None,
    };
    let data = DataSource::open(open_file(&descriptor.component(Component::Data))?, info, None);
    let mut all = Vec::new();
    while (all.len() as u64) < data.len() && all.len() <= LONGEST {
        data.read_chunk(all.len() as u64, &mut all)?;
    }
    Ok(all)
}

fn whole(descriptor: &Descriptor, seeds: &mut Seeds) -> Result<()> {
    let version = parts::version_byte(descriptor.version);
    let group = descriptor.version.to_string();
    let mut files = Vec::new();
    for component in sstable::components(descriptor.version) {
        files.push(if component == Component::Data { data(descriptor)? } else { read(descriptor, component) });
    }
    let all = parts::join(version, files.iter().map(Vec::as_slice));
    seeds.add("sstable", &group, &all);
    seeds.add("index", &group, &all);
    seeds.add("statistics", &group, &parts::join(version, [&files[1][..]]));
    seeds.add("small", &group, &[&[version], &files[4][..]].concat());
    for component in [Component::Digest, Component::Toc] {
        seeds.add("small", component.name(), &[&[version], &read(descriptor, component)[..]].concat());
    }
    seeds.add("small", "name", &[&[version], format!("{descriptor}-Data.db").as_bytes()].concat());
    let stored = [Component::Data, Component::CompressionInfo, Component::Crc].map(|c| read(descriptor, c));
    seeds.add("compression", &group, &parts::join(version, stored.iter().map(Vec::as_slice)));
    Ok(())
}

/// The tests' own texts, line by line.
fn texts(tests: &Path, seeds: &mut Seeds) {
    let read = |name: &str| fs::read_to_string(tests.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
    for statement in read("cql/ddl.txt").split("@table").chain(read("cql/describe.cql").split_inclusive(';')) {
        seeds.add("cql", "create", &[b"\x01", statement.as_bytes()].concat());
    }
    for name in ["names", "valid", "order"] {
        for line in read(&format!("cql/{name}.txt")).lines() {
            for word in line.split(['\t', ' ']).filter(|word| word.len() > 3) {
                seeds.add("cql", name, &[b"\x02", word.as_bytes()].concat());
                seeds.add("values", name, &[word.as_bytes(), b"\0\0\0\0\x01\0\0\0\x02"].concat());
            }
        }
    }
}

/// Of each table of a version: its schema, statements about it, paths into it, its rows as text.
fn tables_of(version: &Path, seeds: &mut Seeds) -> Result<()> {
    let database = Database::open(&[version.join("data")], &Options::default())?;
    for keyspace in database.keyspaces() {
        for name in database.tables(&keyspace) {
            let store = database.table(&keyspace, &name).expect("it was listed");
            let view = store.view()?;
            if keyspace == "system_schema" {
                system_rows(&name, &view, seeds)?;
            }
            seeds.add("cql", "schema", &[b"\x01", store.schema_cql(Detail::Internals)?.as_bytes()].concat());
            statements(&view, seeds)?;
        }
    }
    for (name, text) in INPUTS {
        for how in [0u8, 1, 2, 0x10, 0x20, 0x43] {
            seeds.add(name, "own", &[&[how], text.as_bytes()].concat());
        }
    }
    Ok(())
}

const INPUTS: [(&str, &str); 7] = [
    (
        "csv",
        "k1,k2,c1,c2,a,b,bl,bo,d,de,dou,du,f,i,n,si,t,ti,ts,tu,ty,u,v\nx,1,c,2020-01-01 00:00:00.000+0000,a,5,0x00ff,True,2020-01-01,1.50,1.5,1d2h,2.5,::1,7,3,text,12:00:00.000000001,2020-01-01,50554d6e-29bb-11e5-b345-feff819cdc9f,1,f4a1d2c8-0000-4000-8000-000000000001,99999999999999999999\n",
    ),
    (
        "csv",
        "k1,k2,c1,c2,l,m,s,fl,fm,tup,ud,fu,vec,vt\nx,1,c,0,\"[1, 2]\",\"{'a': [1]}\",\"{'b', 'c'}\",\"['q']\",{1: f4a1d2c8-0000-4000-8000-000000000001},\"(1, 'a', (1.5, 1.2.3.4))\",\"{x: 1, \"\"Y z\"\": 'u', i: {a: 1, b: ['l']}}\",,\"[1, 2, 3]\",\"['a', 'b']\"\n",
    ),
    ("csv", "k,v\n1,a\n2,\"b\"\"c\"\n3,\n"),
    (
        "json",
        "[{\"k1\": \"x\", \"k2\": 1, \"c1\": \"c\", \"c2\": \"2020-01-01 00:00:00.000Z\", \"l\": [1, 2], \"m\": {\"a\": [1]}, \"s\": [\"b\"], \"ud\": {\"x\": 1, \"Y z\": \"u\"}, \"tup\": [1, \"a\", null], \"vec\": [1.5, 2, 3], \"de\": 1.50, \"v\": 12345678901234567890, \"[timestamp]\": 5, \"[ttl]\": 60}]",
    ),
    ("json", "{\"k\": 1, \"v\": \"\\u00e9\\ud83d\\ude00\"}\n{\"k\": 2, \"v\": null}\n"),
    (
        "dump",
        "[{\"table kind\":\"REGULAR\",\"partition\":{\"key\":[\"1\"],\"position\":0},\"rows\":[{\"type\":\"row\",\"position\":18,\"liveness_info\":{\"tstamp\":\"2024-01-01T00:00:00.000001Z\",\"ttl\":60,\"expires_at\":\"2024-01-01T00:01:00Z\",\"expired\":true},\"cells\":[{\"name\":\"v\",\"value\":\"x\"}]}]}]",
    ),
    (
        "dump",
        "[{\"partition\":{\"key\":[\"x\",\"1\"],\"position\":0,\"deletion_info\":{\"marked_deleted\":\"2024-01-01T00:00:00Z\",\"local_delete_time\":\"2024-01-01T00:00:00Z\"}},\"rows\":[{\"type\":\"range_tombstone_bound\",\"start\":{\"type\":\"inclusive\",\"clustering\":[\"a\",\"*\"],\"deletion_info\":{\"marked_deleted\":\"2024-01-01T00:00:00Z\",\"local_delete_time\":\"2024-01-01T00:00:00Z\"}}},{\"type\":\"range_tombstone_bound\",\"end\":{\"type\":\"exclusive\",\"clustering\":[\"b\"],\"deletion_info\":{\"marked_deleted\":\"2024-01-01T00:00:00Z\",\"local_delete_time\":\"2024-01-01T00:00:00Z\"}}},{\"type\":\"row\",\"clustering\":[\"c\",\"2024-01-01 00:00:00.000Z\"],\"cells\":[{\"name\":\"l\",\"path\":[\"50554d6e-29bb-11e5-b345-feff819cdc9f\"],\"value\":1,\"tstamp\":\"2024-01-01T00:00:00Z\"},{\"name\":\"a\",\"deletion_info\":{\"local_delete_time\":\"2024-01-01T00:00:00Z\"}}]}]}]",
    ),
];

fn system_rows(name: &str, view: &View, seeds: &mut Seeds) -> Result<()> {
    let Some(table) = SYSTEM_TABLES.iter().position(|(system, _)| *system == name) else { return Ok(()) };
    let mut rows = view.rows(&ScanRange::ALL, i64::MAX)?;
    let keys = SYSTEM_TABLES[table].1;
    let mut all = Vec::new();
    while rows.next_partition()? {
        let key = rows.key().key.clone();
        while let Some(row) = rows.next_row()? {
            let mut values = SystemRow::default();
            values.0.insert("keyspace_name".to_owned(), key.clone());
            for (i, key) in keys.iter().enumerate() {
                values.0.insert((*key).to_owned(), row.clustering_value(i).unwrap_or_default().to_vec());
            }
            for cell in &row.cells {
                if let Some(column) = view.table().regulars.get(usize::from(cell.column)) {
                    values.0.insert(column.name.clone(), row.value(cell).to_vec());
                }
            }
            schema::write(table as u8, &values, &mut all);
        }
        if all.len() > 8000 {
            seeds.add("schema", name, &all);
            all.clear();
        }
    }
    seeds.add("schema", name, &all);
    Ok(())
}

fn statements(view: &Arc<View>, seeds: &mut Seeds) -> Result<()> {
    let table = view.table();
    let name = |name: &str| identifier(name).into_owned();
    let from = format!("{}.{}", name(&table.keyspace), name(&table.name));
    let columns: Vec<String> = table.all_columns().map(|c| name(&c.name)).collect();
    let first = &columns[0];
    let last = &columns[columns.len() - 1];
    let mut paths = vec![
        "where/README.txt".to_owned(),
        "info.json".to_owned(),
        "rows.csv".to_owned(),
        "sstables/1/dump.jsonl".to_owned(),
        format!("where/{last}=1/rows.json"),
        format!("where/{first} in (1,2)/@select=count(*)/@group={first}/rows.csv"),
        format!("where/token({first})>5/@limit=3/explain.json"),
    ];
    let mut texts = vec![
        format!("SELECT JSON * FROM {from} LIMIT 3"),
        format!("SELECT DISTINCT {first} FROM {from} WHERE token({first}) > 7"),
        format!("SELECT count(*), min({last}), max({last}) FROM {from} GROUP BY {first} ALLOW FILTERING"),
        format!("SELECT {last}, writetime({last}), ttl({last}) FROM {from} PER PARTITION LIMIT 2"),
        format!("SELECT * FROM {from} WHERE {last} CONTAINS 1 AND {last} > 'a' ALLOW FILTERING"),
        format!("SELECT to_json({last}), CAST({last} AS text), {last}['a'], {last}.x FROM {from}"),
        format!("SELECT abs({last}), to_date({last}), mask_inner({last}, 1, 2), collection_count({last}) FROM {from}"),
    ];
    let mut keys = view.keys(None, i64::MAX)?;
    let names = KeyNames::new(table);
    for _ in 0..3 {
        let Some(key) = keys.next_key()? else { break };
        let mut file = Vec::new();
        names.write_name(key.token, &key.key, "json", &mut file)?;
        let file = String::from_utf8_lossy(&file);
        let key = file.strip_suffix(".json").unwrap_or_default();
        texts.push(format!("SELECT * FROM {from} WHERE {first} = {key} ORDER BY {last} DESC"));
        texts.push(format!("SELECT * FROM {from} WHERE {first} IN ('{key}', 'x')"));
        paths.push(format!("json/{file}"));
        paths.push(format!("where/{first}={key}/rows.jsonl"));
    }
    for text in texts {
        seeds.add("cql", &format!("select-{}", table.keyspace), &[b"\0", text.as_bytes()].concat());
    }
    for path in paths {
        seeds.add("paths", &table.keyspace, format!("{}/{}/{path}", table.keyspace, table.name).as_bytes());
    }
    Ok(())
}
