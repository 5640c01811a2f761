//! Single partitions in the engine, without a mount.

use std::fs;
use std::path::PathBuf;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;
use sstablefs::table::{Database, Options, View};
use sstablefs_render::KeyNames;

use crate::Outcome;
use crate::files::median;

/// Looks up each of the keys that `names` lists, as text, so many times over: the median nanoseconds of one, for each
/// round.
/// `part` says what is read of it: the `row` that is first, or `all` rows.
pub(crate) fn lookup(data: &str, schema: &str, table: &str, names: &str, part: &str, rounds: &str) -> Outcome {
    let database = Database::open(&[PathBuf::from(data)], &Options { schema: vec![schema.into()] })?;
    let (keyspace, name) = table.split_once('.').ok_or("the table is KEYSPACE.TABLE")?;
    let store = database.table(keyspace, name).ok_or("there is no such table")?;
    let view = store.view()?;
    let texts = KeyNames::new(view.table());
    let names = fs::read_to_string(names)?;
    let keys = names.lines().map(|text| texts.parse_text(text)).collect::<Result<Vec<_>, _>>()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as i64;
    let (rounds, all): (usize, bool) = (rounds.parse()?, part == "all");
    let mut nanos = Vec::with_capacity(rounds);
    let mut rows = 0;
    let before = cpu();
    for _ in 0..rounds {
        rows = 0;
        let mut taken = Vec::with_capacity(keys.len());
        for key in &keys {
            let started = Instant::now();
            rows += read(&view, key, now, all)?;
            taken.push(started.elapsed().as_nanos() as u64);
        }
        nanos.push(median(&mut taken));
    }
    let spent = (cpu() - before) / (rounds * keys.len()).max(1) as f64;
    Ok(json!({ "nanos": nanos, "cpu": spent, "rows": rows, "keys": keys.len() }))
}

/// Seconds of this thread.
fn cpu() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it points to what lives until the call returns.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn read(view: &View, key: &[u8], now: i64, all: bool) -> Result<u64, Box<dyn std::error::Error>> {
    let mut partition = view.partition(key, now)?.ok_or("a key is not there")?;
    let mut rows = 0;
    while partition.next_live()? {
        rows += 1;
        if !all {
            break;
        }
    }
    Ok(rows)
}
